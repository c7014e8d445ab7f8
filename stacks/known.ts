/** A resource in the stack's state: the last part of its type token, and its properties. */
export interface KnownResource {
  type: string;
  properties: Record<string, unknown>;
}

/** By logical name. */
export type KnownResources = ReadonlyMap<string, KnownResource>;
