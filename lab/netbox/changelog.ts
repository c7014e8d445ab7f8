import type { ModelName } from "./models";

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
