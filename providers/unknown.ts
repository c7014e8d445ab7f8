import { isRecord } from "./values";

/** Stands for an unknown value where the engine hands properties to a provider. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What the SDK makes of an output that stands in a text. */
const ofOutput = "[Output<T>]";

/** Is a value, or a part of it, not known yet? */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "string") return value.includes(unknown) || value.includes(ofOutput);
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isRecord(value) && Object.values(value).some(hasUnknown);
}

/** Properties with every unknown value as it was before, or left out where there was none. */
export function asBefore(properties: Record<string, unknown>, before: unknown): Record<string, unknown> {
  const last = isRecord(before) ? before : {};
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, value]): [string, unknown][] => {
      if (!hasUnknown(value)) return [[key, value]];
      if (isRecord(value)) return [[key, asBefore(value, last[key])]];
      return last[key] === undefined || hasUnknown(last[key]) ? [] : [[key, last[key]]];
    }),
  );
}
