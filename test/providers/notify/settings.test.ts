import { describe, expect, it } from "vitest";
import { redact } from "../../../providers/http/redact";
import { readNotify } from "../../../providers/notify/settings";
import { plainSecrets } from "../../../stacks/settings";

const read = (notify: unknown, env: Record<string, string> = {}) =>
  readNotify({ get: (key) => (key === "notify" ? JSON.stringify(notify) : undefined) }, env);
const said = (notify: unknown, env: Record<string, string> = {}): string[] => {
  const found = read(notify, env);
  return "problems" in found
    ? found.problems.map(({ key, problem, remedy }) => `${key.replace("netbox-proxmox:", "")} ${problem} → ${remedy}`)
    : [];
};
const mail = { type: "email", host: "mail.example.com", from: "a@example.com", to: ["b@example.com"] };

describe("netbox-proxmox:notify", () => {
  it("takes secrets from the environment first, and no message holds them", () => {
    const found = read(
      {
        ops: { type: "matrix", url: "https://m.example.com", room: "!a:b", token: "token-of-the-file" },
        "chat-room": { type: "slack", url: "https://hooks.slack.com/services/T0/B0/of-the-file" },
      },
      {
        NOTIFY_TOKEN_OPS: "token-of-the-environment",
        NOTIFY_URL_CHAT_ROOM: "https://hooks.slack.com/services/T1/B1/abc",
      },
    );
    expect(found).toMatchObject({
      value: {
        ops: { token: "token-of-the-environment", events: ["drift", "failed", "approval", "token", "late"] },
        "chat-room": { url: "https://hooks.slack.com/services/T1/B1/abc" },
      },
    });
    expect(redact("POST https://hooks.slack.com/services/T1/B1/abc with token-of-the-environment")).toBe(
      "POST *** with ***",
    );
    expect(redact("at /services/T1/B1/abc")).toBe("at ***");
    expect(read(undefined)).toEqual({ value: {} });
  });

  it("says what is wrong with a channel, and what mends it", () => {
    expect(said({ a: { type: "pager" } })).toEqual([expect.stringMatching(/^notify\.a\.type is wrong: /)]);
    expect(said({ a: { type: "matrix", url: "https://m.example.com", room: "!a:b" } })).toEqual([
      "notify.a.token is missing → pulumi config set --path 'netbox-proxmox:notify.a.token' --secret",
    ]);
    expect(said({ a: { type: "matrix", url: "https://m", room: "#ops:b", token: "abcdefg" } })).toEqual([
      expect.stringMatching(
        /^notify\.a\.room is wrong: write the room's id, .* → pulumi config set .*room' '!abc:example.com'$/,
      ),
    ]);
    expect(said({ a: { type: "ntfy", url: "https://ntfy.sh" } })).toEqual([
      expect.stringMatching(/^notify\.a\.url is wrong: write the server's URL with the topic/),
    ]);
    expect(said({ a: { type: "webhook", url: "https://user:pass@host/x" } })).toEqual([
      expect.stringMatching(/^notify\.a\.url is wrong: write a URL without a user in it/),
    ]);
    expect(said({ a: { ...mail, user: "u" } })).toEqual([
      "notify.a.password is missing → pulumi config set --path 'netbox-proxmox:notify.a.password' --secret",
    ]);
    expect(said({ a: { ...mail, encryption: "none", user: "u", password: "abcdefg" } })).toEqual([
      "notify.a.encryption is wrong: the password would go over the network in the clear: write starttls or tls → pulumi config set --path 'netbox-proxmox:notify.a.encryption' starttls",
    ]);
    expect(said({ a: { ...mail, to: ["a@example.com\r\nBcc: c@example.com"] } })).toEqual([
      expect.stringMatching(/^notify\.a\.to\[0\] is wrong: write an e-mail address/),
    ]);
    expect(said({ a: { ...mail, events: ["drfit"] } })).toEqual([
      expect.stringMatching(/^notify\.a\.events\[0\] is wrong: .*"drift"/),
    ]);
    expect(said({ a: { ...mail, evnts: ["drift"] } })).toEqual([
      "notify.a.evnts is not a setting: is events meant? → rename it in the stack's file, Pulumi.STACK.yaml, to netbox-proxmox:notify.a.events",
    ]);
  });

  it("in the clear is refused where it holds a secret", () => {
    const clear = (notify: object, keys: string[] = []) =>
      plainSecrets({ "netbox-proxmox:notify": JSON.stringify(notify) }, JSON.stringify(keys), "netbox-proxmox").map(
        ({ key, problem }) => `${key} ${problem}`,
      );
    const slack = { chat: { url: "https://hooks.slack.com/services/T/B/x", type: "slack" } };
    expect(clear(slack)).toEqual(['netbox-proxmox:notify["chat"].url is in the clear']);
    expect(clear(slack, ["netbox-proxmox:notify"])).toEqual([]);
    expect(clear({ hook: { type: "webhook", url: "https://h", secret: "abcdefg" } })).toEqual([
      'netbox-proxmox:notify["hook"].secret is in the clear',
    ]);
    expect(clear({ mail: { ...mail, password: "abcdefg" } })).toEqual([
      'netbox-proxmox:notify["mail"].password is in the clear',
    ]);
    expect(clear({ mail, hook: { type: "webhook", url: "https://h/x" } })).toEqual([]);
  });
});
