import type { NetboxDisk, NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { NetboxGuestInputs } from "../../../providers/netbox/virtualization/guest.model";
import { guestTitle } from "../../../providers/ownership/mark";
import type { Disk } from "../../../providers/proxmox/nodes/guest.model";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { groupBy } from "../../../providers/values";
import { canonical } from "../../netbox/address";
import { guestTypeOf, namedNode, vmidOf } from "../../netbox/identity";
import { type InterfaceTraits, type NicTraits, type SlottedInterfaces, slotInterfaces } from "../../netbox/interfaces";
import { isBuilt, isToBePromoted } from "../../netbox/statuses";
import { type Addressing, addressesOf } from "./addresses";
import { nameOnProxmox, nicOnProxmox } from "./carried";
import { disksOf, type KeptDisks } from "./disks";
import { settingsOf } from "./guestsettings";
import { markOf } from "./identity";
import { checkNumbers, type GuestMapping, machineOf } from "./mapping";
import { nicOf } from "./networks";
import { memoryOf, type NodeNeeds, nicProblems, Placement, placeOfGuest } from "./placement";
import type { PresentGuest } from "./present";
import { lxcTemplateOf, type Source, templateOf } from "./sources";
import type { DesiredGuest, Problem, Site } from "./types";
import { targetOf } from "./vmid";

/** The guests that should be, and everything that keeps this from being built, before anything is touched. */
export function desiredGuests(site: Site): { guests: DesiredGuest[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const vmidField = vmidFieldOf(site);
  const built = site.netbox.guests.filter(({ status }) => isBuilt(status)).sort((a, b) => a.id - b.id);
  const parts = {
    interfaces: groupBy(site.netbox.interfaces, ({ guestId }) => guestId),
    disks: groupBy(site.netbox.disks, ({ guestId }) => guestId),
  };
  const placements = placementsOf(site, built);
  const guests = built.flatMap((guest) => {
    const mapped = desiredGuest(site, guest, {
      interfaces: parts.interfaces.get(guest.id) ?? [],
      disks: parts.disks.get(guest.id) ?? [],
      placement: placements.get(guest.clusterName ?? ""),
      vmidField,
    });
    problems.push(...mapped.problems);
    return mapped.guest ? [mapped.guest] : [];
  });
  problems.push(...clashes(guests));
  return { guests, problems };
}

/** By cluster, with the guests whose node is settled: those that are there, and new ones that NetBox names one for. Others are kept apart from them. */
function placementsOf({ proxmox, settings }: Site, built: NetboxVirtualMachine[]): Map<string, Placement> {
  const placements = new Map(
    [...proxmox].map(([cluster, facts]) => [cluster, new Placement(facts, settings.site.antiAffinityPrefix)]),
  );
  for (const guest of built) {
    const cluster = guest.clusterName ?? "";
    const vmid = vmidOf(guest, settings)?.vmid;
    const facts = proxmox.get(cluster);
    const there = vmid === undefined ? undefined : facts?.guests.get(vmid);
    // A node that is not there is told of the guest itself.
    const named = facts && namedNode(guest, settings.site.customFields.node, facts, () => {});
    if (there) placements.get(cluster)?.count(guest, there.node);
    else if (named !== undefined) placements.get(cluster)?.count(guest, named, memoryOf(guest));
  }
  return placements;
}

interface Parts {
  interfaces: NetboxInterface[];
  disks: NetboxDisk[];
  placement: Placement | undefined;
  vmidField: NetboxGuestInputs["field"];
}

function desiredGuest(
  site: Site,
  guest: NetboxVirtualMachine,
  { interfaces, disks, placement, vmidField }: Parts,
): { guest?: DesiredGuest; problems: Problem[] } {
  const { settings } = site;
  const fields = settings.site.customFields;
  const mark = markOf(site, guest.id);
  const problems: Problem[] = [];
  const problem = (text: string) => problems.push(`${guestTitle({ name: guest.name, mark })}: ${text}`);
  const facts = site.proxmox.get(guest.clusterName ?? "");
  const type = guestTypeOf(guest, settings);
  if (type === undefined)
    problem(`custom field ${fields.type} holds "${guest.customFields.get(fields.type)}"; write vm or lxc`);
  const found = facts && type && targetOf(site, guest, type, mark, facts, problem);
  if (facts === undefined || type === undefined || found === undefined) return { problems };
  // What failed is left as it is, and not made where it isn't.
  if (guest.status === "failed" && !found.built) return { problems };

  const name = nameOnProxmox(guest, { vmid: found.vmid, type }, found.present);
  checkNumbers({ ...guest, name }, found.present?.name, problem);
  const own = settingsOf(guest, settings, problem);
  const { slotted, others } = slottedInterfaces(site, interfaces, type, found.present, problem);
  if (slotted.size === 0 && found.present?.nics.size !== 0) problem(lacksInterface(interfaces));
  const nics = new Map(
    [...slotted].map(
      ([slot, each]) =>
        [slot, nicOnProxmox(nicOf(each, guest, type, own, settings, problem), found.present?.nics.get(slot))] as const,
    ),
  );
  const rebuilds = found.built && own.rebuild !== undefined && own.rebuild !== found.rebuild && !found.adopts;
  const target = rebuilds ? { ...found, built: false, kept: undefined } : found;
  const mapping: GuestMapping = { site, guest, name, mark, type, own, facts, target, slotted, nics, problem };
  const source = type === "qemu" ? templateOf(mapping) : lxcTemplateOf(mapping);
  const diskMap = disksOf(
    disks,
    guest,
    type,
    { kept: target.kept ?? keptOf(source), present: found.present?.disks },
    settings,
    problem,
  );
  if (source?.volume !== undefined && !target.built) checkRootfs(mapping, diskMap);
  const node = namedNode(guest, fields.node, facts, problem);
  const needs = source && needsOf(mapping, source, diskMap);
  const placed = target.built || problems.length > 0 ? undefined : placeOfGuest(mapping, node, needs, placement);
  const at = node ?? target.node;
  if (target.built && at !== undefined) nicProblems(mapping, at, nics, target.networks);
  const given = addressesOf(
    { site, guest, mark, slotted, others, vmid: target.vmid, present: found.present } satisfies Addressing,
    problem,
  );
  const machine = machineOf(mapping, { node, placement: target.placement ?? placed, disks: diskMap, source });
  if (problems.length > 0) return { problems };

  // Nothing new is asked for on behalf of a guest that is left as it is.
  const allocations = given.allocations.filter(
    ({ inputs }) => guest.status !== "failed" || inputs.addressId !== undefined,
  );
  return {
    problems,
    guest: {
      id: guest.id,
      name: guest.name,
      status: guest.status,
      mark,
      netbox: { mark, vmid: target.vmid, derived: target.derived, field: vmidField },
      allocations,
      nics: given.nics,
      machine,
      promote: isToBePromoted(guest, settings),
      rebootPolicy: own.rebootPolicy ?? "never",
      safety: { before: own.snapshotBefore ?? [], days: own.snapshotDays ?? 7 },
    },
  };
}

/** A guest's interfaces by the slots of its network devices, and those that are none. */
function slottedInterfaces(
  { netbox, settings }: Site,
  interfaces: NetboxInterface[],
  type: GuestType,
  present: PresentGuest | undefined,
  problem: (text: string) => void,
): SlottedInterfaces<NetboxInterface & InterfaceTraits> {
  const { bridge, netModel } = settings.site.customFields;
  const traits = interfaces.map((each) => ({
    ...each,
    isDevice: [bridge, netModel].some((field) => each.customFields.get(field) !== undefined),
    hosts: netbox.ipam.onInterface(each.id).map(({ address }) => canonical(address)),
  }));
  const nics = [...(present?.nics ?? [])].map(([slot, { mac, name, ip = "", ip6 = "" }]): NicTraits => {
    const inside = type === "lxc" ? name : undefined;
    return { slot, mac, inside, hosts: [ip, ip6].filter((each) => each.includes("/")).map(canonical) };
  });
  return slotInterfaces(traits, nics, problem);
}

const lacksInterface = (interfaces: NetboxInterface[]): string =>
  interfaces.length === 0
    ? "it has no interface; add one in NetBox, named net0"
    : `none of its interfaces (${interfaces.map(({ name }) => name).join(", ")}) is a network device; add one in NetBox, named net0`;

/** The custom field that VMIDs are written into, where NetBox has it. */
function vmidFieldOf({ netbox, settings }: Site): NetboxGuestInputs["field"] {
  const definition = netbox.customFields.find(
    ({ name, objectTypes }) =>
      name === settings.site.customFields.vmid && objectTypes.includes("virtualization.virtualmachine"),
  );
  return definition && { name: definition.name, integer: definition.type === "integer" };
}

const keptOf = (source: Source | undefined): KeptDisks =>
  source !== undefined && "disks" in source.facts ? source.facts.disks : {};

/** What the guest needs of a node that it is made on. */
function needsOf(
  { type, own, nics }: GuestMapping,
  source: Source,
  disks: Record<string, Disk> | undefined,
): NodeNeeds {
  const storages = [own.storage, ...Object.values(disks ?? {}).map(({ storage }) => storage)];
  return {
    source: source.facts,
    storages: [...new Set(storages.filter((storage) => storage !== undefined))],
    content: type === "qemu" ? "images" : "rootdir",
    nics: [...nics.values()],
  };
}

/** A container from an OS template brings no root file system of its own. */
function checkRootfs({ site, own, problem }: GuestMapping, disks: Record<string, Disk> | undefined): void {
  if ((disks?.rootfs?.storage ?? own.storage) === undefined)
    problem(
      `no storage is named for its root file system; set the custom field ${site.settings.site.customFields.storage} in NetBox, or netbox-proxmox:defaults.storage`,
    );
  if (disks?.rootfs === undefined)
    problem("it has no virtual disk rootfs; add one in NetBox with the size of its root file system");
}

// ---- all guests together

function clashes(guests: DesiredGuest[]): Problem[] {
  const twins = (what: string, remedy: string, keys: (guest: DesiredGuest) => string[]): Problem[] => {
    const holders = new Map<string, DesiredGuest[]>();
    for (const guest of guests)
      for (const key of keys(guest)) {
        const found = holders.get(key);
        if (found === undefined) holders.set(key, [guest]);
        else found.push(guest);
      }
    return [...holders]
      .filter(([, list]) => list.length > 1)
      .map(
        ([key, list]) =>
          `${list.map(guestTitle).join(" and ")} have the same ${what} ${key.split("\0").pop()}; ${remedy}`,
      );
  };
  const addresses = ({ nics }: DesiredGuest) =>
    nics.flatMap(({ v4, v6, kept = [] }) =>
      [kept.includes(4) ? undefined : v4, kept.includes(6) ? undefined : v6].flatMap((ref) =>
        ref && "address" in ref ? [ref.address.split("/")[0] ?? ""] : [],
      ),
    );
  return [
    ...twins("VMID", "change one in NetBox", ({ machine: { inputs } }) => [`${inputs.cluster}\0${inputs.vmid}`]),
    ...twins("name", "rename one in NetBox", ({ name, machine: { inputs } }) => [
      `${inputs.cluster}\0${name.toLowerCase()}`,
    ]),
    ...twins("address", "take it off one in NetBox", addresses),
  ];
}
