import { type Notice, noticeText } from "./notice";
import type { NotifyChannelOf } from "./settings";
import { jsonType, type NotifyRequest } from "./webhook";

/** Slack's own escapes: what is left of them is text, and calls nobody (`<!channel>`). */
const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** An incoming webhook's message. Mattermost and Rocket.Chat take it too, and show `text`. */
export function slackRequest({ url }: NotifyChannelOf<"slack">, notice: Notice): NotifyRequest {
  const { title, lines, url: link } = notice;
  const plain = (text: string) => ({ type: "plain_text", text, emoji: false });
  const blocks = [
    { type: "header", text: plain(title) },
    ...(lines.length === 0 ? [] : [{ type: "section", text: plain(lines.join("\n")) }]),
    ...(link === undefined
      ? []
      : [
          {
            type: "section",
            text: { type: "mrkdwn", text: `<${escaped(link).replace(/\|/g, "%7C")}|Read more>` },
          },
        ]),
  ];
  return {
    method: "POST",
    url,
    headers: jsonType,
    body: JSON.stringify({ text: escaped(noticeText(notice)), blocks }),
  };
}
