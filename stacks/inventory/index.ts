import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../../providers/context";
import { presentable, UserError } from "../../providers/errors";
import type { Settings } from "../settings";
import { readInventory } from "./facts";
import { writeInventory } from "./files";
import { type Loaded, loadInventory } from "./load";

/** Everything there is → a graph: reads every system, changes none, and loads Neo4j or writes files. */
export async function inventory(context: Context, settings: Settings): Promise<{ inventory: object }> {
  const { folder } = settings.inventory;
  const { neo4j } = context;
  if (neo4j === undefined && folder === undefined)
    throw new UserError(
      "The inventory goes nowhere: set netbox-proxmox:neo4j.url and .password, or netbox-proxmox:inventory.folder for files.",
    );
  const work = async () => {
    // A database that isn't there is told before everything is read.
    await neo4j?.verify();
    const read = await readInventory(context, settings);
    for (const problem of read.problems) await pulumi.log.warn(presentable(problem));
    const { nodes, relationships } = read.graph;
    let loaded: Loaded | undefined;
    // A preview only looks whether all is there.
    if (!pulumi.runtime.isDryRun()) {
      if (neo4j !== undefined) loaded = await loadInventory(neo4j, read);
      if (folder !== undefined) writeInventory(folder, read);
    }
    return { nodes: nodes.length, relationships: relationships.length, removed: loaded?.removed ?? 0 };
  };
  // An open connection would keep the program from ending.
  return { inventory: await work().finally(() => context.close()) };
}
