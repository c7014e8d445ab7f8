import ipaddr from "ipaddr.js"; // networks of both families
import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import {
  configText,
  descriptionFrom,
  disksFrom,
  guestNameOf,
  isTrue,
  memoryFrom,
  splitWords,
  sshKeysFrom,
  tagsFrom,
  vlansOf,
} from "../../../providers/proxmox/nodes/guest.model";
import { cardOf, slotsOf } from "../../../providers/proxmox/nodes/nics";
import { optionProblem, volumeOptions } from "../../../providers/proxmox/nodes/options";
import { parsePropertyString, parseSize } from "../../../providers/proxmox/propertystring";
import type { GuestConfig, GuestType } from "../../../providers/proxmox/schemas";
import { withoutUndefined } from "../../../providers/values";
import { canonical, familyOf, hostOf } from "../../netbox/address";
import type { CustomFieldNames } from "../../netbox/customfields";
import { discoveredTag } from "../../netbox/discovered";
import { type NicTraits, nameInside, slotNamed } from "../../netbox/interfaces";
import { nicsOf, toldAddresses } from "../../netbox/nics";
import { snapshotsField } from "../../netbox/schema";
import { slugLike } from "../../netbox/tags";
import { toMegabytes } from "../../netbox/units";
import type { Settings } from "../../settings";
import { vidInside } from "./agent";
import type { Lacking, SeenMachine } from "./types";

// A guest of Proxmox VE as NetBox writes it: what the site program would read to make just this guest.

export const guestRoles: Record<GuestType, string> = { qemu: "Proxmox VM", lxc: "Proxmox LXC" };

/** The VLAN of a VID as NetBox has it, or as it will be made. */
export type VlanNames = (vid: number) => string;

export interface GuestNames {
  fields: CustomFieldNames;
  vlan: VlanNames;
  /** The same of a VLAN that a guest made on a NIC that lets it through; undefined where several could be meant. */
  vlanInside: (vid: number) => string | undefined;
  /** The device of a node; undefined where nodes are not kept. */
  device: (node: string) => string | undefined;
  units: Pick<Settings["site"], "ramBaseUnit" | "diskBaseUnit">;
  /** What this release of NetBox has no place for. */
  lacks?: Lacking | undefined;
  /** Tags that say something to a program where NetBox has them: PVE's of that name are not written there. */
  reserved: readonly string[];
}

/** What NetBox is to say of a guest; its addresses as `ADDRESS/LENGTH`, with ` dhcp` or ` slaac` behind it where its network gives it. */
export function guestArgs(
  machine: SeenMachine,
  cluster: string,
  { fields, vlan, vlanInside, device, units, lacks, reserved }: GuestNames,
): Pick<MachineArgs, "fields" | "customFields" | "tags" | "interfaces" | "disks" | "primary"> {
  const { config, type, vmid, node, pool, snapshots } = machine;
  const inside = interfaceNames(machine);
  const interfaces = {
    ...Object.fromEntries([...inside].map(([slot, name]) => [name, interfaceOf(machine, slot, name, fields, vlan)])),
    ...vlansOnNics(machine, inside, vlanInside),
  };
  const sockets = Number(config.sockets ?? 1);
  const primary = Object.entries(interfaces).find(([, { addresses }]) => addresses.length > 0)?.[0];
  return {
    fields: withoutUndefined({
      name: guestNameOf(machine),
      status: lacks?.paused && machine.status === "paused" ? undefined : statusOf(machine),
      cluster,
      device: device(node),
      role: guestRoles[type],
      platform: machine.agent?.system,
      vcpus: type === "lxc" && config.cores === undefined ? undefined : Number(config.cores ?? 1) * sockets,
      memory: toMegabytes(memoryFrom(config), units.ramBaseUnit),
      startOnBoot: lacks?.startOnBoot ? undefined : isTrue(config.onboot) ? "on" : "off",
      comments: descriptionFrom(config).replace(/\r\n?/g, "\n").trim() || undefined,
      context: sockets > 1 ? { proxmox: { sockets } } : undefined,
    }),
    customFields: withoutUndefined({
      [fields.vmid]: String(vmid),
      [fields.type]: type === "lxc" ? "lxc" : "vm",
      [fields.node]: node,
      [fields.pool]: pool,
      ...plainTexts(config, fields),
      [fields.sshKeys]: sshKeysFrom(config).join("\n").trim() || undefined,
      [snapshotsField]: snapshots === 0 ? undefined : snapshots,
    }),
    tags: [discoveredTag[type], ...tagsOf(config).filter((slug) => !reserved.includes(slug))],
    interfaces,
    disks: disksOf(config, type, fields, units.diskBaseUnit),
    ...(primary === undefined ? {} : { primary }),
  };
}

