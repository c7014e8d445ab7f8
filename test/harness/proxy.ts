import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, type Dispatcher, request } from "undici";

/** What a server answered. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

const hopHeaders = ["connection", "host", "keep-alive", "transfer-encoding", "content-length"];

/** Stands before a server on loopback, for tests that come between a client and it. */
export class HttpProxy {
  /** Is done before a request is passed on. */
  before: (method: string, path: string) => Promise<void> = async () => {};
  /** An answer that is known already, so that the server is not asked. */
  replay: (method: string, path: string) => Buffer | undefined = () => undefined;
  /** What becomes of an answer. */
  answer: (method: string, path: string, answer: Answer) => Answer = (_method, _path, answer) => answer;
  private readonly agent: Agent;
  private readonly server: Server;

  private constructor(
    private readonly target: string,
    caFile?: string,
  ) {
    this.agent = new Agent({ connect: { ca: caFile === undefined ? undefined : readFileSync(caFile) } });
    this.server = createServer((incoming, response) => {
      this.pass(incoming, response).catch(() => response.destroy());
    });
  }

  static async open(target: string, caFile?: string): Promise<HttpProxy> {
    const proxy = new HttpProxy(target, caFile);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.agent.destroy();
  }

  private async pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/" } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
    await this.before(method, path);
    const answer = this.answer(method, path, await this.ask(method, path, incoming, chunks));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private async ask(method: string, path: string, incoming: IncomingMessage, chunks: Buffer[]): Promise<Answer> {
    const known = this.replay(method, path);
    if (known !== undefined) return { status: 200, headers: { "content-type": "application/json" }, body: known };
    const sent = await request(`${this.target}${path}`, {
      method: method as Dispatcher.HttpMethod,
      headers: passedOn(incoming.headers),
      body: chunks.length === 0 ? undefined : Buffer.concat(chunks),
      dispatcher: this.agent,
    });
    const body = Buffer.from(await sent.body.arrayBuffer());
    return { status: sent.statusCode, headers: passedOn(sent.headers), body };
  }
}

const passedOn = (headers: IncomingMessage["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hopHeaders.includes(name) ? [] : [[name, String(value)]],
    ),
  );
