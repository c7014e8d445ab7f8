import { z } from "zod";
import { nearest } from "../../../providers/nearest";
import { isRecord } from "../../../providers/values";
import { type ParsedFile, parseYaml } from "../../yamlfile";
import { readyPolicies } from "./ready";

// policies.yml: what it says, with the place of every word of it.

/** A policy as the file has it, ready-made ones written out. */
export interface WrittenPolicy {
  name: string;
  for: "guest" | "change" | "group";
  by?: string;
  where?: string;
  what: string;
  message: string;
  severity: "refuse" | "warn";
  except?: { tag: string; until: string };
  /** The key of the file that each text stands in; a ready-made one's are all at its `use`. */
  written: Partial<Record<"by" | "where" | "what" | "message", readonly PropertyKey[]>>;
  /** Where it begins. */
  at: readonly PropertyKey[];
}

export interface WrittenPolicies {
  policies: WrittenPolicy[];
}

const text = z.string().min(1, "is empty");
/** YAML's true and false are CEL's, too. */
const condition = z.union([text, z.boolean().transform(String)], "write an expression");
const schemas = {
  name: text.regex(/^[\w .-]+$/, "write letters, digits, spaces, dots, hyphens and underscores"),
  use: text,
  with: z.record(z.string(), z.unknown()),
  for: z.enum(["guest", "change", "group"], "write guest, change or group"),
  by: text,
  where: condition,
  what: condition,
  message: text,
  severity: z.enum(["refuse", "warn"], "write refuse or warn"),
} as const;
const keys = ["name", "use", "with", "for", "by", "where", "what", "message", "then", "except"] as const;
type Key = (typeof keys)[number];
const exceptKeys = ["tag", "until"] as const;

type Mistake = (path: readonly PropertyKey[], what: string) => void;

/** What policies.yml says, or everything that is wrong with its form, each with line and column. */
export function parsePolicies(content: string, file: string): ParsedFile<WrittenPolicies> {
  const read = parseYaml(content, file, z.unknown());
  if (!("value" in read)) return { problems: read.problems };
  const problems: string[] = [];
  const mistake: Mistake = (path, what) => {
    problems.push(`${read.placeOf(path)}: ${path.length === 0 ? "" : `${path.join(".")} `}${what}`);
  };
  const policies = policiesIn(read.value, mistake);
  return problems.length > 0 ? { problems } : { value: { policies }, placeOf: read.placeOf };
}

function policiesIn(content: unknown, mistake: Mistake): WrittenPolicy[] {
  if (!isRecord(content)) {
    mistake([], "the file has to be a mapping with the key policies");
    return [];
  }
  unknownKeys(content, ["policies"], [], mistake);
  const { policies } = content;
  if (policies === undefined && Object.keys(content).length > 0) return [];
  if (!Array.isArray(policies)) {
    if (policies !== undefined && policies !== null) mistake(["policies"], "has to be a list");
    return [];
  }
  const names = new Map<string, number>();
  return policies.flatMap((each: unknown, n) => {
    const at = ["policies", n];
    if (!isRecord(each)) {
      mistake(at, "has to be a mapping with name, what, message and then, or with use");
      return [];
    }
    const policy = policyIn(each, at, mistake);
    if (policy === undefined) return [];
    if (names.has(policy.name)) mistake(at, `has the name ${policy.name} of an earlier one; give it another name`);
    names.set(policy.name, n);
    return [policy];
  });
}

