import { createHash } from "node:crypto";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import type { Value } from "../schema/parameters";
import { cards, isCard } from "./net";
import { parseVmOption, type Vm } from "./vm";

const settings = ["cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "nameserver", "searchdomain", "sshkeys"];

/** Writes the cloud-init drive: what it holds is what the guest knows from now on. */
export function seedCloudInit(vm: Vm): void {
  vm.seeded = new Map([...vm.config].filter(([key]) => settings.includes(key) || isCard(key) || /^ipconfig/.test(key)));
}

/** GET …/cloudinit: each setting as the drive has it, and as it would be written now. */
export function pendingCloudInit(vm: Vm): Record<string, Value>[] {
  const now = new Map(vm.config);
  const before = vm.running ? vm.seeded : now;
  const masked = (key: string, value: Value) => (key === "cipassword" ? "**********" : value);
  const shown: Record<string, Value>[] = [];
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    const [old, next] = [before.get(key), now.get(key)];
    if (!settings.includes(key) && !(isCard(key) && old !== next)) continue;
    // Proxmox VE takes a setting that is 0 for none.
    if (!vm.running && (next === 0 || next === "0")) continue;
    shown.push({
      key,
      ...(old === undefined ? {} : { value: masked(key, old) }),
      ...(next === old ? {} : next === undefined ? { delete: 1 } : { pending: masked(key, next) }),
    });
  }
  return shown;
}

/** @throws where a snippet that the drive takes is not there */
export function checkSnippets(cluster: Cluster, vm: Vm): void {
  for (const volid of Object.values(parseVmOption("cicustom", vm.text("cicustom") ?? "")))
    cluster.storages.need(vm.node, volid);
}

/** PUT …/cloudinit: writes the drive anew. */
export function regenerateCloudInit(cluster: Cluster, vm: Vm): void {
  vm.checkLock();
  checkSnippets(cluster, vm);
  seedCloudInit(vm);
}

const unquoted = (text: string) => text.replace(/'/g, "''");
const netmask = (bits: number): string =>
  [0, 8, 16, 24].map((shift) => 256 - 2 ** Math.max(0, 8 - Math.min(8, Math.max(0, bits - shift)))).join(".");

function user(vm: Vm): string {
  const { ciuser, cipassword, sshkeys, ciupgrade, searchdomain } = Object.fromEntries(vm.config);
  const name = vm.text("name") ?? `VM${vm.vmid}`;
  const full = searchdomain === undefined || name.includes(".") ? name : `${name}.${searchdomain}`;
  const keys = decodeURIComponent(String(sshkeys ?? ""))
    .split("\n")
    .filter((line) => line.trim() !== "");
  return [
    "#cloud-config",
    `hostname: ${name.split(".")[0]}`,
    "manage_etc_hosts: true",
    `fqdn: ${full}`,
    ...(ciuser === undefined ? [] : [`user: ${ciuser}`]),
    ...(ciuser === "root" ? ["disable_root: False"] : []),
    ...(cipassword === undefined ? [] : [`password: ${cipassword}`]),
    ...(keys.length === 0 ? [] : ["ssh_authorized_keys:", ...keys.map((key) => `  - ${key}`)]),
    "chpasswd:",
    "  expire: False",
    ...(ciuser === "root" ? [] : ["users:", "  - default"]),
    ...(ciupgrade === 0 ? [] : ["package_upgrade: true"]),
    "",
  ].join("\n");
}

function network(cluster: Cluster, vm: Vm): string {
  const lines = ["version: 1", "config:"];
  for (const { n, card } of cards(vm)) {
    const { ip, gw, ip6, gw6 } = parseVmOption("ipconfig0", vm.text(`ipconfig${n}`) ?? "ip=dhcp");
    lines.push(
      "    - type: physical",
      `      name: eth${n}`,
      `      mac_address: '${card.macaddr?.toLowerCase()}'`,
      "      subnets:",
    );
    if (ip === "dhcp") lines.push("      - type: dhcp4");
    else if (ip !== undefined) {
      const [address = "", bits = ""] = ip.split("/");
      lines.push(
        "      - type: static",
        `        address: '${address}'`,
        `        netmask: '${netmask(Number(bits))}'`,
      );
      if (gw !== undefined) lines.push(`        gateway: '${gw}'`);
    }
    if (ip6 === "auto") lines.push("      - type: ipv6_slaac");
    else if (ip6 === "dhcp") lines.push("      - type: dhcp6");
    else if (ip6 !== undefined) {
      lines.push("      - type: static6", `        address: '${ip6}'`);
      if (gw6 !== undefined) lines.push(`        gateway: '${gw6}'`);
    }
  }
  const servers = (vm.text("nameserver") ?? cluster.dns.dns1).split(/[\s,;]+/);
  const domains = (vm.text("searchdomain") ?? cluster.dns.search).split(/[\s,;]+/);
  lines.push("    - type: nameserver", "      address:", ...servers.map((one) => `      - '${unquoted(one)}'`));
  lines.push("      search:", ...domains.map((one) => `      - '${unquoted(one)}'`), "");
  return lines.join("\n");
}

/** GET …/cloudinit/dump: the file as it would be written. */
export function dumpCloudInit(cluster: Cluster, vm: Vm, type: string): string {
  if (type === "user") return user(vm);
  if (type === "network") return network(cluster, vm);
  if (type !== "meta") return die(`unknown type '${type}'`);
  const id = createHash("sha1").update(user(vm)).update(network(cluster, vm)).digest("hex");
  return `instance-id: ${id}\n`;
}
