import type { Database } from "./database";
import { type ModelName, models } from "./models";

// What says of itself to which object of any model it belongs.

const pointing = [
  { child: "service", type: "parent_object_type", id: "parent_object_id" },
  { child: "contactAssignment", type: "object_type", id: "object_id" },
] as const;

/** Removes what belongs to an object that is gone. */
export function removePointing(database: Database, model: ModelName, gone: number): void {
  const { contentType } = models[model];
  for (const { child, type, id } of pointing)
    for (const each of database.rows(child))
      if (each[type] === contentType && each[id] === gone) database.remove(child, each);
}
