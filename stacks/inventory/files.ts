import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { printScript } from "./desired/cypher";
import type { Graph } from "./desired/graph";
import { pageData } from "./desired/page";
import type { InventoryFacts } from "./facts";
import { printInventoryPage } from "./page";

/** Writes graph.json, graph.cypher and graph.html. @returns their paths */
export function writeInventory(folder: string, { graph, readAt, problems }: InventoryFacts): string[] {
  mkdirSync(folder, { recursive: true });
  const files: [string, Iterable<string>][] = [
    ["graph.json", printJson(graph, readAt)],
    ["graph.cypher", printScript(graph, readAt)],
    ["graph.html", [printInventoryPage(pageData(graph, readAt, problems))]],
  ];
  return files.map(([name, parts]) => {
    const path = join(folder, name);
    // Who reads it meanwhile sees the old one or the new one.
    const file = openSync(`${path}.part`, "w");
    for (const part of parts) writeSync(file, part);
    closeSync(file);
    renameSync(`${path}.part`, path);
    return path;
  });
}

/** A node or relationship a line, so that two of them can be compared. */
function* printJson({ nodes, relationships }: Graph, readAt: number): Generator<string> {
  yield `{"readAt":${JSON.stringify(new Date(readAt).toISOString())},"nodes":[\n`;
  yield nodes.map(({ label, properties }) => JSON.stringify({ label, properties })).join(",\n");
  yield `\n],"relationships":[\n`;
  yield relationships.map(({ type, from, to }) => JSON.stringify({ type, from, to })).join(",\n");
  yield "\n]}\n";
}
