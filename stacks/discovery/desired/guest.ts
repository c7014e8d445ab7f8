import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import {
  configText,
  descriptionFrom,
  disksFrom,
  guestNameOf,
  memoryFrom,
  tagLike,
  tagsFrom,
} from "../../../providers/proxmox/nodes/guest.model";
import { volumes } from "../../../providers/proxmox/nodes/lxc/container.model";
import { cardOf, slotsOf } from "../../../providers/proxmox/nodes/nics";
import { drives } from "../../../providers/proxmox/nodes/qemu/vm.model";
import { parsePropertyString, parseSize } from "../../../providers/proxmox/propertystring";
import type { GuestConfig, GuestType } from "../../../providers/proxmox/schemas";
import { withoutUndefined } from "../../../providers/values";
import { familyOf, hostOf } from "../../netbox/address";
import type { CustomFieldNames } from "../../netbox/customfields";
import { discoveredTag } from "../../netbox/discovered";
import { snapshotsField } from "../../netbox/schema";
import type { Settings } from "../../settings";
import type { SeenMachine } from "./types";

// A guest of Proxmox VE as NetBox writes it: what the site program would read to make just this guest.

export const guestRoles: Record<GuestType, string> = { qemu: "Proxmox VM", lxc: "Proxmox LXC" };

/** The VLAN of a VID as NetBox has it, or as it will be made. */
export type VlanNames = (vid: number) => string;

export interface GuestNames {
  fields: CustomFieldNames;
  vlan: VlanNames;
  /** The device of a node; undefined where nodes are not kept. */
  device: (node: string) => string | undefined;
  units: Pick<Settings["site"], "ramBaseUnit" | "diskBaseUnit">;
}

/** What NetBox is to say of a guest; its addresses as `ADDRESS/LENGTH`, with ` dhcp` or ` slaac` behind it where its network gives it. */
export function guestArgs(
  machine: SeenMachine,
  cluster: string,
  { fields, vlan, device, units }: GuestNames,
): Pick<MachineArgs, "fields" | "customFields" | "tags" | "interfaces" | "disks" | "primary"> {
  const { config, type, vmid, node, pool, snapshots } = machine;
  const interfaces = Object.fromEntries(slotsOf(config).map((slot) => interfaceOf(machine, slot, fields, vlan)));
  const sockets = Number(config.sockets ?? 1);
  const primary = Object.entries(interfaces).find(([, { addresses }]) => addresses.length > 0)?.[0];
  return {
    fields: withoutUndefined({
      name: guestNameOf(machine),
      status: { running: "active", paused: "paused" }[machine.status] ?? "offline",
      cluster,
      device: device(node),
      role: guestRoles[type],
      platform: machine.agent?.system,
      vcpus: type === "lxc" && config.cores === undefined ? undefined : Number(config.cores ?? 1) * sockets,
      memory: toMegabytes(memoryFrom(config), units.ramBaseUnit),
      startOnBoot: Number(config.onboot ?? 0) === 1 ? "on" : "off",
      comments: descriptionFrom(config) || undefined,
      context: sockets > 1 ? { proxmox: { sockets } } : undefined,
    }),
    customFields: withoutUndefined({
      [fields.vmid]: String(vmid),
      [fields.type]: type === "lxc" ? "lxc" : "vm",
      [fields.node]: node,
      [fields.pool]: pool,
      [fields.user]: configText(config, "ciuser"),
      [fields.nameservers]: configText(config, "nameserver")
        ?.trim()
        .split(/[ ,;]+/)
        .join(", "),
      [fields.searchDomain]: configText(config, "searchdomain"),
      [fields.sshKeys]: config.sshkeys === undefined ? undefined : decodeURIComponent(String(config.sshkeys)).trim(),
      [snapshotsField]: snapshots === 0 ? undefined : snapshots,
    }),
    tags: [discoveredTag[type], ...tagsOf(config)],
    interfaces,
    disks: disksOf(config, type, fields, units.diskBaseUnit),
    ...(primary === undefined ? {} : { primary }),
  };
}

/** Tags of PVE as NetBox's slugs can be. */
export const slugLike = (tag: string): string => tagLike(tag).replace(/[^a-zA-Z0-9_-]+/g, "-");
export const tagsOf = (config: GuestConfig): string[] =>
  [...new Set(tagsFrom(config).map(slugLike))].filter((slug) => slug !== "");

/** PVE's MiB in NetBox's MB. */
const toMegabytes = (value: number, baseUnit: 1000 | 1024): number => Math.floor((value * baseUnit) / 1024);

// ---- disks

