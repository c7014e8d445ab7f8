import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
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
  closers.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );
  return { client: clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), seen };
}

function clientOf(baseUrl: string, ...otherUrls: string[]): HttpClient {
  const client = new HttpClient({
    baseUrl,
    otherUrls,
    headers: { Authorization: "Token sesame-sesame" },
    places: 2,
    hangingPlaces: 1,
    keepAlive: 1000,
    requestTimeout: 0.3,
    timeoutSetting: "some.requestTimeout",
    explain: (_status, body) => JSON.stringify(body),
    notNow: [
      { status: 429, isUndone: true },
      { status: 502, isUndone: false },
      { status: 503, isUndone: false },
    ],
  });
  closers.push(() => client.close());
  return client;
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

  it("that makes something is not sent twice after an error that nobody knows", async () => {
    let asked = 0;
    const server = createTcp((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => {
        asked++;
        socket.end("this is no HTTP\r\n\r\n");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const lost: unknown = await client
      .send(ok, { method: "POST", path: "/x", json: {} })
      .catch((caught: unknown) => caught);
    expect(asked).toBe(1);
    expect(lost).toMatchObject({ failure: { kind: "unknown" } });
    await expect(client.send(ok, { method: "GET", path: "/x" })).rejects.toThrow();
    expect(asked).toBe(1 + 4);
  });

  it("that makes something is sent again where nobody was there to get it, or did nothing with it", async () => {
    const { client, seen } = await serve((_request, response, n) => {
      if (n === 1) response.writeHead(429).end();
      else response.end('{"ok":true}');
    });
    await client.send(ok, { method: "POST", path: "/x", json: {} });
    expect(seen).toEqual(["POST /x", "POST /x"]);

    const free = createTcp();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const late = clientOf(`http://127.0.0.1:${port}`);
    const sent = late.send(ok, { method: "POST", path: "/y", json: {} });
    await sleep(50);
    const server = createServer((_request, response) => response.end('{"ok":true}')).listen(port, "127.0.0.1");
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    await expect(sent).resolves.toEqual({ ok: true });
  });

  it("goes to the next server where nobody can connect to the last, and never after an answer", async () => {
    const answers = (status: number) => serve((_request, response) => response.writeHead(status).end('{"ok":true}'));
    const [first, second] = [await answers(200), await answers(200)];
    const free = createTcp();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const client = clientOf(`http://127.0.0.1:${port}`, first.client.baseUrl, second.client.baseUrl);
    const made = () => client.send(ok, { method: "POST", path: "/x", json: {} });
    await Promise.all([made(), made(), made()]);
    await made();
    expect([first.seen.length, second.seen.length]).toEqual([4, 0]);

    const broken = await answers(500);
    const other = clientOf(broken.client.baseUrl, second.client.baseUrl);
    await expect(other.send(ok, { method: "GET", path: "/x" })).rejects.toMatchObject({ status: 500 });
    const dropped = await serve((request) => request.socket.destroy());
    const third = clientOf(dropped.client.baseUrl, second.client.baseUrl);
    await expect(third.send(ok, { method: "POST", path: "/x", json: {} })).rejects.toThrow();
    expect(second.seen).toEqual([]);
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

  it("loses none of its time while it waits for others", async () => {
    // Six of them, two at once, take longer than one may.
    const { client } = await serve((_request, response) => void setTimeout(() => response.end('{"ok":true}'), 150));
    const all = Array.from({ length: 6 }, () => client.send(ok, { method: "GET", path: "/x" }));
    expect(await Promise.all(all)).toHaveLength(6);
  });

  it("may have a large answer, which takes long as a whole", async () => {
    const { client } = await serve(async (_request, response) => {
      response.write('{"ok":');
      for (let n = 0; n < 6; n++) {
        await sleep(100);
        response.write(" ".repeat(1000));
      }
      response.end("true}");
    });
    await expect(client.send(ok, { method: "GET", path: "/x" })).resolves.toEqual({ ok: true });
  });

  it("whose answer stops in its middle is not waited for", async () => {
    const { client } = await serve((_request, response) => response.write('{"ok":'));
    await expect(client.send(ok, { method: "GET", path: "/x" })).rejects.toThrow(/no answer within 0.3 s/);
  });

  it("that may hang is in nobody's way", async () => {
    const { client } = await serve((request, response) => {
      if (request.url === "/x") response.end('{"ok":true}');
    });
    const hung = Array.from({ length: 4 }, () =>
      client.send(ok, { method: "GET", path: "/agent", mayHang: true, deadline: 0.2 }).catch((error: unknown) => error),
    );
    await sleep(50);
    const began = Date.now();
    await client.send(ok, { method: "GET", path: "/x" });
    expect(Date.now() - began).toBeLessThan(100);
    expect(await Promise.all(hung)).toMatchObject(hung.map(() => ({ failure: { kind: "timeout" } })));
  });

  it("asks for its time when it is sent, and isn't sent where there is none", async () => {
    const { client, seen } = await serve(() => {});
    const left = [0.1, 0];
    const deadline = () => left.shift() ?? 0;
    const sent = () => client.send(ok, { method: "GET", path: "/x", mayHang: true, deadline });
    const failed = await Promise.allSettled([sent(), sent()]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(seen).toEqual(["GET /x"]);
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
