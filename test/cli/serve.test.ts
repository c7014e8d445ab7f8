import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";
import { runOps } from "../harness/cli";

const secret = "a-webhook-secret-of-the-test";

describe("ops serve", () => {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-serve-"));
  const log = join(folder, "runs");
  const command = `echo "$STACK" >> ${log}; sleep 0.3`;
  let child: ChildProcess | undefined;
  let url = "";
  let said = "";
  let github: Server;
  const dispatched: { path: string; authorization: string | undefined; body: unknown }[] = [];

  beforeAll(async () => {
    github = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      dispatched.push({
        path: request.url ?? "",
        authorization: request.headers.authorization,
        body: JSON.parse(Buffer.concat(chunks).toString()) as unknown,
      });
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await stop();
    rmSync(log, { force: true });
  });
  afterAll(() => {
    github.close();
    rmSync(folder, { recursive: true });
  });

  async function start(...args: string[]): Promise<void> {
    const words = ["dist/cli/main.js", "serve", "--port", "0", "--quiet", "0.3", "--stack", "a", "b", ...args];
    const started = spawn(process.execPath, words, {
      cwd: projectRoot(),
      env: {
        ...process.env,
        NETBOX_WEBHOOK_SECRET: secret,
        GITHUB_TOKEN: "ghs_of-the-test",
        GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    said = "";
    url = await new Promise<string>((resolve, reject) => {
      for (const stream of [started.stdout, started.stderr])
        stream.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          const found = /listening at (\S+)/.exec(said)?.[1];
          if (found !== undefined) resolve(found);
        });
      started.once("close", () => reject(new Error(said)));
    });
  }

  async function stop(): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once("close", resolve));
    ending.kill("SIGTERM");
    await ended;
  }

  const sign = (body: string, key = secret) => createHmac("sha512", key).update(body).digest("hex");
  const call = async (path: string, payload: object, signature?: string) => {
    const body = JSON.stringify(payload);
    const headers = { "X-Hook-Signature": signature ?? sign(body) };
    return (await fetch(`${url}${path}`, { method: "POST", body, headers })).status;
  };
  const runs = () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").sort().join(" ") : "");
  const change = { event: "updated", object_type: "virtualization.virtualmachine", request: { user: "ada" } };

  it("takes only what is signed, for the stacks that it has, and gathers what arrives together", async () => {
    await start("--no-initial", "--ignore-user", "pulumi", "--command", command);
    expect(await call("", change, sign("another body"))).toBe(401);
    expect(await call("", change, "")).toBe(401);
    expect(await call("", change, sign(JSON.stringify(change), "another secret"))).toBe(401);
    expect(await call("", { text: "x".repeat(1_100_000) })).toBe(413);
    expect(await call("c", change)).toBe(404);
    expect((await fetch(url)).status).toBe(405);
    expect(await (await fetch(`${url}healthz`)).json()).toEqual({ stacks: ["a", "b"] });
    // As NetBox said it before 4.7, and as it says it since.
    expect(await call("", { event: "updated", username: "pulumi" })).toBe(202);
    expect(await call("", { event: "updated", request: { user: "pulumi" } })).toBe(202);
    // What is written into a journal says nothing of what should exist, whoever writes it.
    expect(await call("", { event: "created", object_type: "extras.journalentry", request: { user: "ada" } })).toBe(
      202,
    );
    expect(await call("", { event: "created", model: "journalentry", username: "ada" })).toBe(202);
    await sleep(800);
    expect(runs()).toBe("");
    for (let n = 0; n < 10; n++) expect(await call("a", change)).toBe(202);
    await sleep(1500);
    expect(runs()).toBe("a");
    expect(await call("", { ...change, data: { display: "web01\n2026 forged line" } })).toBe(202);
    await sleep(1500);
    expect(runs()).toBe("a a b");
    expect(said).toMatch(/Z virtualization.virtualmachine web01\?2026 forged line updated by ada: a, b\n/);
    expect(said).toMatch(/Z a: begins\n[^\n]*Z a: done\n/);
    expect(said).not.toContain(secret);
  });

  it("runs once at its start, and waits for what runs at its end", async () => {
    await start("--command", `sleep 1; ${command}`);
    await sleep(700);
    await stop();
    expect(runs()).toBe("a b");
    expect(said).toContain("ending: what runs is waited for");
  });

  it("keeps metrics of its runs in a file and at /metrics, beside those of others", async () => {
    const file = join(folder, "netbox.prom");
    const other = 'netbox_proxmox_drift_changes{program="site",stack="other"} 3';
    writeFileSync(file, `${other}\n`);
    await start("--no-initial", "--metrics", file, "--command", `${command}; [ "$STACK" = a ]`);
    expect(await call("", change)).toBe(202);
    for (const deadline = Date.now() + 20_000; (said.match(/: (done|failed)/g) ?? []).length < 2; await sleep(200))
      if (Date.now() > deadline) throw new Error(said);
    const answer = await fetch(`${url}metrics`);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const shown = await answer.text();
    expect(shown).toContain('netbox_proxmox_run_success{operation="up",program="site",stack="a"} 1');
    expect(shown).toMatch(/netbox_proxmox_last_success_timestamp_seconds\{program="site",stack="a"\} \d{10}/);
    expect(shown).toContain('netbox_proxmox_run_success{operation="up",program="site",stack="b"} 0');
    expect(shown).not.toMatch(/last_success_timestamp_seconds\{program="site",stack="b"\}/);
    expect(shown).toContain(other);
    expect(readFileSync(file, "utf8")).toBe(shown);
  });

  it("starts a workflow instead where it is told to", async () => {
    await start("--no-initial", "--github", "acme/site");
    expect(await call("b", change)).toBe(202);
    await sleep(1200);
    expect(dispatched).toEqual([
      {
        path: "/repos/acme/site/dispatches",
        authorization: "Bearer ghs_of-the-test",
        body: { event_type: "netbox", client_payload: { stacks: ["b"] } },
      },
    ]);
  });

  it("says what is missing or mistyped", async () => {
    const serve = (args: string[], env: NodeJS.ProcessEnv = { NETBOX_WEBHOOK_SECRET: secret }) =>
      runOps(["serve", "--stack", "a", ...args], env);
    expect((await serve([], { NETBOX_WEBHOOK_SECRET: "" })).err).toBe(
      "NETBOX_WEBHOOK_SECRET is not set: it is the secret of the webhook in NetBox.\n",
    );
    expect((await serve([], { NETBOX_WEBHOOK_SECRET: "short" })).err).toMatch(/too short: write at least 16/);
    expect((await serve(["--quiet", "soon"])).err).toBe("--quiet soon: write seconds, like 10.\n");
    expect((await serve(["--port", "http"])).err).toMatch(/--port http: write a port/);
    expect((await serve(["--github", "a/b", "--command", "true"])).err).toMatch(/Only one of/);
  });
});
