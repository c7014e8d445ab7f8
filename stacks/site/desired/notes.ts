import { guestTitle, guestUrl } from "../../../providers/ownership/mark";
import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import { configText, isOnlyAsked, type Power } from "../../../providers/proxmox/nodes/guest.model";
import { waitsForStart } from "../../../providers/proxmox/nodes/inforce";
import { changedContainerFields, containerFromApi } from "../../../providers/proxmox/nodes/lxc/container.model";
import { changedVmFields, vmFromApi } from "../../../providers/proxmox/nodes/qemu/vm.model";
import { parsePropertyString } from "../../../providers/proxmox/propertystring";
import { isRecord } from "../../../providers/values";
import { withAddresses } from "./machines";
import type { Removal } from "./removals";
import type { DesiredGuest, KnownGuest, Machine, ProxmoxFacts } from "./types";

// What the plan says of single guests beside what the engine shows.

const brief = (value: unknown): string => {
  const text = value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
};

/** Which guests are taken away, and why. */
export const removalNotes = (removals: Removal[]): string[] =>
  removals.map(
    (guest) =>
      `${guest.name} (${guestUrl(guest)}, VMID ${guest.vmid} on ${guest.cluster}) is taken away: ${guest.reason}.`,
  );

/** How a guest that is there differs from what NetBox says, a line a field. */
function differences({ type, inputs }: Machine, before: Record<string, unknown>): string[] {
  const after: Record<string, unknown> = { ...inputs };
  const fields: string[] = type === "qemu" ? changedVmFields(before, inputs) : changedContainerFields(before, inputs);
  return fields
    .filter((field) => field !== "node") // where it is said, it is only a wish for later
    .map((field) => `    ${field}: ${brief(before[field])} → ${brief(after[field])}`);
}

/** What differs from NetBox in a guest that is to be adopted, which stays so until the run after that; and what that run then changes. */
export function adoptionNotes(
  guests: DesiredGuest[],
  known: Map<number, KnownGuest>,
  proxmox: Map<string, ProxmoxFacts>,
): string[] {
  return guests.flatMap((guest) => {
    const machine = withAddresses(guest);
    const { type, inputs } = machine;
    const last = known.get(guest.id)?.last;
    // The engine compares with what it was told last time, and the adopting run was told all of it.
    const since = last?.adopted === true ? differences(machine, last) : [];
    if (since.length > 0) return [`${guestTitle(guest)} was adopted as it is; this run changes:\n${since.join("\n")}`];
    const facts = proxmox.get(inputs.cluster);
    const config = facts?.seen.get(inputs.vmid)?.config;
    const listed = facts?.guests.get(inputs.vmid);
    if (!inputs.adopt || config === undefined || listed === undefined) return [];
    const power: Power = listed.status === "running" || listed.status === "paused" ? listed.status : "stopped";
    const observed = { power, pool: listed.pool, ha: listed.hasHa ? "managed" : "none" };
    const before = type === "qemu" ? vmFromApi(config, observed, inputs) : containerFromApi(config, observed, inputs);
    const lines = differences(machine, { ...before });
    const head = `${guestTitle(guest)} is adopted: ${type === "qemu" ? "VM" : "container"} ${inputs.vmid} on ${listed.node} gets the mark of this stack and stays as it is.`;
    return [lines.length === 0 ? head : `${head} The next run would change:\n${lines.join("\n")}`];
  });
}

/** Disks that a guest no longer has, and where their data then is: Proxmox VE keeps a detached volume. */
export function detachNotes(
  guests: DesiredGuest[],
  known: Map<number, KnownGuest>,
  proxmox: Map<string, ProxmoxFacts>,
): string[] {
  return guests.flatMap((guest) => {
    const { type, inputs } = guest.machine;
    const before = known.get(guest.id)?.last.disks;
    const { disks } = inputs;
    if (
      disks === undefined ||
      !isRecord(before) ||
      inputs.inert ||
      inputs.rebuild !== known.get(guest.id)?.last.rebuild
    )
      return [];
    const kind = diskKinds[type];
    const gone = Object.keys(before).filter((slot) => !kind.stays(slot) && !(slot in disks));
    const config = proxmox.get(inputs.cluster)?.seen.get(inputs.vmid)?.config ?? {};
    const isFree = (n: number) => config[`unused${n}`] === undefined;
    const numbers = Array.from({ length: 256 }, (_, n) => n).filter(isFree);
    return gone.sort().map((slot, n) => {
      const volume = parsePropertyString(configText(config, slot) ?? "").head;
      if (volume !== undefined && isOnlyAsked(volume))
        return `${guestTitle(guest)}: ${slot} is taken back; it waited for a start, and no volume was made for it.`;
      const data = volume === undefined || volume === "" ? "its data is kept" : `its volume ${volume} is kept`;
      return `${guestTitle(guest)}: ${slot} is detached, and ${data} as unused${numbers[n] ?? ""} of ${type === "qemu" ? "VM" : "container"} ${inputs.vmid}.`;
    });
  });
}

