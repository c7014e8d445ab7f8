import { contentTypeId } from "./modelof";
import { type ModelName, models, tagged } from "./models";
import type { LabRow } from "./rows";

/** Who changes something, and why: what the change log says of it. */
export interface Actor {
  user: { id: number; username: string };
  requestId: string;
  message: string;
}

export interface LoggedChange {
  id: number;
  time: string;
  actor: Actor;
  action: "create" | "update" | "delete";
  model: ModelName;
  objectId: number;
  repr: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export const administrator: Actor = { user: { id: 1, username: "admin" }, requestId: "", message: "" };
export const actions = { create: "Created", update: "Updated", delete: "Deleted" } as const;

/** A row as the change log has it, which is Django's serialization: references and content types as ids, decimals as texts, tags by name. */
export function loggedRow(
  model: ModelName,
  { id: _id, created: _created, last_updated: _updated, tags: _tags, custom_fields, ...row }: LabRow,
  tagNames: string[],
): Record<string, unknown> {
  const values = Object.entries(row).map(([name, value]): [string, unknown] => {
    if (models[model].fields[name]?.kind === "decimal" && typeof value === "number") return [name, value.toFixed(2)];
    return [name, name.endsWith("_type") ? (contentTypeId(value) ?? value) : value];
  });
  const more = tagged.has(model) ? { tags: tagNames.sort(), custom_fields } : {};
  return structuredClone({ ...Object.fromEntries(values), ...more });
}
