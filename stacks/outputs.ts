import * as pulumi from "@pulumi/pulumi";
import { isRecord } from "../providers/values";

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
