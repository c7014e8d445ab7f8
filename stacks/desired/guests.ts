import { guestUrl, type Mark, printMark } from "../../providers/mark";
import type { NetboxDisk, NetboxInterface, NetboxVirtualMachine } from "../../providers/netbox/schemas";
import { type GuestInputs, type Nic, tidyTags } from "../../providers/proxmox/guest.model";
import type { GuestType } from "../../providers/proxmox/schemas";
import type { Settings } from "../settings";
import { type Addressing, addressesOf } from "./addresses";
import { type Claim, claimOf } from "./claims";
import { disksOf, type KeptDisks, toMebibytes } from "./disks";
import { type GuestSettings, settingsOf } from "./guestsettings";
import { modelOf, nameInside, nicOf, slots } from "./networks";
import { optionsOf } from "./options";
import { namedNode, nicProblem, Placement, unfit } from "./placement";
import { lxcTemplateOf, type Source, templateOf } from "./templates";
import type { DesiredGuest, InState, Machine, NetboxFacts, Problem, ProxmoxFacts } from "./types";

export interface Site {
  stack: string;
  settings: Settings;
  netbox: NetboxFacts;
  proxmox: Map<string, ProxmoxFacts>;
  state: InState;
  /** Hosts that must not be handed out: guests still use them whose NetBox objects are gone. */
  avoid: string[];
}

/** Statuses whose guests are built, and what these do. */
const power: Record<string, GuestInputs["power"]> = {
  active: "running",
  paused: "paused",
  staged: "stopped",
  offline: "stopped",
};

/** Is a guest of this status declared: always, or, where it failed, if it is there? */
export const isBuilt = (status: string): boolean => status in power || status === "failed";

