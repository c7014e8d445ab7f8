import { z } from "zod";
import type { Context } from "../providers/context";
import { messageOf, UserError } from "../providers/errors";
import { virtualMachine, virtualMachineFields } from "../providers/netbox/schemas";
import { guestUrl } from "../providers/ownership/mark";
import type { ProxmoxCluster } from "../providers/proxmox/client";
import { type LiveGuest, liveGuest } from "../providers/proxmox/live.schemas";
import type { Power } from "../providers/proxmox/nodes/guest.model";
import { clustersOfOneName, vmidOf } from "../stacks/netbox/identity";
import { ownStatuses, powerMeant } from "../stacks/netbox/statuses";
import type { Settings } from "../stacks/settings";
import type { NamedGuest } from "./environment";

/** The guest's object in NetBox. */
export interface NetboxSide {
  id: number;
  name: string;
  status: string;
  /** What a guest of that status does; nothing where the status says more than that, or nothing of it. */
  power: Power | undefined;
  /** Its statuses for what a guest may do, the first one where it has that. */
  statuses: Readonly<Record<Power, readonly string[]>>;
  url: string;
}

export interface SeenGuest extends LiveGuest {
  cluster: ProxmoxCluster;
  netbox: NetboxSide | undefined;
}

/** `pve-a/105`. */
export const placeName = ({ cluster, vmid }: SeenGuest): string => `${cluster.name}/${vmid}`;
/** What people call it: by NetBox, else by Proxmox VE. */
export const displayName = ({ netbox, name }: SeenGuest): string => netbox?.name ?? name;

/** One cluster's guests at this moment, by one request. */
export const readLive = (cluster: ProxmoxCluster): Promise<LiveGuest[]> =>
  cluster.get("/cluster/resources", z.array(liveGuest), { type: "vm" });

const place = (cluster: string | undefined, vmid: number) => `${cluster ?? ""}/${vmid}`;

interface NetboxGuests {
  byPlace: Map<string, NetboxSide>;
  problems: string[];
}

/** NetBox's guests by where they are or will be: of several, the one whose VMID is written there, and then the oldest. */
async function readNetbox(context: Context, settings: Settings): Promise<NetboxGuests> {
  const { netbox } = context;
  const all = await netbox.list("virtualization/virtual-machines", virtualMachine, virtualMachineFields);
  const { unclear, problems } = clustersOfOneName({ url: netbox.url, machines: all });
  const of = (status: string) => [status, ...ownStatuses(status, settings)];
  const statuses = { running: of("active"), stopped: of("offline"), paused: of("paused") };
  const found = all.flatMap((guest) => {
    const target = vmidOf(guest, settings);
    const { id, name, status, clusterName } = guest;
    if (target === undefined || clusterName === undefined || unclear.has(clusterName)) return [];
    const url = guestUrl({ netboxUrl: netbox.url, netboxId: id });
    const side: NetboxSide = { id, name, status, power: powerMeant(guest, settings), statuses, url };
    return [{ place: place(clusterName, target.vmid), derived: target.derived, side }];
  });
  found.sort((a, b) => Number(b.derived) - Number(a.derived) || b.side.id - a.side.id);
  return { byPlace: new Map(found.map(({ place: at, side }) => [at, side])), problems };
}

/** The clusters of these names; all where none is named. @throws UserError */
export function clustersOf({ proxmox }: Context, names: string[]): ProxmoxCluster[] {
  const unknown = names.filter((name) => !proxmox.some((cluster) => cluster.name === name));
  if (unknown.length > 0)
    throw new UserError(
      `No cluster ${unknown.join(", ")} is configured: there is ${proxmox.map(({ name }) => name).join(", ")}.`,
    );
  return names.length === 0 ? proxmox : proxmox.filter(({ name }) => names.includes(name));
}

export interface GuestsRead {
  guests: SeenGuest[];
  /** Systems that did not answer, each with why: what there is goes on without them. */
  problems: string[];
  /** Clusters that did not answer. */
  silent: string[];
}

/**
 * Every guest of the configured clusters, with what NetBox says of it. At night a NetBox that is down must not keep hands off
 * a guest, nor one cluster off another's: what fails is told, and left out.
 */
