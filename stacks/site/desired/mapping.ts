import type { NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { Mark } from "../../../providers/ownership/mark";
import type { Disk } from "../../../providers/proxmox/nodes/guest.model";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { discoveredTags } from "../../netbox/discovered";
import { hostnameLike, hostnameProblem, machineName } from "../../netbox/hostnames";
import { nameInside } from "../../netbox/interfaces";
import { isLeft, powerOf } from "../../netbox/statuses";
import { toMebibytes } from "../../netbox/units";
import { describe, keysOnProxmox, sizeOnProxmox, tagsOnProxmox } from "./carried";
import { type GuestSettings, guestFallbacks } from "./guestsettings";
import { type DesiredNetwork, nicModelOf } from "./networks";
import { optionsOfGuest } from "./options";
import type { Source } from "./sources";
import type { Machine, ProxmoxFacts, Site } from "./types";
import type { GuestTarget } from "./vmid";

/** One guest on its way from NetBox to its machine. */
export interface GuestMapping {
  site: Site;
  guest: NetboxVirtualMachine;
  /** Its name on Proxmox VE. */
  name: string;
  mark: Mark;
  type: GuestType;
  own: GuestSettings;
  facts: ProxmoxFacts;
  target: GuestTarget;
  slotted: Map<number, NetboxInterface>;
  /** By slot number. */
  nics: Map<number, DesiredNetwork>;
  problem: (text: string) => void;
}

/** What was settled of a machine beside what its NetBox object says. */
interface Settled {
  node: string | undefined;
  placement: string | undefined;
  disks: Record<string, Disk> | undefined;
  source: Source | undefined;
}

/** The machine's inputs, but for its addresses. */
export function machineOf(mapping: GuestMapping, { source, ...settled }: Settled): Machine {
  const common = { ...sharedInputs(mapping), ...settled };
  return mapping.type === "qemu"
    ? { type: "qemu", inputs: { ...common, ...virtualMachine(mapping), template: source?.vmid } }
    : { type: "lxc", inputs: { ...common, ...container(mapping), template: source?.vmid ?? source?.volume } };
}

/** What neither kind of guest can be. @param present the name that it has on Proxmox VE */
export function checkNumbers(
  guest: Pick<NetboxVirtualMachine, "name" | "memory">,
  present: string | undefined,
  problem: (text: string) => void,
): void {
  const wrong = guest.name === present ? undefined : hostnameProblem(guest.name);
  const near = hostnameLike(guest.name);
  if (wrong !== undefined)
    problem(
      `its name ${wrong}; rename it in NetBox${near === undefined ? " to letters, digits and hyphens" : `, for instance to ${near}`}`,
    );
  if (guest.memory !== undefined && guest.memory < 16)
    problem(`${guest.memory} MB of memory are less than PVE takes; write at least 16`);
}

/** Characters of `description` that PVE takes. */
const longestNotes = 8192;

/** What both kinds of guest have. */
function sharedInputs({ site, guest, name, type, own, target, mark, problem }: GuestMapping) {
  const { settings } = site;
  const { ramBaseUnit, reboots, adopt, adoptTag } = settings.site;
  const policy = own.rebootPolicy ?? guestFallbacks.rebootPolicy;
  const allowed = reboots.includes("all") || reboots.includes(guest.name);
  const wanted = powerOf(guest, settings);
  if (wanted === "paused" && type === "lxc")
    problem("a container can't be paused; set it to offline or active in NetBox");
  if (wanted === "paused" && own.ha !== undefined && own.ha !== "none")
    problem("a guest with HA can't be paused; take its HA away, or set it to offline or active in NetBox");
  const { present } = target;
  const notes = [guest.description, guest.comments].map((part) => part.trim()).filter((part) => part !== "");
  const description = describe(notes.join("\n\n"), mark, target.adopted, present);
  if (description.length > longestNotes)
    problem(
      `its description and comments make ${description.length} characters of notes, and PVE takes ${longestNotes}; shorten them in NetBox`,
    );
  // Tags that are between NetBox and this program.
  const isNetboxs = (tag: string) => [adoptTag, settings.site.promoteTag, ...discoveredTags].includes(tag);
  const asked = adopt || guest.tags.includes(adoptTag);
  return {
    cluster: guest.clusterName ?? "",
    vmid: target.vmid,
    mark,
    fullClone: own.fullClone ?? guestFallbacks.fullClone,
    storage: own.storage,
    name: machineName(name),
    description,
    tags: tagsOnProxmox(guest.tags, present, isNetboxs),
    memory:
      guest.memory === undefined
        ? undefined
        : (sizeOnProxmox(guest.memory, present?.memory, ramBaseUnit) ?? toMebibytes(guest.memory, ramBaseUnit)),
    pool: own.pool,
    ha: own.ha,
    options: optionsOfGuest(guest, type, settings, problem),
    power: wanted,
    adopt: asked && target.adopts ? true : undefined,
    inert: isLeft(guest.status) ? true : undefined,
    rebuild: own.rebuild,
    restart: policy === "when-needed" || (policy === "ask" && allowed) ? true : undefined,
  };
}

/** The public keys that a guest gets. */
function sshKeysOf({ site, guest, own, target }: GuestMapping): string[] | undefined {
  const field = guest.customFields.get(site.settings.site.customFields.sshKeys) ?? "";
  const keys = [...(own.sshKeys ?? []), ...field.split(/\r?\n/)].map((key) => key.trim()).filter((key) => key !== "");
  return keysOnProxmox(keys.length === 0 ? undefined : [...new Set(keys)], target.present);
}

function passwordOf({ site, own, problem }: GuestMapping): { name: string; version: string } | undefined {
  if (own.password === undefined) return undefined;
  const version = site.settings.passwordVersions[own.password];
  if (version === undefined)
    problem(
      `its password is named "${own.password}", and there is none; set it with \`pulumi config set --secret --path 'netbox-proxmox:passwords["${own.password}"]'\``,
    );
  return { name: own.password, version: version ?? "" };
}

const nicAt = ({ nics }: GuestMapping, slot: number): DesiredNetwork => nics.get(slot) ?? { bridge: "" };

// ---- virtual machines

function virtualMachine(mapping: GuestMapping) {
  const { site, guest, own, slotted, problem } = mapping;
  // A fraction of a CPU is a limit on the whole ones: its option cpulimit.
  const vcpus = guest.vcpus === undefined ? undefined : Math.ceil(guest.vcpus);
  const sockets = vcpus === undefined ? undefined : (own.sockets ?? guestFallbacks.sockets);
  if (sockets !== undefined && vcpus !== undefined && vcpus % sockets !== 0)
    problem(
      `${vcpus} vCPUs can't be spread over ${sockets} sockets; change the vCPUs, or netbox-proxmox:defaults.sockets`,
    );
  const networks = Object.fromEntries(
    [...slotted].map(([slot, each]) => {
      const { name: _inside, ...nic } = nicAt(mapping, slot);
      if (nic.mtu !== undefined && nic.mtu > 65_520)
        problem(`interface ${each.name} has an MTU of ${nic.mtu}; PVE takes at most 65520`);
      const model = nicModelOf(each, own, site.settings, problem);
      // 1 is the bridge's own. PVE takes less than IP's minimum, and then the guest doesn't start.
      if (model === "virtio" && nic.mtu !== undefined && nic.mtu !== 1 && nic.mtu < 576)
        problem(`interface ${each.name} has an MTU of ${nic.mtu}; PVE starts no guest with less than 576`);
      return [`net${slot}`, { model, ...nic }];
    }),
  );
  return {
    cores: vcpus === undefined ? undefined : vcpus / (sockets ?? 1),
    sockets,
    networks,
    cloudInit: mapping.target.withoutCloudInit
      ? { unmanaged: true, ipconfig: {} }
      : {
          user: own.user,
          password: passwordOf(mapping),
          sshKeys: sshKeysOf(mapping),
          ipconfig: {},
          nameservers: own.nameservers,
          searchDomain: own.searchDomain,
        },
  };
}

// ---- containers

function container(mapping: GuestMapping) {
  const { guest, own, slotted, problem } = mapping;
  const networks = Object.fromEntries(
    [...slotted].map(([slot, each]) => {
      const nic = nicAt(mapping, slot);
      if (nic.mtu !== undefined && nic.mtu !== 1 && nic.mtu < 64)
        problem(`interface ${each.name} has an MTU of ${nic.mtu}; PVE takes at least 64 for a container`);
      return [`net${slot}`, { ...nic, name: nic.name ?? nameInside(slot, each) }];
    }),
  );
  const names = Object.values(networks).map(({ name }) => name);
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  const has = [...(mapping.target.present?.nics.values() ?? [])].map(({ name }) => name);
  if (twice !== undefined && has.indexOf(twice) === has.lastIndexOf(twice))
    problem(`two of its interfaces are ${twice} inside the container; rename one in NetBox`);
  return {
    type: "lxc" as const,
    cores: guest.vcpus === undefined ? undefined : Math.ceil(guest.vcpus),
    unprivileged: own.unprivileged,
    networks,
    nameservers: own.nameservers,
    searchDomain: own.searchDomain,
    sshKeys: sshKeysOf(mapping),
    password: passwordOf(mapping),
  };
}
