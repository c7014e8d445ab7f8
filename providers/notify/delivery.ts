import { randomUUID } from "node:crypto";
import { z } from "zod";
import { HttpClient } from "../http/client";
import { HttpError } from "../http/errors";
import { redact } from "../http/redact";
import type { NotNow } from "../http/retry";
import { isRecord } from "../values";
import { isTls, sendEmail } from "./email";
import { matrixRequest } from "./matrix";
import { type Notice, presentableNotice } from "./notice";
import { ntfyRequest } from "./ntfy";
import { hears, type NotifyChannel, type NotifySettings } from "./settings";
import { slackRequest } from "./slack";
import { type NotifyRequest, webhookRequest } from "./webhook";

/** Seconds until a receiver must have answered. */
const requestTimeout = 15;

const notNow: readonly NotNow[] = [
  { status: 429, isUndone: true },
  { status: 502, isUndone: false },
  { status: 503, isUndone: false },
  { status: 504, isUndone: false },
];

function requestOf(channel: Exclude<NotifyChannel, { type: "email" }>, notice: Notice, id: string): NotifyRequest {
  switch (channel.type) {
    case "webhook":
      return webhookRequest(channel, notice, id);
    case "slack":
      return slackRequest(channel, notice);
    case "matrix":
      return matrixRequest(channel, notice, id);
    case "ntfy":
      return ntfyRequest(channel, notice);
  }
}

/** What a receiver says of a request that it refuses: Matrix's and ntfy's `error`. */
const explain = (_status: number, body: unknown): string =>
  isRecord(body) && typeof body.error === "string" ? body.error.slice(0, 200) : "";

async function post({ method, url, headers, body }: NotifyRequest, caFile: string | undefined): Promise<void> {
  const { origin, pathname, search } = new URL(url);
  const client = new HttpClient({
    baseUrl: origin,
    headers: {},
    places: 1,
    keepAlive: 1000,
    requestTimeout,
    timeoutSetting: "netbox-proxmox:notify",
    explain,
    notNow,
    ...(caFile === undefined ? {} : { caFile }),
  });
  try {
    await client.send(z.undefined(), {
      method,
      path: `${pathname}${search}`,
      headers,
      text: body,
      takesAnyAnswer: true,
      // Told twice is better than not told.
      isIdempotent: true,
    });
  } finally {
    await client.close();
  }
}

const hostOf = (channel: NotifyChannel): string =>
  channel.type === "email" ? channel.host : new URL(channel.url).host;

const tlsRemedy = "set its caFile to the CA of its certificate";

/** What went wrong, and what mends it. Never a URL's path, which may be the secret. */
function causeOf(error: unknown): { cause: string; remedy: string } {
  if (error instanceof HttpError) {
    const { failure, status } = error;
    if (failure.kind === "tls") return { cause: failure.detail, remedy: tlsRemedy };
    if (failure.kind !== "status")
      return { cause: failure.detail, remedy: "check its url, and that this machine reaches it" };
    if (status === 401 || status === 403)
      return { cause: error.reason, remedy: "correct its token, and what it may write to" };
    if (status === 404 || (status !== undefined && status < 400))
      return { cause: error.reason, remedy: "correct its url" };
    return { cause: error.reason, remedy: "look at the receiver's own log" };
  }
  const cause = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Error)) return { cause, remedy: "look at the receiver's own log" };
  if (isTls(error)) return { cause, remedy: `${tlsRemedy}, or correct its encryption` };
  if ("code" in error && error.code === "EAUTH") return { cause, remedy: "correct its user and password" };
  if ("responseCode" in error) return { cause, remedy: "correct its from and to, or look at the mail server's log" };
  return { cause, remedy: "check its host and port, and that this machine reaches it" };
}

export interface Delivery {
  channel: string;
  type: NotifyChannel["type"];
  /** Nothing where it was delivered; else one sentence for the user. */
  warning?: string;
}

/** Sends a notice to every channel that wants it, all at once. Throws nothing: what wasn't delivered is said of its channel. */
export function deliver(channels: NotifySettings, notice: Notice): Promise<Delivery[]> {
  const shown = presentableNotice(notice);
  const id = randomUUID();
  return Promise.all(
    Object.entries(channels)
      .filter(([, channel]) => hears(channel, notice.event))
      .map(async ([name, channel]): Promise<Delivery> => {
        const row = { channel: name, type: channel.type };
        try {
          await (channel.type === "email"
            ? sendEmail(channel, shown)
            : post(requestOf(channel, shown, id), channel.caFile));
          return row;
        } catch (error) {
          const { cause, remedy } = causeOf(error);
          const said = redact(cause.replace(/\s+/g, " ").slice(0, 300)).replace(/\.$/, "");
          return {
            ...row,
            warning: `Notification to ${name} (${channel.type} at ${hostOf(channel)}) was not delivered (${said}): ${remedy} (netbox-proxmox:notify["${name}"]).`,
          };
        }
      }),
  );
}
