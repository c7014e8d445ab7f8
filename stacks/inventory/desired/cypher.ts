import type { Graph, GraphNode, PropertyValue } from "./graph";
import {
  type Label,
  labelNames,
  labels,
  type PropertyKind,
  type RelationshipType,
  relationships,
  relationshipTypes,
} from "./schema";

// The graph in Neo4j's language: the same statements for a database and for a script.

/** Rows of one statement. */
const batch = 5000;

/** Values as they are sent: whole numbers apart from others, as Neo4j tells them apart and JavaScript doesn't. */
type Parameter = string | string[] | bigint | number | boolean | null;
export type RowParameters = Record<string, Parameter>;

export interface Statement {
  text: string;
  rows: RowParameters[];
}

/** So that what is merged is looked up, and two runs at once make nothing twice. */
export const constraints: string[] = labelNames.map(
  (label) => `CREATE CONSTRAINT ${label}_id IF NOT EXISTS FOR (n:${label}) REQUIRE n.id IS UNIQUE`,
);

/** What a newer run says stays: the tag is compared under the lock that writing it takes. */
const ifNewest = (name: string): string =>
  `SET ${name}.update_tag = CASE WHEN ${name}.update_tag > row.update_tag THEN ${name}.update_tag ELSE row.update_tag END WITH ${name}, row WHERE ${name}.update_tag = row.update_tag SET ${name} +=`;

const mergeNode = (label: Label): string => `UNWIND $rows AS row MERGE (n:${label} {id: row.id}) ${ifNewest("n")} row`;

const mergeRelationship = (type: RelationshipType, from: Label, to: Label): string =>
  `UNWIND $rows AS row MATCH (a:${from} {id: row.from}) MATCH (b:${to} {id: row.to}) MERGE (a)-[r:${type}]->(b) ${ifNewest("r")} {update_scope: row.update_scope}`;

/** Statements that bring everything under an update tag (milliseconds since 1970, when the reading began). */
export function merges({ nodes, relationships: all }: Graph, updateTag: number): Statement[] {
  const tag = BigInt(updateTag);
  const ofNodes = labelNames.flatMap((label) =>
    inBatches(
      mergeNode(label),
      nodes.filter((node) => node.label === label).map((node) => rowOf(node, tag)),
    ),
  );
  const ofRelationships = relationshipKinds().flatMap(([type, from, to]) =>
    inBatches(
      mergeRelationship(type, from, to),
      all
        .filter((each) => each.type === type && each.from.label === from && each.to.label === to)
        .map((each) => ({
          from: each.from.id,
          to: each.to.id,
          update_tag: tag,
          update_scope: each.scope,
        })),
    ),
  );
  return [...ofNodes, ...ofRelationships];
}

function relationshipKinds(): [RelationshipType, Label, Label][] {
  return relationshipTypes.flatMap((type) =>
    relationships[type].map(([from, to]): [RelationshipType, Label, Label] => [type, from, to]),
  );
}

const inBatches = (text: string, rows: RowParameters[]): Statement[] =>
  Array.from({ length: Math.ceil(rows.length / batch) }, (_, n) => ({
    text,
    rows: rows.slice(n * batch, (n + 1) * batch),
  }));

function rowOf({ label, properties, scope }: GraphNode, tag: bigint): RowParameters {
  const kinds: Record<string, PropertyKind> = labels[label];
  const typed = Object.entries(properties).map(([name, value]) => [name, typedValue(value, kinds[name])]);
  return { ...Object.fromEntries(typed), update_tag: tag, update_scope: scope };
}

const typedValue = (value: PropertyValue, kind: PropertyKind | undefined): Parameter =>
  typeof value === "number" && kind === "integer" ? BigInt(Math.round(value)) : value;

/** What is missed of a scope that was wholly read: relationships first, so many at a time, as long as it counts some. */
export function cleanUp(limit: number): string[] {
  const old = (name: string) => `${name}.update_scope IN $scopes AND ${name}.update_tag < $tag`;
  return [
    ...relationshipTypes.map(
      (type) => `MATCH ()-[r:${type}]->() WHERE ${old("r")} WITH r LIMIT ${limit} DELETE r RETURN count(*) AS removed`,
    ),
    ...labelNames.map(
      (label) =>
        `MATCH (n:${label}) WHERE ${old("n")} WITH n LIMIT ${limit} DETACH DELETE n RETURN count(*) AS removed`,
    ),
  ];
}

/** Clusters in the database that this run does not read: their ids may be the same as ours. */
export const otherClusters = "MATCH (c:ProxmoxCluster) WHERE NOT c.id IN $clusters RETURN c.id AS id ORDER BY id";

// ---- as a script

/** For `cypher-shell`: the whole of it may be run again and again. */
export function* printScript(graph: Graph, updateTag: number): Generator<string> {
  yield `// ${graph.nodes.length} nodes, ${graph.relationships.length} relationships, read at ${new Date(updateTag).toISOString()}.\n`;
  for (const each of constraints) yield `${each};\n`;
  // What waits for a new index would look everything through.
  yield "CALL db.awaitIndexes(300);\n";
  for (const { text, rows } of merges(graph, updateTag))
    for (let n = 0; n < rows.length; n += 1000)
      yield `${text.replace("$rows", () => printed(rows.slice(n, n + 1000)))};\n`;
  const values = { scopes: printed(graph.wholeScopes), tag: String(updateTag) };
  for (const each of cleanUp(1_000_000_000))
    yield `${each.replace("$scopes", () => values.scopes).replace("$tag", () => values.tag)};\n`;
}

type Printable = Parameter | RowParameters | RowParameters[];

function printed(value: Printable): string {
  if (value === null) return "null";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return Number.isInteger(value) ? value.toFixed(1) : String(value);
  if (Array.isArray(value)) return `[${value.map((each) => printed(each)).join(",\n")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([key, each]) => `${key}: ${printed(each)}`)
      .join(", ")}}`;
  return String(value);
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r" };

/**
 * A text of any characters as a literal. Neo4j turns \uXXXX into its character before it reads anything else, so that one in a
 * text could end the literal: no backslash is left before a u.
 */
const quoted = (text: string): string =>
  `"${text.replace(/[\\"\n\r]/g, (character) => escapes[character] ?? "").replaceAll("\\u", '\\" + "u')}"`;
