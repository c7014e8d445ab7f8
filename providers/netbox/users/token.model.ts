import { z } from "zod";
import { sameProperty } from "../objects/object.model";

/** An API token of NetBox, of one generation of a rotation. */
export const netboxTokenInputs = z.object({
  netboxUrl: z.string(),
  /** `project/stack`. */
  stack: z.string(),
  /** What tells it from the user's others: `NAME`, or `NAME-b` of those that take turns. */
  name: z.string(),
  username: z.string(),
  version: z.union([z.literal(1), z.literal(2)]),
  description: z.string().optional(),
  /** Seconds since 1970; 0 is never. */
  expire: z.number(),
  writeEnabled: z.boolean(),
  /** Prefixes from which it is taken; from everywhere where there are none. */
  allowedIps: z.array(z.string()).default([]),
  /** A higher number is a new secret. */
  generation: z.number(),
  /** Another number asks for the next generation. */
  rotation: z.number(),
  /** Another one took over: from then on (seconds since 1970) it may go. */
  retires: z.number().optional(),
});
export type NetboxTokenInputs = z.infer<typeof netboxTokenInputs>;

export const netboxTokenState = netboxTokenInputs.extend({
  netboxId: z.number(),
  /** Of version 2: what names it, and is no secret. */
  key: z.string().optional(),
  /** Seconds since 1970. */
  madeAt: z.number(),
  /** The secret: what a client is given. */
  value: z.string(),
});
export type NetboxTokenState = z.infer<typeof netboxTokenState>;

const wireToken = {
  id: z.number(),
  version: z.number(),
  key: z.string().nullish(),
  description: z.string().default(""),
  expires: z.string().nullable(),
  write_enabled: z.boolean(),
  allowed_ips: z.array(z.string()).nullish(),
  user: z.object({ username: z.string() }),
};
export const seenNetboxToken = z.object(wireToken);
export type SeenNetboxToken = z.infer<typeof seenNetboxToken>;
export const seenTokenFields = Object.keys(wireToken).join(",");
/** The answer to its creation: the one time that its secret is shown. */
export const madeNetboxToken = z.object({ ...wireToken, token: z.string() });

/** What a client is given. */
export const credentialOf = ({ version, key, token }: z.infer<typeof madeNetboxToken>): string =>
  version === 1 ? token : `nbt_${key ?? ""}.${token}`;

/** Ends with which token it is, so that what an interrupted run made is known again. */
export const printTokenDescription = ({ description, name, stack, generation }: NetboxTokenInputs): string =>
  [...(description === undefined ? [] : [description]), `Pulumi stack ${stack}: ${name} #${generation}`]
    .join(" · ")
    .slice(-200);

const expiry = (expire: number): string | null => (expire === 0 ? null : new Date(expire * 1000).toISOString());

export const tokenBody = (wanted: NetboxTokenInputs): Record<string, unknown> => ({
  description: printTokenDescription(wanted),
  expires: expiry(wanted.expire),
  write_enabled: wanted.writeEnabled,
  allowed_ips: wanted.allowedIps,
});

/** The settings of a token that is there, in the form of the inputs. */
export const tokenFrom = ({ expires, write_enabled, allowed_ips }: SeenNetboxToken) => ({
  expire: expires === null ? 0 : Math.floor(new Date(expires).getTime() / 1000),
  writeEnabled: write_enabled,
  allowedIps: allowed_ips ?? [],
});

/** What makes another token of it. A NetBox of another URL is the same one that moved: the plan refuses every other. */
export const netboxTokenKey = ["name", "username", "version"] as const;
export const netboxTokenChanges = (state: Record<string, unknown>, inputs: Record<string, unknown>): boolean =>
  Object.keys(netboxTokenInputs.shape).some((name) => !sameProperty(state[name], inputs[name]));