function policyIn(
  each: Record<string, unknown>,
  at: readonly PropertyKey[],
  mistake: Mistake,
): WrittenPolicy | undefined {
  const strange = unknownKeys(each, keys, at, mistake);
  let wrong = strange.length > 0;
  const told: Mistake = (path, what) => {
    wrong = true;
    mistake(path, what);
  };
  const value = <T>(key: Key, schema: z.ZodType<T>): T | undefined => {
    if (each[key] === undefined) return undefined;
    const parsed = schema.safeParse(each[key]);
    if (parsed.success) return parsed.data;
    told([...at, key], `won't do: ${parsed.error.issues[0]?.message ?? "correct it"}`);
    return undefined;
  };
  /** One that is misspelt is told as that. */
  const needed = (key: Key): void => {
    if (each[key] === undefined && !strange.some((other) => nearest(other, [key]) === key)) told(at, `lacks ${key}`);
  };
  const given = { for: value("for", schemas.for), by: value("by", schemas.by), what: value("what", schemas.what) };
  const own = {
    name: value("name", schemas.name),
    where: value("where", schemas.where),
    severity: value("then", schemas.severity),
  };
  const use = value("use", schemas.use);
  const params = value("with", schemas.with);
  const ownMessage = value("message", schemas.message);
  const except = each.except === undefined ? undefined : exceptionIn(each.except, [...at, "except"], told);
  const ready = use === undefined ? undefined : readyOf(use, params, at, told);
  if (each.use === undefined) for (const key of ["name", "what", "message", "then"] as const) needed(key);
  else
    for (const key of ["for", "by", "what"] as const)
      if (each[key] !== undefined)
        told([...at, key], "belongs to a policy without use; take it away, or write the policy out");
  if (each.use === undefined && each.with !== undefined) told([...at, "with"], "belongs to a policy with use");
  const of = ready?.for ?? given.for ?? "guest";
  const by = ready?.by ?? given.by;
  if (of === "group" && by === undefined) needed("by");
  if (of !== "group" && given.by !== undefined) told([...at, "by"], "belongs to a policy for group");
  const what = ready?.what ?? given.what;
  const message = ownMessage ?? ready?.message;
  const name = own.name ?? use;
  if (wrong || what === undefined || message === undefined || name === undefined) return undefined;
  const both = ready?.where !== undefined && own.where !== undefined;
  const where = both ? `(${ready.where}) && (${own.where})` : (own.where ?? ready?.where);
  const place = (key: "by" | "where" | "what" | "message") => (each[key] === undefined ? {} : { [key]: [...at, key] });
  return {
    ...{ name, for: of, what, message, severity: own.severity ?? "refuse", at },
    ...(by === undefined ? {} : { by }),
    ...(where === undefined ? {} : { where }),
    ...(except === undefined ? {} : { except }),
    written: { ...place("by"), ...place("where"), ...place("what"), ...place("message") },
  };
}

function readyOf(use: string, given: unknown, at: readonly PropertyKey[], told: Mistake) {
  const ready = Object.hasOwn(readyPolicies, use) ? readyPolicies[use] : undefined;
  if (ready === undefined) {
    const names = Object.keys(readyPolicies);
    const near = nearest(use, names);
    told(
      [...at, "use"],
      `names no ready policy${near === undefined ? `; there is ${names.join(", ")}` : `: is ${near} meant?`}`,
    );
    return undefined;
  }
  const place = [...at, "with"];
  if (isRecord(given) && unknownKeys(given, ready.given, place, told).length > 0) return undefined;
  const made = ready.make(given ?? {});
  if ("value" in made) return made.value;
  for (const { path, message } of made.error.issues) {
    if (/received undefined/.test(message)) told(given === undefined ? at : place, `lacks ${path.join(".")}`);
    else told(given === undefined ? at : [...place, ...path], `won't do: ${message}`);
  }
  return undefined;
}

function exceptionIn(
  value: unknown,
  at: readonly PropertyKey[],
  told: Mistake,
): { tag: string; until: string } | undefined {
  if (!isRecord(value)) {
    told(at, "has to be a mapping with tag (a tag's slug) and until (the custom field with its end date)");
    return undefined;
  }
  const strange = unknownKeys(value, exceptKeys, at, told);
  const [tag, until] = exceptKeys.map((key) => {
    const there = value[key];
    if (typeof there === "string" && there !== "") return there;
    if (there !== undefined) told([...at, key], "has to be a text");
    else if (!strange.some((other) => nearest(other, [key]) === key)) told(at, `lacks ${key}`);
    return undefined;
  });
  return tag === undefined || until === undefined ? undefined : { tag, until };
}

/** Tells of keys that there aren't. @returns them */
function unknownKeys(
  value: Record<string, unknown>,
  known: readonly string[],
  at: readonly PropertyKey[],
  told: Mistake,
): string[] {
  const strange = Object.keys(value).filter((key) => !known.includes(key));
  for (const key of strange) {
    const near = nearest(key, known);
    told(
      [...at, key],
      `is no key here${near === undefined ? `; there is ${known.join(", ") || "none"}` : `: is ${near} meant?`}`,
    );
  }
  return strange;
}
