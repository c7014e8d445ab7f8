import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isRecord } from "../../providers/values";

// A stand-in for HashiCorp Vault's KV engine, version 2, as far as a secret's data and metadata go. VAULT_TEST_ADDR and
// VAULT_TEST_TOKEN lead the tests to a real one (`vault server -dev`); what they say there they say here.

interface Version {
  data: Record<string, unknown> | null;
  deleted: boolean;
}

export class VaultStandIn {
  private readonly secrets = new Map<string, Version[]>();
  private readonly server: Server;
  /** Does it answer that it is sealed? */
  sealed = false;
  /** Called before each write: somebody else's turn. */
  between?: () => void;

  constructor(readonly token: string) {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const { status, body } = this.answer(
          request.method ?? "GET",
          request.url ?? "",
          String(request.headers["x-vault-token"] ?? ""),
          text === "" ? {} : (JSON.parse(text) as unknown),
        );
        response
          .writeHead(status, { "Content-Type": "application/json" })
          .end(body === undefined ? undefined : JSON.stringify(body));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What a person writes to a secret. */
  write(path: string, data: Record<string, unknown>): void {
    this.secrets.set(path, [...(this.secrets.get(path) ?? []), { data, deleted: false }]);
  }

  private answer(method: string, url: string, token: string, body: unknown): { status: number; body?: unknown } {
    if (this.sealed) return { status: 503, body: { errors: ["Vault is sealed"] } };
    if (token !== this.token) return { status: 403, body: { errors: ["permission denied"] } };
    const [, mount = "", room = "", path = ""] = /^\/v1\/([^/]+)\/(data|metadata)\/(.+)$/.exec(url) ?? [];
    if (mount !== "secret")
      return { status: 404, body: { errors: [`no handler for route "${url.slice(4)}". route entry not found.`] } };
    const versions = this.secrets.get(path) ?? [];
    const last = versions.at(-1);
    const metadata = { version: versions.length, destroyed: false };
    if (method === "GET" && room === "data") {
      if (last === undefined) return { status: 404, body: { errors: [] } };
      const data = last.deleted ? null : last.data;
      return { status: last.deleted ? 404 : 200, body: { data: { data, metadata } } };
    }
    if (method === "POST" && room === "data") {
      this.between?.();
      const now = this.secrets.get(path)?.length ?? 0;
      const options = isRecord(body) && isRecord(body.options) ? body.options : {};
      if (options.cas !== undefined && options.cas !== now)
        return { status: 400, body: { errors: ["check-and-set parameter did not match the current version"] } };
      this.write(path, isRecord(body) && isRecord(body.data) ? body.data : {});
      return { status: 200, body: { data: { version: now + 1 } } };
    }
    if (method === "DELETE" && room === "data") {
      if (last) last.deleted = true;
      return { status: 204 };
    }
    if (method === "DELETE" && room === "metadata") {
      this.secrets.delete(path);
      return { status: 204 };
    }
    return { status: 405, body: { errors: ["unsupported operation"] } };
  }
}
