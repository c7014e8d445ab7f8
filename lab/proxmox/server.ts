import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "../certificate";
import type { RequestLog } from "../log";
import type { Caller } from "./access";
import type { Cluster } from "./cluster";
import { PveError } from "./errors";
import { checkParameters } from "./parameters";
import { invoke, match } from "./routes";

/** After so many requests pveproxy closes a connection. */
const requestsAConnection = 100;

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** Parameters of a form, a JSON body or the query, as the texts that pveproxy sees. */
function parameters(request: IncomingMessage, query: URLSearchParams, text: string): Record<string, string> {
  const fromQuery = Object.fromEntries(query);
  if (text === "") return fromQuery;
  if (request.headers["content-type"]?.startsWith("application/json")) {
    const json: unknown = JSON.parse(text);
    const entries = Object.entries(typeof json === "object" && json !== null ? json : {});
    return {
      ...fromQuery,
      ...Object.fromEntries(
        entries.map(([key, value]) => [key, typeof value === "boolean" ? String(Number(value)) : String(value)]),
      ),
    };
  }
  return { ...fromQuery, ...Object.fromEntries(new URLSearchParams(text)) };
}

/** The HTTPS face of a cluster: pveproxy's statuses, reason phrases, empty 401s and connection habits. */
export class ProxmoxServer {
  private readonly server: Server;
  private readonly counts = new WeakMap<Socket, number>();

  constructor(
    readonly cluster: Cluster,
    certificate: Certificate,
    private readonly log: RequestLog,
  ) {
    this.server = createServer(
      { key: certificate.key, cert: certificate.cert, keepAlive: true },
      (request, response) => {
        this.answer(request, response).catch((error: unknown) =>
          response.destroy(error instanceof Error ? error : undefined),
        );
      },
    );
    this.server.keepAliveTimeout = 5000;
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "GET";
    const url = new URL(request.url ?? "/", "https://lab");
    const path = url.pathname.replace(/^\/api2\/json/, "");
    const served = (this.counts.get(request.socket) ?? 0) + 1;
    this.counts.set(request.socket, served);
    response.setHeader("Server", "pve-api-daemon/3.0");
    response.setHeader("Cache-Control", "max-age=0");
    if (served >= requestsAConnection) response.setHeader("Connection", "close");
    const entry = this.log.begin("proxmox", method, `${this.cluster.name}${path}`);
    try {
      const text = await body(request);
      await sleep(this.cluster.latency.api);
      const caller: Caller =
        path === "/access/ticket"
          ? { authId: "" }
          : this.cluster.access.authenticate(
              {
                authorization: request.headers.authorization,
                cookie: request.headers.cookie,
                csrf: String(request.headers.csrfpreventiontoken ?? ""),
              },
              method !== "GET",
            );
      const matched = match(method, path);
      const values = checkParameters(matched.route.parameters, parameters(request, url.searchParams, text));
      const data = await invoke(this.cluster, caller, matched, values);
      entry.end(200);
      response.setHeader("Content-Type", "application/json;charset=UTF-8");
      response.writeHead(200, "OK").end(JSON.stringify({ data }));
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
      entry.end(error.status);
      this.refuse(response, error, path);
    }
  }

  private refuse(response: ServerResponse, { status, message, errors }: PveError, path: string): void {
    response.setHeader("Connection", "close");
    const reason = (message.split("\n")[0] ?? "").replace(/[^\x20-\x7e]/g, "?");
    if (status === 401 && path !== "/access/ticket") {
      response.writeHead(status, reason).end();
      return;
    }
    response.setHeader("Content-Type", "application/json;charset=UTF-8");
    response.writeHead(status, reason).end(
      JSON.stringify({
        data: null,
        message: status === 501 ? message : `${message}\n`,
        ...(errors ? { errors } : {}),
      }),
    );
  }
}
