import * as pulumi from "@pulumi/pulumi";
import { isRecord } from "../providers/values";

// A destroy that runs the program makes nothing. A resource that is gone already then has no outputs: each is undefined, whatever
// its type says. So nothing is worked out of an output but by these.

/** What `make` works out of an output. Undefined where the output, or a part of it, is undefined. */
export function whenThere<T, U>(from: pulumi.Output<T>, make: (value: T) => U): pulumi.Output<U>;
// The signature above says what the SDK says of every output: that it is there.
export function whenThere<T, U>(from: pulumi.Output<T>, make: (value: T) => U): pulumi.Output<U | undefined> {
  return from.apply<U | undefined>((value) => (isThere(value) ? make(value) : undefined));
}

/** An output, or what stands for it where it is undefined. */
export const orElse = <T, U>(from: pulumi.Output<T | undefined>, otherwise: U): pulumi.Output<T | U> =>
  from.apply<T | U>((value) => value ?? otherwise);

const isThere = (value: unknown): boolean =>
  value !== undefined &&
  (typeof value !== "object" || value === null || !Object.values<unknown>({ ...value }).includes(undefined));

/**
 * Of a stack's outputs, those that are known. Pulumi writes an internal text for any other one, in place of all that it is
 * part of: for what a plan can't say yet, and for what a resource that failed doesn't have.
 */
export async function knownOutputs(values: Record<string, unknown>): Promise<Record<string, unknown>> {
  const entries = await Promise.all(
    Object.entries(values).map(async ([key, value]): Promise<[string, unknown][]> => {
      const known = await knownPart(value);
      return known === undefined ? [] : [[key, known]];
    }),
  );
  return Object.fromEntries(entries.flat());
}

async function knownPart(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) return (await isKnown(value)) ? value : undefined;
  if (Array.isArray(value)) return (await Promise.all(value.map(knownPart))).filter((each) => each !== undefined);
  return isRecord(value) ? knownOutputs(value) : value;
}

/** The SDK's types don't show it. */
const isKnown = async (output: pulumi.Output<unknown>): Promise<boolean> =>
  (await Reflect.get(output, "isKnown")) === true;
