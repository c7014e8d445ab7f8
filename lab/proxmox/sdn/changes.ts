import { isIPv4 } from "node:net";
import { die, parameterErrors } from "../errors";
import { inNetwork } from "../firewall/addresses";
import type { Value, Values } from "../schema/parameters";
import { parseProperties } from "../schema/properties";
import { perlLine, type Sdn } from "./sdn";
import { changedSdnObject, checkSdnOptions } from "./types";

// What is checked where zones, vnets and subnets are written.

function checkZone(sdn: Sdn, id: string, zone: Values): void {
  for (const key of ["dns", "reversedns"] as const)
    if (zone[key] !== undefined && !sdn.dns.has(String(zone[key])))
      parameterErrors({ [key]: `${zone[key]} don't exist` });
  if (zone.dnszone !== undefined && zone.dns === undefined) parameterErrors({ dnszone: "missing dns server" });
  if (zone.ipam !== undefined && zone.ipam !== "pve" && !sdn.ipams.has(String(zone.ipam)))
    parameterErrors({ ipam: `${zone.ipam} not existing` });
  if (zone.type === "vxlan" && (zone.peers === undefined) === (zone.fabric === undefined)) {
    const text = "must have exactly one of peers / fabric defined";
    parameterErrors({ peers: text, fabric: text });
  }
  if (zone.type !== "evpn") return;
  const plugin = "Network/SDN/Zones/EvpnPlugin.pm";
  const controller =
    sdn.controllers.get(String(zone.controller)) ??
    die(`controller ${zone.controller} don't exist${perlLine(plugin, 354)}`);
  if (controller.type !== "evpn") die(`${zone.controller} is not a evpn controller type${perlLine(plugin, 357)}`);
  const other = [...sdn.zones].find(([name, each]) => name !== id && each["vrf-vxlan"] === zone["vrf-vxlan"]);
  if (other) die(`vrf-vxlan ${zone["vrf-vxlan"]} is already declared in ${other[0]}${perlLine(plugin, 368)}`);
}

export function createZone(sdn: Sdn, { zone, "lock-token": token, ...values }: Values): void {
  const id = String(zone);
  checkSdnOptions("zones", values, true);
  sdn.locked("create sdn zone object failed", token, () => {
    if (sdn.zones.has(id)) die(`sdn zone object ID '${id}' already defined`);
    checkZone(sdn, id, values);
    sdn.zones.set(id, values);
  });
}

export function updateZone(sdn: Sdn, params: Values): void {
  const { zone, "lock-token": token, digest, delete: remove, ...changes } = params;
  const id = String(zone);
  sdn.locked("update sdn zone object failed", token, () => {
    sdn.assertUnmodified("zones", digest);
    const changed = changedSdnObject("zones", sdn.need("zones", id), changes, remove);
    checkZone(sdn, id, changed);
    sdn.zones.set(id, changed);
  });
}

export function deleteZone(sdn: Sdn, { zone, "lock-token": token }: Values): void {
  const id = String(zone);
  sdn.locked("delete sdn zone object failed", token, () => {
    sdn.need("zones", id);
    const used = [...sdn.vnets].find(([, vnet]) => vnet.zone === id);
    if (used) die(`zone ${id} is used by vnet ${used[0]}${perlLine("Network/SDN/Zones/Plugin.pm", 149)}`);
    sdn.zones.delete(id);
  });
}

// ---- vnets

function checkVnet(sdn: Sdn, id: string, vnet: Values, line: number): void {
  const type = sdn.zones.get(String(vnet.zone))?.type;
  if (type === undefined) die(`cannot lookup undefined type!${perlLine("API2/Network/SDN/Vnets.pm", line)}`);
  const tag = vnet.tag === undefined ? undefined : Number(vnet.tag);
  const others = [...sdn.vnets].filter(([name]) => name !== id);
  const siblings = others.filter(([, other]) => other.zone === vnet.zone);
  const wrong = (text: string) => parameterErrors({ tag: text });
  if (type === "simple" && tag !== undefined) wrong("vlan tag is not allowed on simple zone");
  if (type === "vlan") {
    if (tag === undefined) wrong("missing vlan tag");
    if (Number(tag) > 4096) wrong("vlan tag max value is 4096");
    const same = siblings.find(([, other]) => other.tag === tag);
    if (same) wrong(`tag ${tag} already exist in vnet ${same[0]}`);
  }
  if (type === "qinq") {
    if (Number(tag ?? 0) > 4096) wrong("VLAN tag maximal value is 4096");
    const same = siblings.find(([, other]) => other.tag === vnet.tag);
    const what = tag === undefined ? "tag-less vnet already exists" : `tag ${tag} already exist`;
    if (same) wrong(`${what} in zone ${vnet.zone} vnet ${same[0]}`);
  }
  if (type === "vxlan" || type === "evpn") {
    if (tag === undefined) wrong("missing vxlan tag");
    if (type === "evpn" && vnet.vlanaware === 1)
      parameterErrors({ "vlan-aware": "vlan-aware option can't be enabled with evpn" });
    const isOverlay = (zone: Value | undefined) => /^(vxlan|evpn)$/.test(String(sdn.zones.get(String(zone))?.type));
    const same = others.find(([, other]) => other.tag === tag && isOverlay(other.zone));
    if (same) wrong(`vxlan tag ${tag} already exist in vnet ${same[0]} in zone ${same[1].zone} `);
  }
  if (vnet.vlanaware === 1 && sdn.subnetsOf(id).length > 0)
    parameterErrors({ vlanaware: "vlanaware vnet is not compatible with subnets" });
}

