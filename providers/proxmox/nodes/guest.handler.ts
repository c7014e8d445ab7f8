import { context, former } from "../../context";
import { explained, messageOf, UserError } from "../../errors";
import { isReleased } from "../../ownership/adopted";
import { type AnyMark, findAnyMark, markUrl, printMark, withoutMark } from "../../ownership/mark";
import { type MarkOwner, markOwner, renewedText } from "../../ownership/owner";
import { type Handler, handle } from "../../resource";
import type { RequestParameters } from "../api";
import type { ProxmoxCluster } from "../client";
import { readHa, removeHa, syncHa } from "../cluster/ha";
import { ProxmoxTaskError, says } from "../errors";
import type { GuestConfig, GuestType, ReadGuest } from "../schemas";
import { proveSystem, proveVisible } from "../system";
import type { GuestKind } from "./guest.kind";
import { descriptionFrom, type Found, type GuestInputs, isTrue, type Power } from "./guest.model";
import { configure } from "./guest.write";
import { isProtectedLast } from "./order";
import { type GuestPlace, migrateGuest, pathOf, restart, switchTo } from "./power";

/** A guest of either kind: found or made, brought to what its inputs say, read back. */
export function guestHandler<I extends GuestInputs, K extends string>(kind: GuestKind<I, K>): Handler<K> {
  return handle(kind.definition, {
    async create(wanted) {
      const cluster = context().cluster(wanted.cluster);
      const { place, adopted, made } = await ensure(kind, cluster, wanted);
      const id = `${wanted.cluster}/${wanted.vmid}`;
      if (adopted || wanted.inert)
        return {
          id,
          state: { ...(await observe(kind, place, wanted, await seenNow(place))), ...(adopted ? { adopted } : {}) },
        };
      return { id, state: await sync(kind, place, wanted, undefined, made) };
    },

    async read(known) {
      const cluster = context().cluster(known.cluster);
      const there = await locate(kind, cluster, known.vmid);
      if (there === undefined || !isOurs(kind, there.seen, known)) {
        await proveGone(kind, cluster, known);
        return undefined;
      }
      const { place, seen } = there;
      const { adopted } = known;
      const silent = silentOf(known);
      const power = await cluster.power(kind.type, place.node, known.vmid, known.power);
      // One request more, of the few that wait for this.
      const asks = Object.keys(silent).length > 0 && power !== "stopped";
      const uptime = asks ? (await cluster.current(kind.type, place.node, known.vmid)).uptime : undefined;
      const state = await observe(kind, place, known, { ...seen, power, uptime }, silent);
      return { ...state, ...(adopted ? { adopted } : {}) };
    },

    async update(known, wanted) {
      if (wanted.inert) return known;
      const there = await locate(kind, context().cluster(wanted.cluster), wanted.vmid);
      if (there === undefined)
        throw new UserError(
          `Unable to update ${titleOf(kind, wanted)}: it is not on Proxmox VE any more. Run \`pulumi refresh\`, then \`pulumi up\` makes it again.`,
        );
      return sync(kind, there.place, wanted, known);
    },

    async delete(known) {
      const cluster = context().cluster(known.cluster);
      const there = await locate(kind, cluster, known.vmid);
      // A stranger at our VMID means that our guest is gone; the stranger is left alone.
      if (there === undefined || !isOurs(kind, there.seen, known)) return proveGone(kind, cluster, known);
      const { place, seen } = there;
      const owner = ownerOfGuest(known.mark, seen.config);
      if (owner.of === "renewed")
        throw new UserError(`Unable to delete ${titleOf(kind, known)}: ${renewedText(owner.stack, known.mark.stack)}.`);
      if (await isToBeReleased(known, seen.config)) return release(kind, place, known);
      await explained(`delete ${titleOf(kind, known)}`, async () => {
        if (isTrue(seen.config.protection))
          throw new UserError(
            `it is protected from deletion on Proxmox VE: take its option protection away there, or set it to 0 in NetBox and run \`pulumi up\`, then again`,
          );
        const { power, hasHa } = await cluster.current(kind.type, place.node, known.vmid);
        // Whoever put it there: a guest that is about to go must not be started again by its manager.
        if (hasHa) await removeHa(cluster, kind.type, known.vmid);
        await switchTo(place, "stopped", power, false);
        await cluster.task("DELETE", pathOf(place), { purge: 1 });
      });
    },
  });
}

