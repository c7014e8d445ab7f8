import type { Command } from "commander";
import { type InventoryFacts, readInventory } from "../../stacks/inventory/facts";
import { writeInventory } from "../../stacks/inventory/files";
import { loadInventory } from "../../stacks/inventory/load";
import type { StackChoice } from "../configuration";
import { withContext, withJson, withKey, withStack } from "../options";
import { printJson, remark, say } from "../terminal";

interface GraphOptions extends StackChoice {
  out?: string;
  json?: boolean;
}

/** Nodes by label, relationships by type. */
function countsOf({ graph }: InventoryFacts): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...graph.nodes.map(({ label }) => label), ...graph.relationships.map(({ type }) => type)])
    counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Loads Neo4j where one is configured, else writes files; exits with 1 where something could not be read. */
const makeGraph = ({ out, json = false, ...stack }: GraphOptions): Promise<void> =>
  withContext({ ...stack, needsNetbox: false, readsNeo4j: true }, async ({ context, settings }) => {
    const { neo4j } = context;
    // A database that isn't there is told before everything is read.
    await neo4j?.verify();
    const read = await readInventory(context, settings);
    for (const problem of read.problems) remark(problem);
    if (read.problems.length > 0) process.exitCode = 1;
    const loaded = neo4j && (await loadInventory(neo4j, read));
    const folder = out ?? settings.inventory.folder ?? (neo4j === undefined ? "inventory" : undefined);
    const files = folder === undefined ? [] : writeInventory(folder, read);
    const counts = countsOf(read);
    if (json) {
      const database = loaded && neo4j ? { url: neo4j.url, removed: loaded.removed } : null;
      printJson({ counts, neo4j: database, files, problems: read.problems });
      return;
    }
    for (const [name, count] of Object.entries(counts)) say(`${String(count).padStart(8)}  ${name}`);
    if (loaded && neo4j) say(`loaded into ${neo4j.url}; ${loaded.removed} that are there no more were removed`);
    for (const file of files) say(`written: ${file}`);
  });

export function addGraph(program: Command): void {
  const command = withKey(withStack(program.command("graph")))
    .description("reads everything there is as a graph: into Neo4j where one is configured, else as files and a page")
    .option("--out <folder>", "gets graph.json, graph.cypher and graph.html; without a Neo4j, inventory/ does");
  withJson(command).action(makeGraph);
}
