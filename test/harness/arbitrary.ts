import fc from "fast-check";
import { z } from "zod";
import { isRecord } from "../../providers/values";

// Properties of a kind of resource as its schema allows them, whatever they mean to its system.

type Json = Record<string, unknown>;
type Properties = Record<string, unknown>;

/** Texts in the forms that the systems use, as comparisons parse some of them. */
const texts = [
  "",
  "web01",
  "10G",
  "20G",
  "local-lvm",
  "10.71.0.5/24",
  "fd71::5",
  "order=scsi0",
  "scsi0",
  "lab.example.",
];
const keys = ["0", "net0", "scsi0", "efidisk0", "boot", "order", "A", "x"];
const marks = [1, 2].map((id) => `netbox-proxmox/test https://netbox.example/virtualization/virtual-machines/${id}/`);
/** What a schema tells by a function of its own. */
const special: Record<string, fc.Arbitrary<unknown>> = {
  mark: fc.constantFrom(...marks),
  netboxType: fc.constantFrom("site", "tag", "virtualMachine"),
};
const anything = fc.oneof(fc.constantFrom(...texts), fc.integer({ min: 0, max: 3 }), fc.boolean());

function valueFor(schema: Json): fc.Arbitrary<unknown> {
  const { type, const: only, enum: values, items, prefixItems, additionalProperties, propertyNames } = schema;
  const of = (each: unknown) => (isRecord(each) ? valueFor(each) : anything);
  const variants = [schema.anyOf, schema.oneOf].flatMap((each) => (Array.isArray(each) ? each : []));
  if (variants.length > 0) return fc.oneof(...variants.map(of));
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(values)) return fc.constantFrom(...values);
  if (Array.isArray(prefixItems)) return fc.tuple(...prefixItems.map(of));
  if (Array.isArray(type)) return fc.oneof(...type.map((each) => valueFor({ type: each })));
  if (type === "array") return fc.array(of(items), { maxLength: 2 });
  if (type === "object" && isRecord(schema.properties)) return propertiesOf(schema);
  if (type === "object") {
    const names = isRecord(propertyNames) && Array.isArray(propertyNames.enum) ? propertyNames.enum.map(String) : keys;
    return fc.dictionary(fc.constantFrom(...names), of(additionalProperties), { maxKeys: 3 });
  }
  if (type === "number" || type === "integer") return fc.integer({ min: 0, max: 3 });
  if (type === "boolean") return fc.boolean();
  return type === "string" ? fc.constantFrom(...texts) : anything;
}

function propertiesOf({ properties, required }: Json): fc.Arbitrary<Properties> {
  const all = Object.entries(isRecord(properties) ? properties : {});
  const needed = Array.isArray(required) ? required : [];
  const values = all.map(([name, each]): [string, fc.Arbitrary<unknown>] => {
    const value =
      special[name === "type" && isRecord(each) && !("type" in each) ? "netboxType" : name] ??
      (isRecord(each) ? valueFor(each) : anything);
    return [name, needed.includes(name) && !(isRecord(each) && "default" in each) ? value : fc.option(value)];
  });
  return fc
    .record(Object.fromEntries(values))
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)));
}

/** Properties that a schema takes. */
export const propertiesFor = (schema: z.ZodType): fc.Arbitrary<Properties> =>
  propertiesOf({ ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) });

/** The way to each value inside of others, outermost first. */
export function pathsIn(value: unknown): string[][] {
  const entries = Array.isArray(value) || isRecord(value) ? Object.entries(value) : [];
  return entries.flatMap(([key, each]) => [[key], ...pathsIn(each).map((path) => [key, ...path])]);
}

/** A copy with another value at a place. */
export function withValue(value: unknown, [key, ...path]: string[], other: unknown): unknown {
  if (key === undefined) return other;
  if (Array.isArray(value)) return value.map((each, n) => (String(n) === key ? withValue(each, path, other) : each));
  return isRecord(value) ? { ...value, [key]: withValue(value[key], path, other) } : value;
}
