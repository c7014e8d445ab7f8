import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { HttpClient } from "../../../providers/http/client";
import { HttpError } from "../../../providers/http/errors";
import { keepSecret, redact } from "../../../providers/http/redact";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, n: number) => void,
): Promise<{ client: HttpClient; seen: string[] }> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    answer(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new HttpClient({
    baseUrl,
    headers: { Authorization: "Token sesame-sesame" },
    connections: 2,
    keepAlive: 1000,
    requestTimeout: 0.3,
    timeoutSetting: "some.requestTimeout",
    explain: (_status, body) => JSON.stringify(body),
  });
  closers.push(
    () => client.close(),
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );
  return { client, seen };
}

const ok = z.object({ ok: z.boolean() });

describe("a request", () => {
  it("is sent again after 503 or a dropped connection when it changes nothing twice", async () => {
    const { client, seen } = await serve((request, response, n) => {
      if (n === 1) response.writeHead(503).end();
      else if (n === 2) request.socket.destroy();
      else response.end('{"ok":true}');
    });
    await expect(client.send(ok, { method: "GET", path: "/x" })).resolves.toEqual({ ok: true });
    expect(seen).toHaveLength(3);
  });

  it("that makes something is never sent twice", async () => {
    const { client, seen } = await serve((request) => request.socket.destroy());
    await expect(client.send(ok, { method: "POST", path: "/x", json: {} })).rejects.toMatchObject({
      failure: { kind: "closed" },
    });
    expect(seen).toEqual(["POST /x"]);
  });

  it("gives up after four tries", async () => {
    const { client, seen } = await serve((_request, response) => response.writeHead(502).end());
    await expect(client.send(ok, { method: "GET", path: "/x" })).rejects.toBeInstanceOf(HttpError);
    expect(seen).toHaveLength(4);
  });

  it("has a deadline", async () => {
    const { client } = await serve(() => {});
    await expect(client.send(ok, { method: "GET", path: "/x" })).rejects.toThrow(
      /^GET \S+: no answer within 0.3 s \(raise some.requestTimeout\)$/,
    );
    await expect(client.send(ok, { method: "GET", path: "/x", deadline: 0.05 })).rejects.toThrow(/within 0.05 s$/);
  });

  it("fails with method, URL and reason, without headers", async () => {
    const { client } = await serve((_request, response) => response.writeHead(400).end('{"name":["bad"]}'));
    const error: unknown = await client
      .send(ok, { method: "PATCH", path: "/x", json: {} })
      .catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/PATCH http:\/\/127.0.0.1:\d+\/x: 400 \{"name":\["bad"\]\}/);
    expect(String(error)).not.toContain("sesame");
  });

  it("whose answer has another shape says where", async () => {
    const { client } = await serve((_request, response) => response.end('{"ok":"yes"}'));
    await expect(client.send(ok, { method: "GET", path: "/x" })).rejects.toThrow(
      /not what this version of the API gives \(ok: /,
    );
  });
});

describe("secrets", () => {
  it("are taken out of any text", () => {
    keepSecret("hunter2hunter2");
    expect(
      redact("x hunter2hunter2 y PVEAPIToken=a@b!c=1234-5678 Bearer nbt_abc.0123456789012345678901234567890"),
    ).toBe("x *** y PVEAPIToken=a@b!c=*** Bearer ***");
  });
});
