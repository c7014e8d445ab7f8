import { z } from "zod";
import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { findMark, guestUrl, type Mark, sameMark } from "../../../providers/ownership/mark";
import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import { disksFrom, hasCloudInitDrive, type Nic, nic } from "../../../providers/proxmox/nodes/guest.model";
import type { GuestResource, GuestType } from "../../../providers/proxmox/schemas";
import { vmidOf } from "../../netbox/identity";
import type { KeptDisks } from "./disks";
import { awayOf } from "./placement";
import { type PresentGuest, presentFrom, presentIn } from "./present";
import type { ExaminedGuest, KnownGuest, ProxmoxFacts, Site } from "./types";

/** A guest's target on a VMID, and what is there already. */
export interface GuestTarget {
  vmid: number;
  /** Was the VMID computed from the NetBox id? */
  derived: boolean;
  /** Is it there, or known to have been, so that nothing has to be made from a template? */
  built: boolean;
  /** Is what is there someone else's so far? */
  adopts: boolean;
  /** Was it someone else's before, or is it still, so that its mark says so? */
  adopted: boolean;
  /** The rebuild counter that it was made with. */
  rebuild?: number;
  /** The node where it is. */
  node?: string;
  /** The node that was chosen for it when it was made. */
  placement?: string;
  /** Disks that are kept though NetBox doesn't list them; undefined where the template says. */
  kept?: KeptDisks;
  /** It was taken over without a cloud-init drive: what that would tell it nobody reads. */
  withoutCloudInit?: boolean;
  /** What it has, where it is there. */
  present?: PresentGuest | undefined;
  /** Its NICs as they were last seen. */
  networks?: Record<string, Partial<Pick<Nic, "bridge" | "mtu" | "tag" | "trunks">>>;
}

const last = z.object({
  placement: z.string().optional(),
  rebuild: z.number().optional(),
  disks: z.record(z.string(), z.object({ size: z.string().optional() })).optional(),
  cloudInit: z.object({ unmanaged: z.boolean().optional() }).optional(),
  networks: z.record(z.string(), nic.pick({ bridge: true, mtu: true, tag: true, trunks: true }).partial()).optional(),
});

const guestNouns: Record<GuestType, string> = { qemu: "virtual machine", lxc: "container" };

/** What a guest has a target on. @returns nothing where it has a problem instead */
export function targetOf(
  site: Site,
  guest: NetboxVirtualMachine,
  type: GuestType,
  mark: Mark,
  facts: ProxmoxFacts,
  problem: (text: string) => void,
): GuestTarget | undefined {
  const { settings, state } = site;
  const field = settings.site.customFields.vmid;
  const ids = vmidOf(guest, settings);
  if (ids === undefined) {
    problem(
      `custom field ${field} holds "${guest.customFields.get(field)}"; write a VMID from 100 to 999999999, or empty it`,
    );
    return undefined;
  }
  const known = state.guests.get(guest.id);
  if (known !== undefined && known.cluster !== guest.clusterName) {
    problem(
      `it was built on cluster ${known.cluster}, and is on ${guest.clusterName} in NetBox now; a guest can't change its cluster: set it back, or decommission it and document a new guest there`,
    );
    return undefined;
  }
  // Where NetBox names no VMID (the field was emptied, or is not there), it keeps the one that it was built with.
  const before = known?.vmid ?? markedVmid(facts, mark, ids.vmid);
  if (before !== undefined && before !== ids.vmid && !ids.derived) {
    problem(
      `it was built as VM ${before}, and its VMID is now ${ids.vmid}; a guest can't be renumbered: write ${before} into ${field} again`,
    );
    return undefined;
  }
  const asked = settings.site.adopt || guest.tags.includes(settings.site.adoptTag);
  const seeksName = asked && before === undefined && ids.derived;
  const unreadNamesake = seeksName ? unreadOfName(guest, type, facts) : undefined;
  if (unreadNamesake !== undefined) {
    problem(
      `VMID ${unreadNamesake.vmid} on ${unreadNamesake.node} has its name and could not be read, so that nobody can say whether it is the one to adopt; run again once it can, or write the VMID into ${field}`,
    );
    return undefined;
  }
  const named = seeksName ? namesake(guest, type, facts)?.vmid : undefined;
  const vmid = before ?? named ?? ids.vmid;
  const there = facts.guests.get(vmid);
  const seen = facts.seen.get(vmid);
  const unread = facts.unread?.get(vmid);
  if (unread !== undefined && there !== undefined) {
    const what = known === undefined ? "nobody can say whose it is" : "nobody can say what stands at its slots";
    problem(`VMID ${vmid} on ${there.node} could not be read (${unread}), so that ${what}; run again once it can`);
    return undefined;
  }
  const adopted = isMarkedAdopted(seen, known);
  const target = { vmid, derived: vmid === ids.vmid && ids.derived, adopts: false, adopted, node: there?.node };
  if (known !== undefined) return { ...target, ...fromState(known, type, seen) };
  if (there === undefined) return { ...target, built: false };
  const present = seen && there.type === type ? presentFrom(seen.config, type) : undefined;
  if (seen === undefined && awayOf(facts, vmid) !== undefined) {
    problem(
      `VMID ${vmid} is on ${there.node}, which is offline, so that nobody can say whose it is; run again when that node is back`,
    );
    return undefined;
  }
  // An interrupted run's guest may still be on its way: it has no mark yet, and the handler waits for it.
  if (sameMark(mark, seen?.mark) || seen?.making) {
    const built = there.type === type && !seen?.making;
    return { ...target, built, present: built ? present : undefined };
  }
  if (asked && seen?.mark === undefined && there.type === type && !there.template)
    return {
      ...target,
      ...{ built: true, adopts: true, adopted: true, kept: {}, present },
      withoutCloudInit: !hasCloudInitDrive(seen?.config ?? {}),
    };
  const owner = seen?.mark;
  const whose = owner === undefined ? "which is not ours" : `which belongs to ${owner.stack} (${guestUrl(owner)})`;
  const what =
    asked && owner === undefined
      ? `, and can't be adopted as a ${guestNouns[type]}: it is a ${there.template ? "template" : guestNouns[there.type]}`
      : "";
  problem(
    `VMID ${vmid} is taken on ${there.node} by ${there.name || "a guest"}, ${whose}${what}; give it another VMID in NetBox, or move that guest away`,
  );
  return undefined;
}