const statusOf = ({ status }: Pick<SeenMachine, "status">): string =>
  status === "running" ? "active" : status === "paused" ? "paused" : "offline";

/** Tags as NetBox's slugs. */
export const tagsOf = (config: GuestConfig): string[] =>
  [...new Set(tagsFrom(config).map(slugLike))].filter((slug) => slug !== "" && slug.length <= longestSlug);

/** Characters of a slug that NetBox takes. */
const longestSlug = 100;

const isDomain = (text: string): boolean => /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(text);

/** What custom fields hold as the site program takes it; what is written otherwise stays on Proxmox VE alone. */
function plainTexts(config: GuestConfig, fields: CustomFieldNames): Record<string, string | undefined> {
  const [user, domain] = [configText(config, "ciuser"), configText(config, "searchdomain")];
  const servers = splitWords(configText(config, "nameserver")?.trim(), /[ ,;]+/);
  return {
    [fields.user]: user !== undefined && /^[^\s:,]+$/.test(user) ? user : undefined,
    [fields.nameservers]:
      servers.length > 0 && servers.every((each) => ipaddr.isValid(each)) ? servers.join(", ") : undefined,
    [fields.searchDomain]: domain !== undefined && isDomain(domain) ? domain : undefined,
  };
}

// ---- disks

function disksOf(
  config: GuestConfig,
  type: GuestType,
  fields: CustomFieldNames,
  baseUnit: 1000 | 1024,
): NonNullable<MachineArgs["disks"]> {
  const kind = diskKinds[type];
  return Object.fromEntries(
    Object.entries(disksFrom(config, kind)).flatMap(([slot, { size, storage }]) => {
      const mebibytes = parseSize(size);
      if (mebibytes === 0 || kind.fixedSize(slot)) return [];
      const megabytes = Math.max(1, toMegabytes(mebibytes, baseUnit));
      const { options } = parsePropertyString(configText(config, slot) ?? "");
      const mp = options.get("mp") ?? "";
      const customFields = withoutUndefined({
        [fields.diskStorage]: storage || undefined,
        [`${fields.optionPrefix}mp`]: optionProblem("mp", mp, volumeOptions) === undefined ? mp : undefined,
      });
      return [[slot, { fields: { size: megabytes }, customFields, tags: [] }]];
    }),
  );
}

// ---- interfaces

export const macsOf = ({ config, type }: Pick<SeenMachine, "config" | "type">): string[] =>
  slotsOf(config).flatMap((slot) => cardOf(config, slot, type).mac ?? []);

type Interfaces = NonNullable<MachineArgs["interfaces"]>;
type InterfaceArgs = Interfaces[string];

/** What NetBox calls a guest's interfaces, by slot: what a container calls them where that is another name than the usual one. */
export function interfaceNames({ config, type }: Pick<SeenMachine, "config" | "type">): Map<number, string> {
  const slots = slotsOf(config);
  const inside = new Map(slots.map((slot) => [slot, cardOf(config, slot, type).keys.get("name")]));
  const all = [...inside.values()];
  return new Map(
    slots.map((slot) => {
      const name = inside.get(slot);
      // The site program calls netN ethN inside a container.
      const isOwn = name !== undefined && name !== `eth${slot}` && slotNamed(name) === undefined;
      return [slot, type === "lxc" && isOwn && all.indexOf(name) === all.lastIndexOf(name) ? name : `net${slot}`];
    }),
  );
}

