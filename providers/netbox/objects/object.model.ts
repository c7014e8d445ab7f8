import { z } from "zod";
import { isRecord, sameValue, withoutUndefined } from "../../values";
import { customValue, fieldsFrom, fieldsTo, type ObjectTypeName, objectTypes, orNothing, typeOf } from "./objecttypes";

// What this program owns of an object in NetBox: some of its fields, custom fields and tags, and never the rest.

const typeName = z.custom<ObjectTypeName>((value) => typeof value === "string" && value in objectTypes);
const values = z.record(z.string(), z.unknown());

/** What is owned of one object. */
export const owned = z.object({
  /** By this program's names; an object that is referred to stands as its name. */
  fields: values.default({}),
  customFields: values.default({}),
  /** Slugs of the tags that are ours; others that the object has stay. */
  tags: z.array(z.string()).default([]),
});
export type Owned = z.infer<typeof owned>;
export const nothingOwned: Owned = { fields: {}, customFields: {}, tags: [] };

/** What becomes of an object that is declared no more. */
export const removal = z.enum(["delete", "keep", "decommission"]);

export const objectInputs = owned.extend({
  netboxUrl: z.string(),
  /** `project/stack`. */
  stack: z.string(),
  type: typeName,
  /** The object that is there already, where the program saw one. */
  objectId: z.number().optional(),
  /** An interrupted run of this stack made it: NetBox's change log says so. */
  madeByUs: z.boolean().optional(),
  /** Fields that are written when it is made, and are other people's afterwards. */
  initial: values.default({}),
  /** What people wrote and we would write otherwise: `memory: NetBox has 2048, Proxmox VE 1024`. It is left as it is. */
  conflicts: z.array(z.string()).default([]),
  /** Are the values here right, whatever somebody wrote in NetBox? Else what somebody changed meanwhile stops the change. */
  overwrite: z.boolean().default(false),
  removal: removal.default("delete"),
  /** It is another program's now: nothing is written, and nothing is taken away. */
  released: z.boolean().optional(),
});
export type ObjectInputs = z.infer<typeof objectInputs>;

/** What was found out besides. */
const found = z.object({
  netboxId: z.number(),
  /** Did this stack make it? */
  made: z.boolean(),
  /** What it had before we wrote to it, of what it had not from us. */
  before: owned.prefault({}),
});
export const objectState = objectInputs.extend(found.shape);
export type ObjectState = z.infer<typeof objectState>;

/** A field by its name in a conflict or an error. */
export const conflictField = (conflict: string): string => conflict.split(":")[0] ?? "";

/** Nothing, an empty list and an empty map are as good as each other. */
export const sameProperty = (a: unknown, b: unknown): boolean => sameValue(a, b) || (isEmpty(a) && isEmpty(b));
const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

/** A map without what is as good as left out. */
const filled = (value: unknown): unknown =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([, each]) => !isEmpty(each))) : value;

/** Does an object differ from what is wanted of it? */
export const objectDiffers = (state: Record<string, unknown>, inputs: Record<string, unknown>): boolean =>
  (["fields", "customFields", "conflicts", "released"] as const).some(
    (name) => !sameProperty(filled(state[name]), filled(inputs[name])),
  ) ||
  !sameValue(state.tags ?? [], inputs.tags ?? [], { sets: true }) ||
  (state.removal ?? "delete") !== (inputs.removal ?? "delete");

/** Does state know its stack or its NetBox by another name than the program? */
export const isRenewed = (state: Record<string, unknown>, inputs: Record<string, unknown>): boolean =>
  state.stack !== inputs.stack || state.netboxUrl !== inputs.netboxUrl;

// ---- an object's row and what is ours of it

export interface ObjectRow extends Record<string, unknown> {
  id: number;
}

/** The id of an object inside another. */
export const nestedId = (nested: unknown): number | undefined => (isRecord(nested) ? Number(nested.id) : undefined);

export const tagSlugs = (row: ObjectRow): string[] => {
  const tags = z.array(z.object({ slug: z.string() })).safeParse(row.tags);
  return tags.success ? tags.data.map(({ slug }) => slug) : [];
};
const customFieldsOf = (row: ObjectRow): Record<string, unknown> => {
  const fields = values.safeParse(row.custom_fields);
  return fields.success ? fields.data : {};
};

/** NetBox's names differ by more than their case. */
export const sameName = (a: unknown, b: unknown): boolean => String(a).toLowerCase() === String(b).toLowerCase();

/** Of rows, those that a key means: one, or several that it doesn't tell apart. @param wanted the key's fields; an empty text is none */
export function meantRows(type: ObjectTypeName, rows: ObjectRow[], wanted: Record<string, unknown>): ObjectRow[] {
  const { scopes = [], mayLack = [] } = typeOf(type);
  const has = (each: ObjectRow, names: string[]): boolean => {
    const there = fieldsFrom(type, each, names, wanted);
    return names.every((name) => sameName(there[name] ?? "", wanted[name]));
  };
  const told = Object.keys(wanted).filter((name) => !mayLack.includes(name));
  // Of the global table, unless its VRF is named.
  const isInTable = ({ vrf }: ObjectRow) => "vrf" in wanted || vrf === undefined || vrf === null;
  const all = rows.filter((each) => isInTable(each) && has(each, told));
  const rest = mayLack.filter((name) => name in wanted);
  const lacks = (each: ObjectRow, names: readonly string[]) =>
    Object.keys(fieldsFrom(type, each, [...names])).length === 0;
  const exact = rest.length === 0 ? all : all.filter((each) => has(each, rest));
  const near = exact.length > 0 ? exact : all.filter((each) => lacks(each, rest));
  if (near.length < 2) return near;
  const ofNoPlace = near.filter((each) => scopes.every((wire) => each[wire] === null) && lacks(each, mayLack));
  return ofNoPlace.length === 1 ? ofNoPlace : near;
}

