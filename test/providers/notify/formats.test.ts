import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keepSecret } from "../../../providers/http/redact";
import { emailMessage, smtpOptions } from "../../../providers/notify/email";
import { matrixRequest } from "../../../providers/notify/matrix";
import { type Notice, noticeText, presentableNotice } from "../../../providers/notify/notice";
import { ntfyRequest } from "../../../providers/notify/ntfy";
import { notifySchema } from "../../../providers/notify/settings";
import { slackRequest } from "../../../providers/notify/slack";
import { webhookRequest } from "../../../providers/notify/webhook";

const notice: Notice = {
  event: "drift",
  stack: "prod",
  time: "2026-11-29T12:00:00.000Z",
  title: "prod: 2 changes were made by hand",
  lines: ["~ web01 memory 1024 → 512", "~ <db01> & name"],
  url: "https://reports.example.com/prod.html?a=1&b=2",
};
const { events } = { events: ["drift" as const] };

describe("a notice", () => {
  it("is on single lines, short, and has no secret", () => {
    keepSecret("the-very-secret-token");
    const shown = presentableNotice({
      ...notice,
      title: `a\r\nBcc: everybody@example.com ${"x".repeat(300)}`,
      lines: ["token the-very-secret-token", ...Array.from({ length: 30 }, (_, n) => `${n} ${"ä".repeat(300)}`)],
    });
    expect(shown.title).toMatch(/^a Bcc: everybody@example.com x+…$/);
    expect([...shown.title]).toHaveLength(140);
    expect(shown.lines[0]).toBe("token ***");
    expect(shown.lines.at(-1)).toMatch(/^and \d+ more$/);
    expect(shown.lines.length).toBeLessThanOrEqual(13);
    expect(Buffer.byteLength(shown.lines.join("\n"))).toBeLessThan(2_900);
    expect(Math.max(...shown.lines.map((line) => [...line].length))).toBe(200);
  });

  it("reads the same everywhere", () => {
    const text = noticeText(notice);
    expect(text).toBe(
      "prod: 2 changes were made by hand\n~ web01 memory 1024 → 512\n~ <db01> & name\nhttps://reports.example.com/prod.html?a=1&b=2",
    );
    expect(presentableNotice(notice)).toEqual(notice);
    expect(noticeText({ ...notice, lines: [], url: undefined })).toBe(notice.title);
  });
});

describe("a webhook", () => {
  it("gets JSON, and a signature of just these bytes", () => {
    const url = "https://hooks.example.com/a?b=c";
    const { method, headers, body, ...rest } = webhookRequest(
      { type: "webhook", url, secret: "a-shared-secret", token: "a-token-of-it", events },
      notice,
      "id-1",
    );
    expect({ method, ...rest }).toEqual({ method: "POST", url });
    expect(JSON.parse(body)).toEqual(notice);
    expect(headers).toEqual({
      "Content-Type": "application/json",
      Authorization: "Bearer a-token-of-it",
      "X-Netbox-Proxmox-Event": "drift",
      "X-Netbox-Proxmox-Delivery": "id-1",
      "X-Hub-Signature-256": `sha256=${createHmac("sha256", "a-shared-secret").update(body).digest("hex")}`,
    });
    const plain = webhookRequest({ type: "webhook", url, events }, notice, "id-2").headers;
    expect(Object.keys(plain)).not.toContain("X-Hub-Signature-256");
    expect(Object.keys(plain)).not.toContain("Authorization");
  });
});