/** Was it adopted, by what its mark and the state say, and does nobody want it gone? A part of the platform was made. */
async function isToBeReleased(
  { mark, description, adopted }: GuestInputs & Found,
  config: GuestConfig,
): Promise<boolean> {
  if ("part" in mark) return false;
  const saysSo = [descriptionFrom(config), description].some((text) => {
    const found = findAnyMark(text);
    return found !== undefined && "adopted" in found;
  });
  return isReleased({ ...mark, adopted: saysSo, maybe: adopted });
}

/** Takes the mark out of its notes, and leaves everything. */
function release<I extends GuestInputs>(
  kind: GuestKind<I>,
  place: GuestPlace,
  known: GuestInputs & Found,
): Promise<void> {
  return explained(`release ${titleOf(kind, known)}, which was adopted`, async () => {
    for (let attempt = 1; ; attempt++) {
      const seen = await read(place);
      if (seen === undefined || !isOurs(kind, seen, known)) return;
      const notes = withoutMark(descriptionFrom(seen.config));
      const change: Record<string, string> = notes === "" ? { delete: "description" } : { description: notes };
      try {
        const digest = String(seen.config.digest ?? "");
        return await place.cluster.write("PUT", `${pathOf(place)}/config`, { ...change, digest });
      } catch (error) {
        if (attempt === 3 || !says.changedMeanwhile(error)) throw error;
      }
    }
  });
}

const titleOf = <I extends GuestInputs>({ noun }: GuestKind<I>, { vmid, name, mark, cluster }: GuestInputs) =>
  `${noun} ${vmid} ${name} on ${cluster} (${markUrl(mark)})`;

/** Where a guest of this kind is, with its configuration; nothing where there is none. A node that it left a while ago is not believed. */
export async function locate(
  { type }: { type: GuestType },
  cluster: ProxmoxCluster,
  vmid: number,
): Promise<{ place: GuestPlace; seen: ReadGuest } | undefined> {
  for (const guest of [await cluster.recall(vmid), undefined]) {
    const { node, type: found } = guest ?? (await cluster.find(vmid)) ?? {};
    if (node === undefined || found !== type) continue;
    const place = { cluster, type, node, vmid };
    const seen = await read(place);
    if (seen !== undefined) return { place, seen };
  }
  return undefined;
}

const read = ({ cluster, type, node, vmid }: GuestPlace): Promise<ReadGuest | undefined> =>
  cluster.guest(type, node, vmid);

/** Whose a guest is, by the mark in its notes. */
export const ownerOfGuest = (mark: AnyMark, config: GuestConfig): MarkOwner => {
  const url = context().hasNetbox ? context().netbox.url : undefined;
  return markOwner(mark, findAnyMark(descriptionFrom(config)), url, former());
};

/** Ours by its mark, or, where someone wrote over its notes, by the identity that PVE gave it. */
function isOurs<I extends GuestInputs>(
  kind: GuestKind<I>,
  { config, current }: ReadGuest,
  known: GuestInputs & Found,
): boolean {
  const { of } = ownerOfGuest(known.mark, config);
  if (of === "us" || of === "renewed") return true;
  return known.uuid !== undefined && of === "nobody" && kind.uuid(current) === known.uuid;
}

/** Is it gone, by who may say so, and to who would be shown it? */
async function proveGone<I extends GuestInputs>(
  kind: GuestKind<I>,
  cluster: ProxmoxCluster,
  known: GuestInputs & Found,
): Promise<void> {
  await proveSystem(cluster, titleOf(kind, known), known.system);
  await proveVisible(cluster, titleOf(kind, known), known.vmid, known.pool);
}

