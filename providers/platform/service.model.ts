import { z } from "zod";
import { sameValue } from "../values";
import type { ServiceName } from "./services";

const names = ["postgresql", "valkey", "netbox", "nginx"] as const satisfies readonly ServiceName[];

/** A service in a container that is there. */
export const serviceInputs = z.object({
  cluster: z.string(),
  node: z.string(),
  vmid: z.number(),
  service: z.enum(names),
  /** Of the steps, so that another version of this program goes through them again. */
  revision: z.string(),
  settings: z.record(z.string(), z.unknown()),
  /** By the service's names. */
  secrets: z.record(z.string(), z.unknown()),
});

export const serviceState = serviceInputs.extend({
  /** What the container said last: `files`, a line for each unit, versions. */
  observed: z.record(z.string(), z.string()),
});

export type ServiceInputs = z.infer<typeof serviceInputs>;
export type ServiceState = z.infer<typeof serviceState>;

export const serviceSettled = ["cluster", "vmid", "service"] as const satisfies readonly (keyof ServiceInputs)[];

/** `key=value` lines. */
export const observedFrom = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );

/** Is it as it was made: its files, its units, its migrations? */
export const isSound = (observed: unknown): boolean =>
  typeof observed === "object" &&
  observed !== null &&
  Object.entries(observed).every(
    ([key, value]) => key === "version" || key === "certificate" || ["yes", "active"].includes(value),
  ) &&
  Object.keys(observed).length > 0;

export const serviceDiffers = (state: Record<string, unknown>, inputs: Record<string, unknown>): boolean =>
  (["node", "revision", "settings", "secrets"] as const).some((key) => !sameValue(state[key], inputs[key])) ||
  !isSound(state.observed);