describe("Slack", () => {
  it("gets blocks within its limits, and nothing that calls people", () => {
    const many = presentableNotice({
      ...notice,
      title: `<!channel> ${"x".repeat(300)}`,
      lines: Array.from({ length: 40 }, () => `<!here> ${"y".repeat(400)}`),
    });
    const sent = JSON.parse(
      slackRequest({ type: "slack", url: "https://hooks.slack.com/services/T/B/x", events }, many).body,
    );
    expect(sent.text).toMatch(/^&lt;!channel&gt; x/);
    expect(sent.text).not.toContain("<!");
    const [head, section, link] = sent.blocks;
    expect(head.text.type).toBe("plain_text");
    expect(head.text.text.length).toBeLessThanOrEqual(150);
    expect(section.text.type).toBe("plain_text");
    expect(section.text.text.length).toBeLessThanOrEqual(3000);
    expect(link.text).toEqual({
      type: "mrkdwn",
      text: "<https://reports.example.com/prod.html?a=1&amp;b=2|Read more>",
    });
    const bare = JSON.parse(
      slackRequest({ type: "slack", url: "https://x.example.com/y", events }, { ...notice, lines: [], url: undefined })
        .body,
    );
    expect(bare.blocks).toHaveLength(1);
  });
});

describe("Matrix", () => {
  it("gets a notice of the room, once for a transaction", () => {
    const { method, url, headers, body } = matrixRequest(
      { type: "matrix", url: "https://matrix.example.com/", room: "!a/b:example.com", token: "syt_token", events },
      notice,
      "id-1",
    );
    expect(method).toBe("PUT");
    expect(url).toBe(
      "https://matrix.example.com/_matrix/client/v3/rooms/!a%2Fb%3Aexample.com/send/m.room.message/id-1",
    );
    expect(headers.Authorization).toBe("Bearer syt_token");
    expect(JSON.parse(body)).toEqual({
      msgtype: "m.notice",
      body: noticeText(notice),
      format: "org.matrix.custom.html",
      formatted_body:
        '<strong>prod: 2 changes were made by hand</strong><br>~ web01 memory 1024 → 512<br>~ &lt;db01&gt; &amp; name<br><a href="https://reports.example.com/prod.html?a=1&amp;b=2">https://reports.example.com/prod.html?a=1&amp;b=2</a>',
    });
  });
});

describe("ntfy", () => {
  it("gets title, priority, symbol and link as headers of ASCII, and the lines as its body", () => {
    const channel = { type: "ntfy" as const, url: "https://ntfy.sh/topic", token: "tk_token", events };
    const { headers, body, url } = ntfyRequest(channel, { ...notice, event: "failed", title: "prod: böse" });
    expect(url).toBe("https://ntfy.sh/topic");
    expect(headers).toEqual({
      "Content-Type": "text/plain; charset=utf-8",
      Authorization: "Bearer tk_token",
      Title: `=?UTF-8?B?${Buffer.from("prod: böse").toString("base64")}?=`,
      Priority: "4",
      Tags: "rotating_light",
      Click: notice.url,
    });
    expect(body).toBe(`${notice.lines.join("\n")}\n${notice.url}`);
    expect(ntfyRequest(channel, { ...notice, lines: [], url: undefined }).body).toBe(notice.title);
  });
});

describe("e-mail", () => {
  it("is plain text to all who are named, and goes nowhere without encryption unless told", () => {
    const parsed = (more: object) => {
      const all = notifySchema.parse({
        mail: { type: "email", host: "mail.example.com", from: "a@example.com", to: ["b@example.com"], ...more },
      });
      if (all.mail?.type !== "email") throw new Error("no e-mail");
      return all.mail;
    };
    expect(emailMessage(parsed({}), notice)).toMatchObject({
      from: "a@example.com",
      to: ["b@example.com"],
      subject: notice.title,
      text: `${notice.lines.join("\n")}\n${notice.url}\n`,
      headers: { "Auto-Submitted": "auto-generated" },
    });
    expect(smtpOptions(parsed({}))).toMatchObject({ port: 587, secure: false, requireTLS: true });
    expect(smtpOptions(parsed({}))).not.toHaveProperty("auth");
    expect(smtpOptions(parsed({ encryption: "tls", user: "u", password: "a-password" }))).toMatchObject({
      port: 465,
      secure: true,
      tls: { rejectUnauthorized: true },
      auth: { user: "u", pass: "a-password" },
    });
    expect(smtpOptions(parsed({ encryption: "none" }))).toMatchObject({ port: 25, ignoreTLS: true });
  });
});
