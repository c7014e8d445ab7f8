import type { ListedGuest } from "../../tools/systemclients";
import { type Chance, NoChoice } from "./chance";
import type { TestSystems } from "./systems";

// Random changes that somebody makes by hand on Proxmox VE, in NetBox's IPAM and in DNS, behind this program's back.

export class HandChanges {
  private made = 0;

  constructor(
    private readonly systems: TestSystems,
    private readonly chance: Chance,
  ) {}

  /** One change of any kind. @returns what it was */
  async any(): Promise<string> {
    for (;;) {
      const kind = this.chance.pick([
        this.config,
        this.config,
        this.power,
        this.gone,
        this.address,
        this.name,
        this.name,
      ]);
      const what = await kind.call(this).catch((error: unknown) => {
        if (error instanceof NoChoice || /: (4|5)\d\d /.test(String(error))) return undefined;
        throw error;
      });
      if (what !== undefined) return what;
    }
  }

  private async guest(): Promise<ListedGuest> {
    return this.chance.pick(await this.systems.ourGuests());
  }

  private path = ({ node, type, vmid }: ListedGuest): string => `/nodes/${node}/${type}/${vmid}`;

  private async config(): Promise<string> {
    const guest = await this.guest();
    const one = guest.type === "qemu" ? "qemu" : "lxc";
    const change = this.chance.pick<Record<string, string | number>>([
      { memory: 512 * (1 + this.chance.below(8)) },
      { cores: 1 + this.chance.below(4) },
      { tags: this.chance.pick(["hand", "web;hand"]) },
      { onboot: this.chance.below(2) },
      { description: `by hand\n\n${String(guest.config.description)}` },
      one === "qemu" ? { name: `hand${++this.made}` } : { hostname: `hand${++this.made}` },
      one === "qemu" ? { net0: "virtio,bridge=vmbr1" } : { net0: "name=eth0,bridge=vmbr1,ip=dhcp" },
    ]);
    await this.systems.clients.proxmox("PUT", `${this.path(guest)}/config`, change);
    return `${guest.name} ${JSON.stringify(change)}`;
  }

  private async power(): Promise<string> {
    const guest = await this.guest();
    const action = guest.status === "running" ? "stop" : "start";
    await this.systems.clients.proxmox("POST", `${this.path(guest)}/status/${action}`);
    return `${action} ${guest.name}`;
  }

  private async gone(): Promise<string> {
    const guest = await this.guest();
    if (guest.status === "running") await this.systems.clients.proxmox("POST", `${this.path(guest)}/status/stop`);
    await this.systems.clients.proxmox("DELETE", this.path(guest));
    return `deleted ${guest.name}`;
  }

  private async address(): Promise<string> {
    const { id, address } = this.chance.pick(await this.systems.ourAddresses());
    const path = `ipam/ip-addresses/${id}/`;
    if (this.chance.next() < 0.3) {
      await this.systems.clients.netbox("DELETE", path);
      return `deleted ${address}`;
    }
    const change = this.chance.pick([{ dns_name: `hand${++this.made}.lab.example` }, { status: "reserved" }]);
    await this.systems.clients.netbox("PATCH", path, change);
    return `${address} ${JSON.stringify(change)}`;
  }

  private async name(): Promise<string> {
    const records = (await this.systems.newRecords()).filter((line) => /^\S+lab\.example\. A /.test(line));
    const [name = "", type = "", value = ""] = this.chance.pick(records).split(" ");
    const line = this.chance.pick([
      `update delete ${name} ${type} ${value}`,
      `update delete ${name}`,
      `update add ${name} 300 ${type} 192.0.2.${1 + (++this.made % 250)}`,
      `update add ${name} 300 TXT "by hand"`,
    ]);
    await this.systems.clients.nsupdate("lab.example.", [line]);
    return line;
  }
}