export async function readGuests(context: Context, settings: Settings, onlyClusters: string[]): Promise<GuestsRead> {
  const chosen = clustersOf(context, onlyClusters);
  const problems: string[] = [];
  const silent: string[] = [];
  const [known, ...lives] = await Promise.all([
    context.hasNetbox
      ? context.netbox
          .status()
          .then(() => readNetbox(context, settings))
          .then(({ byPlace, problems: unclear }) => {
            problems.push(...unclear);
            return byPlace;
          })
          .catch((error: unknown) => {
            problems.push(`${messageOf(error)} Names are Proxmox VE's own.`);
            return new Map<string, NetboxSide>();
          })
      : new Map<string, NetboxSide>(),
    ...chosen.map(async (cluster) => {
      try {
        await cluster.version();
        return await readLive(cluster);
      } catch (error) {
        problems.push(messageOf(error));
        silent.push(cluster.name);
        return [];
      }
    }),
  ]);
  const guests = lives.flatMap((live, n): SeenGuest[] => {
    const cluster = chosen[n];
    if (cluster === undefined) return [];
    return live.map((guest) => ({ ...guest, cluster, netbox: known.get(place(cluster.name, guest.vmid)) }));
  });
  guests.sort((a, b) => a.cluster.name.localeCompare(b.cluster.name) || a.vmid - b.vmid);
  return { guests, problems, silent };
}

/** Which guests a command is for. */
export interface GuestSelection {
  /** `105`, `web1`, `pve-a/105`, `pve-a/web1`. */
  named: string[];
  tag: string[];
  cluster: string[];
  node: string[];
  type?: "qemu" | "lxc" | undefined;
  all: boolean;
}

/** Was it said by a quality, rather than guest by guest? */
export const isByQuality = ({ named }: GuestSelection): boolean => named.length === 0;

const matches = ({ tag, node, type, cluster }: GuestSelection, guest: SeenGuest): boolean =>
  (tag.length === 0 || guest.tags.some((own) => tag.includes(own))) &&
  (cluster.length === 0 || cluster.includes(guest.cluster.name)) &&
  (node.length === 0 || node.includes(guest.node)) &&
  (type === undefined || guest.type === type);

function byName(word: string, guests: SeenGuest[]): SeenGuest[] {
  const [, of, rest = word] = /^([^/]+)\/(.+)$/.exec(word) ?? [];
  const near = guests.filter(({ cluster }) => of === undefined || cluster.name === of);
  if (/^\d+$/.test(rest)) return near.filter(({ vmid }) => vmid === Number(rest));
  const inNetbox = near.filter(({ netbox }) => netbox?.name === rest);
  return inNetbox.length > 0 ? inNetbox : near.filter(({ name }) => name === rest);
}

/**
 * The selected guests, each once.
 * @param missing what is said of clusters that did not answer, where a name is not found
 * @throws UserError where a name leads to none or to several, or nothing is selected
 */
export function selectGuests(guests: SeenGuest[], selection: GuestSelection, silent: string[]): SeenGuest[] {
  if (isByQuality(selection)) {
    const found = guests.filter((guest) => !guest.template && matches(selection, guest));
    if (found.length > 0) return found;
    throw new UserError(`No guest is selected by that${silence(silent)}.`);
  }
  const chosen = selection.named.map((word) => {
    const found = byName(word, guests);
    const [first] = found.filter((guest) => matches(selection, guest));
    if (first === undefined)
      throw new UserError(
        found.length > 0
          ? `${word} is not what the options ask for: it is ${found.map((each) => `${placeName(each)} on ${each.node}`).join(", ")}.`
          : `There is no guest ${word}${silence(silent)}: write a name of NetBox, a VMID, or CLUSTER/VMID; \`ops list\` shows them.`,
      );
    const several = found.filter((guest) => matches(selection, guest));
    if (several.length > 1)
      throw new UserError(
        `${word} is ${several.length} guests: write ${several.map((each) => placeName(each)).join(" or ")}.`,
      );
    return first;
  });
  return [...new Set(chosen)];
}

const silence = (silent: string[]): string => (silent.length === 0 ? "" : `, and ${silent.join(", ")} did not answer`);

/** The selection of a command line; where it says nothing, the guest of the environment. @throws UserError where that is nothing too */
export function selectionOf(given: Partial<GuestSelection>, ofEnvironment: NamedGuest | undefined): GuestSelection {
  const { named = [], tag = [], cluster = [], node = [], type, all = false } = given;
  const says = named.length + tag.length + cluster.length + node.length > 0 || type !== undefined || all;
  if (says) return { named, tag, cluster, node, type, all };
  if (ofEnvironment === undefined)
    throw new UserError(
      "No guest is named: write names or VMIDs, --tag, --cluster, --node, --type or --all, or set PROXMOX_VMID.",
    );
  const { vmid, node: itsNode, type: itsType } = ofEnvironment;
  return { named: [vmid], tag, cluster, node: itsNode === undefined ? [] : [itsNode], type: itsType, all };
}
