import { existsSync } from "node:fs";
import { z } from "zod";
import { suffix } from "../connections";
import { keepSecret, leastSecret } from "../http/redact";
import { type ConfigSource, type Environment, readJson, readSection, type SettingProblem } from "../settings";
import { isRecord } from "../values";
import { type NotifyEvent, notifyEvents } from "./notice";

// `netbox-proxmox:notify`: who is told what, by a name of the user's choice.

/** http or https, and no user in it: what a URL holds is shown in logs of others. */
const url = z
  .string()
  .refine(
    (text) => /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).username === "",
    "write a URL without a user in it, like https://host/path",
  );
const secret = z
  .string()
  .min(leastSecret, `write at least ${leastSecret} characters: a shorter secret can't be kept out of messages`);
const address = z.string().regex(/^[^\s<>@,;"]+@[^\s<>@,;"]+$/, "write an e-mail address, like ops@example.com");
const caFile = z
  .string()
  .refine((path) => existsSync(path), { error: ({ input }) => `there is no file ${String(input)}` });

const common = {
  /** Left out, all of them. */
  events: z
    .array(z.enum(notifyEvents))
    .min(1, "write at least one, or leave it out")
    .default([...notifyEvents]),
  caFile: caFile.optional(),
};

const webhook = z.strictObject({
  type: z.literal("webhook"),
  url,
  /** Signs the body: HMAC-SHA256 in X-Hub-Signature-256. */
  secret: secret.optional(),
  /** Sent as a bearer. */
  token: secret.optional(),
  ...common,
});
const slack = z.strictObject({
  type: z.literal("slack"),
  /** The incoming webhook's, which is a secret. */
  url,
  ...common,
});
const matrix = z.strictObject({
  type: z.literal("matrix"),
  /** The homeserver's. */
  url,
  room: z.string().regex(/^!\S+$/, "write the room's id, like !abc:example.com (an alias with # is no id)"),
  token: secret,
  ...common,
});
const ntfy = z.strictObject({
  type: z.literal("ntfy"),
  /** With the topic: https://ntfy.sh/TOPIC. */
  url: url.refine(
    (text) => !URL.canParse(text) || /^\/[\w-]+$/.test(new URL(text).pathname),
    "write the server's URL with the topic, like https://ntfy.sh/TOPIC",
  ),
  token: secret.optional(),
  ...common,
});
const email = z
  .strictObject({
    type: z.literal("email"),
    host: z.string().regex(/^[A-Za-z0-9.:-]+$/, "write a host's name or address"),
    /** Left out, the port of its kind of encryption: 587, 465 or 25. */
    port: z.number().int().min(1).max(65535).optional(),
    /** STARTTLS, TLS from the first byte, or none for a mail server on this machine. */
    encryption: z.enum(["starttls", "tls", "none"]).default("starttls"),
    user: z.string().min(1).optional(),
    password: secret.optional(),
    from: address,
    to: z.array(address).min(1, "name at least one"),
    ...common,
  })
  .superRefine(({ encryption, user, password }, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message, input: undefined });
    if (encryption === "none" && password !== undefined)
      issue("encryption", "the password would go over the network in the clear: write starttls or tls");
    if (user !== undefined && password === undefined)
      context.addIssue({ code: "invalid_type", expected: "string", path: ["password"], input: undefined });
    if (user === undefined && password !== undefined)
      context.addIssue({ code: "invalid_type", expected: "string", path: ["user"], input: undefined });
  });

const channelSchema = z.discriminatedUnion("type", [webhook, slack, matrix, ntfy, email]);
export const notifySchema = z.record(z.string().min(1), channelSchema);

export type NotifyChannel = z.infer<typeof channelSchema>;
export type NotifyChannelOf<T extends NotifyChannel["type"]> = Extract<NotifyChannel, { type: T }>;
export type NotifySettings = z.infer<typeof notifySchema>;

const examples: Record<string, string> = {
  type: "webhook",
  events: "drift",
  room: "'!abc:example.com'",
  host: "mail.example.com",
  port: "587",
  encryption: "starttls",
  user: "netbox-proxmox",
  from: "netbox-proxmox@example.com",
  to: "ops@example.com",
  caFile: "/etc/ssl/certs/ca.pem",
};

/** Keys that the environment may give, as NOTIFY_TOKEN_NAME and the like. */
const environmentKeys = ["url", "token", "secret", "password"] as const;

/** No message may hold them. Whoever has a Slack webhook's URL may write to it, so its path is one. */
function keepChannelSecrets(channel: NotifyChannel): void {
  const values: Record<string, unknown> = { ...channel };
  for (const key of ["token", "secret", "password"]) keepSecret(String(values[key] ?? ""));
  if (channel.type !== "slack") return;
  keepSecret(channel.url);
  keepSecret(new URL(channel.url).pathname);
}

/** The channels with what the environment gives of them, which wins over the stack's configuration. */
export function readNotify(
  source: ConfigSource,
  env: Environment,
): { value: NotifySettings } | { problems: SettingProblem[] } {
  const read = readJson(source, "notify");
  if ("problems" in read) return read;
  const given = isRecord(read.value) ? read.value : {};
  const channels = Object.entries(given).map(([name, channel]) => {
    const own = environmentKeys.flatMap((key) => {
      const value = env[`NOTIFY_${key.toUpperCase()}_${suffix(name)}`];
      return value === undefined || value === "" ? [] : [[key, value]];
    });
    return [name, isRecord(channel) ? { ...channel, ...Object.fromEntries(own) } : channel];
  });
  const parsed = readSection("notify", notifySchema, Object.fromEntries(channels), examples);
  if ("value" in parsed) for (const channel of Object.values(parsed.value)) keepChannelSecrets(channel);
  return parsed;
}

/** The first secret of a section's JSON, as the path of its key; nothing where it has none. */
export function secretOfNotify(text: string): string | undefined {
  const read = readJson({ get: () => text }, "notify");
  const channels = "value" in read && isRecord(read.value) ? Object.entries(read.value) : [];
  for (const [name, channel] of channels) {
    if (!isRecord(channel)) continue;
    const keys = ["token", "secret", "password", ...(channel.type === "slack" ? ["url"] : [])];
    const key = keys.find((each) => typeof channel[each] === "string");
    if (key !== undefined) return `notify["${name}"].${key}`;
  }
  return undefined;
}

export const hears = (channel: NotifyChannel, event: NotifyEvent | "test"): boolean =>
  event === "test" || channel.events.includes(event);