const hostname = /^(?=.{1,63}(\.|$))([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export const markOf = (site: Pick<Site, "stack" | "netbox">, netboxId: number): Mark => ({
  stack: site.stack,
  netboxUrl: site.netbox.url,
  netboxId,
});

/** The VMID that a guest has or will have; undefined where its custom field holds no VMID. */
export function vmidOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
): { vmid: number; derived: boolean } | undefined {
  const derived = (settings.defaults(guest.clusterName ?? "").vmidBase ?? 100_000) + guest.id;
  const text = guest.customFields.get(settings.site.customFields.vmid);
  if (text === undefined) return { vmid: derived, derived: true };
  const given = Number(text);
  if (!Number.isInteger(given) || given < 100 || given > 999_999_999) return undefined;
  return { vmid: given, derived: given === derived };
}

/** Virtual machine or container: by its custom field, else by its role. */
export function typeOf(guest: NetboxVirtualMachine, settings: Settings): GuestType | undefined {
  const named = guest.customFields.get(settings.site.customFields.type);
  if (named === undefined) return guest.role === "proxmox-lxc" ? "lxc" : "qemu";
  return named === "lxc" ? "lxc" : named === "vm" ? "qemu" : undefined;
}

/** The guests that should be, and everything that keeps this from being built, before anything is touched. */
export function desiredGuests(site: Site): { guests: DesiredGuest[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const built = site.netbox.guests.filter(({ status }) => isBuilt(status)).sort((a, b) => a.id - b.id);
  const parts = {
    interfaces: groupBy(site.netbox.interfaces, ({ guestId }) => guestId),
    disks: groupBy(site.netbox.disks, ({ guestId }) => guestId),
    addresses: groupBy(site.netbox.addresses, ({ interfaceId }) => interfaceId),
  };
  const placements = placementsOf(site, built);
  const guests = built.flatMap((guest) => {
    const mapped = desiredGuest(site, guest, {
      interfaces: parts.interfaces.get(guest.id) ?? [],
      disks: parts.disks.get(guest.id) ?? [],
      addresses: parts.addresses,
      placement: placements.get(guest.clusterName ?? ""),
    });
    problems.push(...mapped.problems);
    return mapped.guest ? [mapped.guest] : [];
  });
  problems.push(...clashes(guests));
  return { guests, problems };
}

/** By cluster, with the guests that have their node already: they stay, and others are kept apart from them. */
function placementsOf({ proxmox, settings }: Site, built: NetboxVirtualMachine[]): Map<string, Placement> {
  const placements = new Map(
    [...proxmox].map(([cluster, facts]) => [cluster, new Placement(facts, settings.site.antiAffinityPrefix)]),
  );
  for (const guest of built) {
    const cluster = guest.clusterName ?? "";
    const vmid = vmidOf(guest, settings)?.vmid;
    const there = proxmox.get(cluster)?.guests.find((each) => each.vmid === vmid);
    if (there) placements.get(cluster)?.count(guest, there.node);
  }
  return placements;
}

interface Parts {
  interfaces: NetboxInterface[];
  disks: NetboxDisk[];
  addresses: Map<number | undefined, NetboxFacts["addresses"]>;
  placement: Placement | undefined;
}

/** One guest on its way from NetBox to its machine. */
interface Draft {
  site: Site;
  guest: NetboxVirtualMachine;
  type: GuestType;
  own: GuestSettings;
  facts: ProxmoxFacts;
  claim: Claim;
  slotted: Map<number, NetboxInterface>;
  /** By slot number. */
  nics: Map<number, Nic>;
  problem: (text: string) => void;
}

function desiredGuest(
  site: Site,
  guest: NetboxVirtualMachine,
  { interfaces, disks, addresses, placement }: Parts,
): { guest?: DesiredGuest; problems: Problem[] } {
  const { settings } = site;
  const fields = settings.site.customFields;
  const mark = markOf(site, guest.id);
  const problems: Problem[] = [];
  const problem = (text: string) => problems.push(`${guest.name} (${guestUrl(mark)}): ${text}`);
  const facts = site.proxmox.get(guest.clusterName ?? "");
  const type = typeOf(guest, settings);
  if (type === undefined)
    problem(`custom field ${fields.type} holds "${guest.customFields.get(fields.type)}"; write vm or lxc`);
  const found = facts && type && claimOf(site, guest, type, mark, facts, problem);
  if (facts === undefined || type === undefined || found === undefined) return { problems };
  // What failed is left as it is, and not made where it isn't.
  if (guest.status === "failed" && !found.built) return { problems };

  checkNumbers(guest, problem);
  if (interfaces.length === 0) problem("it has no interface; add one in NetBox, named net0");
  const own = settingsOf(guest, settings, problem);
  const slotted = slots(interfaces, problem);
  const nics = new Map(
    [...slotted].map(([slot, each]) => [slot, nicOf(each, guest, type, own, settings, problem)] as const),
  );
  const rebuilds = found.built && own.rebuild !== undefined && own.rebuild !== found.rebuild && !found.adopts;
  const claim = rebuilds ? { ...found, built: false, kept: undefined } : found;
  const draft: Draft = { site, guest, type, own, facts, claim, slotted, nics, problem };
  const source = type === "qemu" ? templateOf(draft) : lxcTemplateOf(draft);
  const kept = claim.kept ?? keptOf(source);
  const diskMap = disksOf(disks, guest, type, kept, settings, problem);
  const storages = [own.storage, ...Object.values(diskMap ?? {}).map(({ storage }) => storage)];
  const node = namedNode(guest, fields.node, facts, problem);
  const needs = source && {
    source: source.facts,
    storages: [...new Set(storages.filter((storage) => storage !== undefined))],
    content: type === "qemu" ? ("images" as const) : ("rootdir" as const),
    nics: [...nics.values()],
  };
  if (source?.volume !== undefined && !claim.built && (diskMap?.rootfs?.storage ?? own.storage) === undefined)
    problem(
      `no storage is named for its root file system; set the custom field ${fields.storage} in NetBox, or netbox-proxmox:defaults.storage`,
    );
  if (source?.volume !== undefined && !claim.built && diskMap?.rootfs === undefined)
    problem("it has no virtual disk rootfs; add one in NetBox with the size of its root file system");
  const placed = claim.built || problems.length > 0 ? undefined : placeOf(draft, node, needs, placement);
  nicProblems(draft, node ?? claim.node);
  const given = addressesOf({ site, guest, mark, slotted, addresses, vmid: claim.vmid } satisfies Addressing, problem);
  const shared = sharedInputs(draft, mark);
  const common = { ...shared, node, placement: claim.placement ?? placed, disks: diskMap };
  const machine: Machine =
    type === "qemu"
      ? { type, inputs: { ...common, ...virtualMachine(draft), template: source?.vmid } }
      : { type, inputs: { ...common, ...container(draft), template: source?.vmid ?? source?.volume } };
  if (problems.length > 0) return { problems };

  const definition = site.netbox.customFields.find(
    ({ name, objectTypes }) => name === fields.vmid && objectTypes.includes("virtualization.virtualmachine"),
  );
  const field = definition && { name: definition.name, integer: definition.type === "integer" };
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
      netbox: { mark, vmid: claim.vmid, derived: claim.derived, field },
      allocations,
      nics: given.nics,
      machine,
      promote: promotes(guest, settings),
      rebootPolicy: own.rebootPolicy ?? "never",
    },
  };
}

