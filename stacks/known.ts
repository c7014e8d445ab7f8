/** A resource in the stack's state. */
export interface KnownResource {
  /** The last part of its type token: `ProxmoxVm`. */
  type: string;
  properties: Record<string, unknown>;
}

/** By logical name. */
export type KnownResources = ReadonlyMap<string, KnownResource>;

/** The last part of a type token. */
export const typeInToken = (token: string): string => token.slice(token.lastIndexOf(":") + 1);

/** The same with its full type token and its logical name, which tell it from all others. */
export interface StateResource extends KnownResource {
  token: string;
  name: string;
  /** Empty where the engine doesn't say. */
  id: string;
}

/** What a stack's state holds as a run begins. */
export interface StackState {
  /** Those of our kinds. */
  resources: readonly StateResource[];
  /** The stack's own outputs of the last run. */
  outputs: unknown;
}
