import { z } from "zod";
import type { Diff } from "../resource";
import { sameValue } from "../values";

/** Where a token's secret goes to. Files and environment files keep what else is in them, and so does Vault. */
export const destination = z.discriminatedUnion("to", [
  /** The outcome as JSON, readable by its owner alone. */
  z.object({ to: z.literal("file"), path: z.string() }),
  /** One line `NAME=CREDENTIAL`, readable by the file's owner alone. */
  z.object({ to: z.literal("env"), path: z.string(), variable: z.string() }),
  /** Keys of a secret in HashiCorp Vault's KV v2 engine. */
  z.object({
    to: z.literal("vault"),
    address: z.string(),
    namespace: z.string().optional(),
    caFile: z.string().optional(),
    mount: z.string(),
    path: z.string(),
    /** What the keys begin with, where several tokens are in one secret. */
    prefix: z.string(),
  }),
  /** A secret of another stack's configuration. */
  z.object({ to: z.literal("stack"), stack: z.string(), project: z.string(), key: z.string() }),
]);
export type Destination = z.infer<typeof destination>;

export const secretSinkInputs = z.object({
  destination,
  /** `USER@REALM!TOKENID on CLUSTER`, for messages. */
  title: z.string(),
  /** Of the token's rotation. */
  generation: z.number(),
  /** The token's outcome as JSON text. A secret. */
  outcome: z.string(),
  /** What a client is given: `USER@REALM!TOKENID=SECRET`, `nbt_KEY.SECRET`. A secret. */
  credential: z.string(),
});
export type SecretSinkInputs = z.infer<typeof secretSinkInputs>;

/** `file /etc/token.json`, `variable NETBOX_API_TOKEN in .env`, … */
export function printDestination(each: Destination): string {
  switch (each.to) {
    case "file":
      return `file ${each.path}`;
    case "env":
      return `variable ${each.variable} in ${each.path}`;
    case "vault":
      return `Vault ${each.mount}/${each.path} at ${each.address}`;
    case "stack":
      return `${each.key} of stack ${each.stack}`;
  }
}

/** The place in short, without what only says how it is reached: `file:/etc/token.json`, `env:.env#NETBOX_API_TOKEN`, … */
export function placeOfSecret(each: Destination): string {
  switch (each.to) {
    case "file":
      return `file:${each.path}`;
    case "env":
      return `env:${each.path}#${each.variable}`;
    case "vault":
      return `vault:${each.mount}/${each.path}#${each.prefix}`;
    case "stack":
      return `stack:${each.stack}#${each.key}`;
  }
}
const place = (each: unknown): unknown => {
  const parsed = destination.safeParse(each);
  return parsed.success ? placeOfSecret(parsed.data) : each;
};

/** One that goes elsewhere is written there, and taken away here. */
export const sinkDiff = (state: Record<string, unknown>, inputs: Record<string, unknown>): Diff => ({
  changes: Object.keys(secretSinkInputs.shape).some((name) => !sameValue(state[name], inputs[name])),
  replaces: sameValue(place(state.destination), place(inputs.destination)) ? [] : ["destination"],
});

/** An environment file with a variable set, or taken away; its other lines as they are. */
export function withVariable(text: string, name: string, value: string | undefined): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const isIts = (line: string) => new RegExp(`^\\s*(export\\s+)?${name}=`).test(line);
  const at = lines.findIndex(isIts);
  const others = lines.filter((line) => !isIts(line));
  if (value !== undefined) others.splice(at < 0 ? others.length : at, 0, `${name}=${value}`);
  return others.map((line) => `${line}\n`).join("");
}

/** A variable of an environment file, without quotes around it. */
export function variableOf(text: string, name: string): string | undefined {
  const value = new RegExp(`^\\s*(?:export\\s+)?${name}=(.*)$`, "m").exec(text)?.[1];
  return value?.replace(/^(['"])(.*)\1$/, "$2");
}

/** The keys of a token in Vault. */
export const vaultKeys = (prefix: string, { outcome, credential }: SecretSinkInputs): Record<string, string> => ({
  [`${prefix}token`]: credential,
  [`${prefix}outcome`]: outcome,
});