// ---- observe and ensure

type Seen = ReadGuest & { power: Power; uptime: number | undefined };

/** A guest's configuration and what it does, at this moment. */
async function seenNow(place: GuestPlace): Promise<Seen> {
  const [seen, { power, uptime }] = await Promise.all([read(place), statusOf(place)]);
  if (seen === undefined) throw new UserError("it vanished while it was configured");
  return { ...seen, power, uptime };
}

const nowInSeconds = (): number => Math.floor(Date.now() / 1000);

/** What was written to a running guest that goes on with what it had, and when. */
const silentOf = ({ silent, cloudInitAt }: Found): Record<string, number> => ({
  ...(cloudInitAt === undefined ? {} : { "cloud-init": cloudInitAt }),
  ...silent,
});

/** The guest as it was seen, in the form of its state. @param silent what was written and not read, and when */
async function observe<I extends GuestInputs>(
  kind: GuestKind<I>,
  { cluster, type, vmid }: GuestPlace,
  wanted: I,
  seen: Seen,
  silent: Record<string, number> = {},
): Promise<I & Found> {
  const { uptime } = seen;
  // A guest that was started since has all of it.
  const unread = uptime === undefined ? [] : Object.entries(silent).filter(([, at]) => nowInSeconds() - uptime <= at);
  const pending = [...new Set([...seen.pending, ...unread.map(([name]) => name)])].sort();
  const {
    adopt: _adopt,
    restart: _restart,
    ...kept
  } = kind.fromApi(
    seen.config,
    {
      power: seen.power,
      // One request more for the cluster's lists: only where somebody names a pool or HA.
      // One that the token may not see is what it was made with, or was when it was last seen.
      pool: wanted.pool === undefined ? undefined : ((await cluster.poolOf(vmid, wanted.pool)) ?? wanted.pool),
      ha: wanted.ha === undefined ? undefined : await readHa(cluster, type, vmid),
    },
    wanted,
  );
  return kind.definition.state.parse({
    ...kept,
    uuid: kind.uuid(seen.current),
    system: await cluster.system(),
    pending: pending.length === 0 ? undefined : pending,
    silent: unread.length === 0 ? undefined : Object.fromEntries(unread),
    cloudInitAt: undefined,
  });
}

/** Finds the guest that an earlier run made, or makes it, or takes over one that is there. */
async function ensure<I extends GuestInputs>(
  kind: GuestKind<I>,
  cluster: ProxmoxCluster,
  wanted: I,
): Promise<{ place: GuestPlace; adopted: boolean; made: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const there = attempt === 1 ? await cluster.recall(wanted.vmid) : await cluster.find(wanted.vmid);
    const place: GuestPlace | undefined = there && { cluster, type: there.type, node: there.node, vmid: wanted.vmid };
    const seen = place && (await read(place));
    if (place !== undefined && seen !== undefined) {
      const { config } = seen;
      const mark = findAnyMark(descriptionFrom(config));
      const ours = place.type === kind.type && isOurs(kind, seen, wanted);
      // A container's clone has its mark from the first moment.
      if (isBeingMade(config) && (mark === undefined || ours)) {
        await awaitMaking(kind, place, wanted);
        continue;
      }
      if (ours) return { place, adopted: false, made: false };
      if (place.type !== kind.type || mark !== undefined || !wanted.adopt) throw stranger(kind, wanted, place, config);
      await adopt(kind, place, wanted, config);
      return { place, adopted: true, made: false };
    }
    if (wanted.inert)
      throw new UserError(
        `Unable to find ${titleOf(kind, wanted)}, which NetBox calls failed: nothing is made for it. Set it to active, staged or offline.`,
      );
    try {
      const node = await kind.make(cluster, wanted, titleOf(kind, wanted));
      return { place: { cluster, type: kind.type, node, vmid: wanted.vmid }, adopted: false, made: true };
    } catch (error) {
      // Somebody took the VMID between the look and the clone: look again, it may be a run of ours.
      if (attempt < 3 && says.taken(messageOf(error))) continue;
      throw error;
    }
  }
}

