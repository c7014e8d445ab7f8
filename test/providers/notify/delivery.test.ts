import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Certificate, makeCertificate } from "../../../lab/certificate";
import { deliver } from "../../../providers/notify/delivery";
import type { Notice } from "../../../providers/notify/notice";
import { type NotifySettings, notifySchema } from "../../../providers/notify/settings";
import { HttpReceiver } from "../../harness/receiver";

const notice: Notice = {
  event: "failed",
  stack: "prod",
  time: "2026-11-29T12:00:00.000Z",
  title: "prod: `up` failed",
  lines: ["web01: storage full"],
  url: "https://ci.example.com/runs/7",
};
const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-notify-"));
const caFile = join(folder, "ca.pem");
const closing: (() => Promise<unknown>)[] = [];
let certificate: Certificate;

beforeAll(async () => {
  certificate = await makeCertificate();
  writeFileSync(caFile, certificate.cert);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const channels = (all: Record<string, object>): NotifySettings => notifySchema.parse(all);

async function receiver(tls = false): Promise<{ http: HttpReceiver; url: string }> {
  const http = new HttpReceiver(tls ? certificate : undefined);
  closing.push(() => http.close());
  return { http, url: await http.listen() };
}

interface Mail {
  from: string;
  to: string[];
  secure: boolean;
  user: unknown;
  text: string;
}

/** A mail server that keeps what it gets. */
async function mailServer(
  options: ConstructorParameters<typeof SMTPServer>[0] = {},
  refusals: number[] = [],
): Promise<{ mails: Mail[]; port: number }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    key: certificate.key,
    cert: certificate.cert,
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, callback) =>
      password === "the-mail-password"
        ? callback(null, { user: username })
        : callback(new Error("Invalid username or password")),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const code = refusals.shift();
        if (code !== undefined) return callback(Object.assign(new Error("not now"), { responseCode: code }));
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user,
          text: Buffer.concat(chunks).toString(),
        });
        callback();
      });
    },
    ...options,
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { mails, port: (server.server.address() as AddressInfo).port };
}

const mailOf = (port: number, more: object = {}) => ({
  type: "email",
  host: "127.0.0.1",
  port,
  caFile,
  from: "pulumi@example.com",
  to: ["ops@example.com", "anna@example.com"],
  ...more,
});

describe("a notice is delivered", () => {
  it("to every channel that wants it, over TLS that is verified", async () => {
    const { http, url } = await receiver(true);
    const { mails, port } = await mailServer();
    const found = await deliver(
      channels({
        hook: { type: "webhook", url: `${url}/hook?x=1`, secret: "a-shared-secret", caFile },
        chat: { type: "slack", url: `${url}/services/T/B/x`, caFile },
        room: { type: "matrix", url, room: "!a:b", token: "syt_of-the-test", caFile },
        phone: { type: "ntfy", url: `${url}/topic`, caFile },
        mail: mailOf(port),
        others: { type: "webhook", url: `${url}/others`, events: ["drift"], caFile },
      }),
      notice,
    );
    expect(found.map(({ channel, warning }) => [channel, warning])).toEqual(
      ["hook", "chat", "room", "phone", "mail"].map((name) => [name, undefined]),
    );
    const paths = http.received.map(({ method, path }) => `${method} ${path.replace(/message\/.*/, "message/ID")}`);
    expect(paths.sort()).toEqual([
      "POST /hook?x=1",
      "POST /services/T/B/x",
      "POST /topic",
      "PUT /_matrix/client/v3/rooms/!a%3Ab/send/m.room.message/ID",
    ]);
    for (const { body } of http.received) expect(body).toContain("web01: storage full");
    expect(mails).toEqual([
      {
        from: "pulumi@example.com",
        to: ["ops@example.com", "anna@example.com"],
        secure: true,
        user: false,
        text: expect.stringMatching(/Subject: prod: `up` failed\r\n[\s\S]*\r\n\r\nweb01: storage full\r\n.*runs\/7/),
      },
    ]);
  });

  it("again where a receiver says that it can't now, and by one id", async () => {
    const { http, url } = await receiver();
    http.answers.push({ status: 503 }, { status: 429 });
    const { mails, port } = await mailServer({}, [451]);
    const found = await deliver(channels({ hook: { type: "webhook", url }, mail: mailOf(port) }), notice);
    expect(found.map(({ warning }) => warning)).toEqual([undefined, undefined]);
    expect(http.received).toHaveLength(3);
    expect(new Set(http.received.map(({ headers }) => headers["x-netbox-proxmox-delivery"])).size).toBe(1);
    expect(mails).toHaveLength(1);
  });

  it("to a mail server with TLS from the first byte, and a login", async () => {
    const { mails, port } = await mailServer({ secure: true });
    const login = { encryption: "tls", user: "pulumi", password: "the-mail-password" };
    expect(await deliver(channels({ mail: mailOf(port, login) }), notice)).toEqual([
      { channel: "mail", type: "email" },
    ]);
    expect(mails.map(({ user, secure }) => ({ user, secure }))).toEqual([{ user: "pulumi", secure: true }]);
  });
});