function disksOf(
  config: GuestConfig,
  type: GuestType,
  fields: CustomFieldNames,
  baseUnit: 1000 | 1024,
): NonNullable<MachineArgs["disks"]> {
  const kind = type === "qemu" ? drives : volumes;
  return Object.fromEntries(
    Object.entries(disksFrom(config, kind)).flatMap(([slot, { size, storage }]) => {
      const megabytes = toMegabytes(parseSize(size), baseUnit);
      if (megabytes < 1 || kind.fixedSize(slot)) return [];
      const { options } = parsePropertyString(configText(config, slot) ?? "");
      const customFields = withoutUndefined({
        [fields.diskStorage]: storage || undefined,
        [`${fields.optionPrefix}mp`]: options.get("mp"),
      });
      return [[slot, { fields: { size: megabytes }, customFields, tags: [] }]];
    }),
  );
}

// ---- interfaces

export const macsOf = ({ config, type }: Pick<SeenMachine, "config" | "type">): string[] =>
  slotsOf(config).flatMap((slot) => cardOf(config, slot, type).mac ?? []);

/** The VIDs that a guest's interfaces have. */
export const vidsOf = ({ config, type }: Pick<SeenMachine, "config" | "type">): number[] =>
  slotsOf(config).flatMap((slot) => {
    const { keys } = cardOf(config, slot, type);
    return [...(keys.has("tag") ? [Number(keys.get("tag"))] : []), ...trunksOf(keys)];
  });

/** `10;20-22` as single VIDs; a range too wide to be meant one by one is left out. */
function trunksOf(keys: Map<string, string>): number[] {
  return (keys.get("trunks") ?? "").split(";").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    if (part === "" || !(first >= 1) || last - first > 64) return [];
    return Array.from({ length: last - first + 1 }, (_, n) => first + n);
  });
}

type InterfaceArgs = NonNullable<MachineArgs["interfaces"]>[string];

function interfaceOf(
  { config, type, agent }: SeenMachine,
  slot: number,
  fields: CustomFieldNames,
  vlan: VlanNames,
): [string, InterfaceArgs] {
  const { model, mac, keys } = cardOf(config, slot, type);
  const inside = keys.get("name");
  // The site program calls netN ethN inside a container.
  const name = type === "lxc" && inside !== undefined && inside !== `eth${slot}` ? inside : `net${slot}`;
  const tag = keys.has("tag") ? Number(keys.get("tag")) : undefined;
  const trunks = trunksOf(keys);
  const mtu = Number(keys.get("mtu") ?? 0);
  const addresses = addressesOf(config, slot, type, keys, mac === undefined ? undefined : agent?.addresses[mac]);
  return [
    name,
    {
      fields: withoutUndefined({
        mac,
        enabled: keys.get("link_down") !== "1",
        // With 1, PVE takes the bridge's own.
        mtu: mtu > 1 ? mtu : undefined,
        mode: trunks.length > 0 ? "tagged" : tag === undefined ? undefined : "access",
        untaggedVlan: tag === undefined ? undefined : vlan(tag),
        taggedVlans: trunks.length === 0 ? undefined : trunks.map(vlan).sort(),
      }),
      customFields: withoutUndefined({ [fields.bridge]: keys.get("bridge"), [fields.netModel]: model }),
      tags: [],
      addresses,
    },
  ];
}

/** What the configuration gives the interface, and what the guest itself says. */
function addressesOf(
  config: GuestConfig,
  slot: number,
  type: GuestType,
  card: Map<string, string>,
  seen: string[] | undefined,
): string[] {
  const keys = type === "lxc" ? card : parsePropertyString(configText(config, `ipconfig${slot}`) ?? "").options;
  const [four, six] = [keys.get("ip") ?? "", keys.get("ip6") ?? ""];
  const given = [four, six].filter((each) => each.includes("/"));
  const status = (address: string): string => {
    if (familyOf(address) === 4) return four === "dhcp" ? " dhcp" : "";
    return six === "dhcp" ? " dhcp" : six === "auto" ? " slaac" : "";
  };
  const others = (seen ?? []).filter((each) => !given.some((one) => hostOf(one) === hostOf(each)));
  return [...given, ...others.map((each) => `${each}${status(each)}`)];
}

/** The gateways that a guest's configuration names, with the address that each is for. */
export function gatewaysOf({
  config,
  type,
}: Pick<SeenMachine, "config" | "type">): { address: string; gateway: string }[] {
  return slotsOf(config).flatMap((slot) => {
    const keys =
      type === "lxc"
        ? cardOf(config, slot, type).keys
        : parsePropertyString(configText(config, `ipconfig${slot}`) ?? "").options;
    return (["ip", "ip6"] as const).flatMap((key) => {
      const [address = "", gateway] = [keys.get(key), keys.get(key === "ip" ? "gw" : "gw6")];
      return address.includes("/") && gateway !== undefined ? [{ address, gateway }] : [];
    });
  });
}
