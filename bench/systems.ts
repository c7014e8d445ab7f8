import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Endpoints, Latency } from "../lab";
import type { LoggedCall } from "../lab/log";
import type { Seed } from "../lab/seed";
import { demoSeed } from "../tools/labstack";
import { projectRoot } from "../tools/root";

const nodes = Array.from({ length: 8 }, (_, n) => `pve${n + 1}`);
const templates = [9000, 9001, 9002, 9003];
const platforms = templates.map((vmid) => `Linux ${vmid}`);
/** Guests that take their IPv4 addresses from one prefix. */
const guestsAPrefix = 200;

/** A site's usual waits: milliseconds a request (pvedaemon serves three at a time a node), a clone, an nsupdate. */
export const realistic: Latency = { netbox: 40, proxmox: 15, clone: 4000, nsupdate: 60 };

/** VMID of a platform's template, by the platform's slug. */
export const templatesByPlatform = Object.fromEntries(templates.map((vmid) => [`linux-${vmid}`, vmid]));

const prefixOf = (n: number) => `10.71.${Math.floor(n / guestsAPrefix)}.0/24`;

/**
 * A site of so many guests on eight nodes: each with an interface, an IPv4 address that it asks for, an IPv6 address that
 * a person gave it, two disks, and a name with PTRs.
 */
export function benchSeed(count: number): Seed {
  const seed = demoSeed();
  const cluster = seed.proxmox["pve-lab"];
  const template = cluster?.guests.find(({ vmid }) => vmid === 9000);
  if (cluster === undefined || template === undefined) throw new Error("the demo's seed has no template 9000");
  const all = Array.from({ length: count }, (_, n) => n);
  const prefixes = [...new Set(all.map(prefixOf))].map((prefix) => ({
    prefix,
    vlan: 71,
    customFields: { gateway: prefix.replace(".0/24", ".1") },
  }));
  const config = Object.fromEntries(
    Object.entries(template.config).map(([key, value]) => [key, String(value).replace("local-lvm:", "ceph:")]),
  );
  return {
    ...seed,
    netbox: {
      ...seed.netbox,
      platforms,
      devices: {},
      addresses: [],
      ranges: [],
      prefixes: [...prefixes, { prefix: "fd71::/64", vlan: 71, customFields: { gateway: "fd71::1" } }],
      guests: all.map((n) => ({
        name: `g${String(n + 1).padStart(5, "0")}`,
        status: "active",
        vcpus: 2,
        memory: 2048,
        platform: platforms[n % platforms.length],
        description: "A guest of the bench",
        tags: ["web"],
        disks: [
          { name: "scsi0", size: 10240 },
          { name: "scsi1", size: 4096 },
        ],
        interfaces: [
          {
            name: "net0",
            vlan: 71,
            customFields: { allocate_from: `${prefixOf(n)}` },
            addresses: [
              {
                address: `fd71::1:${(n + 16).toString(16)}/64`,
                dnsName: `g${String(n + 1).padStart(5, "0")}.lab.example`,
              },
            ],
          },
        ],
      })),
    },
    proxmox: {
      "pve-lab": {
        ...cluster,
        nodes: nodes.map((node) => ({ node, bridges: ["vmbr0"] })),
        guests: templates.map((vmid) => ({ ...template, vmid, config: { ...config, name: `template-${vmid}` } })),
      },
    },
  };
}

/** A lab in a process of its own, so that what it costs is nobody else's. */
export class LabProcess {
  private constructor(
    readonly endpoints: Endpoints,
    readonly seed: Seed,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(seed: Seed, folder: string): Promise<LabProcess> {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "seed.json"); // JSON is YAML
    writeFileSync(file, JSON.stringify(seed));
    const ports = ["proxmox", "netbox", "ssh", "node-ssh", "dns", "control"].flatMap((name) => [`--${name}-port`, "0"]);
    const script = join(projectRoot(), "dist", "lab", "main.js");
    const child = spawn(process.execPath, [script, "--seed", file, "--folder", folder, ...ports], {
      cwd: projectRoot(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const endpoints = await new Promise<Endpoints>((resolve, reject) => {
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.endsWith("\n")) resolve(JSON.parse(text) as Endpoints);
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the lab ended (${code})`)));
    });
    return new LabProcess(endpoints, seed, async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    });
  }

  close(): Promise<void> {
    return this.end();
  }

  private async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.endpoints.control.url}${path}`, { method, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response.json();
  }

  async setLatency(latency: Latency): Promise<void> {
    const none = Object.fromEntries(Object.keys(realistic).map((kind) => [kind, 0]));
    await this.control("POST", "/latency", { ...none, ...latency });
  }

  async forgetCalls(): Promise<void> {
    await this.control("DELETE", "/calls");
  }

  async calls(): Promise<{ calls: LoggedCall[]; greatest: Record<LoggedCall["system"], number> }> {
    return {
      calls: (await this.control("GET", "/calls")) as LoggedCall[],
      greatest: (await this.control("GET", "/greatest")) as Record<LoggedCall["system"], number>,
    };
  }
}
