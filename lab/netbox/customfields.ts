import type { Database } from "./database";
import { invalid } from "./errors";
import { modelOf } from "./modelof";
import { type ModelName, models, tagged } from "./models";
import type { LabRow } from "./rows";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The custom fields of a kind of object. */
export const definedFor = (database: Database, model: ModelName): LabRow[] =>
  tagged.has(model)
    ? database
        .rows("customField")
        .filter(({ object_types: types }) => Array.isArray(types) && types.includes(models[model].contentType))
    : [];

/**
 * Merged into what is there; each must exist for the object's type and fit its own type. A required one must have a value
 * whenever the object is written, whatever else is written: an object from before the field refuses every change.
 */
export function customFields(
  database: Database,
  model: ModelName,
  before: Record<string, unknown> | undefined,
  input: unknown,
): Record<string, unknown> {
  const defined = definedFor(database, model);
  const current = before ?? {};
  const given = isObject(input) ? input : undefined;
  const next: Record<string, unknown> = Object.fromEntries(
    defined.map((field) => [String(field.name), current[String(field.name)] ?? field.default ?? null]),
  );
  for (const [name, raw] of Object.entries(given ?? {})) {
    const field = defined.find((candidate) => candidate.name === name);
    if (field === undefined)
      return invalid({ custom_fields: { [name]: `Custom field '${name}' does not exist for this object type.` } });
    const value = related(database, field, raw);
    const wrong = valueError(database, field, value);
    if (wrong !== undefined) invalid({ __all__: [`Invalid value for custom field '${name}': ${wrong}`] });
    const taken =
      field.unique === true &&
      value !== null &&
      database.rows(model).some((row) => row.custom_fields[name] === value && row.custom_fields !== current);
    if (taken) invalid({ __all__: [`Custom field '${name}' must have a unique value.`] });
    next[name] = value;
  }
  for (const { name: key, required } of defined) {
    const name = String(key);
    if (required !== true || !isEmpty(next[name])) continue;
    const isGiven = given === undefined ? before === undefined || name in current : name in given || name in current;
    invalid({
      __all__: [
        isGiven
          ? `Invalid value for custom field '${name}': Required field cannot be empty.`
          : `Missing required custom field '${name}'.`,
      ],
    });
  }
  return next;
}

/** A field that leads to objects says to which. */
export function cleanField({ type, related_object_type: to }: LabRow): void {
  if ((type === "object" || type === "multiobject") && modelOf(to) === undefined)
    invalid({ related_object_type: ["Object fields must define an object type."] });
}

const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === "";

/** An object that a field leads to, by its id or by what it is like: kept as its id. */
function related(database: Database, field: LabRow, value: unknown): unknown {
  const to = modelOf(field.related_object_type);
  if (to === undefined || value === null) return value;
  const unknown = (said: string) => invalid({ custom_fields: [said] });
  const one = (each: unknown) => {
    const wanted = isObject(each) && typeof each.id === "number" ? each.id : each;
    return database.reference(to, wanted, unknown);
  };
  if (field.type === "object") return one(value);
  return field.type === "multiobject" && Array.isArray(value) ? value.map(one) : value;
}

function choicesOf(database: Database, { choice_set: id }: LabRow): unknown[] {
  const choices = database.find("choiceSet", id)?.extra_choices;
  return Array.isArray(choices) ? choices.map((pair: unknown) => (Array.isArray(pair) ? pair[0] : pair)) : [];
}

function valueError(database: Database, field: LabRow, value: unknown): string | undefined {
  if (value === null) return undefined;
  const setName = () => String(database.find("choiceSet", field.choice_set)?.name);
  switch (field.type) {
    case "integer":
      return Number.isInteger(value) ? undefined : "Value must be an integer.";
    case "decimal":
      return Number.isNaN(Number(value)) ? "Value must be a decimal." : undefined;
    case "boolean":
      return typeof value === "boolean" ? undefined : "Value must be true or false.";
    case "text":
    case "longtext":
    case "url":
      return typeof value === "string" ? undefined : "Value must be a string.";
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(String(value))
        ? undefined
        : "Date values must be in ISO 8601 format (YYYY-MM-DD).";
    case "select":
      return choicesOf(database, field).includes(value)
        ? undefined
        : `Invalid choice (${String(value)}) for choice set ${setName()}.`;
    case "multiselect":
      return Array.isArray(value) && value.every((each) => choicesOf(database, field).includes(each))
        ? undefined
        : `Invalid choice(s) (${String(value)}) for choice set ${setName()}.`;
    case "multiobject":
      return Array.isArray(value) ? undefined : "Value must be a list of object IDs, not int";
    default:
      return undefined;
  }
}