/** A guest that is just being made is locked. */
const isBeingMade = ({ lock }: GuestConfig): boolean => lock === "clone" || lock === "create";

function stranger<I extends GuestInputs>(
  kind: GuestKind<I>,
  wanted: I,
  place: GuestPlace,
  config: GuestConfig,
): UserError {
  const mark = findAnyMark(descriptionFrom(config));
  const owner = mark === undefined ? "carries no mark of this program" : `belongs to ${mark.stack} (${markUrl(mark)})`;
  return new UserError(
    `Unable to create ${titleOf(kind, wanted)}: VMID ${wanted.vmid} on ${place.node} is taken by ${String(config.name ?? config.hostname ?? "another guest")}, which ${owner}. Give the guest another VMID in NetBox (custom field proxmox_vmid), or move that guest away.`,
  );
}

/** Writes the mark behind the notes that are there, and nothing else. */
async function adopt<I extends GuestInputs>(
  kind: GuestKind<I>,
  place: GuestPlace,
  wanted: I,
  config: GuestConfig,
): Promise<void> {
  const notes = descriptionFrom(config);
  await explained(`adopt ${titleOf(kind, wanted)}`, () =>
    place.cluster.write("PUT", `${pathOf(place)}/config`, {
      description: [notes, printMark(wanted.mark, true)].filter((part) => part !== "").join("\n\n"),
      digest: String(config.digest ?? ""),
    }),
  );
}

/** A guest that is just being made has no mark yet: it is waited for if a task of ours makes it. */
async function awaitMaking<I extends GuestInputs>(kind: GuestKind<I>, place: GuestPlace, wanted: I): Promise<void> {
  const { cluster, node, vmid } = place;
  for (const task of await cluster.makingTasks())
    if (await kind.isMaking(task, task.log, wanted)) {
      // How it ended shows in what it left.
      const ended = cluster.wait(task.upid).catch((error: unknown) => {
        if (!(error instanceof ProxmoxTaskError)) throw error;
      });
      return explained(`wait for the running task that makes ${titleOf(kind, wanted)}`, () => ended);
    }
  const seen = await read(place);
  if (seen === undefined || !isBeingMade(seen.config)) return; // it ended between the two looks
  const command = place.type === "qemu" ? "qm" : "pct";
  throw new UserError(
    `Unable to create ${titleOf(kind, wanted)}: ${kind.noun} ${vmid} on ${node} is locked by a clone that no task of ours runs. If it was interrupted, remove it on ${node} with \`${command} unlock ${vmid} && ${command} destroy ${vmid}\`.`,
  );
}

// ---- sync

/**
 * Brings the guest to its inputs and reads it back; the mark (or its recorded identity) is compared before anything is written.
 * @param made it was made just now, and is stopped
 */
function sync<I extends GuestInputs>(
  kind: GuestKind<I>,
  from: GuestPlace,
  wanted: I,
  known?: I & Found,
  made = false,
): Promise<I & Found> {
  const { cluster } = from;
  return explained(`bring ${titleOf(kind, wanted)} to what NetBox says`, async () => {
    const seen = await readOurs(kind, from, wanted, known);
    const before = made ? undefined : await statusOf(from);
    // What can't be plugged would keep a guest running that is to be off.
    const stops = before !== undefined && wanted.power === "stopped" && before.power !== "stopped";
    if (stops) await switchTo(from, "stopped", before.power, before.hasHa);
    const running = before !== undefined && before.power !== "stopped" && !stops;
    const look = () => readOurs(kind, from, wanted, known);
    const written = await configure(kind, from, wanted, { known, running, first: stops ? undefined : seen, look });
    const since = nowInSeconds();
    const silent = {
      ...(known === undefined ? {} : silentOf(known)),
      ...Object.fromEntries(written.map((name) => [name, since])),
    };
    await pooled(cluster, wanted, known ?? wanted);
    const target = wanted.node === known?.node ? undefined : wanted.node;
    const place = target === undefined ? from : await migrateGuest(from, target);
    if (wanted.ha !== undefined)
      await syncHa(cluster, kind.type, wanted.vmid, wanted.ha, wanted.power === "stopped" ? "stopped" : "started");
    const isAsItWas = before?.power === wanted.power && target === undefined && wanted.ha === undefined;
    const now = isAsItWas ? before : await statusOf(place);
    const ha = wanted.ha === undefined ? now.hasHa : wanted.ha !== "none";
    await switchTo(place, wanted.power, now.power, ha);
    let started = now.power === "stopped";
    if (wanted.restart && now.power === "running" && wanted.power === "running") {
      const waits = (await read(place))?.pending ?? [];
      started = waits.length > 0 || Object.keys(silent).length > 0;
      if (started) await restart(place, ha);
    }
    return observe(kind, place, wanted, await protect(place, wanted), started ? {} : silent);
  });
}

