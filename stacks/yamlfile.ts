import { LineCounter, parseDocument } from "yaml"; // YAML with the place of every node, which errors name
import { z } from "zod";

/** A place of the file: `vms.yml:12:5`. */
export type PlaceOf = (path: readonly PropertyKey[]) => string;

export type ParsedFile<T> = { value: T; placeOf: PlaceOf } | { problems: string[] };

/** A file's content (YAML, or JSON), or everything that is wrong with it, each with line and column. */
export function parseYaml<T>(text: string, name: string, schema: z.ZodType<T>): ParsedFile<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${name}:${line}:${col}`;
  };
  const wrong = document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.split("\n")[0] ?? ""}`);
  if (wrong.length > 0) return { problems: wrong };
  /** The node itself, or the innermost that is there around it. */
  const placeOf: PlaceOf = (path) => {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      const range = z.object({ range: z.tuple([z.number(), z.number(), z.number()]) }).safeParse(node);
      if (range.success) return at(range.data.range[0]);
    }
    return at(0);
  };
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return { value: parsed.data, placeOf };
  return {
    problems: parsed.error.issues.flatMap((issue) => {
      const keys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
      return keys.map((key) => {
        const path = key === undefined ? issue.path : [...issue.path, key];
        return `${placeOf(path)}: ${path.join(".")} ${key === undefined ? messageOf(issue) : "is no key here; correct or remove it"}`;
      });
    }),
  };
}

/** Of the alternatives of a union, what the nearest says. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) return "is missing";
  if (issue.code === "invalid_key") return `is no key here: ${issue.issues[0]?.message ?? issue.message}`;
  if (issue.code !== "invalid_union") return `won't do: ${issue.message}`;
  const inner = issue.errors.flat().map(({ message }) => message);
  return `won't do: ${[...new Set(inner)].join("; or ")}`;
}
