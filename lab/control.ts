import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Lab } from "./index";
import { setSwitch } from "./switches";

/** The lab's own switches over HTTP: look at its state and its calls, make things slow or fail. */
export class ControlServer {
  private readonly server: Server;

  constructor(private readonly lab: Lab) {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const { status, body } = await this.answer(`${request.method} ${request.url}`, Buffer.concat(chunks).toString());
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
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

  private async answer(call: string, text: string): Promise<{ status: number; body: unknown }> {
    try {
      if (call === "GET /state") return { status: 200, body: this.state() };
      if (call === "GET /calls") return { status: 200, body: this.lab.log.calls };
      if (call === "GET /greatest") return { status: 200, body: this.lab.log.greatest };
      if (call === "POST /save") return { status: 200, body: { file: await this.lab.saveToFile() } };
      if (call === "DELETE /calls") this.lab.log.clear();
      else if (call === "POST /latency") setSwitch(this.lab, { setup: "latency", ...JSON.parse(text) });
      else if (call === "POST /setup") setSwitch(this.lab, JSON.parse(text));
      else
        return {
          status: 404,
          body: {
            error: "GET /state, GET /calls, GET /greatest, DELETE /calls, POST /save, POST /setup, POST /latency",
          },
        };
      return { status: 200, body: {} };
    } catch (error) {
      return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
    }
  }

  private state(): unknown {
    const clusters = [...this.lab.proxmox].map(([name, { cluster }]) => [
      name,
      [...cluster.guests.values()].map((guest) => ({
        vmid: guest.vmid,
        type: guest.type,
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
