import {
  createServer as createPlain,
  type IncomingMessage,
  type Server as PlainServer,
  type ServerResponse,
} from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "../certificate";
import type { Faults } from "../faults";
import type { RequestLog } from "../log";
import { PlainError, parseSent, readBody } from "./body";
import type { Cluster } from "./cluster";
import { PveError } from "./errors";
import { invoke, match } from "./routes";
import { Page } from "./routes/route";
import { Workers } from "./workers";

/** After so many requests pveproxy closes a connection. */
const requestsAConnection = 100;
/** First byte of a TLS handshake. */
const handshake = 22;

/** The HTTPS face of a cluster: pveproxy's statuses, reason phrases, empty 401s and connection habits. */
export class ProxmoxServer {
  private readonly tcp: TcpServer;
  private readonly server: Server;
  private readonly plain: PlainServer;
  private readonly counts = new WeakMap<Socket, number>();
  private readonly sockets = new Set<Socket>();
  private readonly workers = new Workers();

  constructor(
    readonly cluster: Cluster,
    certificate: Certificate,
    private readonly log: RequestLog,
    private readonly faults: Faults,
  ) {
    cluster.fingerprint = certificate.fingerprint;
    this.server = createServer(
      { key: certificate.key, cert: certificate.cert, keepAlive: true },
      (request, response) => {
        this.answer(request, response).catch((error: unknown) =>
          response.destroy(error instanceof Error ? error : undefined),
        );
      },
    );
    this.server.keepAliveTimeout = 5000;
    this.plain = createPlain((request, response) =>
      response
        .writeHead(301, "Moved Permanently", {
          Location: `https://${request.headers.host}${request.url}`,
          Connection: "close",
        })
        .end(),
    );
    // One port for both: what doesn't begin with a TLS handshake is sent to https.
    this.tcp = createTcp((socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
      socket.once("error", () => socket.destroy());
      socket.once("data", (first) => {
        socket.pause();
        socket.unshift(first);
        (first[0] === handshake ? this.server : this.plain).emit("connection", socket);
        process.nextTick(() => socket.resume());
      });
    });
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.tcp.once("error", reject).listen(port, "127.0.0.1", resolve));
    return (this.tcp.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.cluster.tasks.stopAll();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.tcp.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "GET";
    const [rawPath = "", query = ""] = (request.url ?? "/").split(/\?(.*)/s);
    const path = rawPath.replace(/^\/api2\/json/, "");
    const served = (this.counts.get(request.socket) ?? 0) + 1;
    this.counts.set(request.socket, served);
    response.setHeader("Server", "pve-api-daemon/3.0");
    response.setHeader("Cache-Control", "max-age=0");
    if (served >= requestsAConnection) response.setHeader("Connection", "close");
    const entry = this.log.begin("proxmox", method, `${this.cluster.name}${path}`);
    const fault = this.faults.take("proxmox", method, path);
    const drop = () => {
      entry.end(0);
      request.socket.destroy();
    };
    const body = await readBody(request);
    const watched = { n: entry.n, system: "proxmox" as const, call: `${method} ${path}`, body: body.toString() };
    const before = this.faults.watch?.(watched, "arrived");
    if (before === "hold") return;
    if (fault?.how === "drop before" || before === "drop") return drop();
    const status = fault?.how === "status" ? (fault.status ?? 503) : before;
    /** Dropped or held instead of its answer. */
    const isStopped = (): boolean => {
      const after = this.faults.watch?.(watched, "done");
      if (after === "drop" || fault?.how === "drop after") drop();
      return after === "drop" || after === "hold" || fault?.how === "drop after";
    };
    try {
      const node = /^\/nodes\/([^/]+)/.exec(path)?.[1] ?? "";
      await this.workers.turn(node, this.cluster.times.api + this.agentTime(path));
      if (typeof status === "number") throw new PveError(status, "Service Unavailable");
      const data = await this.call(request, method, path, query, body);
      if (isStopped()) return;
      entry.end(200);
      response.setHeader("Content-Type", "application/json;charset=UTF-8");
      const shown = data instanceof Page ? { data: data.data, total: data.total } : { data };
      response.writeHead(200, "OK").end(JSON.stringify(shown));
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
      if (isStopped()) return;
      entry.end(error.status);
      if (error.status === 401 || (error.status === 403 && error instanceof PlainError))
        await sleep(this.cluster.times.denied);
      this.refuse(response, error, path);
    }
  }

  /** Milliseconds that an agent keeps a worker waiting. */
  private agentTime(path: string): number {
    const vmid = /^\/nodes\/[^/]+\/qemu\/(\d+)\/agent\//.exec(path)?.[1];
    if (vmid === undefined) return 0;
    return this.cluster.slowAgents.get(Number(vmid)) ?? this.cluster.times.agent;
  }

  private async call(
    request: IncomingMessage,
    method: string,
    path: string,
    query: string,
    body: Buffer,
  ): Promise<unknown> {
    if (!["GET", "POST", "PUT", "DELETE"].includes(method))
      throw new PlainError(501, `method '${method}' not available`, "");
    const { authorization, cookie, csrfpreventiontoken: csrf } = request.headers;
    const open = ["/access/ticket", "/access/domains"].includes(path);
    const caller =
      open && authorization === undefined
        ? { authId: "", byToken: false }
        : this.cluster.access.authenticate({ authorization, cookie, csrf: String(csrf ?? "") }, method !== "GET");
    const { params, file } = parseSent(query, request.headers["content-type"], body);
    return await invoke(this.cluster, caller, match(method, path), params, file);
  }

  private refuse(response: ServerResponse, error: PveError, path: string): void {
    const { status, message, errors } = error;
    response.setHeader("Connection", "close");
    const reason = (message.split("\n")[0] ?? "").replace(/[^\x20-\x7e]/g, "?");
    const noBody = (status === 401 && path !== "/access/ticket") || status === 595;
    if (noBody || error instanceof PlainError) {
      response.writeHead(status, reason).end(error instanceof PlainError ? error.text : "");
      return;
    }
    const text = status === 501 ? message : `${message}\n`;
    response.setHeader("Content-Type", "application/json;charset=UTF-8");
    response
      .writeHead(status, reason)
      .end(JSON.stringify({ data: null, message: text, ...(errors ? { errors } : {}) }));
  }
}
