import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { withMarkText } from "./ownership/mark";
import type { Kind } from "./registry";
import { unknown } from "./unknown";
import { sameValue } from "./values";

export { unknown };

/** What a handler says of a change. Nothing replaces but what it lists. */
export interface Diff {
  changes: boolean;
  replaces?: string[];
  deleteBeforeReplace?: boolean;
}

/** A resource as a handler last knew it: `inputs` in the form of the program's, `state` with what was found out besides. */
export interface Known {
  id: string;
  state: object;
  inputs: object;
}

/**
 * The life of one kind of resource. `problems` and `diff` run one by one in the engine: they do no I/O, and any value they
 * get may be unknown. Everything else gets raw properties and parses them, since old versions of this program wrote them.
 */
export interface Handler {
  /** What is wrong with a planned change, by property; never of a secret property, as the engine prints its value. */
  problems?(state: Record<string, unknown>, inputs: Record<string, unknown>): { property: string; reason: string }[];
  diff(state: Record<string, unknown>, inputs: Record<string, unknown>): Diff;
  /** Makes it, or goes on with what an interrupted run made. */
  create(inputs: Record<string, unknown>): Promise<{ id: string; state: object }>;
  /** As it is now; undefined where it is proven to be gone. */
  read(id: string, state: Record<string, unknown>): Promise<Known | undefined>;
  update(id: string, state: Record<string, unknown>, inputs: Record<string, unknown>): Promise<object>;
  /** What is gone already is a success. */
  delete(id: string, state: Record<string, unknown>): Promise<void>;
}

/**
 * What the engine is told of a resource that was read. Where the state is as it was, it keeps the inputs that it has, which
 * are those of the last run: a handler only knows what the next one would give, and the difference would be shown as drift.
 * An adopted object is not as the last run asked: what it has shows how the next one changes it.
 */
export function readAnswer(
  { id, state, inputs }: Known,
  before: Record<string, unknown>,
): { id: string; props: Record<string, unknown>; inputs?: Record<string, unknown> } {
  const { __provider: _provider, ...known } = before;
  const props = plain(state);
  const isAsAsked = sameValue(props, withMarkText(known)) && known.adopted !== true;
  return isAsAsked ? { id, props } : { id, props, inputs: plain(inputs) };
}

/** A copy in the form that the engine gets: without undefined values, for which its wire format has no place. */
export const plain = (value: object): Record<string, unknown> =>
  withMarkText(z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(value))));

/** Of properties that make another object, those that changed; nothing is replaced for a value that is not known yet. */
export const replacedBy = (
  names: readonly string[],
  state: Record<string, unknown>,
  inputs: Record<string, unknown>,
): { replaces?: string[] } => {
  const replaces = names.filter((name) => inputs[name] !== unknown && !sameValue(state[name], inputs[name]));
  return replaces.length > 0 ? { replaces } : {};
};

/**
 * The provider's text as it is kept in state with every resource. It is run as it stands there, by any later version of
 * this program, on refresh and delete: path, export and kinds must never change.
 */
export const providerText = (kind: Kind): string =>
  `exports.handler = () => require('./dist/providers/registry.js').get('${kind}')`;

/** A dynamic resource whose provider is a constant text instead of a serialized closure. `outputs` are the properties that the program reads of it. */
export abstract class DynamicResource extends pulumi.CustomResource {
  constructor(
    room: string,
    type: string,
    kind: Kind,
    name: string,
    inputs: pulumi.Inputs,
    options?: pulumi.CustomResourceOptions,
    outputs: string[] = [],
  ) {
    // Each property costs the SDK an output with its promises, given or not.
    const given = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
    const awaited = Object.fromEntries(outputs.map((key) => [key, undefined]));
    super(
      `pulumi-nodejs:dynamic/${room}:${type}`,
      name,
      { ...awaited, ...withMarkText(given), __provider: providerText(kind) },
      options,
    );
  }
}
