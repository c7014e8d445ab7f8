import { parameterErrors } from "./errors";

export type Value = string | number;
export type Values = Record<string, Value>;

/** One parameter of a method, after PVE's API schema. `format` says what is wrong with a value, or nothing. */
export interface Parameter {
  type: "string" | "integer" | "number" | "boolean";
  required?: boolean;
  min?: number;
  max?: number;
  maxLength?: number;
  values?: readonly string[];
  pattern?: RegExp;
  format?: (value: string) => string | undefined;
}

export type Parameters = Record<string, Parameter>;

/** `{name}[n]` for n below `count`, each with the same definition. */
export const numbered = (name: string, count: number, parameter: Parameter): Parameters =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}${n}`, parameter]));

const booleans: Record<string, number> = { "1": 1, on: 1, yes: 1, true: 1, "0": 0, off: 0, no: 0, false: 0 };

function typed(parameter: Parameter, raw: string): { value: Value } | { error: string } {
  if (parameter.type === "boolean") {
    const value = booleans[raw.toLowerCase()];
    return value === undefined ? { error: `type check ('boolean') failed - got '${raw}'` } : { value };
  }
  if (parameter.type === "integer" || parameter.type === "number") {
    const shape = parameter.type === "integer" ? /^[+-]?\d+$/ : /^[+-]?\d+(\.\d+)?$/;
    if (!shape.test(raw)) return { error: `type check ('${parameter.type}') failed - got '${raw}'` };
    const value = Number(raw);
    if (parameter.min !== undefined && value < parameter.min)
      return { error: `value must have a minimum value of ${parameter.min}` };
    if (parameter.max !== undefined && value > parameter.max)
      return { error: `value must have a maximum value of ${parameter.max}` };
    return { value };
  }
  if (parameter.maxLength !== undefined && raw.length > parameter.maxLength)
    return { error: `value may only be ${parameter.maxLength} characters long` };
  if (parameter.values && !parameter.values.includes(raw))
    return { error: `value '${raw}' does not have a value in the enumeration '${parameter.values.join(", ")}'` };
  if (parameter.pattern && !parameter.pattern.test(raw)) return { error: "value does not match the regex pattern" };
  const wrong = parameter.format?.(raw);
  return wrong === undefined ? { value: raw } : { error: `invalid format - ${wrong}` };
}

/** The parameters in their types, or PVE's 400 with its `errors` map. */
export function checkParameters(schema: Parameters, raw: Record<string, string>): Values {
  const errors: Record<string, string> = {};
  const values: Values = {};
  for (const [name, text] of Object.entries(raw)) {
    const parameter = schema[name];
    if (parameter === undefined) {
      errors[name] = "property is not defined in schema and the schema does not allow additional properties";
      continue;
    }
    const result = typed(parameter, text);
    if ("error" in result) errors[name] = result.error;
    else values[name] = result.value;
  }
  for (const [name, parameter] of Object.entries(schema))
    if (parameter.required && raw[name] === undefined) errors[name] = "property is missing and it is not optional";
  if (Object.keys(errors).length > 0) parameterErrors(errors);
  return values;
}