/** What an object has of what is owned. */
export function ownedFrom(type: ObjectTypeName, row: ObjectRow, wanted: Owned): Owned {
  const slugs = tagSlugs(row);
  const custom = customFieldsOf(row);
  const adds = typeOf(type).adds ?? [];
  const fields = fieldsFrom(type, row, Object.keys(wanted.fields), wanted.fields);
  for (const name of adds) if (name in fields) fields[name] = shared(fields[name], wanted.fields[name]);
  return {
    fields,
    customFields: Object.fromEntries(
      Object.keys(wanted.customFields).flatMap((name) => {
        const value = customValue(custom[name]);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    tags: wanted.tags.filter((slug) => slugs.includes(slug)),
  };
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
/** Of values that add up, those that are ours. */
const shared = (there: unknown, ours: unknown): unknown =>
  orNothing(list(ours).filter((each) => list(there).includes(each)));

/** Values that NetBox gives by itself. */
const unwritten: Readonly<Record<string, readonly unknown[]>> = {
  status: ["active", "offline", "paused"],
  startOnBoot: ["off"],
  enabled: [true],
};

/** May it be that nobody wrote a field's value? */
export const isUnwritten = (field: string, value: unknown): boolean => unwritten[field]?.includes(value) ?? false;

/** Somebody changed a field between the plan and the write. */
export class Conflict extends Error {
  constructor(
    readonly field: string,
    readonly value: unknown,
  ) {
    super(`${field} is ${printValue(value)} there now`);
    this.name = "Conflict";
  }
}

export const printValue = (value: unknown): string => (value === undefined ? "empty" : JSON.stringify(value));

/**
 * The body of a PATCH that brings a row from what it is to what is wanted; undefined where there is nothing to write.
 * @param known what is ours already, as it was last seen; what is no more wanted of it is emptied
 * @param leaving what was ours goes, and what others wrote over it stays
 * @throws Conflict where somebody else changed a field meanwhile, and this is not to be overwritten
 */
export function patchFor(
  type: ObjectTypeName,
  row: ObjectRow,
  wanted: Owned & Partial<Pick<ObjectInputs, "conflicts" | "overwrite">>,
  known: Owned | undefined,
  { leaving = false } = {},
): Record<string, unknown> | undefined {
  const left = (wanted.conflicts ?? []).map(conflictField);
  const there = ownedFrom(type, row, {
    fields: { ...known?.fields, ...wanted.fields },
    customFields: { ...known?.customFields, ...wanted.customFields },
    tags: [],
  });
  const adds = typeOf(type).adds ?? [];
  const changed = (kind: "fields" | "customFields"): Record<string, unknown> => {
    const [now, next, last] = [there[kind], wanted[kind], known?.[kind] ?? {}];
    const names = [...new Set([...Object.keys(next), ...Object.keys(last)])].filter((name) => !left.includes(name));
    return Object.fromEntries(
      names.flatMap((name) => {
        const [is, goal, was] = [orNothing(now[name]), orNothing(next[name]), orNothing(last[name])];
        if (sameValue(is, goal)) return [];
        const isNobodys = known === undefined && kind === "fields" && isUnwritten(name, is);
        const isTheirs = is !== undefined && !sameValue(is, was) && !adds.includes(name) && !isNobodys;
        if (leaving && (isTheirs || adds.includes(name))) return [];
        if (isTheirs && !wanted.overwrite) throw new Conflict(name, is);
        const others = adds.includes(name) ? list(fieldsFrom(type, row, [name])[name]) : [];
        return [[name, adds.includes(name) ? [...new Set([...others, ...list(goal)])] : goal]];
      }),
    );
  };
  const fields = fieldsTo(type, changed("fields"));
  const customFields = changed("customFields");
  const slugs = tagSlugs(row);
  const dropped = (known?.tags ?? []).filter((slug) => !wanted.tags.includes(slug));
  const tags = [...new Set([...slugs.filter((slug) => !dropped.includes(slug)), ...wanted.tags])];
  const body = withoutUndefined({
    ...fields,
    custom_fields: Object.keys(customFields).length === 0 ? undefined : nulled(customFields),
    tags: sameValue([...tags].sort(), [...slugs].sort()) ? undefined : tags.map((slug) => ({ slug })),
  });
  return Object.keys(body).length === 0 ? undefined : body;
}

const nulled = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value ?? null]));

/** The body of a POST. */
export function bodyFor(
  type: ObjectTypeName,
  { fields, customFields, tags, initial = {} }: Owned & { initial?: Record<string, unknown> },
): Record<string, unknown> {
  const filled = Object.entries({ ...initial, ...fields }).filter(([, value]) => orNothing(value) !== undefined);
  const custom = Object.entries(customFields).filter(([, value]) => orNothing(value) !== undefined);
  return {
    ...typeOf(type).madeWith?.(),
    ...fieldsTo(type, Object.fromEntries(filled)),
    ...(custom.length === 0 ? {} : { custom_fields: Object.fromEntries(custom) }),
    ...(tags.length === 0 ? {} : { tags: tags.map((slug) => ({ slug })) }),
  };
}
