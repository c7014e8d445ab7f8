import { messageOf, UserError } from "../providers/errors";
import { says } from "../providers/proxmox/errors";
import { type SnapshotList, snapshotList } from "../providers/proxmox/live.schemas";
import { pathOf } from "../providers/proxmox/nodes/power";
import { config } from "../providers/proxmox/schemas";
import { tableLines } from "../stacks/plan/table";
import { displayName, placeName, type SeenGuest } from "./guests";
import { ProgressLine, printSpan, printTime } from "./terminal";

export type ListedSnapshot = SnapshotList["kept"][number] & {
  cluster: string;
  vmid: number;
  guest: string;
  /** Does the guest go on from it? */
  isParent: boolean;
};

const read = (guest: SeenGuest): Promise<SnapshotList> => guest.cluster.get(`${pathOf(guest)}/snapshot`, snapshotList);

/** The snapshots of guests, oldest first, and what of them could not be read. */
export async function listSnapshots(guests: SeenGuest[]): Promise<{ snapshots: ListedSnapshot[]; problems: string[] }> {
  const problems: string[] = [];
  const lists = await Promise.all(
    guests.map((guest) =>
      read(guest).catch((error: unknown) => {
        problems.push(
          `${displayName(guest)} (${placeName(guest)}): its snapshots could not be read: ${messageOf(error)}`,
        );
        return undefined;
      }),
    ),
  );
  const snapshots = lists.flatMap((list, n): ListedSnapshot[] => {
    const guest = guests[n];
    if (guest === undefined || list === undefined) return [];
    const { kept, parent } = list;
    const { cluster, vmid } = guest;
    return [...kept]
      .sort((a, b) => a.takenAt - b.takenAt)
      .map((each) => ({
        ...each,
        cluster: cluster.name,
        vmid,
        guest: displayName(guest),
        isParent: each.name === parent,
      }));
  });
  return { snapshots, problems };
}

export function printSnapshots(all: ListedSnapshot[], now: number): string[] {
  if (all.length === 0) return ["No snapshots."];
  const rows = all.map(({ cluster, vmid, guest, name, takenAt, withRam, isParent, description }) => [
    ...[`${cluster}/${vmid}`, guest, name, printTime(takenAt), `${printSpan(now - takenAt)} ago`],
    ...[withRam ? "with RAM" : "", isParent ? "current" : "", description],
  ]);
  return tableLines([["guest", "name", "snapshot", "taken", "age", "RAM", "now", "description"], ...rows]);
}

/** What was done to each guest, or why not. */
export interface SnapshotResult {
  cluster: string;
  vmid: number;
  name: string;
  snapshot: string;
  result: "done" | "failed";
  note?: string;
  error?: string;
}

async function each(
  guests: SeenGuest[],
  snapshot: string,
  work: (guest: SeenGuest) => Promise<string | undefined>,
): Promise<SnapshotResult[]> {
  const progress = new ProgressLine(guests.length);
  return Promise.all(
    guests.map((guest) =>
      progress.of(displayName(guest), async (): Promise<SnapshotResult> => {
        const base = { cluster: guest.cluster.name, vmid: guest.vmid, name: displayName(guest), snapshot };
        try {
          const note = await work(guest);
          return { ...base, result: "done", ...(note === undefined ? {} : { note }) };
        } catch (error) {
          return { ...base, result: "failed", error: meaning(guest, error) };
        }
      }),
    ),
  );
}

function meaning(guest: SeenGuest, error: unknown): string {
  const said = messageOf(error);
  if (says.noSnapshots(said))
    return `a storage of its disks keeps no snapshots (${said}): move them to one that does, such as ZFS, Ceph, LVM-thin or qcow2 files`;
  if (/403/.test(said)) return `${said}; it needs VM.Snapshot`;
  return said.replace(/^it /, `${displayName(guest)} `);
}

/** PVE's own form of a name. */
export function checkSnapshotName(name: string): void {
  if (!/^[a-z][\w-]{1,39}$/i.test(name) || name === "current" || name === "pending")
    throw new UserError(
      `${name} is no name for a snapshot: a letter, then letters, digits, - and _, 2 to 40 of them, and neither current nor pending.`,
    );
}

