import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Lab, Latency } from "./index";

/** The lab's own switches over HTTP: look at its state and its calls, change its latency. */
export class ControlServer {
  private readonly server: Server;

  constructor(private readonly lab: Lab) {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const body = this.answer(`${request.method} ${request.url}`, Buffer.concat(chunks).toString());
      response
        .writeHead(body === undefined ? 404 : 200, { "Content-Type": "application/json" })
        .end(JSON.stringify(body ?? { error: "GET /state, GET /calls, POST /latency" }));
    });
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(call: string, text: string): unknown {
    if (call === "GET /calls") return this.lab.log.calls;
    if (call === "POST /latency") {
      this.lab.setLatency(JSON.parse(text) as Latency);
      return {};
    }
    if (call !== "GET /state") return undefined;
    const clusters = [...this.lab.proxmox].map(([name, { cluster }]) => [
      name,
      [...cluster.guests.values()].map((guest) => ({
        vmid: guest.vmid,
        node: guest.node,
        running: guest.running,
        config: guest.shown(false),
      })),
    ]);
    return {
      proxmox: Object.fromEntries(clusters),
      dns: Object.fromEntries(this.lab.zones.all().map((zone) => [zone.config.name, [...zone.transfer()]])),
    };
  }
}
