import { type Notice, noticeBody } from "./notice";
import type { NotifyChannelOf } from "./settings";
import { bearer, type NotifyRequest } from "./webhook";

/** 1 to 5, 3 is ntfy's own; and the names of its symbols. */
const looks: Record<Notice["event"], { priority: number; tag: string }> = {
  drift: { priority: 3, tag: "mag" },
  failed: { priority: 4, tag: "rotating_light" },
  approval: { priority: 3, tag: "ballot_box_with_check" },
  token: { priority: 4, tag: "key" },
  late: { priority: 4, tag: "hourglass" },
  test: { priority: 2, tag: "test_tube" },
};

/** A header holds ASCII alone: the rest goes as an encoded word (RFC 2047), which ntfy reads. */
const header = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`;

export function ntfyRequest({ url, token }: NotifyChannelOf<"ntfy">, notice: Notice): NotifyRequest {
  const { event, title, url: link } = notice;
  const { priority, tag } = looks[event];
  return {
    method: "POST",
    url,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      ...bearer(token),
      Title: header(title),
      Priority: String(priority),
      Tags: tag,
      ...(link === undefined ? {} : { Click: header(link) }),
    },
    // Without a body ntfy shows "triggered".
    body: noticeBody(notice) || title,
  };
}
