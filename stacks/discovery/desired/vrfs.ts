import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { type MachineState, printAsked, readAsked } from "../../../providers/netbox/objects/machine.model";
import { nestedId, type ObjectRow } from "../../../providers/netbox/objects/object.model";
import { printVlan, withId } from "../../../providers/netbox/objects/objecttypes";
import { isRecord } from "../../../providers/values";
import { lengthOf } from "../../netbox/address";
import { globalTable, isNamed, type Vrf } from "../../netbox/ipam";
import type { NetboxView } from "../../netbox/view";
import type { ClusterChoices } from "../settings";
import type { Documented } from "./merge";
import { type InterfaceType, type NamedNic, type Part, placed } from "./parts";

// In which VRF an address is: Proxmox VE doesn't know that there are any.

/** What the settings say, by NetBox's ids. */
export interface VrfChoices {
  /** By `BRIDGE`, `VID` or `BRIDGE.VID`. */
  byNetwork: Map<string, Vrf>;
  all: { vrf: Vrf } | undefined;
}

/** @param problem is told of names that mean no VRF, or several */
export function vrfChoices(
  { vrf, vrfs = {} }: ClusterChoices,
  { url, vrfs: there }: NetboxView,
  problem: (text: string) => void,
): VrfChoices {
  const idOf = (name: string): Vrf => {
    if (name === globalTable) return undefined;
    const [found, ...others] = (there ?? []).filter((each) => isNamed(each, name));
    const ids = [found, ...others].flatMap((each) => (each === undefined ? [] : each.id));
    if (found === undefined) problem(`NetBox at ${url} has no VRF "${name}"; add it there, or correct the setting`);
    else if (others.length > 0)
      problem(
        `NetBox has ${ids.length} VRFs "${name}" (${ids.map((id) => `${url}/ipam/vrfs/${id}/`).join(", ")}); write the id of the right one`,
      );
    return found?.id;
  };
  return {
    byNetwork: new Map(Object.entries(vrfs).map(([network, name]) => [network, idOf(name)])),
    all: vrf === undefined ? undefined : { vrf: idOf(vrf) },
  };
}

/**
 * A machine's addresses with the VRFs that they are in, as `10.0.0.5/24 vrf:3`: where NetBox has the address on the machine, the
 * VRF of its interface, what the settings say, else the one VRF that has a prefix for it. Addresses that several VRFs could have
 * are left out. @returns what was left out, and why
 */
export function placeInVrfs(
  documented: Documented,
  args: Pick<MachineArgs, "interfaces">,
  there: ObjectRow | undefined,
  {
    choices,
    bridgeField,
    type,
    known,
    nics,
  }: {
    choices: VrfChoices;
    bridgeField: string;
    type: InterfaceType;
    known: MachineState | undefined;
    nics?: readonly NamedNic[];
  },
): string[] {
  const rows = there === undefined ? [] : documented.parts(type, there.id);
  const own = placed(documented, args.interfaces ?? {}, there?.id, type, known, "interfaces", nics);
  const conflicts: string[] = [];
  const interfaces = Object.entries(args.interfaces ?? {}).map(([name, each]) => {
    const vlan = String(each.fields?.untaggedVlan ?? "");
    const bridge = bridgeOf(args.interfaces ?? {}, name, bridgeField);
    const said = saidOf(choices, rowOf(rows, own[name]), bridge, each);
    const addresses = (each.addresses ?? []).flatMap((text) => {
      const asked = readAsked(text);
      if (asked.vrfId !== undefined) return [text];
      const has = documented.onInterfaces(type, rows, asked.address);
      const found = has ? [nestedId(has.vrf)] : said.length > 0 ? said : likely(documented, asked.address, vlan);
      const [vrfId, ...others] = found;
      if (others.length === 0) return [printAsked({ ...asked, vrfId })];
      conflicts.push(
        `interfaces.${name}.addresses: ${asked.address} could be in ${found.map((vrf) => documented.vrfName(vrf)).join(" or in ")}; set the VRF of the interface in NetBox, or netbox-proxmox:discovery.vrf, .vrfs or .clusters`,
      );
      return [];
    });
    return [name, { ...each, addresses }] as const;
  });
  if (args.interfaces !== undefined) args.interfaces = Object.fromEntries(interfaces);
  return conflicts;
}

const rowOf = (rows: ObjectRow[], part: Part | undefined): ObjectRow | undefined =>
  part?.objectId === undefined ? undefined : rows.find(({ id }) => id === part.objectId);

/** The bridge that an interface is on: its own, or that of the NIC that it was made on; a node's bridge is one itself. */
function bridgeOf(interfaces: NonNullable<MachineArgs["interfaces"]>, name: string, bridgeField: string): string {
  const each = interfaces[name];
  const { parent } = each?.fields ?? {};
  if (typeof parent === "string" && parent !== name && parent in interfaces)
    return bridgeOf(interfaces, parent, bridgeField);
  return String(each?.customFields?.[bridgeField] ?? name);
}

/** The VRF that the interface has in NetBox, or that the settings name; nothing where neither does. */
function saidOf(
  { byNetwork, all }: VrfChoices,
  row: ObjectRow | undefined,
  bridge: string,
  { fields = {} }: NonNullable<MachineArgs["interfaces"]>[string],
): Vrf[] {
  const own = nestedId(row?.vrf);
  if (own !== undefined) return [own];
  const vid = /\((\d+)\)(?: #\d+)?$/.exec(String(fields.untaggedVlan ?? ""))?.[1] ?? "";
  const network = [`${bridge}.${vid}`, vid, bridge].find((each) => byNetwork.has(each));
  if (network !== undefined) return [byNetwork.get(network)];
  return all === undefined ? [] : [all.vrf];
}

/** Is it the VLAN that inputs name so: by name and VID, and by its id where others have both? */
function isVlan({ id, name, vid }: Record<string, unknown>, text: string): boolean {
  const shown = printVlan(String(name), Number(vid));
  return text === shown || text === withId(shown, Number(id));
}

/** The VRFs that have a prefix for an address: of its VLAN, of just its network, or any at all; else those that have the address. */
function likely(documented: Documented, address: string, vlan: string): Vrf[] {
  const holding = documented.vrfs().flatMap((vrf) =>
    [...documented.prefixes.holding(address, vrf)].map(({ prefix, row }) => ({
      ...{ vrf, isNetwork: lengthOf(prefix) === lengthOf(address) },
      isOfVlan: vlan !== "" && isRecord(row.vlan) && isVlan(row.vlan, vlan),
      isContainer: isRecord(row.status) && row.status.value === "container",
    })),
  );
  const ways = [
    holding.filter(({ isOfVlan }) => isOfVlan),
    holding.filter(({ isNetwork }) => isNetwork),
    holding.filter(({ isContainer }) => !isContainer),
    holding,
    documented.anywhere(address).map((row) => ({ vrf: nestedId(row.vrf) })),
  ];
  const found = ways.find((way) => way.length > 0) ?? [];
  return [...new Set(found.map(({ vrf }) => vrf))];
}
