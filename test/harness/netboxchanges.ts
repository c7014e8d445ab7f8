import type { SystemClients } from "../../tools/systemclients";
import { type Chance, NoChoice } from "./chance";

// Random changes that a person makes in NetBox, of every kind that the site program knows.

type Values = Record<string, unknown>;

interface Row extends Values {
  id: number;
  name: string;
  status?: { value: string };
  custom_fields: Values;
}
interface Part extends Row {
  virtual_machine: { id: number };
}

/** A change, and what takes it back. */
export interface MadeChange {
  what: string;
  undo: () => Promise<void>;
}

const vms = "virtualization/virtual-machines";
const interfaces = "virtualization/interfaces";
const disks = "virtualization/virtual-disks";
const addresses = "ipam/ip-addresses";

/** Makes changes in a NetBox of the demo's prefixes and VLANs. */
export class NetboxChanges {
  private made = 0;

  constructor(
    private readonly clients: SystemClients,
    private readonly chance: Chance,
  ) {}

  /** One change of any kind. */
  async any(): Promise<MadeChange> {
    for (;;) {
      const kind = this.chance.pick(this.kinds);
      const made = await kind.call(this).catch((error: unknown) => {
        // NetBox takes not every one of them.
        if (error instanceof NoChoice || /: 4\d\d /.test(String(error))) return undefined;
        throw error;
      });
      if (made !== undefined) return made;
    }
  }

  private readonly kinds: (() => Promise<MadeChange>)[] = [
    this.field,
    this.field,
    this.field,
    this.option,
    this.option,
    this.status,
    this.rename,
    this.tags,
    this.disk,
    this.newDisk,
    this.nic,
    this.nic,
    this.mac,
    this.newNic,
    this.dnsName,
    this.dnsName,
    this.address,
    this.newAddress,
    this.kind,
    this.newGuest,
    this.removed,
  ];

  private async guest(): Promise<Row> {
    return this.chance.pick(await this.clients.all<Row>(vms));
  }

  private async patch(path: string, row: { id: number; name?: string }, body: Values, before: Values) {
    await this.clients.netbox("PATCH", `${path}/${row.id}/`, body);
    return {
      what: `${path} ${row.name ?? row.id} ${JSON.stringify(body)}`,
      undo: async () => void (await this.clients.netbox("PATCH", `${path}/${row.id}/`, before)),
    };
  }

  private async post(path: string, body: Values): Promise<MadeChange & { id: number }> {
    const made = (await this.clients.netbox("POST", `${path}/`, body)) as { id: number };
    return {
      id: made.id,
      what: `new ${path} ${JSON.stringify(body)}`,
      undo: async () => void (await this.clients.netbox("DELETE", `${path}/${made.id}/`)),
    };
  }

  private async field(): Promise<MadeChange> {
    const guest = await this.guest();
    const [name, value] = this.chance.pick<[string, unknown]>([
      ["memory", 512 * (1 + this.chance.below(8))],
      ["vcpus", 1 + this.chance.below(6)],
      ["description", this.chance.pick(["", "Front page", "ünïcode – “quotes”", "a, b=c; d", "50% & <b>"])],
      ["comments", this.chance.pick(["", "line one\nline two", "one\ntwo\nthree\nfour\nfive\nsix", "x".repeat(300)])],
    ]);
    return this.patch(vms, guest, { [name]: value }, { [name]: guest[name] });
  }

