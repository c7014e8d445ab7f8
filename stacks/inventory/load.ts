import { UserError } from "../../providers/errors";
import type { Neo4j } from "../../providers/neo4j/client";
import { cleanUp, constraints, merges, otherClusters } from "./desired/cypher";
import type { InventoryFacts } from "./facts";

/** What was loaded. */
export interface Loaded {
  nodes: number;
  relationships: number;
  removed: number;
}

/** How much one transaction removes. */
const removedAtOnce = 10_000;

/**
 * Brings a database to what was read: everything merged under one update tag, then what is missed removed, of systems that
 * were wholly read. May be run again after any failure.
 * @throws UserError
 */
export async function loadInventory(
  neo4j: Neo4j,
  { graph, readAt, clusters, qualified }: InventoryFacts,
): Promise<Loaded> {
  for (const each of constraints) await neo4j.runAlone(each);
  const others = (await neo4j.run(otherClusters, { clusters })).map(String);
  if (others.length > 0 && !qualified)
    throw new UserError(
      `Neo4j at ${neo4j.url} also holds ${others.join(", ")}, which this stack does not read, and whose ids could be the same: set netbox-proxmox:inventory.qualifiedIds to true in each stack, or remove it (MATCH (n {update_scope: "cluster ${others[0]}"}) DETACH DELETE n).`,
    );
  for (const { text, rows } of merges(graph, readAt)) await neo4j.run(text, { rows });
  let removed = 0;
  for (const text of cleanUp(removedAtOnce))
    for (let count = removedAtOnce; count === removedAtOnce; removed += count)
      count = Number((await neo4j.run(text, { scopes: graph.wholeScopes, tag: BigInt(readAt) }))[0] ?? 0);
  return { nodes: graph.nodes.length, relationships: graph.relationships.length, removed };
}