/** Does the mark say that the guest was adopted: on the guest, or as it was last seen? */
export const isMarkedAdopted = (seen: ExaminedGuest | undefined, known: KnownGuest | undefined): boolean =>
  seen?.mark?.adopted === true || findMark(String(known?.last.description ?? ""))?.adopted === true;

/** The VMID at which a guest with this mark is: most likely its own. */
function markedVmid({ seen }: ProxmoxFacts, mark: Mark, likely: number): number | undefined {
  if (sameMark(mark, seen.get(likely)?.mark)) return likely;
  return [...seen.values()].find((each) => sameMark(mark, each.mark))?.vmid;
}

/** Guests of a kind that have the name of NetBox's. */
const namesakes = (guest: NetboxVirtualMachine, type: GuestType, { guests }: ProxmoxFacts): GuestResource[] =>
  [...guests.values()].filter(
    (each) => each.type === type && !each.template && each.name.toLowerCase() === guest.name.toLowerCase(),
  );

/** The one unmarked guest of the same name, for adoption where no VMID is given. */
function namesake(guest: NetboxVirtualMachine, type: GuestType, facts: ProxmoxFacts): GuestResource | undefined {
  const { seen } = facts;
  const found = namesakes(guest, type, facts).filter(
    ({ vmid }) => seen.has(vmid) && seen.get(vmid)?.mark === undefined,
  );
  return found.length === 1 ? found[0] : undefined;
}

/** One of the same name that could not be read, or that is on a node that is away. */
const unreadOfName = (guest: NetboxVirtualMachine, type: GuestType, facts: ProxmoxFacts): GuestResource | undefined =>
  namesakes(guest, type, facts).find(
    ({ vmid }) => facts.unread?.has(vmid) === true || (!facts.seen.has(vmid) && awayOf(facts, vmid) !== undefined),
  );

/** What is built stays where it is and keeps the disks that it was given beside those of NetBox. */
function fromState(
  known: KnownGuest,
  type: GuestType,
  seen: ExaminedGuest | undefined,
): Pick<GuestTarget, "built" | "rebuild" | "placement" | "kept" | "present" | "networks" | "withoutCloudInit"> {
  const parsed = last.safeParse(known.last);
  if (!parsed.success || known.type !== type) return { built: false };
  const { placement, rebuild, disks, networks, cloudInit } = parsed.data;
  // Where NetBox listed none so far, everything that is there stays.
  const unlisted = seen === undefined ? {} : disksFrom(seen.config, diskKinds[type]);
  const kept = Object.entries(disks ?? unlisted).filter(([, disk]) => disks === undefined || disk.size === undefined);
  const withoutCloudInit = cloudInit?.unmanaged;
  return {
    built: true,
    rebuild,
    placement,
    present: presentIn(known.last),
    networks,
    withoutCloudInit,
    kept: Object.fromEntries(kept.map(([slot]) => [slot, {}])),
  };
}
