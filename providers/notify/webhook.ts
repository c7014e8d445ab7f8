import { createHmac } from "node:crypto";
import type { Notice } from "./notice";
import type { NotifyChannelOf } from "./settings";

/** A request that carries a notice. */
export interface NotifyRequest {
  method: "POST" | "PUT";
  /** Whole. */
  url: string;
  headers: Record<string, string>;
  body: string;
}

export const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${token}` };

export const jsonType = { "Content-Type": "application/json" };

/** The notice itself as JSON. @param id of this delivery: a receiver that gets it twice can tell by it */
export function webhookRequest(
  { url, secret, token }: NotifyChannelOf<"webhook">,
  notice: Notice,
  id: string,
): NotifyRequest {
  const { event, stack, time, title, lines, url: link } = notice;
  const body = JSON.stringify({ event, stack, time, title, lines, ...(link === undefined ? {} : { url: link }) });
  const signature = secret === undefined ? undefined : createHmac("sha256", secret).update(body).digest("hex");
  return {
    method: "POST",
    url,
    headers: {
      ...jsonType,
      ...bearer(token),
      "X-Netbox-Proxmox-Event": event,
      "X-Netbox-Proxmox-Delivery": id,
      ...(signature === undefined ? {} : { "X-Hub-Signature-256": `sha256=${signature}` }),
    },
    body,
  };
}