describe("a notice that isn't delivered", () => {
  const warningOf = async (channel: object, name = "ops") =>
    (await deliver(channels({ [name]: channel }), notice))[0]?.warning ?? "";

  it("is a warning with its cause and remedy, without the path of its URL", async () => {
    const { http, url } = await receiver();
    http.answers.push({ status: 403, body: '{"error":"forbidden by the topic"}' });
    expect(await warningOf({ type: "ntfy", url: `${url}/secret-topic` })).toBe(
      `Notification to ops (ntfy at ${new URL(url).host}) was not delivered (403 forbidden by the topic): correct its token, and what it may write to (netbox-proxmox:notify["ops"]).`,
    );
    http.answers.push({ status: 404 });
    const gone = await warningOf({ type: "slack", url: `${url}/services/T0/B0/of-nobody` });
    expect(gone).toMatch(/\(slack at 127\.0\.0\.1:\d+\) was not delivered \(404 .*\): correct its url \(/);
    expect(gone).not.toContain("of-nobody");
    // A page of a login is no delivery.
    http.answers.push({ status: 302, headers: { Location: "/login" } });
    expect(await warningOf({ type: "webhook", url })).toMatch(/was not delivered \(302 .*\): correct its url/);
    expect(http.received).toHaveLength(3);
  });

  it("tells a certificate that nobody vouches for, and sends nothing", async () => {
    const { http, url } = await receiver(true);
    expect(await warningOf({ type: "webhook", url, token: "a-token-of-it" })).toMatch(
      /was not delivered \(self-signed certificate\): set its caFile to the CA of its certificate/,
    );
    expect(http.received).toEqual([]);
    const { mails, port } = await mailServer();
    const { caFile: _without, ...mail } = mailOf(port);
    expect(await warningOf(mail)).toMatch(
      /\(email at 127\.0\.0\.1\) was not delivered \(self-signed certificate\): set its caFile/,
    );
    expect(mails).toEqual([]);
  });

  it("gives a mail server without STARTTLS neither password nor message", async () => {
    const { mails, port } = await mailServer({ disabledCommands: ["STARTTLS"], allowInsecureAuth: true });
    const login = { user: "pulumi", password: "the-mail-password" };
    expect(await warningOf(mailOf(port, login))).toMatch(
      /was not delivered \(.*STARTTLS.*\): .*correct its encryption/,
    );
    expect(mails).toEqual([]);
    expect(await warningOf(mailOf(port, { encryption: "none" }))).toBe("");
    expect(mails.map(({ secure }) => secure)).toEqual([false]);
  });

  it("tells a wrong password without it", async () => {
    const { port } = await mailServer();
    const warning = await warningOf(mailOf(port, { user: "pulumi", password: "another-password" }));
    expect(warning).toMatch(/was not delivered \(Invalid login: 535 .*\): correct its user and password/);
    expect(warning).not.toContain("another-password");
  });

  it("tells a receiver that isn't there", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await warningOf({ type: "webhook", url: `http://127.0.0.1:${port}/` })).toMatch(
      /was not delivered \(.*ECONNREFUSED.*\): check its url, and that this machine reaches it/,
    );
    expect(await warningOf(mailOf(port))).toMatch(
      /was not delivered \(.*ECONNREFUSED.*\): check its host and port, and that this machine reaches it/,
    );
  });
});
