/** A resource in the stack's state: its type's last word, its properties. */
export interface KnownResource {
  type: string;
  properties: Record<string, unknown>;
}

/** By logical name. */
export type KnownResources = ReadonlyMap<string, KnownResource>;
