import { type Notice, noticeText } from "./notice";
import type { NotifyChannelOf } from "./settings";
import { bearer, jsonType, type NotifyRequest } from "./webhook";

const escaped = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/** A message to a room, by the client-server API. @param id the transaction's: sent twice, it is one message */
export function matrixRequest(
  { url, room, token }: NotifyChannelOf<"matrix">,
  notice: Notice,
  id: string,
): NotifyRequest {
  const { title, lines, url: link } = notice;
  const html = [
    `<strong>${escaped(title)}</strong>`,
    ...lines.map(escaped),
    ...(link === undefined ? [] : [`<a href="${escaped(link)}">${escaped(link)}</a>`]),
  ].join("<br>");
  return {
    method: "PUT",
    url: `${url.replace(/\/+$/, "")}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${encodeURIComponent(id)}`,
    headers: { ...jsonType, ...bearer(token) },
    body: JSON.stringify({
      // Bots write notices: no other bot answers one.
      msgtype: "m.notice",
      body: noticeText(notice),
      format: "org.matrix.custom.html",
      formatted_body: html,
    }),
  };
}
