import type { IncomingMessage } from "node:http";
import { request as plainRequest } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Context } from "../../providers/context";
import { HttpError } from "../../providers/http/errors";
import { seedWith, TestSystems } from "../harness/systems";

// pveproxy's habits (facts: 100 requests a connection, idle ones close after 5 s, closed after every error, empty 401s),
// and this project's client, which must lose no request to them and send none twice.

let systems: TestSystems;
let context: Context;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"));
  context = systems.context({ token: systems.endpoints.proxmox["pve-lab"]?.token });
});
afterAll(() => systems.close());

const cluster = () => context.cluster("pve-lab");
const version = z.looseObject({ version: z.string() });
const seen = (pattern: RegExp) =>
  systems.lab.log.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;

/** A bare request on a connection of its own, or on the agent's. */
function bare(
  path: string,
  headers: Record<string, string>,
  agent?: Agent,
): Promise<IncomingMessage & { body: string; port: number | undefined }> {
  const { url } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/api2/json${path}`, { headers, agent, rejectUnauthorized: false }, (response) => {
      let body = "";
      const port = response.socket.localPort;
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve(Object.assign(response, { body, port })));
    });
    sent.on("error", reject);
    sent.end();
  });
}
const authorized = () => ({ Authorization: `PVEAPIToken=${systems.endpoints.proxmox["pve-lab"]?.token}` });

describe("the lab's pveproxy", () => {
  it("closes a connection after 100 requests, and after an error", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let n = 0; n < 100; n++) ports.add((await bare("/version", authorized(), agent)).port);
    expect(ports.size).toBe(1);
    const [first] = ports;
    expect((await bare("/version", authorized(), agent)).port).not.toBe(first);
    const failed = await bare("/nodes/pve1/qemu/999/config", authorized(), agent);
    expect([failed.statusCode, failed.statusMessage, failed.headers.connection]).toEqual([
      500,
      "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist",
      "close",
    ]);
    agent.destroy();
  });

  it("answers 401 without a body or a type, and plain HTTP with 301", async () => {
    const refused = await bare("/version", {});
    expect([refused.statusCode, refused.statusMessage, refused.body, refused.headers["content-type"]]).toEqual([
      401,
      "No ticket",
      "",
      undefined,
    ]);
    const port = new URL(systems.endpoints.proxmox["pve-lab"]?.url ?? "").port;
    const moved = await new Promise<IncomingMessage>((resolve, reject) =>
      plainRequest(`http://127.0.0.1:${port}/api2/json/version`, resolve).on("error", reject).end(),
    );
    expect([moved.statusCode, moved.headers.location]).toEqual([301, `https://127.0.0.1:${port}/api2/json/version`]);
    moved.resume();
  });
});

describe("the client", () => {
  it("gets every answer of many parallel requests, errors among them, each asked for once", async () => {
    const before = [seen(/GET .*\/version$/), seen(/GET .*\/qemu\/9\d\d\/config$/)];
    const all = await Promise.allSettled(
      Array.from({ length: 1000 }, (_, n) =>
        n % 10 === 0
          ? cluster().get(`/nodes/pve1/qemu/${900 + (n % 100)}/config`, z.unknown())
          : cluster().get("/version", version),
      ),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(900);
    for (const result of all)
      if (result.status === "rejected") {
        expect(result.reason).toBeInstanceOf(HttpError);
        expect(String(result.reason)).toMatch(/qemu-server\/9\d\d\.conf' does not exist/);
      }
    expect(seen(/GET .*\/version$/) - (before[0] ?? 0)).toBe(900);
    expect(seen(/GET .*\/qemu\/9\d\d\/config$/) - (before[1] ?? 0)).toBe(100);
  });

  it("writes once each beyond the hundredth request of a connection", async () => {
    const name = (n: number) => `habit-${n}`;
    await Promise.all(Array.from({ length: 250 }, (_, n) => cluster().write("POST", "/pools", { poolid: name(n) })));
    expect(seen(/POST .*\/pools$/)).toBe(250);
    const pools = await cluster().get("/pools", z.array(z.object({ poolid: z.string() })));
    expect(pools.filter(({ poolid }) => poolid.startsWith("habit-"))).toHaveLength(250);
  });

  it("finds its connection closed after five idle seconds, and loses nothing to it", async () => {
    await cluster().write("PUT", "/access/users/root@pam", { comment: "before" });
    await sleep(5100);
    await cluster().write("PUT", "/access/users/root@pam", { comment: "after" });
    expect(seen(/PUT .*\/access\/users\/root@pam$/)).toBe(2);
  });
});