  private async option(): Promise<MadeChange> {
    const guest = await this.guest();
    const [name, value] = this.chance.pick<[string, unknown]>([
      ["proxmox_option_cpuunits", this.chance.pick([null, "100", "200"])],
      ["proxmox_option_startup", this.chance.pick([null, "order=1", "order=2,up=5"])],
      ["proxmox_option_protection", this.chance.pick([null, "1", "0"])],
      ["proxmox_public_ssh_key", this.chance.pick([null, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0 anna"])],
      ["proxmox_node", this.chance.pick([null, "pve1", "pve2"])],
      ["proxmox_vm_storage", this.chance.pick([null, "ceph", "local-lvm"])],
      ["proxmox_rebuild", this.chance.pick([null, "1", "2"])],
    ]);
    const before = { custom_fields: { [name]: guest.custom_fields[name] ?? null } };
    return this.patch(vms, guest, { custom_fields: { [name]: value } }, before);
  }

  private async status(): Promise<MadeChange> {
    const guest = await this.guest();
    const status = this.chance.pick(["active", "active", "staged", "offline", "paused", "failed", "decommissioning"]);
    return this.patch(vms, guest, { status }, { status: guest.status?.value });
  }

  private async rename(): Promise<MadeChange> {
    const guest = await this.guest();
    return this.patch(vms, guest, { name: `r${++this.made}` }, { name: guest.name });
  }

  private async tags(): Promise<MadeChange> {
    const guest = await this.guest();
    const before = Array.isArray(guest.tags) ? guest.tags.map(({ slug }: { slug: string }) => ({ slug })) : [];
    const tags = ["web", "database", "monitored", "anti-affinity-db"].filter(() => this.chance.next() < 0.4);
    return this.patch(vms, guest, { tags: tags.map((slug) => ({ slug })) }, { tags: before });
  }

  private async disk(): Promise<MadeChange> {
    const disk = this.chance.pick(await this.clients.all<Part>(disks));
    if (this.chance.next() < 0.5 && typeof disk.size === "number")
      return this.patch(disks, disk, { size: disk.size + 1024 * (1 + this.chance.below(4)) }, { size: disk.size });
    const name = "proxmox_disk_storage_volume";
    const before = { custom_fields: { [name]: disk.custom_fields[name] ?? null } };
    return this.patch(
      disks,
      disk,
      { custom_fields: { [name]: this.chance.pick([null, "ceph", "local-lvm"]) } },
      before,
    );
  }

  private async newDisk(): Promise<MadeChange> {
    const guest = await this.guest();
    const own = (await this.clients.all<Part>(disks)).filter((each) => each.virtual_machine.id === guest.id);
    const isContainer = own.some(({ name }) => name === "rootfs");
    const name = isContainer ? `mp${1 + this.chance.below(3)}` : `scsi${2 + this.chance.below(4)}`;
    const there = own.find((each) => each.name === name);
    if (there !== undefined) return this.deleted(disks, there);
    const fields = isContainer ? { custom_fields: { proxmox_option_mp: `/srv/${name}` } } : {};
    return this.post(disks, { virtual_machine: guest.id, name, size: 1024 + this.chance.below(3000), ...fields });
  }

  private async nic(): Promise<MadeChange> {
    const nic = this.chance.pick(await this.clients.all<Part>(interfaces));
    const vlans = await this.clients.all<Row>("ipam/vlans");
    const vlan = Object(nic.untagged_vlan).id ?? null;
    const name = "allocate_from";
    const [body, before] = this.chance.pick<[Values, Values]>([
      [{ mtu: this.chance.pick([null, 1400, 1450]) }, { mtu: nic.mtu }],
      [{ enabled: nic.enabled !== true }, { enabled: nic.enabled }],
      [{ mode: "access", untagged_vlan: this.chance.pick(vlans).id }, { untagged_vlan: vlan }],
      [
        { custom_fields: { [name]: this.chance.pick([null, "vlan", "role:servers", "vlan@4", "dhcp"]) } },
        { custom_fields: { [name]: nic.custom_fields[name] ?? null } },
      ],
    ]);
    return this.patch(interfaces, nic, body, before);
  }

  private async mac(): Promise<MadeChange> {
    const nic = this.chance.pick(await this.clients.all<Part>(interfaces));
    const mac_address = `BC:24:11:AA:00:${String(++this.made % 100).padStart(2, "0")}`;
    const on = { assigned_object_type: "virtualization.vminterface", assigned_object_id: nic.id };
    const { id, what, undo } = await this.post("dcim/mac-addresses", { mac_address, ...on });
    const before = Object(nic.primary_mac_address).id ?? null;
    const set = await this.patch(interfaces, nic, { primary_mac_address: id }, { primary_mac_address: before });
    const back = async () => {
      await set.undo();
      await undo();
    };
    return { what: `${what} ${set.what}`, undo: back };
  }

  private async newNic(): Promise<MadeChange> {
    const guest = await this.guest();
    const own = (await this.clients.all<Part>(interfaces)).filter((each) => each.virtual_machine.id === guest.id);
    const name = `net${2 + this.chance.below(3)}`;
    const there = own.find((each) => each.name === name);
    if (there !== undefined) return this.deleted(interfaces, there);
    const [vlan] = await this.clients.all<Row>("ipam/vlans", "&vid=71");
    const more = this.chance.pick([{}, { custom_fields: { allocate_from: "vlan@4" } }]);
    return this.post(interfaces, { virtual_machine: guest.id, name, mode: "access", untagged_vlan: vlan?.id, ...more });
  }

  /** One that stands at an interface. */
  private async anAddress(): Promise<Values & { id: number }> {
    const all = await this.clients.all<Values & { id: number }>(addresses);
    return this.chance.pick(all.filter(({ assigned_object_id }) => assigned_object_id !== null));
  }

  private async dnsName(): Promise<MadeChange> {
    const address = await this.anAddress();
    const name = this.chance.pick(["", `n${++this.made}.lab.example`, "shared.lab.example"]);
    return this.patch(addresses, address, { dns_name: name }, { dns_name: address.dns_name });
  }

  private async address(): Promise<MadeChange> {
    const address = await this.anAddress();
    if (this.chance.next() < 0.3) return this.deleted(addresses, address);
    const given = this.free(String(address.address));
    return this.patch(addresses, address, { address: given }, { address: address.address });
  }

  /** Another of the same prefix. */
  private free(like: string): string {
    const host = 150 + (++this.made % 80);
    if (like.includes(":")) return `fd71::${host.toString(16)}/64`;
    return `${like.startsWith("10.71.8.") ? "10.71.8" : "10.71.0"}.${host}/24`;
  }

  private async newAddress(): Promise<MadeChange> {
    const nic = this.chance.pick(await this.clients.all<Part>(interfaces));
    return this.post(addresses, {
      address: this.free(this.chance.pick(["10.71.0.9/24", "fd71::9/64"])),
      dns_name: this.chance.pick(["", `n${++this.made}.lab.example`]),
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: nic.id,
    });
  }

  /** A virtual machine becomes a container. */
  private async kind(): Promise<MadeChange> {
    const guest = await this.guest();
    const own = (await this.clients.all<Part>(disks)).filter((each) => each.virtual_machine.id === guest.id);
    const [root, ...others] = own;
    if (root?.name !== "scsi0" || others.length > 0) throw new NoChoice();
    const fields = { proxmox_vm_type: "lxc", proxmox_lxc_templates: "9100" };
    const disk = await this.patch(disks, root, { name: "rootfs" }, { name: "scsi0" });
    const before = { custom_fields: { proxmox_vm_type: null, proxmox_lxc_templates: null } };
    const changed = await this.patch(vms, guest, { custom_fields: fields }, before);
    const undo = async () => {
      await changed.undo();
      await disk.undo();
    };
    return { what: changed.what, undo };
  }

  private async newGuest(): Promise<MadeChange> {
    const [cluster] = await this.clients.all<Row>("virtualization/clusters", "&name=pve-lab");
    const [vlan] = await this.clients.all<Row>("ipam/vlans", "&vid=71");
    const size = { vcpus: 1 + this.chance.below(3), memory: 1024 };
    const guest = await this.post(vms, { name: `new${++this.made}`, cluster: cluster?.id, status: "active", ...size });
    await this.post(disks, { virtual_machine: guest.id, name: "scsi0", size: 8192 });
    const nic = { virtual_machine: guest.id, name: "net0", mode: "access", untagged_vlan: vlan?.id };
    const { id } = await this.post(interfaces, { ...nic, custom_fields: { allocate_from: "vlan" } });
    if (this.chance.next() < 0.5)
      await this.post(addresses, {
        address: this.free("10.71.0.9/24"),
        dns_name: `n${++this.made}.lab.example`,
        assigned_object_type: "virtualization.vminterface",
        assigned_object_id: id,
      });
    return guest;
  }

  private async removed(): Promise<MadeChange> {
    const all = await this.clients.all<Row>(vms);
    if (all.length < 10) throw new NoChoice();
    return this.deleted(vms, this.chance.pick(all));
  }

  private async deleted(path: string, { id, name }: { id: number; name?: unknown }): Promise<MadeChange> {
    await this.clients.netbox("DELETE", `${path}/${id}/`);
    return { what: `deleted ${path} ${String(name ?? id)}`, undo: () => Promise.resolve() };
  }
}