const promotes = (guest: NetboxVirtualMachine, { site }: Settings): boolean =>
  guest.status === "staged" && (site.promote || guest.tags.includes(site.promoteTag));

function checkNumbers(guest: NetboxVirtualMachine, problem: (text: string) => void): void {
  if (!hostname.test(guest.name))
    problem("its name is no valid hostname; rename it in NetBox to letters, digits and hyphens");
  if (guest.memory !== undefined && guest.memory < 16)
    problem(`${guest.memory} MB of memory are less than PVE takes; write at least 16`);
}

const keptOf = (source: Source | undefined): KeptDisks =>
  source !== undefined && "disks" in source.facts ? source.facts.disks : {};

/** Where a new guest goes: to the node that NetBox names, if that can take it, else to one that is chosen. */
function placeOf(
  { guest, problem, facts }: Draft,
  node: string | undefined,
  needs: Parameters<typeof unfit>[2] | undefined,
  placement: Placement | undefined,
): string | undefined {
  if (needs === undefined || placement === undefined) return undefined;
  const memory = (guest.memory ?? 512) * 1024 ** 2;
  if (node !== undefined) {
    const reason = unfit(facts, node, needs);
    if (reason !== undefined) problem(`node ${node} can't take it: ${node} ${reason}; name another node in NetBox`);
    placement.count(guest, node, memory);
    return undefined;
  }
  const chosen = placement.choose(guest, needs, memory);
  if ("problem" in chosen) problem(`${chosen.problem}; name a node in NetBox that can, or mend one of these`);
  return "node" in chosen ? chosen.node : undefined;
}

/** NICs of a guest that is there are looked at where they change: what it has works, whatever is said of it. */
function nicProblems({ facts, claim, slotted, nics, problem }: Draft, node: string | undefined): void {
  if (!claim.built || node === undefined) return;
  for (const [slot, nic] of nics) {
    const last = claim.networks?.[`net${slot}`];
    if (last?.bridge === nic.bridge && last.mtu === nic.mtu) continue;
    const reason = nicProblem(facts, node, nic);
    if (reason !== undefined) problem(`interface ${slotted.get(slot)?.name}: ${node} ${reason}; correct it in NetBox`);
  }
}

/** What both kinds of guest have. */
function sharedInputs({ site, guest, type, own, claim, problem }: Draft, mark: Mark) {
  const { settings } = site;
  const { ramBaseUnit, reboots, adopt, adoptTag } = settings.site;
  const policy = own.rebootPolicy ?? "never";
  const allowed = reboots.includes("all") || reboots.includes(guest.name);
  const wanted = power[guest.status] ?? "stopped";
  if (wanted === "paused" && type === "lxc")
    problem("a container can't be paused; set it to offline or active in NetBox");
  if (wanted === "paused" && own.ha !== undefined && own.ha !== "none")
    problem("a guest with HA can't be paused; take its HA away, or set it to offline or active in NetBox");
  const asked = adopt || guest.tags.includes(adoptTag);
  return {
    cluster: guest.clusterName ?? "",
    vmid: claim.vmid,
    mark,
    fullClone: own.fullClone ?? true,
    storage: own.storage,
    name: guest.name,
    description: [guest.description, guest.comments, printMark(mark)]
      .map((part) => part.trim().replace(/\r\n/g, "\n"))
      .filter((part) => part !== "")
      .join("\n\n"),
    tags: tidyTags(guest.tags.filter((tag) => tag !== adoptTag && tag !== settings.site.promoteTag)),
    memory: guest.memory === undefined ? undefined : toMebibytes(guest.memory, ramBaseUnit),
    pool: own.pool,
    ha: own.ha,
    options: optionsOf(guest, type, settings, problem),
    power: promotes(guest, settings) ? ("running" as const) : wanted,
    adopt: asked && claim.adopts ? true : undefined,
    inert: guest.status === "failed" ? true : undefined,
    rebuild: own.rebuild,
    restart: policy === "when-needed" || (policy === "ask" && allowed) ? true : undefined,
  };
}

/** The public keys that a guest gets. */
function sshKeysOf({ site, guest, own }: Draft): string[] | undefined {
  const field = guest.customFields.get(site.settings.site.customFields.sshKeys) ?? "";
  const keys = [...(own.sshKeys ?? []), ...field.split(/\r?\n/)].map((key) => key.trim()).filter((key) => key !== "");
  return keys.length === 0 ? undefined : [...new Set(keys)];
}

