import { parameterErrors } from "../errors";
import { parseProperties } from "./properties";

export type Value = string | number;
export type Values = Record<string, Value>;

/** What is wrong with a value, or nothing. The text is PVE's own and ends as PVE ends it. */
export type Format = (value: string) => string | undefined;

/** One parameter of a method or one key of a property string, as PVE's API schema describes it. */
export interface Parameter {
  /** `array` is a parameter that may come several times; its items are joined by NUL. */
  type: "string" | "integer" | "number" | "boolean" | "array";
  required?: boolean;
  min?: number;
  max?: number;
  minLength?: number;
  maxLength?: number;
  values?: readonly string[];
  pattern?: RegExp;
  format?: Format;
  /** Keys of a value that is a property string (`head,key=value,…`). */
  properties?: PropertyFormat;
  /** What each item of an array is. */
  items?: Parameter;
  /** Another parameter that must be there too. */
  requires?: string;
}

export interface PropertyFormat {
  keys: Record<string, Parameter>;
  /** The key that a part without `=` belongs to. */
  head?: string;
  /** Other names of a key. */
  aliases?: Record<string, string>;
  /** `value=text` sets `head` to the first and `to` to the second, as in `virtio=MAC`. */
  keyed?: { values: readonly string[]; to: string };
}

export type MethodParameters = Record<string, Parameter>;

export const text = (limits: Omit<Parameter, "type"> = {}): Parameter => ({ type: "string", ...limits });
export const formatted = (format: Format, limits: Omit<Parameter, "type"> = {}): Parameter =>
  text({ format, ...limits });
export const integer = (min?: number, max?: number): Parameter => ({ type: "integer", min, max });
export const number = (min?: number, max?: number): Parameter => ({ type: "number", min, max });
export const flag: Parameter = { type: "boolean" };
export const choice = (words: string): Parameter => text({ values: words.split(" ") });
/** A parameter that may come several times. */
export const several = (items: Parameter, limits: Omit<Parameter, "type" | "items"> = {}): Parameter => ({
  type: "array",
  items,
  ...limits,
});
/** The items of an array parameter. */
export const itemsOf = (value: Value | undefined): string[] => (value === undefined ? [] : String(value).split("\0"));
export const required = (parameter: Parameter): Parameter => ({ ...parameter, required: true });
export const properties = (keys: MethodParameters, head?: string, more: Partial<PropertyFormat> = {}): Parameter =>
  text({ properties: { keys, head, ...more } });

/** The same definition under several names. */
export const each = (names: string, parameter: Parameter): MethodParameters =>
  Object.fromEntries(names.split(" ").map((name) => [name, parameter]));

/** `{name}{n}` for n below `count`, each with the same definition. */
export const numbered = (name: string, count: number, parameter: Parameter): MethodParameters =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}${n}`, parameter]));

const truths: Record<string, number> = { "1": 1, on: 1, yes: 1, true: 1, "0": 0, off: 0, no: 0, false: 0 };
const shapes = { integer: /^[+-]?\d+$/, number: /^[+-]?(?=\d|\.\d)\d*(\.\d*)?([Ee][+-]?\d+)?$/ };

type Checked = { value: Value } | { error: string };

function typed(type: Parameter["type"], raw: string): Checked {
  const wrong = { error: `type check ('${type}') failed - got '${raw}'` };
  if (type === "boolean") {
    const value = truths[raw.toLowerCase()];
    return value === undefined ? wrong : { value };
  }
  if (type === "integer" || type === "number") return shapes[type].test(raw) ? { value: Number(raw) } : wrong;
  return { value: raw };
}

function limited(parameter: Parameter, raw: string, value: Value): string | undefined {
  const { pattern, maxLength, minLength, min, max, values } = parameter;
  if (pattern && !new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(raw))
    return "value does not match the regex pattern";
  if (maxLength !== undefined && raw.length > maxLength) return `value may only be ${maxLength} characters long`;
  if (minLength !== undefined && raw.length < minLength) return `value must be at least ${minLength} characters long`;
  if (min !== undefined && Number(value) < min) return `value must have a minimum value of ${min}`;
  if (max !== undefined && Number(value) > max) return `value must have a maximum value of ${max}`;
  if (values && !values.includes(raw))
    return `value '${raw}' does not have a value in the enumeration '${values.join(", ")}'`;
  return undefined;
}

/** One value in its type, or what PVE says is wrong with it. @param name as error texts name the value */
function check(name: string, parameter: Parameter, raw: string): Checked {
  const result = typed(parameter.type, raw);
  if ("error" in result) return result;
  const badFormat = parameter.properties ? badProperties(name, parameter.properties, raw) : parameter.format?.(raw);
  if (badFormat !== undefined) return { error: `invalid format - ${badFormat}` };
  const badLimit = limited(parameter, raw, result.value);
  return badLimit === undefined ? result : { error: badLimit };
}

function badProperties(name: string, definition: PropertyFormat, raw: string): string | undefined {
  const parsed = parseProperties(definition, raw);
  if (typeof parsed === "string") return parsed;
  const { errors } = checkAll(definition.keys, parsed, `${name}.`);
  const lines = Object.keys(errors)
    .sort()
    .map((key) => `${key}: ${errors[key]}\n`);
  return lines.length === 0 ? undefined : `format error\n${lines.join("")}`;
}

function checkAll(schema: MethodParameters, raw: Record<string, string>, prefix = "") {
  const errors: Record<string, string> = {};
  const values: Values = {};
  for (const [name, value] of Object.entries(raw)) {
    const parameter = schema[name];
    if (parameter === undefined) {
      errors[prefix + name] = "property is not defined in schema and the schema does not allow additional properties";
      continue;
    }
    const result = check(prefix + name, parameter, value);
    if ("error" in result) errors[prefix + name] = result.error;
    else values[name] = result.value;
    const { items } = parameter;
    if (items !== undefined)
      for (const [n, item] of itemsOf(value).entries()) {
        const found = check(`${prefix}${name}[${n}]`, items, item);
        if ("error" in found) errors[`${prefix}${name}[${n}]`] = found.error;
      }
    const { requires } = parameter;
    if (requires !== undefined && raw[requires] === undefined)
      errors[prefix + requires] = `missing property required by '${prefix}${name}'`;
  }
  for (const [name, parameter] of Object.entries(schema))
    if (parameter.required && raw[name] === undefined)
      errors[prefix + name] = "property is missing and it is not optional";
  return { errors, values };
}

/** Parameters that a method takes by the value of another one. */
export interface ParameterVariants {
  by: string;
  of: Record<string, MethodParameters>;
}

/** The parameters in their types, or PVE's 400 with its `errors` map. */
export function checkParameters(
  schema: MethodParameters,
  raw: Record<string, string>,
  variants?: ParameterVariants,
): Values {
  const chosen = raw[variants?.by ?? ""] ?? "";
  const more = variants?.of[chosen] ?? {};
  const { errors: found, values } = checkAll({ ...schema, ...more }, raw);
  // What is wrong with a parameter of a variant is said with the variant's name.
  const errors = Object.fromEntries(
    Object.entries(found).map(([key, text]) => [key in more ? `oneOf[${chosen}].${key}` : key, text]),
  );
  if (Object.keys(errors).length > 0) parameterErrors(errors);
  return values;
}