export function createSnapshots(
  guests: SeenGuest[],
  name: string,
  { description, ram }: { description: string; ram: boolean },
): Promise<SnapshotResult[]> {
  checkSnapshotName(name);
  const containers = guests.filter(({ type }) => type === "lxc");
  if (ram && containers.length > 0)
    throw new UserError(
      `Containers keep no RAM in snapshots (${containers.map(placeName).join(", ")}): leave --ram out, or them.`,
    );
  return each(guests, name, async (guest) => {
    await guest.cluster.task("POST", `${pathOf(guest)}/snapshot`, {
      snapname: name,
      ...(description === "" ? {} : { description }),
      ...(ram ? { vmstate: 1 } : {}),
    });
    return ram && guest.status === "stopped" ? "it is stopped, so there is no RAM in it" : undefined;
  });
}

/** What a guest loses by going back. */
export interface Loss {
  guest: SeenGuest;
  snapshot: ListedSnapshot;
  /** Taken after it. */
  later: string[];
  /** `memory: 4096 → 2048`. */
  settings: string[];
}

const silentKeys =
  /^(digest|parent|snaptime|snapstate|vmstate|runningmachine|runningcpu|running-nets-host-mtu|description|vmgenid|lock)$/;

/** @throws UserError where a guest has no such snapshot */
export async function lossesOf(guests: SeenGuest[], name: string): Promise<Loss[]> {
  const { snapshots: all, problems } = await listSnapshots(guests);
  if (problems.length > 0) throw new UserError(`${problems.join("\n")}\nNothing was done.`);
  return Promise.all(
    guests.map(async (guest): Promise<Loss> => {
      const own = all.filter(({ cluster, vmid }) => cluster === guest.cluster.name && vmid === guest.vmid);
      const snapshot = own.find((each) => each.name === name);
      if (snapshot === undefined)
        throw new UserError(
          `${displayName(guest)} (${placeName(guest)}) has no snapshot ${name}: it has ${own.map((each) => each.name).join(", ") || "none"}.`,
        );
      const path = pathOf(guest);
      const [now, then] = await Promise.all([
        guest.cluster.get(`${path}/config`, config),
        guest.cluster.get(`${path}/config`, config, { snapshot: name }),
      ]);
      const keys = [...new Set([...Object.keys(now), ...Object.keys(then)])].filter((key) => !silentKeys.test(key));
      const settings = keys
        .filter((key) => String(now[key]) !== String(then[key]))
        .sort()
        .map((key) => `${key}: ${now[key] ?? "(unset)"} → ${then[key] ?? "(unset)"}`);
      const later = own.filter(({ takenAt, name: other }) => takenAt >= snapshot.takenAt && other !== name);
      return { guest, snapshot, later: later.map((each) => each.name), settings };
    }),
  );
}

export function printLoss({ guest, snapshot, later, settings }: Loss, now: number): string[] {
  const { name, takenAt, withRam } = snapshot;
  const goes = guest.status === "running" ? (withRam ? "it goes on from the RAM of then" : "it is switched off") : "";
  return [
    `${displayName(guest)} (${placeName(guest)}) goes back to ${name} of ${printTime(takenAt)}: everything written in the last ${printSpan(now - takenAt)} is lost${goes === "" ? "" : `, and ${goes}`}.`,
    ...(settings.length === 0 ? [] : [`  its settings go back too: ${settings.join(", ")}`]),
    ...(later.length === 0
      ? []
      : [`  ${later.join(", ")} came after it; on ZFS they have to be deleted first, elsewhere they stay`]),
  ];
}

export function rollBack(losses: Loss[], start: boolean): Promise<SnapshotResult[]> {
  const name = losses[0]?.snapshot.name ?? "";
  const guests = losses.map(({ guest }) => guest);
  return each(guests, name, async (guest) => {
    await guest.cluster.task("POST", `${pathOf(guest)}/snapshot/${name}/rollback`, start ? { start: 1 } : {});
    return losses.find((loss) => loss.guest === guest)?.settings.length
      ? "the next `up` brings its settings to what NetBox says"
      : undefined;
  });
}

export async function deleteSnapshots(guests: SeenGuest[], name: string): Promise<SnapshotResult[]> {
  // Whoever mistypes a name of many guests' snapshots has deleted none of them.
  await lossesOf(guests, name);
  return each(guests, name, async (guest) => {
    await guest.cluster.task("DELETE", `${pathOf(guest)}/snapshot/${name}`, {});
    return undefined;
  });
}

export const printSnapshotResults = (results: SnapshotResult[], what: string): string[] =>
  results.map(
    ({ cluster, vmid, name, snapshot, result, error, note }) =>
      `${result.padEnd(6)}  ${name} (${cluster}/${vmid}): ${
        result === "failed" ? `${snapshot} was not ${what}: ${error}` : `${snapshot} ${what}${note ? `; ${note}` : ""}`
      }`,
  );