function passwordOf({ site, own, problem }: Draft): { name: string; version: string } | undefined {
  if (own.password === undefined) return undefined;
  const version = site.settings.passwordVersions[own.password];
  if (version === undefined)
    problem(
      `its password is named "${own.password}", and there is none; set it with \`pulumi config set --secret --path 'netbox-proxmox:passwords["${own.password}"]'\``,
    );
  return { name: own.password, version: version ?? "" };
}

const nicAt = ({ nics }: Draft, slot: number): Nic => nics.get(slot) ?? { bridge: "" };

// ---- virtual machines

function virtualMachine(draft: Draft) {
  const { site, guest, own, slotted, problem } = draft;
  // A fraction of a CPU is a limit on the whole ones: its option cpulimit.
  const vcpus = guest.vcpus === undefined ? undefined : Math.ceil(guest.vcpus);
  const sockets = vcpus === undefined ? undefined : (own.sockets ?? 1);
  if (sockets !== undefined && vcpus !== undefined && vcpus % sockets !== 0)
    problem(
      `${vcpus} vCPUs can't be spread over ${sockets} sockets; change the vCPUs, or netbox-proxmox:defaults.sockets`,
    );
  const networks = Object.fromEntries(
    [...slotted].map(([slot, each]) => {
      const nic = nicAt(draft, slot);
      if (nic.mtu !== undefined && nic.mtu > 65_520)
        problem(`interface ${each.name} has an MTU of ${nic.mtu}; PVE takes at most 65520`);
      return [`net${slot}`, { model: modelOf(each, own, site.settings, problem), ...nic }];
    }),
  );
  return {
    cores: vcpus === undefined ? undefined : vcpus / (sockets ?? 1),
    sockets,
    networks,
    cloudInit: {
      user: own.user,
      password: passwordOf(draft),
      sshKeys: sshKeysOf(draft),
      ipconfig: {},
      nameservers: own.nameservers,
      searchDomain: own.searchDomain,
    },
  };
}

// ---- containers

function container(draft: Draft) {
  const { guest, own, slotted, problem } = draft;
  const networks = Object.fromEntries(
    [...slotted].map(([slot, each]) => {
      const nic = nicAt(draft, slot);
      if (nic.mtu !== undefined && nic.mtu < 64)
        problem(`interface ${each.name} has an MTU of ${nic.mtu}; PVE takes at least 64 for a container`);
      return [`net${slot}`, { name: nameInside(slot, each), ...nic }];
    }),
  );
  const names = Object.values(networks).map(({ name }) => name);
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  if (twice !== undefined) problem(`two of its interfaces are ${twice} inside the container; rename one in NetBox`);
  return {
    type: "lxc" as const,
    cores: guest.vcpus === undefined ? undefined : Math.ceil(guest.vcpus),
    unprivileged: own.unprivileged,
    networks,
    nameservers: own.nameservers,
    searchDomain: own.searchDomain,
    sshKeys: sshKeysOf(draft),
    password: passwordOf(draft),
  };
}

// ---- all guests together

function clashes(guests: DesiredGuest[]): Problem[] {
  const twins = (what: string, remedy: string, keys: (guest: DesiredGuest) => string[]): Problem[] => {
    const holders = new Map<string, DesiredGuest[]>();
    for (const guest of guests) for (const key of keys(guest)) holders.set(key, [...(holders.get(key) ?? []), guest]);
    return [...holders]
      .filter(([, list]) => list.length > 1)
      .map(
        ([key, list]) =>
          `${list.map(({ name, mark }) => `${name} (${guestUrl(mark)})`).join(" and ")} have the same ${what} ${key.split("\0").pop()}; ${remedy}`,
      );
  };
  const addresses = ({ nics }: DesiredGuest) =>
    nics.flatMap(({ v4, v6 }) =>
      [v4, v6].flatMap((ref) => (ref && "address" in ref ? [ref.address.split("/")[0] ?? ""] : [])),
    );
  return [
    ...twins("VMID", "change one in NetBox", ({ machine: { inputs } }) => [`${inputs.cluster}\0${inputs.vmid}`]),
    ...twins("name", "rename one in NetBox", ({ machine: { inputs } }) => [
      `${inputs.cluster}\0${inputs.name.toLowerCase()}`,
    ]),
    ...twins("address", "take it off one in NetBox", addresses),
  ];
}

function groupBy<T, K>(items: T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
