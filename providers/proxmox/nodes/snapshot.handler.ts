import { context } from "../../context";
import { explained, messageOf, UserError } from "../../errors";
import { markUrl } from "../../ownership/mark";
import { isSnapshotOfOurs, printSnapshot } from "../../ownership/proxmox";
import { handle } from "../../resource";
import type { RequestParameters } from "../api";
import { says } from "../errors";
import { snapshotList } from "../live.schemas";
import { locate, ownerOfGuest } from "./guest.handler";
import { type GuestPlace, pathOf } from "./power";
import { proxmoxSnapshot } from "./snapshot";
import type { KeptSnapshot, SnapshotInputs, SnapshotState } from "./snapshot.model";

/**
 * Stands before its guest: what has to be kept is, before anything is changed. A guest that isn't there, or isn't ours, has
 * nothing to keep; its own resource says what is to be said of that.
 */
export const snapshotHandler = handle(proxmoxSnapshot, {
  async create(wanted) {
    const place = await placeOf(wanted);
    // Those that a run took whose state is lost.
    const before = place === undefined ? [] : await ours(place);
    return { id: `${wanted.cluster}/${wanted.vmid}/snapshots`, state: await settled(wanted, before) };
  },

  async read(known) {
    const place = await placeOf(known);
    const there = place && (await namesAt(place));
    return there === undefined ? known : { ...known, kept: known.kept.filter(({ name }) => there.has(name)) };
  },

  update: (known, wanted) => settled(wanted, known.kept),

  async delete(known) {
    const place = await placeOf(known);
    if (place === undefined) return;
    await explained(`delete the snapshots of ${titleOf(known)}`, async () => {
      await removed(
        place,
        known.kept.map(({ name }) => name),
      );
    });
  },
});

const titleOf = ({ name, cluster, vmid, mark }: SnapshotInputs): string =>
  `${name} (${cluster}/${vmid}, ${markUrl(mark)})`;

/** Where the guest is; undefined where there is none of ours. */
async function placeOf({ cluster: name, vmid, type, mark }: SnapshotInputs): Promise<GuestPlace | undefined> {
  const there = await locate({ type }, context().cluster(name), vmid);
  return there && ["us", "renewed"].includes(ownerOfGuest(mark, there.seen.config).of) ? there.place : undefined;
}

/** A guest's snapshots: when each was taken, in seconds since 1970, by its name. */
async function namesAt(place: GuestPlace): Promise<Map<string, number>> {
  const { kept } = await place.cluster.get(`${pathOf(place)}/snapshot`, snapshotList);
  return new Map(kept.map(({ name, takenAt }) => [name, takenAt]));
}

async function ours(place: GuestPlace): Promise<KeptSnapshot[]> {
  const { kept } = await place.cluster.get(`${pathOf(place)}/snapshot`, snapshotList);
  return kept.filter(isSnapshotOfOurs).map(({ name, takenAt }) => ({ name, takenAt }));
}

/** Takes what is due, then deletes what is over. */
async function settled(wanted: SnapshotInputs, before: KeptSnapshot[]): Promise<SnapshotState> {
  const { due, expired } = wanted;
  const place = await placeOf(wanted);
  if (place === undefined) return { ...wanted, kept: before };
  return explained(`keep ${titleOf(wanted)} as it is in a snapshot`, async () => {
    let kept = before;
    if (due !== undefined) {
      const takenAt = await taken(place, due, wanted.before ?? "it");
      kept = [...kept.filter(({ name }) => name !== due), { name: due, takenAt }];
    }
    await removed(
      place,
      expired.filter((name) => name !== due && kept.some((each) => each.name === name)),
    );
    return { ...wanted, kept: kept.filter(({ name }) => name === due || !expired.includes(name)) };
  });
}

/** Takes a snapshot, unless an interrupted run took it already. @returns when, in seconds since 1970 */
async function taken(place: GuestPlace, name: string, before: string): Promise<number> {
  const there = (await namesAt(place)).get(name);
  if (there !== undefined) return there;
  await taking(place, {
    snapname: name,
    description: printSnapshot(before),
  });
  return (await namesAt(place)).get(name) ?? Math.floor(Date.now() / 1000);
}

async function taking(place: GuestPlace, form: RequestParameters): Promise<void> {
  try {
    await place.cluster.task("POST", `${pathOf(place)}/snapshot`, form);
  } catch (error) {
    if (!says.noSnapshots(messageOf(error))) throw error;
    throw new UserError(
      `a storage of its disks keeps no snapshots (${messageOf(error)}): move them to one that does, or set proxmox.snapshotBefore to [] in its config context`,
    );
  }
}

async function removed(place: GuestPlace, names: string[]): Promise<void> {
  const there = await namesAt(place);
  for (const name of names)
    if (there.has(name)) await place.cluster.task("DELETE", `${pathOf(place)}/snapshot/${name}`, {});
}
