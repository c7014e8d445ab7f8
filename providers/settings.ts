import { z } from "zod";
import { nearest } from "./nearest";

/** The project's name, and so the namespace of its configuration keys. */
export const project = "netbox-proxmox";

/** Gives a configuration value's text (JSON for structured ones) by its key without namespace. */
export interface ConfigSource {
  get(key: string): string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** One thing that is wrong with the configuration, and the command that mends it. */
export interface SettingProblem {
  key: string;
  problem: string;
  remedy: string;
}

/** Whole sections, and keys of any section, that are secret. */
const isSecret = (path: PropertyKey[]): boolean =>
  path[0] === "passwords" ||
  path.at(-1) === "token" ||
  (path[0] === "neo4j" && path.at(-1) === "password") ||
  (path[0] === "notify" && ["url", "secret", "password"].includes(String(path.at(-1)))) ||
  (path[0] === "proxmox" && (path.at(-1) === "password" || path.at(-2) === "keys"));

const quote = (path: PropertyKey[]) =>
  path
    .map((part, n) =>
      typeof part === "number"
        ? `[${part}]`
        : /^[A-Za-z_][\w]*$/.test(String(part))
          ? `${n === 0 ? "" : "."}${String(part)}`
          : `["${String(part)}"]`,
    )
    .join("");

/** The command that sets a key of the stack's configuration. */
export function setCommand(path: PropertyKey[], example: string): string {
  const key = `${project}:${quote(path)}`;
  return `pulumi config set --path '${key}' ${isSecret(path) ? "--secret" : example}`;
}

function at(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null
        ? Object.entries(inner).find(([key]) => key === String(step))?.[1]
        : undefined,
    value,
  );
}

/** A value that would do, where a schema's own check knows one. */
const exampleOf = (issue: z.core.$ZodIssue): string | undefined =>
  issue.code === "custom" && issue.params?.example !== undefined ? String(issue.params.example) : undefined;

/** The names that there are, where an issue is one of an unknown name. */
function knownNames(issue: z.core.$ZodIssue, schema: z.ZodType): string[] | undefined {
  if (issue.code === "unrecognized_keys") return namesAt(schema, issue.path);
  return issue.code === "custom" && Array.isArray(issue.params?.known) ? issue.params.known.map(String) : undefined;
}

/** The keys that a schema knows at a path. */
function namesAt(schema: z.core.$ZodType, path: PropertyKey[]): string[] {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return namesAt(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe) return namesAt(schema.in, path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => namesAt(option, path));
  if (schema instanceof z.ZodObject) {
    const shape: Record<string, z.core.$ZodType> = schema.shape;
    const inner = shape[String(step)];
    return step === undefined ? Object.keys(shape) : inner === undefined ? [] : namesAt(inner, rest);
  }
  if (step === undefined) return [];
  if (schema instanceof z.ZodRecord) return namesAt(schema.valueType, rest);
  return schema instanceof z.ZodArray ? namesAt(schema.element, rest) : [];
}

/** A name that nothing reads. One that is misspelt keeps its value: only what is like no other name is to be taken out. */
export function unknownSetting(path: PropertyKey[], known: string[]): SettingProblem {
  const key = `${project}:${quote(path)}`;
  const meant = nearest(String(path.at(-1)), known);
  if (meant === undefined)
    return { key, problem: "is not a setting", remedy: `pulumi config rm ${path.length > 1 ? "--path " : ""}'${key}'` };
  const right = `${project}:${quote([...path.slice(0, -1), meant])}`;
  return {
    key,
    problem: `is not a setting: is ${meant} meant?`,
    remedy: `rename it in the stack's file, Pulumi.STACK.yaml, to ${right}`,
  };
}

/** A section of the configuration, parsed, or everything that is wrong with it. */
export function readSection<T>(
  section: string,
  schema: z.ZodType<T>,
  value: unknown,
  examples: Record<string, string>,
): { value: T } | { problems: SettingProblem[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  return {
    problems: parsed.error.issues.flatMap((issue) => {
      const keys = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
      return keys.map((path): SettingProblem => {
        const full = [section, ...path];
        const key = `${project}:${quote(full)}`;
        const remove = `pulumi config rm --path '${key}'`;
        const known = knownNames(issue, schema);
        if (known !== undefined) return unknownSetting(full, known);
        if (issue.code === "invalid_key")
          return { key, problem: `is no key: ${issue.issues[0]?.message ?? issue.message}`, remedy: remove };
        const missing = issue.code === "invalid_type" && at(value, path) === undefined;
        const isList =
          (issue.code === "invalid_type" && issue.expected === "array") ||
          (issue.code === "too_small" && issue.origin === "array");
        // A structure is set part by part, so its place is emptied first.
        const isStructure = issue.code === "invalid_type" && issue.expected === "object" && !missing;
        const names = [...path].reverse().map(String);
        const example = names.map((name) => examples[name]).find((each) => each !== undefined) ?? examples[section];
        return {
          key,
          problem: missing ? "is missing" : `is wrong: ${issue.message}`,
          remedy: isStructure
            ? `${remove}, then set its parts`
            : setCommand(isList ? [...full, 0] : full, exampleOf(issue) ?? example ?? "VALUE"),
        };
      });
    }),
  };
}

/** A structured value of the configuration; undefined where there is none. */
export function readJson(source: ConfigSource, key: string): { value: unknown } | { problems: SettingProblem[] } {
  const text = source.get(key);
  if (text === undefined) return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return {
      problems: [
        {
          key: `${project}:${key}`,
          problem: "is not a structure of settings",
          remedy: `pulumi config rm ${project}:${key}, then set its parts with --path`,
        },
      ],
    };
  }
}

const mostProblems = 50;

export function printProblems(problems: SettingProblem[]): string {
  const shown = problems.slice(0, mostProblems);
  const lines = shown.map(({ key, problem, remedy }) => `  ${key} ${problem}\n      ${remedy}`);
  if (shown.length < problems.length) lines.push(`  and ${problems.length - shown.length} more`);
  return `The configuration of this stack can't be used (${problems.length} ${problems.length === 1 ? "problem" : "problems"}):\n${lines.join("\n")}`;
}
