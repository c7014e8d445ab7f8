import { LineCounter, parseDocument, visit } from "yaml"; // YAML with the place of every node, which errors name
import { z } from "zod";

/** A place of the file: `vms.yml:12:5`. */
export type PlaceOf = (path: readonly PropertyKey[]) => string;

export type ParsedFile<T> = { value: T; placeOf: PlaceOf } | { problems: string[]; rest?: Rest<T> };

/** A file without what is wrong in it: good for finding further mistakes, and for nothing else. */
export interface Rest<T> {
  value: T;
  placeOf: PlaceOf;
  /** May a further mistake follow from one that is told already? It is in the same entry. */
  follows(problem: string): boolean;
}

/** A file's content (YAML, or JSON), or everything that is wrong with it, each with line and column. */
export function parseYaml<T>(text: string, name: string, schema: z.ZodType<T>): ParsedFile<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${name}:${line}:${col}`;
  };
  const wrong = document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.split("\n")[0] ?? ""}`);
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined)
        wrong.push(
          `${at(alias.range?.[0])}: there is no anchor &${alias.source}; put a text that begins with * in quotes`,
        );
    },
  });
  if (wrong.length > 0) return { problems: wrong };
  /** Where the node itself is, or the innermost that is there around it. */
  const rangeOf = (path: readonly PropertyKey[]): [number, number, number] | undefined => {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      const range = z.object({ range: z.tuple([z.number(), z.number(), z.number()]) }).safeParse(node);
      if (range.success) return range.data.range;
    }
    return undefined;
  };
  const placeOf: PlaceOf = (path) => at(rangeOf(path)?.[0]);
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { value: parsed.data, placeOf };
  const told = parsed.error.issues.flatMap(pathsOf);
  const problems = told.map(({ path, what }) => `${placeOf(path)}: ${path.join(".")} ${what}`);
  const value = withoutMistakes(document.toJS() ?? {}, schema);
  if (value === undefined) return { problems };
  const linesOf = told.flatMap(({ path }) => {
    const range = rangeOf(path.slice(0, 2));
    return range === undefined ? [] : [[lines.linePos(range[0]).line, lines.linePos(range[1] - 1).line] as const];
  });
  const follows = (problem: string) => {
    const line = Number(problem.slice(name.length + 1).split(":")[0]);
    return linesOf.some(([from, to]) => line >= from && line <= to);
  };
  return { problems, rest: { value, placeOf, follows } };
}

interface Told {
  path: PropertyKey[];
  what: string;
}

const pathsOf = (issue: z.core.$ZodIssue): Told[] =>
  issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => ({ path: [...issue.path, key], what: "is no key here; correct or remove it" }))
    : [{ path: issue.path, what: messageOf(issue) }];

/** What is left where everything that is wrong is taken out; undefined where nothing useful is. @param content is changed */
function withoutMistakes<T>(content: unknown, schema: z.ZodType<T>): T | undefined {
  // What is missing takes its owner along, which its own owner may miss then.
  for (let round = 0; round < 10; round++) {
    const parsed = schema.safeParse(content);
    if (parsed.success) return parsed.data;
    // Items of a list from the last to the first: the others keep their places.
    const paths = parsed.error.issues.flatMap(pathsOf).map(({ path }) => path);
    if (paths.some((path) => path.length === 0)) return undefined;
    for (const path of paths.reverse()) takeOut(content, path);
  }
  return undefined;
}

function takeOut(content: unknown, path: PropertyKey[]): void {
  const owner = path.slice(0, -1).reduce<unknown>((at, key) => (isHolder(at) ? at[String(key)] : undefined), content);
  const key = path.at(-1);
  if (key === undefined) return;
  if (Array.isArray(owner)) owner.splice(Number(key), 1);
  else if (isHolder(owner) && String(key) in owner) delete owner[String(key)];
  else takeOut(content, path.slice(0, -1));
}

const isHolder = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Of the alternatives of a union, what the nearest says. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) return "is missing";
  if (issue.code === "invalid_key") return `is no key here: ${issue.issues[0]?.message ?? issue.message}`;
  if (issue.code !== "invalid_union") return `won't do: ${issue.message}`;
  const inner = issue.errors.flat().map(({ message }) => message);
  return `won't do: ${[...new Set(inner)].join("; or ")}`;
}