/** A guest's NICs, as its interfaces in NetBox are found by. */
export function nicTraits({ config, type, agent }: Pick<SeenMachine, "config" | "type" | "agent">): NicTraits[] {
  const macs = Object.keys(agent?.addresses ?? {});
  const seen = macs.map((mac) => [mac, { name: agent?.names?.[mac], addresses: agent?.addresses[mac] ?? [] }]);
  return nicsOf(config, type, Object.fromEntries(seen));
}

/** VLANs that an agent sees on a NIC. On one with a tag of its own they are no VLANs of the network's. */
function vlansOnNics(
  { config, type, agent }: SeenMachine,
  names: Map<number, string>,
  vlanOf: GuestNames["vlanInside"],
): Interfaces {
  const taken = new Set(names.values());
  return Object.fromEntries(
    (agent?.vlans ?? []).flatMap(({ name, mac, addresses }): [string, InterfaceArgs][] => {
      const slot = slotsOf(config).find((each) => cardOf(config, each, type).mac === mac);
      const parent = slot === undefined ? undefined : names.get(slot);
      const own = name.replace(/@.*$/, "");
      if (slot === undefined || parent === undefined || taken.has(own) || own.length > 64) return [];
      const usable = onePerHost(addresses.map(inNetboxsForm)).filter(isHostAddress);
      const vid = isVid(vidInside(name)) && !isTagged(config, slot, type) ? vidInside(name) : undefined;
      const untaggedVlan = vid === undefined ? undefined : vlanOf(vid);
      const vlan = untaggedVlan === undefined ? {} : { mode: "access", untaggedVlan };
      return [[own, { fields: { enabled: true, parent, ...vlan }, customFields: {}, tags: [], addresses: usable }]];
    }),
  );
}

const isVid = (vid: number): boolean => vid >= 1 && vid <= 4094;

const isTagged = (config: GuestConfig, slot: number, type: GuestType): boolean =>
  cardOf(config, slot, type).keys.has("tag");

/** The VIDs of the VLANs that a guest made on NICs without a tag, by the names of their interfaces. */
export function vidsInside({
  config,
  type,
  agent,
}: Pick<SeenMachine, "config" | "type" | "agent">): Map<string, number> {
  const open = slotsOf(config).filter((slot) => !isTagged(config, slot, type));
  const macs = new Set(open.map((slot) => cardOf(config, slot, type).mac));
  const found = (agent?.vlans ?? []).filter(({ name, mac }) => macs.has(mac) && isVid(vidInside(name)));
  return new Map(found.map(({ name }) => [name.replace(/@.*$/, ""), vidInside(name)]));
}

/** Ranges of so many VLANs are listed one by one; of more, nobody means each by itself. */
const mostListed = 64;

/** A trunk's VLANs one by one; undefined where NetBox can't or needn't list them. */
function listedVlans(trunks: string | undefined): number[] | undefined {
  if (trunks === undefined) return [];
  const all = vlansOf(trunks);
  const isPlain = all.length > 0 && all.every((vid) => vid >= 1 && vid <= 4094);
  return isPlain && all.length <= mostListed ? all : undefined;
}

/** The VIDs that a guest's interfaces have. */
export const vidsOf = ({ config, type }: Pick<SeenMachine, "config" | "type">): number[] =>
  slotsOf(config).flatMap((slot) => {
    const { keys } = cardOf(config, slot, type);
    return [...(keys.has("tag") ? [Number(keys.get("tag"))] : []), ...(listedVlans(keys.get("trunks")) ?? [])];
  });

