import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Certificate, makeCertificate } from "../../../lab/certificate";
import { HttpClient } from "../../../providers/http/client";
import type { TlsSettings } from "../../../providers/http/tls";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function listen({ key, cert }: Certificate, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer({ key, cert }, (_request, response) => response.end('{"ok":true}'));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  closers.push(() => close(server));
  return { server, port: (server.address() as AddressInfo).port };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function client(port: number, tls: TlsSettings): () => Promise<unknown> {
  const made = new HttpClient({
    baseUrl: `https://127.0.0.1:${port}`,
    headers: { Authorization: "sesame" },
    places: 1,
    keepAlive: 1000,
    requestTimeout: 5,
    timeoutSetting: "",
    explain: () => "",
    notNow: [],
    ...tls,
  });
  closers.push(() => made.close());
  return () => made.send(z.object({ ok: z.boolean() }), { method: "GET", path: "/" });
}

function caFile({ cert }: Certificate): string {
  const file = join(mkdtempSync(join(tmpdir(), "netbox-proxmox-ca-")), "ca.pem");
  closers.push(() => rmSync(join(file, ".."), { recursive: true }));
  writeFileSync(file, cert);
  return file;
}

const refused = (reason: RegExp) => ({ failure: { kind: "tls", detail: expect.stringMatching(reason) } });

describe("a server's identity", () => {
  it("is proven by its CA or its fingerprint, and by nothing else", async () => {
    const certificate = await makeCertificate();
    const other = await makeCertificate();
    const { port } = await listen(certificate);
    await expect(client(port, {})()).rejects.toMatchObject(refused(/self-signed certificate/));
    await expect(client(port, { caFile: caFile(other) })()).rejects.toMatchObject(refused(/certificate/));
    await expect(client(port, { fingerprint: other.fingerprint })()).rejects.toMatchObject(refused(/fingerprint is/));
    await expect(client(port, { caFile: caFile(certificate) })()).resolves.toEqual({ ok: true });
    await expect(client(port, { fingerprint: certificate.fingerprint })()).resolves.toEqual({ ok: true });
    await expect(client(port, { insecure: true })()).resolves.toEqual({ ok: true });
  });

  it("is refused where its certificate has expired, or is another host's", async () => {
    const expired = await makeCertificate({ notAfterDate: new Date(Date.now() - 3_600_000) });
    const { port } = await listen(expired);
    await expect(client(port, { caFile: caFile(expired) })()).rejects.toMatchObject(refused(/expired/));
    const elsewhere = await makeCertificate({ host: "127.0.0.9" });
    const { port: second } = await listen(elsewhere);
    await expect(client(second, { caFile: caFile(elsewhere) })()).rejects.toMatchObject(refused(/does not match/));
  });

  it("is asked for again with every connection", async () => {
    const certificate = await makeCertificate();
    const { server, port } = await listen(certificate);
    const byCa = client(port, { caFile: caFile(certificate) });
    const byFingerprint = client(port, { fingerprint: certificate.fingerprint });
    await Promise.all([byCa(), byFingerprint()]);
    await close(server);
    await listen(await makeCertificate(), port);
    await expect(byCa()).rejects.toMatchObject(refused(/certificate/));
    await expect(byFingerprint()).rejects.toMatchObject(refused(/fingerprint is/));
  });
});