/** Guests that this run moves to another node. */
export function migrationNotes(
  guests: DesiredGuest[],
  known: Map<number, KnownGuest>,
  proxmox: Map<string, ProxmoxFacts>,
): string[] {
  return guests.flatMap((guest) => {
    const { type, inputs } = guest.machine;
    const last = known.get(guest.id)?.last;
    const there = proxmox.get(inputs.cluster)?.guests.get(inputs.vmid);
    const { node } = inputs;
    if (last === undefined || there === undefined || node === undefined || inputs.inert) return [];
    if (last.node === node || there.node === node) return [];
    const how =
      there.status === "stopped"
        ? "stopped as it is"
        : type === "qemu"
          ? "while it runs"
          : "stopped, and started again there";
    return [`${guestTitle(guest)} migrates from ${there.node} to ${node}, ${how}.`];
  });
}

/** What waits for a guest's next start, and who brings that about. */
export function restartNotes(guests: DesiredGuest[], known: Map<number, KnownGuest>): string[] {
  return guests.flatMap((guest) => {
    const last = known.get(guest.id)?.last;
    const { type, inputs } = withAddresses(guest);
    if (last === undefined || last.power !== "running" || inputs.power !== "running" || inputs.inert) return [];
    const earlier = Array.isArray(last.pending) ? last.pending.map(String) : [];
    const all = [...new Set([...waitsForStart(type, last, inputs), ...earlier])].sort();
    if (all.length === 0) return [];
    const what = `${guestTitle(guest)}: ${all.join(", ")} ${all.length === 1 ? "takes" : "take"} effect when it is started anew`;
    if (inputs.restart) return [`${what}; this run restarts it (reboot policy ${guest.rebootPolicy}).`];
    const remedy =
      guest.rebootPolicy === "ask"
        ? `to let the next run do that: pulumi config set --path 'netbox-proxmox:site.reboots[0]' ${guest.name}`
        : "its reboot policy (never) leaves that to you";
    return [`${what}; ${remedy}.`];
  });
}

/** Guests that someone moved: found where they are, and left there. */
export function movedNotes(
  guests: DesiredGuest[],
  known: Map<number, KnownGuest>,
  proxmox: Map<string, ProxmoxFacts>,
): string[] {
  return guests.flatMap((guest) => {
    const { cluster, vmid, node } = guest.machine.inputs;
    const there = proxmox.get(cluster)?.guests.get(vmid)?.node;
    const before = known.get(guest.id)?.last.node;
    return node === undefined || there === undefined || there === node || before !== node
      ? []
      : [`${guestTitle(guest)} runs on ${there}, though NetBox names ${node}: it was moved by hand, and stays there.`];
  });
}

/** Where new guests go that NetBox names no node for. */
export function placementNotes(guests: DesiredGuest[], known: Map<number, KnownGuest>): string[] {
  const placed = new Map<string, string[]>();
  for (const { id, name, machine } of guests) {
    const { node, placement } = machine.inputs;
    if (node === undefined && placement !== undefined && !known.has(id))
      placed.set(placement, [...(placed.get(placement) ?? []), name]);
  }
  const shown = (names: string[]) =>
    names.length > 12 ? `${names.slice(0, 12).join(", ")} and ${names.length - 12} more` : names.join(", ");
  const lines = [...placed].sort().map(([node, names]) => `${node}: ${shown(names)}`);
  return lines.length === 0 ? [] : [`New guests go to the node with most memory to give: ${lines.join("; ")}.`];
}
