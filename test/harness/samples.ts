import { join } from "node:path";
import { expect } from "vitest";
import { printMark } from "../../providers/ownership/mark";
import type { ResourceKind } from "../../providers/registry";
import { sshKey } from "../slow/cases/attribute";
import type { TemplateSystems } from "./templates";

// Inputs of every kind of resource that the lab can make, as the programs give them: what is needed, and what may be left out.

type Properties = Record<string, unknown>;

export interface Sample {
  needed: Properties;
  /** Any of these may be given besides. */
  optional?: Properties;
  /** What has to be there first. */
  before?: () => Promise<unknown>;
}

export type Samples = Record<ResourceKind, (n: number) => Sample>;

const cluster = "pve-lab";
const stack = "netbox-proxmox/test";

/** @param there opened with a guest `one` in NetBox that has an interface; @returns by kind, the n-th of which is an object of its own */
export async function samplesOn(there: TemplateSystems): Promise<Samples> {
  const { systems, images } = there;
  const { clients } = systems;
  const netboxUrl = systems.endpoints.netbox.url;
  const idIn = async (path: string, query = "") => (await clients.all<{ id: number }>(path, query))[0]?.id ?? 0;
  const [guest, staged] = [(await clients.vm("one")).id, (await clients.vm("two")).id];
  const interfaceId = await idIn("virtualization/interfaces");
  const prefix = await idIn("ipam/prefixes", "&prefix=10.71.0.0/24");
  const prefix6 = await idIn("ipam/prefixes", "&prefix=fd71::/64");
  const made = async (path: string, body: Properties) =>
    ((await clients.netbox("POST", `plugins/netbox-dns/${path}/`, body)) as { id: number }).id;
  const server = await made("nameservers", { name: "ns1.lab.example" });
  const soa = { nameservers: [server], soa_mname: server, soa_rname: "hostmaster.lab.example", default_ttl: 600 };
  const zoneId = await made("zones", { name: "lab.example", ...soa });
  const markOf = (netboxId: number) => ({ stack, netboxUrl, netboxId });
  const text = (netboxId: number) => printMark(markOf(netboxId)).replace(/^Managed by Pulumi stack (\S+) from/, "$1");
  const guestOf = (vmid: number) => ({
    cluster,
    vmid,
    mark: text(vmid),
    fullClone: true,
    name: `g${vmid}`,
    description: printMark(markOf(vmid)),
    tags: [],
    storage: "ceph",
    power: "stopped",
  });
  const shared = {
    cores: 2,
    memory: 768,
    node: "pve2",
    pool: "",
    ha: "none",
    options: { onboot: 1, startup: "order=2" },
  };
  const access = { cluster, expire: 0, privsep: true, generation: 0, rotation: 0, userid: "pulumi@pve" };
  const container = async (vmid: number) =>
    clients.proxmox("POST", "/nodes/pve1/lxc", {
      vmid,
      ostemplate: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
      hostname: `c${vmid}`,
      storage: "ceph",
      description: printMark(markOf(vmid)),
    });
  const objects: [type: string, needed: Properties, optional: Properties][] = [
    ["vlan", { vid: 90, name: "lab", status: "active" }, { description: "of the lab" }],
    ["tag", { name: "Blue", slug: "blue" }, { description: "a colour", color: "0000ff" }],
    ["platform", { name: "Arch", slug: "arch" }, { description: "rolling" }],
    ["site", { name: "Elsewhere", slug: "elsewhere", status: "active" }, { description: "far away" }],
    ["userGroup", { name: "crew" }, { description: "of the ship" }],
  ];

  return {
    "netbox-guest": (n) => ({
      needed: { mark: text(guest), vmid: 700 + n, derived: true },
      optional: { field: { name: "proxmox_vmid", integer: false } },
    }),
    "netbox-promotion": () => ({ needed: { mark: text(staged), name: "two" } }),
    "netbox-dns-record": (n) => ({
      needed: {
        stack,
        netboxUrl,
        key: `name-${n}`,
        zoneId,
        zone: "lab.example",
        name: `web${n}`,
        ...(n % 2 === 0 ? { type: "A", value: `10.71.0.${n + 100}` } : { type: "TXT", value: "it's text" }),
      },
    }),
    "netbox-ip-allocation": (n) => ({
      needed: {
        mark: text(guest),
        label: "one net0",
        interfaceId,
        ordinal: n,
        given: false,
        primary: n % 3 === 0,
        ...(n % 2 === 0
          ? { family: 4, from: [{ kind: "prefix", id: prefix, text: "10.71.0.0/24" }] }
          : { family: 6, from: [{ kind: "prefix", id: prefix6, text: "fd71::/64" }] }),
      },
      optional: {
        dnsName: "one.lab.example",
        avoid: ["10.71.0.250"],
        ...(n % 2 === 0 ? { address: `10.71.0.${n + 50}/24` } : {}),
      },
    }),
    "netbox-object": (n) => {
      const [type, fields, more] = objects[n % objects.length] ?? expect.unreachable("the list is not empty");
      return {
        needed: { netboxUrl, stack, type, fields: n % 2 === 0 ? fields : { ...fields, ...more } },
        optional: { customFields: {}, tags: [], initial: {}, conflicts: [], overwrite: true, removal: "delete" },
      };
    },
    "netbox-machine": (n) => ({
      needed: {
        netboxUrl,
        stack,
        type: "virtualMachine",
        fields: { name: `box${n}`, cluster, vcpus: 2, memory: 1024 },
      },
      optional: {
        customFields: { proxmox_vmid: `${800 + n}` },
        tags: ["web"],
        initial: { status: "staged" },
        disks: { scsi0: { fields: { size: 10240 } } },
        interfaces: {
          net0: {
            fields: { mac: `BC:24:11:00:01:${n + 10}` },
            addresses: [`10.71.0.${n + 150}/24`, "next 10.71.8.0/24"],
          },
          net1: { fields: {}, dnsName: "box.lab.example" },
        },
      },
    }),
    "netbox-token": (n) => ({
      needed: {
        netboxUrl,
        stack,
        name: `robot${n}`,
        username: "anna",
        version: (n % 2) + 1,
        writeEnabled: n % 3 === 0,
        expire: n % 2 === 0 ? 0 : 1_999_999_999,
        generation: 0,
        rotation: 0,
      },
      optional: { description: "of a robot", allowedIps: ["127.0.0.0/8"] },
      before: () =>
        clients.netbox("POST", "users/users/", { username: "anna", password: "Anna-lab-1234" }).catch(() => {}),
    }),
    "proxmox-vm": (n) => ({
      needed: {
        ...guestOf(2200 + n),
        template: 9000,
        networks: { net0: { model: "virtio", bridge: "vmbr0" } },
        cloudInit: { ipconfig: n % 2 === 0 ? {} : { "0": `ip=10.71.0.${n + 10}/24,gw=10.71.0.1` } },
      },
      optional: {
        ...shared,
        sockets: 1,
        tags: ["prod", "web"],
        disks: { scsi0: { size: "5G" }, scsi1: { size: "1G" } },
        cloudInit: { user: "ops", sshKeys: [sshKey("one")], nameservers: ["10.71.0.1"], ipconfig: {} },
        networks: { net0: { model: "virtio", bridge: "vmbr1", tag: 71, mtu: 1400, linkDown: true } },
      },
    }),
    "proxmox-container": (n) => ({
      needed: {
        ...guestOf(2300 + n),
        type: "lxc",
        placement: "pve1",
        template: n % 2 === 0 ? 9100 : "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
        networks: { net0: { name: "eth0", bridge: "vmbr0" } },
        // One of an OS template has no size of its own.
        ...(n % 2 === 0 ? {} : { disks: { rootfs: { size: "4G" } }, unprivileged: true }),
      },
      optional: {
        cores: 2,
        memory: 768,
        pool: "",
        tags: ["web"],
        nameservers: ["10.71.0.1"],
        searchDomain: "lab.example",
        options: { onboot: 1, swap: 256 },
        networks: { net0: { name: "eth0", bridge: "vmbr1", ip: "10.71.0.9/24", gw: "10.71.0.1", tag: 71 } },
      },
    }),
    "proxmox-snapshot": (n) => ({
      needed: { cluster, vmid: 2000 + n, type: "lxc", mark: text(2000 + n), name: `g${n}`, expired: [] },
      optional: { due: "before-20261126-aaaaaaaa", before: "cpu, disks" },
      before: () => container(2000 + n),
    }),
    "proxmox-role": (n) => ({
      needed: { cluster, roleid: `Role${n}`, privileges: n % 2 ? ["VM.Audit", "VM.Clone"] : [] },
    }),
    "proxmox-group": (n) => ({
      needed: { cluster, groupid: `group${n}` },
      optional: { comment: n % 2 ? "" : "it's one" },
    }),
    "proxmox-user": (n) => ({
      needed: { cluster, userid: `user${n}@pve` },
      optional: {
        ...{
          enable: n % 2 === 0,
          expire: 1_999_999_999,
          comment: "",
          email: "a@b.example",
          firstname: "Ada",
          lastname: "L",
        },
        groups: ["crew"],
        generatePassword: true,
      },
      before: () => clients.proxmox("POST", "/access/groups", { groupid: "crew" }).catch(() => {}),
    }),
    "proxmox-acl": (n) => ({
      needed: {
        cluster,
        path: `/vms/${n + 100}`,
        type: "user",
        ugid: "ada@pve",
        roleid: "PVEAuditor",
        propagate: n % 2 === 0,
      },
      before: () => clients.proxmox("POST", "/access/users", { userid: "ada@pve" }).catch(() => {}),
    }),
    "proxmox-token": (n) => ({
      needed: { ...access, tokenid: `ci${n}`, privsep: n % 2 === 0 },
      optional: { comment: "of CI", takeOver: true, retires: 1_999_999_999 },
    }),
    "bind9-record": (n) => ({
      needed: {
        server: "ns1",
        name: `name${n}.lab.example.`,
        ttl: 300,
        owner: { stack, guests: [n] },
        ...{
          records: { A: [`10.71.0.${n + 20}`], TXT: ["it's text"] },
          reverse: n % 2 === 0 ? [] : [`10.71.0.${n + 20}`],
        },
      },
      optional: { ttls: { TXT: 60 }, adopt: true },
    }),
    "site-anchor": () => ({ needed: { leftovers: [] } }),
    "secret-sink": (n) => ({
      needed: {
        destination:
          n % 2 === 0
            ? { to: "file", path: join(systems.folder, `token${n}.json`) }
            : { to: "env", path: join(systems.folder, ".env"), variable: `TOKEN_${n}` },
        title: "a token",
        generation: 0,
        credential: `robot@pve!ci=secret-value-${n}`,
        outcome: JSON.stringify({ "full-tokenid": "robot@pve!ci", info: {}, value: `secret-value-${n}` }),
      },
    }),
    "proxmox-file": (n) => ({
      needed: {
        cluster,
        node: "pve1",
        storage: "local",
        content: "import",
        file: `image${n}.qcow2`,
        url: images.url("image.qcow2"),
      },
      optional: {
        ...(n % 2 === 0 ? { checksum: images.checksum("image.qcow2"), algorithm: "sha256" } : {}),
        insecure: true,
      },
    }),
    "proxmox-template": (n) => ({
      needed: there.inputs("ssh"),
      optional: {
        size: "5G",
        cpu: "host",
        tag: 71,
        notes: "it's one",
        bios: "ovmf",
        machine: "q35",
        tpm: true,
        ...(n % 2 === 0 ? { agent: true } : {}),
      },
    }),
    "netbox-choices": (n) => ({
      needed: { netboxUrl, set: "proxmox-vm-templates", choices: [[`93${n}`, `noble ${n}`]] },
    }),
    "proxmox-network": (n) => ({
      needed:
        n % 2 === 0
          ? { cluster, name: `vmbr${n + 30}`, kind: "bridge", nodes: ["pve1", "pve2"], make: true }
          : { cluster, name: `vnet${n}`, kind: "vnet", nodes: [], make: true, zone: `zone${n}` },
      optional: { address: `10.30.${n}.1/24`, ...(n % 2 === 0 ? {} : { snat: true }) },
    }),
    "proxmox-firewall": (n) => ({
      needed: {
        cluster,
        node: "pve1",
        vmid: 2100 + n,
        policyIn: "DROP",
        policyOut: "ACCEPT",
        rules: [{ type: "in", action: "ACCEPT", proto: "tcp", dport: "443", source: "10.71.0.0/24", comment: "web" }],
      },
      before: () => container(2100 + n),
    }),
    "container-service": () => ({
      needed: {
        cluster,
        node: "pve1",
        vmid: 2400,
        service: "valkey",
        revision: "1",
        settings: { listen: "127.0.0.1", port: 6379 },
        secrets: { valkeyPassword: "valkey-password" },
      },
      before: () => running(2400),
    }),
    "generated-secret": (n) => ({ needed: { bytes: 16 + n, generation: 0 } }),
    "platform-check": () => ({
      needed: {
        cluster,
        node: "pve1",
        vmid: 2401,
        proxmox: [cluster],
        token: "a-secret-token",
        netbox: { url: "https://nb.example", address: "127.0.0.1", version: "4.7.2", plugins: {} },
      },
      before: () => running(2401),
    }),
    "access-audit": (n) => ({
      needed: { changes: n % 2 === 0 ? [] : ["granted a"] },
      optional: { earlier: ["long ago"] },
    }),
  };

  async function running(vmid: number): Promise<void> {
    if (there.cluster.guests.has(vmid)) return;
    await container(vmid);
    await clients.proxmox("POST", `/nodes/pve1/lxc/${vmid}/status/start`);
  }
}
