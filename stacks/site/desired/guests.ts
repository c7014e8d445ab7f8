import type { NetboxDisk, NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { NetboxGuestInputs } from "../../../providers/netbox/virtualization/guest.model";
import { guestTitle } from "../../../providers/ownership/mark";
import { type Disk, shrinkProblem } from "../../../providers/proxmox/nodes/guest.model";
import { bootProblem, vmSettledProblem, vmState } from "../../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { groupBy, isRecord } from "../../../providers/values";
import { canonical } from "../../netbox/address";
import { guestTypeOf, namedNode, vmidOf } from "../../netbox/identity";
import { type InterfaceTraits, type NicTraits, type SlottedInterfaces, slotInterfaces } from "../../netbox/interfaces";
import { isBuilt, isLeft, isToBePromoted } from "../../netbox/statuses";
import { type Addressing, addressesOf } from "./addresses";
import { nameOnProxmox, nicOnProxmox } from "./carried";
import { clashes } from "./clashes";
import { disksOf, guestStorageOf, type KeptDisks } from "./disks";
import { guestFallbacks, settingsOf } from "./guestsettings";
import { markOf } from "./identity";
import { checkNumbers, type GuestMapping, machineOf } from "./mapping";
import { nicOf } from "./networks";
import { checkNewDisks, checkOffered } from "./offered";
import { memoryOf, migrationProblem, type NodeNeeds, nicProblems, Placement, placeOfGuest } from "./placement";
import type { PresentGuest } from "./present";
import { checkAdoptedPool, checkRights } from "./rights";
import { diskSlotProblems, nicSlotProblems } from "./slots";
import { lxcTemplateOf, type Source, templateOf } from "./sources";
import type { DesiredGuest, GuestProblem, Machine, Problem, Site } from "./types";
import { type GuestTarget, targetOf } from "./vmid";

/**
 * The guests that should be, and everything that keeps one of them from being built, before anything is touched.
 * @param left NetBox ids of guests that are left out: what they have stays theirs
 */
export function desiredGuests(
  site: Site,
  left: ReadonlySet<number> = new Set(),
): { guests: DesiredGuest[]; problems: GuestProblem[] } {
  const problems: GuestProblem[] = [];
  const vmidField = vmidFieldOf(site);
  const built = site.netbox.guests.filter(({ status }) => isBuilt(status)).sort((a, b) => a.id - b.id);
  const parts = {
    interfaces: groupBy(site.netbox.interfaces, ({ guestId }) => guestId),
    disks: groupBy(site.netbox.disks, ({ guestId }) => guestId),
  };
  const placements = placementsOf(site, built);
  const guests = built.flatMap((guest) => {
    if (left.has(guest.id)) return [];
    const mapped = desiredGuest(site, guest, {
      interfaces: parts.interfaces.get(guest.id) ?? [],
      disks: parts.disks.get(guest.id) ?? [],
      placement: placements.get(guest.clusterName ?? ""),
      vmidField,
    });
    problems.push(...mapped.problems.map((text) => ({ guests: [guest.id], text })));
    return mapped.guest ? [mapped.guest] : [];
  });
  problems.push(...clashes(site, guests, left));
  return { guests, problems };
}

/** By cluster, with the guests whose node is settled: those that are there, and new ones that NetBox names one for. Others are kept apart from them. */
function placementsOf({ proxmox, settings, state }: Site, built: NetboxVirtualMachine[]): Map<string, Placement> {
  const placements = new Map(
    [...proxmox].map(([cluster, facts]) => [cluster, new Placement(facts, settings.site.antiAffinityPrefix)]),
  );
  for (const guest of built) {
    const cluster = guest.clusterName ?? "";
    const vmid = state.guests.get(guest.id)?.vmid ?? vmidOf(guest, settings)?.vmid;
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
  // What failed, or has a status of its own, is left as it is, and not made where it isn't.
  if (isLeft(guest.status) && !found.built) return { problems };

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
  checkAdopted(site, guest, found, { rebuilds, type }, problem);
  const target = rebuilds ? { ...found, built: false, kept: undefined } : found;
  const mapping: GuestMapping = { site, guest, name, mark, type, own, facts, target, slotted, nics, problem };
  const source = type === "qemu" ? templateOf(mapping) : lxcTemplateOf(mapping);
  const last = target.built && !target.adopts ? site.state.guests.get(guest.id)?.last : undefined;
  const storage = isLeft(guest.status) ? undefined : guestStorageOf(guest, settings, last);
  const diskMap = disksOf(
    disks,
    guest,
    type,
    { kept: target.kept ?? keptOf(source), present: found.present?.disks, storage },
    settings,
    problem,
  );
  if (source?.volume !== undefined && !target.built) checkRootfs(mapping, diskMap);
  const standing = {
    type,
    vmid: target.vmid,
    source: target.built ? undefined : source,
    config: target.built ? facts.seen.get(target.vmid)?.config : undefined,
    known: site.state.guests.get(guest.id),
  };
  const listed = new Set(disks.map(({ name }) => name));
  const listedDisks = Object.fromEntries(Object.entries(diskMap ?? {}).filter(([slot]) => listed.has(slot)));
  diskSlotProblems(standing, listedDisks, problem);
  nicSlotProblems(standing, nics, slotted, problem);
  const node = namedNode(guest, fields.node, facts, problem);
  const needs = source && needsOf(mapping, source, diskMap);
  const placed = target.built || problems.length > 0 ? undefined : placeOfGuest(mapping, node, needs, placement);
  const at = node ?? target.node;
  if (target.built && at !== undefined) nicProblems(mapping, at, nics, target.networks);
  if (target.built && node !== undefined) checkMigration(mapping, node);
  const given = addressesOf(
    { site, guest, mark, slotted, others, vmid: target.vmid, present: found.present } satisfies Addressing,
    problem,
  );
  const machine = machineOf(mapping, { node, placement: target.placement ?? placed, disks: diskMap, source });
  if (target.built && !target.adopts && guest.status !== "failed") checkChanges(mapping, machine);
  if (target.adopts) checkAdoptedPool(mapping);
  else if (!isLeft(guest.status)) {
    checkOffered(mapping, machine, at ?? placed);
    checkRights(mapping, machine);
    if (target.built && at !== undefined) checkNewDisks(mapping, machine, at);
  }
  if (problems.length > 0) return { problems };

  // Nothing new is asked for on behalf of a guest that is left as it is.
  const adopted = target.adopted ? { adopted: true as const } : {};
  const allocations = given.allocations
    .filter(({ inputs }) => !isLeft(guest.status) || inputs.addressId !== undefined)
    .map((each) => ({ ...each, inputs: { ...each.inputs, ...adopted } }));
  return {
    problems,
    guest: {
      id: guest.id,
      name: guest.name,
      status: guest.status,
      mark,
      adopted: target.adopted,
      netbox: { mark, vmid: target.vmid, derived: target.derived, field: vmidField, ...adopted },
      allocations,
      nics: given.nics,
      machine,
      promote: isToBePromoted(guest, settings),
      rebootPolicy: own.rebootPolicy ?? guestFallbacks.rebootPolicy,
      safety: { before: own.snapshotBefore ?? [], days: own.snapshotDays ?? guestFallbacks.snapshotDays },
    },
  };
}

/** What is made anew is deleted first, and an adopted guest isn't, unless it may be. */
function checkAdopted(
  { settings: { site }, state }: Site,
  guest: NetboxVirtualMachine,
  { adopted }: GuestTarget,
  { rebuilds, type }: { rebuilds: boolean; type: GuestType },
  problem: (text: string) => void,
): void {
  const known = state.guests.get(guest.id);
  const isReplaced = rebuilds || (known !== undefined && known.type !== type);
  const maybe = site.adopt || guest.tags.includes(site.adoptTag) || known?.last.adopted === true;
  if (isReplaced && (adopted || maybe) && site.destroyAdopted !== true)
    problem(
      `it ${adopted ? "was" : "may have been"} adopted, and to make it anew deletes it; set netbox-proxmox:site.destroyAdopted to true to allow that, or take ${rebuilds ? "the rebuild counter" : "the change of its kind"} back`,
    );
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
    cloneStorage: own.fullClone === false ? undefined : own.storage,
    content: type === "qemu" ? "images" : "rootdir",
    nics: [...nics.values()],
  };
}

/** What can't be done to a guest that is there: it is said here, in one sentence, before the engine is told. */
function checkChanges({ site, guest, problem }: GuestMapping, { type, inputs }: Machine): void {
  const last = site.state.guests.get(guest.id)?.last;
  if (last === undefined) return;
  const before = vmState.pick({ disks: true, rebuild: true }).partial().safeParse(last).data ?? {};
  const reasons = [
    shrinkProblem(before.disks, inputs.disks),
    ...(type === "qemu" ? [vmSettledProblem(before, inputs) ?? bootProblem(before, inputs)] : []),
  ];
  for (const reason of reasons) if (reason !== undefined) problem(reason);
}

/** A guest goes to another node where NetBox names another than last time. */
function checkMigration({ site, guest, facts, target, problem }: GuestMapping, node: string): void {
  const last = site.state.guests.get(guest.id)?.last;
  if (last === undefined || last.node === node || target.node === node || target.node === undefined) return;
  const disks = isRecord(last.disks) ? Object.values(last.disks) : [];
  const storages = disks.flatMap((disk) => (isRecord(disk) && typeof disk.storage === "string" ? [disk.storage] : []));
  const reason = migrationProblem(facts, node, storages);
  if (reason !== undefined)
    problem(
      `it can't migrate from ${target.node} to ${node}: ${node} ${reason}; name ${target.node} or another node in NetBox, or run again when that is mended`,
    );
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
