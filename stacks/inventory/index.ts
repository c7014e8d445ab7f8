import { UserError } from "../../providers/errors";
import { withoutUndefined } from "../../providers/values";
import { defineProgram } from "../program";
import { readInventory } from "./facts";
import { writeInventory } from "./files";
import { type Loaded, loadInventory } from "./load";

/** Everything there is → a graph: reads every system, changes none, and loads Neo4j or writes files. It has no resources. */
export const inventory = defineProgram({
  needs: { netbox: false, proxmox: true, neo4j: true },
  async plan({ context, settings, isDryRun }) {
    const { folder } = settings.inventory;
    const { neo4j } = context;
    if (neo4j === undefined && folder === undefined)
      throw new UserError(
        "The inventory goes nowhere: set netbox-proxmox:neo4j.url and .password, or netbox-proxmox:inventory.folder for files.",
      );
    // A database that isn't there is told before everything is read.
    await neo4j?.verify();
    const read = await readInventory(context, settings);
    const { nodes, relationships } = read.graph;
    let loaded: Loaded | undefined;
    // A preview only looks whether all is there.
    if (!isDryRun) {
      if (neo4j !== undefined) loaded = await loadInventory(neo4j, read);
      if (folder !== undefined) writeInventory(folder, read);
    }
    const removed = loaded === undefined ? "" : `; ${loaded.removed} removed`;
    const notes = [`Inventory: ${nodes.length} nodes, ${relationships.length} relationships${removed}.`];
    return { warnings: read.problems, notes, places: withoutUndefined({ neo4j: neo4j?.url, folder }) };
  },
  // Where the inventory is. What it counts moves from run to run.
  declare: ({ places }) => ({ resources: [], outputs: { inventory: places } }),
});
