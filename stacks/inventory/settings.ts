import { z } from "zod";

export const inventorySchema = z.strictObject({
  /** A folder that gets the graph as graph.json, graph.cypher and graph.html. */
  folder: z.string().min(1).optional(),
  /** Does the cluster's name stand before every id? Left out, where several clusters are configured. */
  qualifiedIds: z.boolean().optional(),
});