export function createVnet(sdn: Sdn, { vnet, "lock-token": token, ...values }: Values): void {
  const id = String(vnet);
  const made = { ...values, type: "vnet" };
  sdn.locked("create sdn vnet object failed", token, () => {
    checkSdnOptions("vnets", made, true);
    if (sdn.vnets.has(id)) die(`sdn vnet object ID '${id}' already defined`);
    checkVnet(sdn, id, made, 326);
    sdn.vnets.set(id, made);
  });
}

export function updateVnet(sdn: Sdn, params: Values): void {
  const { vnet, "lock-token": token, digest, delete: remove, ...changes } = params;
  const id = String(vnet);
  sdn.locked("update sdn vnet object failed", token, () => {
    sdn.assertUnmodified("vnets", digest);
    const before = sdn.vnet(id);
    const changed = changedSdnObject("vnets", before, changes, remove);
    if (changed.zone !== before.zone && sdn.subnetsOf(id).length > 0)
      parameterErrors({ zone: "can't change zone if subnets exist" });
    checkVnet(sdn, id, changed, 394);
    sdn.vnets.set(id, changed);
  });
}

export function deleteVnet(sdn: Sdn, { vnet, "lock-token": token }: Values): void {
  const id = String(vnet);
  sdn.locked("delete sdn vnet object failed", token, () => {
    if (sdn.subnetsOf(id).length > 0) parameterErrors({ vnet: "Can't delete vnet if subnets exists" });
    sdn.vnets.delete(id);
  });
}

// ---- subnets

/** The ranges of a subnet, each with its ends. */
export const dhcpRanges = (value: Value | undefined): Record<string, string>[] =>
  value === undefined
    ? []
    : String(value)
        .split("\0")
        .flatMap((range) => {
          const parsed = parseProperties({ keys: {} }, range);
          return typeof parsed === "string" ? [] : [parsed];
        });

function checkSubnet(sdn: Sdn, cidr: string, subnet: Values): void {
  const vnet = String(subnet.vnet);
  if (sdn.vnets.get(vnet)?.vlanaware === 1) parameterErrors({ vnet: "you can't add a subnet on a vlanaware vnet" });
  const { gateway } = subnet;
  // A host of its own may have its gateway anywhere.
  const isPoint = isIPv4(String(gateway)) && cidr.endsWith("/32");
  if (gateway !== undefined && !isPoint && !inNetwork(String(gateway), cidr))
    parameterErrors({ gateway: `${gateway} is not in subnet ${cidr}` });
  for (const range of dhcpRanges(subnet["dhcp-range"]))
    for (const end of ["start-address", "end-address"]) {
      const address = range[end] ?? "";
      if (!inNetwork(address, cidr)) parameterErrors({ "dhcp-range": `${end} ${address} is not in subnet ${cidr}` });
    }
}

export function createSubnet(sdn: Sdn, { subnet, "lock-token": token, ...values }: Values): void {
  const cidr = String(subnet);
  const id = `${sdn.vnet(String(values.vnet)).zone}-${cidr.replace("/", "-")}`;
  sdn.locked("create sdn subnet object failed", token, () => {
    checkSdnOptions("subnets", values, true);
    if (sdn.subnets.has(id)) die(`sdn subnet object ID '${id}' already defined`);
    checkSubnet(sdn, cidr, values);
    sdn.subnets.set(id, values);
  });
}

/** The network that a subnet's id names. */
export function networkOfSubnet(id: string): { zone: string; network: string; mask: string; cidr: string } {
  const [zone = "", network = "", mask = ""] = id.split("-");
  return { zone, network, mask, cidr: `${network}/${mask}` };
}

export function updateSubnet(sdn: Sdn, params: Values): void {
  const { subnet, vnet, "lock-token": token, digest, delete: remove, ...changes } = params;
  const id = String(subnet);
  sdn.locked("update sdn subnet object failed", token, () => {
    const before = sdn.subnets.get(id) ?? die(`sdn subnet '${id}' does not exist`);
    sdn.assertUnmodified("subnets", digest);
    const changed = changedSdnObject("subnets", before, { ...changes, vnet: vnet ?? before.vnet ?? "" }, remove);
    checkSubnet(sdn, networkOfSubnet(id).cidr, changed);
    sdn.subnets.set(id, changed);
  });
}

export function deleteSubnet(sdn: Sdn, { subnet, "lock-token": token }: Values): void {
  sdn.locked("delete sdn subnet object failed", token, () => sdn.subnets.delete(String(subnet)));
}
