import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import type { Endpoints } from "../lab";
import { netboxCall } from "../lab/netbox/load";
import type { CallNetbox } from "../lab/netbox/making";
import { Ssh } from "../providers/ssh/client";

/** A guest as Proxmox lists it, with its configuration. */
export interface ListedGuest {
  vmid: number;
  type: "qemu" | "lxc";
  node: string;
  name: string;
  status: string;
  template: boolean;
  config: Record<string, string | number>;
}

/** An address as NetBox lists it. */
export interface ListedAddress {
  id: number;
  address: string;
  status: { value: string };
  assigned_object_id: number | null;
  dns_name: string;
  description: string;
}

interface NetboxVm {
  id: number;
  name: string;
  status: { value: string };
  tags: { slug: string }[];
}

/** What a person does by hand on the three systems, through their own doors: for the demo and the tests. */
export class SystemClients {
  readonly netbox: CallNetbox;
  private readonly agent: Agent;
  private readonly ssh: Ssh;

  constructor(
    private readonly endpoints: Endpoints,
    private readonly zones: string[],
  ) {
    this.netbox = netboxCall(endpoints.netbox.url, endpoints.netbox.token);
    const ca = Object.values(endpoints.proxmox)[0]?.caFile;
    this.agent = new Agent({ connect: { ca: ca === undefined ? undefined : readFileSync(ca) } });
    const { host, port, user, keyFile, hostKey } = endpoints.ssh;
    this.ssh = new Ssh(
      { title: "Name server by hand", setting: "tools/clients.ts" },
      { host, port, user, keyFile, hostKey, requestTimeout: 60 },
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.agent.destroy(), this.ssh.close()]);
  }

  // ---- Proxmox VE

  /** One call; a task's end is waited for. @throws on anything but success */
  async proxmox<T>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    params: Record<string, string | number> = {},
    cluster?: string,
  ): Promise<T> {
    const [name = ""] = Object.keys(this.endpoints.proxmox);
    const { url, token } = this.endpoints.proxmox[cluster ?? name] ?? { url: "", token: "" };
    const form = new URLSearchParams(
      Object.entries(params).map(([key, value]): [string, string] => [key, String(value)]),
    );
    const inQuery = method === "GET" || method === "DELETE";
    const response = await request(`${url}/api2/json${path}${inQuery && form.size > 0 ? `?${form}` : ""}`, {
      method,
      dispatcher: this.agent,
      headers: {
        Authorization: `PVEAPIToken=${token}`,
        ...(inQuery ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
      },
      body: inQuery ? undefined : form.toString(),
    });
    const body = (await response.body.json()) as { data: T; message?: string; errors?: unknown };
    if (response.statusCode !== 200)
      throw new Error(
        `${method} ${path}: ${response.statusCode} ${body.message ?? ""} ${JSON.stringify(body.errors ?? "")}`,
      );
    if (typeof body.data === "string" && body.data.startsWith("UPID:")) await this.ended(body.data);
    return body.data;
  }

  private async ended(upid: string): Promise<void> {
    for (;;) {
      const { status, exitstatus } = await this.proxmox<{ status: string; exitstatus?: string }>(
        "GET",
        `/nodes/${upid.split(":")[1]}/tasks/${encodeURIComponent(upid)}/status`,
      );
      if (status === "stopped" && !/^(OK|WARNINGS: \d+)$/.test(String(exitstatus)))
        throw new Error(`${upid}: ${exitstatus}`);
      if (status === "stopped") return;
      await sleep(20);
    }
  }

  async guests(cluster?: string): Promise<ListedGuest[]> {
    const resources = await this.proxmox<
      { vmid: number; type: "qemu" | "lxc"; node: string; name: string; template: number }[]
    >("GET", "/cluster/resources", { type: "vm" }, cluster);
    return Promise.all(
      resources.map(async ({ vmid, type, node, name, template }) => {
        const config = await this.proxmox<ListedGuest["config"]>(
          "GET",
          `/nodes/${node}/${type}/${vmid}/config`,
          {},
          cluster,
        );
        const { status } = await this.proxmox<{ status: string }>(
          "GET",
          `/nodes/${node}/${type}/${vmid}/status/current`,
          {},
          cluster,
        );
        return { vmid, type, node, name, status, template: template === 1, config };
      }),
    );
  }

  async guest(name: string): Promise<ListedGuest> {
    const found = (await this.guests()).find((guest) => guest.name === name);
    if (found === undefined) throw new Error(`Proxmox has no guest ${name}`);
    return found;
  }

  // ---- NetBox

  /** Every object of a collection. */
  async all<T>(path: string, query = ""): Promise<T[]> {
    return ((await this.netbox("GET", `${path}/?limit=1000${query}`)) as { results: T[] }).results;
  }

  addresses(): Promise<ListedAddress[]> {
    return this.all<ListedAddress>("ipam/ip-addresses");
  }

  async vm(name: string): Promise<NetboxVm> {
    const [found] = await this.all<NetboxVm>("virtualization/virtual-machines", `&name=${encodeURIComponent(name)}`);
    if (found === undefined) throw new Error(`NetBox has no guest ${name}`);
    return found;
  }

  // ---- DNS

  async nsupdate(zone: string, lines: string[]): Promise<void> {
    const { host, port, keyFile } = this.endpoints.dns;
    const { code, stderr } = await this.ssh.run(
      `nsupdate -k ${keyFile}`,
      [`server ${host} ${port}`, `zone ${zone}`, ...lines, "send", ""].join("\n"),
    );
    if (code !== 0) throw new Error(stderr);
  }

  /** `name type value` of every record, without SOA and NS. */
  async records(): Promise<string[]> {
    const { host, port, keyFile } = this.endpoints.dns;
    const all = await Promise.all(
      this.zones.map((zone) => this.ssh.run(`dig @${host} -p ${port} -k ${keyFile} +noall +answer ${zone} AXFR`, "")),
    );
    return all
      .flatMap(({ stdout }) => stdout.split("\n"))
      .flatMap((line) => {
        const [, name, type, value] = /^(\S+)\s+\d+\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
        return name === undefined || type === "SOA" || type === "NS" ? [] : [`${name} ${type} ${value}`];
      })
      .sort();
  }
}
