import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Certificate } from "../../lab/certificate";

/** A request as it arrived. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An HTTP server that keeps what it is sent. */
export class HttpReceiver {
  readonly received: ReceivedRequest[] = [];
  /** What it answers, the first one first; then `200 ok`. */
  readonly answers: { status: number; body?: string; headers?: Record<string, string> }[] = [];
  private readonly server;
  private readonly scheme: string;

  /** @param certificate with one it speaks TLS */
  constructor(certificate?: Certificate) {
    const take: RequestListener = async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const { method = "", url = "", headers } = request;
      this.received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      const { status, body = "ok", headers: own = {} } = this.answers.shift() ?? { status: 200 };
      response.writeHead(status, own).end(body);
    };
    this.scheme = certificate === undefined ? "http" : "https";
    this.server = certificate === undefined ? createServer(take) : createTlsServer(certificate, take);
  }

  /** @returns its URL */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