function interfaceOf(
  { config, type, agent }: SeenMachine,
  slot: number,
  name: string,
  fields: CustomFieldNames,
  vlan: VlanNames,
): InterfaceArgs {
  const { model, mac, keys } = cardOf(config, slot, type);
  const tag = keys.has("tag") ? Number(keys.get("tag")) : undefined;
  const trunks = keys.get("trunks");
  const listed = listedVlans(trunks);
  const mtu = Number(keys.get("mtu") ?? 0);
  const addresses = addressesOf(config, slot, type, mac === undefined ? undefined : agent?.addresses[mac]);
  const inside = type === "lxc" ? keys.get("name") : undefined;
  return {
    fields: withoutUndefined({
      mac,
      enabled: !isTrue(keys.get("link_down")),
      // 1 is PVE's word for the bridge's own.
      mtu: mtu > 1 ? mtu : undefined,
      mode:
        listed === undefined ? "tagged-all" : listed.length > 0 ? "tagged" : tag === undefined ? undefined : "access",
      untaggedVlan: tag === undefined ? undefined : vlan(tag),
      taggedVlans: listed === undefined || listed.length === 0 ? undefined : listed.map(vlan).sort(),
    }),
    customFields: withoutUndefined({
      [fields.bridge]: keys.get("bridge") ?? "none",
      [fields.netModel]: model,
      [`${fields.optionPrefix}trunks`]: listed === undefined ? trunks : undefined,
      [`${fields.optionPrefix}name`]:
        inside === undefined || inside === nameInside(slot, { name }) ? undefined : inside,
    }),
    tags: [],
    addresses,
  };
}

/** Can an interface have it in NetBox? A network's own address and its broadcast address it can't, nor one without a length: agents of Windows say -1. */
export function isHostAddress(address: string): boolean {
  const [host = "", text = ""] = address.split("/");
  if (!ipaddr.isValid(host) || !/^\d+$/.test(text) || Number(text) === 0) return false;
  const isFour = ipaddr.parse(host).kind() === "ipv4";
  if (Number(text) > (isFour ? 32 : 128) || host.includes("%")) return false;
  if (Number(text) >= (isFour ? 31 : 127)) return true;
  const same = (other: { toString: () => string }) => other.toString() === ipaddr.parse(host).toString();
  return isFour
    ? !same(ipaddr.IPv4.networkAddressFromCIDR(address)) && !same(ipaddr.IPv4.broadcastAddressFromCIDR(address))
    : !same(ipaddr.IPv6.networkAddressFromCIDR(address));
}

/** What the configuration gives the interface, and what the guest itself says. */
function addressesOf(config: GuestConfig, slot: number, type: GuestType, seen: string[] | undefined): string[] {
  const keys = toldAddresses(config, slot, type);
  const [four, six] = [keys.get("ip") ?? "", keys.get("ip6") ?? ""];
  const given = [four, six].filter((each) => each.includes("/")).map(inNetboxsForm);
  const status = (address: string): string => {
    if (familyOf(address) === 4) return four === "dhcp" ? " dhcp" : "";
    return six === "dhcp" ? " dhcp" : six === "auto" ? " slaac" : "";
  };
  const others = onePerHost((seen ?? []).map(inNetboxsForm)).filter(
    (each) => !given.some((one) => hostOf(one) === hostOf(each)),
  );
  return [...given, ...others.map((each) => `${each}${status(each)}`)].filter((each) =>
    isHostAddress(each.split(" ")[0] ?? ""),
  );
}

/** A host has one prefix length in NetBox: its first. */
const onePerHost = (addresses: string[]): string[] =>
  addresses.filter((each, n) => addresses.findIndex((one) => hostOf(one) === hostOf(each)) === n);

/** An address as NetBox writes it. */
const inNetboxsForm = (address: string): string => {
  const [host = "", length] = address.split("/");
  return ipaddr.isValid(host) ? `${canonical(host)}/${length}` : address;
};

/** The gateways that a guest's configuration names, with the address that each is for. */
export function gatewaysOf({
  config,
  type,
}: Pick<SeenMachine, "config" | "type">): { address: string; gateway: string }[] {
  return slotsOf(config).flatMap((slot) => {
    const keys = toldAddresses(config, slot, type);
    return (["ip", "ip6"] as const).flatMap((key) => {
      const [address = "", gateway] = [keys.get(key), keys.get(key === "ip" ? "gw" : "gw6")];
      return address.includes("/") && gateway !== undefined ? [{ address: inNetboxsForm(address), gateway }] : [];
    });
  });
}