const statusOf = ({ cluster, type, node, vmid }: GuestPlace) => cluster.current(type, node, vmid);

/** A guest that is ours still. @throws where it is another one */
async function readOurs<I extends GuestInputs>(
  kind: GuestKind<I>,
  place: GuestPlace,
  wanted: I,
  known: (I & Found) | undefined,
): Promise<ReadGuest> {
  const seen = await read(place);
  if (seen === undefined) throw new UserError("it vanished while it was configured");
  // The mark that state has is as good: a stack that was renamed, or whose NetBox moved, writes it anew.
  const marks = [wanted.mark, known?.mark ?? wanted.mark];
  if (marks.some((mark) => isOurs(kind, seen, { ...wanted, mark, uuid: known?.uuid }))) return seen;
  const mark = findAnyMark(descriptionFrom(seen.config));
  const why = mark === undefined ? "its mark is missing" : `it belongs to ${mark.stack}, ${markUrl(mark)}`;
  throw new UserError(`VMID ${wanted.vmid} is another guest's now (${why}); nothing was changed`);
}

/** Sets a guest's protection, where it is to have it: after all that it would refuse. @returns the guest as it then is */
async function protect(place: GuestPlace, { options }: GuestInputs): Promise<Seen> {
  for (let attempt = 1; ; attempt++) {
    const seen = await seenNow(place);
    const protection = options?.protection;
    if (!isProtectedLast(seen.current, protection)) return seen;
    try {
      const digest = String(seen.config.digest ?? "");
      await place.cluster.write("PUT", `${pathOf(place)}/config`, { protection: 1, digest });
      return { ...seen, config: { ...seen.config, protection: 1 } };
    } catch (error) {
      if (attempt === 3 || !says.changedMeanwhile(error)) throw error;
    }
  }
}

/** Puts a guest into its pool, out of whichever it is in. @param known as it was last seen, or as it was just made */
async function pooled(cluster: ProxmoxCluster, { vmid, pool }: GuestInputs, known: GuestInputs): Promise<void> {
  if (pool === undefined) return;
  const now = await cluster.poolOf(vmid, pool);
  if (now === undefined && pool === known.pool) return;
  if (now === undefined)
    throw new UserError(
      `${cluster.authId} may not see which pool it is in: give it Pool.Audit on /pool (docs/privileges.md), or name no pool for it`,
    );
  if (pool === now) return;
  // Out first: only PVE 8.1 and later can move a guest in one call.
  if (now !== "") await changePool(cluster, now, { vms: vmid, delete: 1 });
  if (pool !== "") await changePool(cluster, pool, { vms: vmid });
}

/** Before PVE 8.1 a pool's name stands in the path; since then it may have others in it, and is a parameter. */
async function changePool(cluster: ProxmoxCluster, poolid: string, form: RequestParameters): Promise<void> {
  if (await cluster.isSince(8, 1)) await cluster.write("PUT", "/pools", { poolid, ...form });
  else await cluster.write("PUT", `/pools/${encodeURIComponent(poolid)}`, form);
}
