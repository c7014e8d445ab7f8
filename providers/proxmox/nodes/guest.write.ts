import { UserError } from "../../errors";
import type { RequestParameters } from "../api";
import { says } from "../errors";
import type { ReadGuest } from "../schemas";
import type { GuestKind } from "./guest.kind";
import { type Changes, type Found, type GuestInputs, hasCloudInitDrive, othersAt } from "./guest.model";
import { waiting } from "./inforce";
import { madeUpMac } from "./nics";
import { protectedFrom, protectedText, type Step, stepsOf } from "./order";
import { type GuestPlace, pathOf } from "./power";
import { withFormats } from "./storage/storages";

/** How a guest is found that is to be changed. */
interface Situation<I> {
  /** As it was last seen. */
  known: (I & Found) | undefined;
  running: boolean;
  /** As it was just read; undefined where it has changed since. */
  first: ReadGuest | undefined;
  /** Reads it. @throws where it is no more ours */
  look: () => Promise<ReadGuest>;
}

/** Brings a guest's configuration and disks to its inputs, step by step. @returns what it goes on without until it is started, though it is written */
export async function configure<I extends GuestInputs>(
  kind: GuestKind<I>,
  place: GuestPlace,
  wanted: I,
  { known, running, first, look }: Situation<I>,
): Promise<string[]> {
  const done = new Set<string>();
  const silent = new Set<string>();
  let regenerates = false;
  let isPasswordSet = false;
  // Each step is decided by what is there after the one before it.
  let before = first;
  for (let conflicts = 0; ; before = undefined) {
    const seen = before ?? (await look());
    const changes = kind.changesTo(seen.config, wanted, known, seen.current);
    refuse(kind, seen, changes);
    regenerates ||= changes.cloudInit && hasCloudInitDrive(seen.config);
    const secret: RequestParameters = changes.password && !isPasswordSet ? kind.password(wanted) : {};
    const set = { ...changes.set, ...secret };
    const steps = stepsOf(kind.type, seen.current, { ...changes, set }, running);
    const left = steps.filter((each) => !done.has(JSON.stringify(each)));
    const [step] = left;
    if (step === undefined) break;
    try {
      await take(kind, place, step, seen);
    } catch (error) {
      // Someone else wrote in between: decide anew from what is there now.
      if (++conflicts < 3 && says.changedMeanwhile(error)) continue;
      throw error;
    }
    done.add(JSON.stringify(step));
    if (step.kind === "write") {
      isPasswordSet ||= Object.keys(secret).some((key) => key in step.set);
      if (running)
        for (const name of waiting(kind.type, seen.config, { ...seen.config, ...step.set }).silent) silent.add(name);
    }
    // What is taken back shows what is to be done.
    if (left.length === 1 && !(step.kind === "write" && step.revert.length > 0)) break;
  }
  if (!regenerates) return [...silent].filter((name) => name !== "cloud-init");
  await place.cluster.write("PUT", `${pathOf(place)}/cloudinit`, {});
  return running ? [...silent, "cloud-init"] : [];
}

/** @throws where something else is in a disk's place, or the guest's protection stands in the way */
function refuse<I extends GuestInputs>(kind: GuestKind<I>, { config, current }: ReadGuest, changes: Changes): void {
  const [slot, what] = Object.entries(othersAt(config, kind.disks)).find(([each]) => each in changes.set) ?? [];
  if (slot !== undefined)
    throw new UserError(
      `${slot} has ${what} on Proxmox VE, which the virtual disk ${slot} would overwrite; rename the virtual disk in NetBox, or take that away there`,
    );
  const guarded = protectedFrom(kind.type, current, changes);
  if (guarded.length > 0) throw new UserError(protectedText(kind.noun, guarded));
}

/** Takes one step. */
async function take<I extends GuestInputs>(
  { type, withMac }: GuestKind<I>,
  place: GuestPlace,
  step: Step,
  { config }: ReadGuest,
): Promise<void> {
  const { cluster } = place;
  const path = pathOf(place);
  if (step.kind === "grow") return cluster.task("PUT", `${path}/resize`, { disk: step.disk, size: step.size });
  if (step.kind === "move") {
    const { disk, storage } = step;
    return type === "qemu"
      ? cluster.task("POST", `${path}/move_disk`, { disk, storage, delete: 1 })
      : cluster.task("POST", `${path}/move_volume`, { volume: disk, storage, delete: 1 });
  }
  const { remove, revert } = step;
  const set = type === "qemu" ? await withFormats(cluster, step.set) : { ...step.set };
  const cards = withMac === undefined ? [] : Object.keys(set).filter((key) => /^net\d+$/.test(key));
  const prefix = cards.length === 0 ? "" : await cluster.macPrefix();
  for (const key of cards) set[key] = withMac?.(String(set[key]), () => madeUpMac(prefix)) ?? "";
  await cluster.write("PUT", `${path}/config`, {
    ...set,
    ...(remove.length > 0 ? { delete: remove.join(",") } : {}),
    ...(revert.length > 0 ? { revert: revert.join(",") } : {}),
    digest: String(config.digest ?? ""),
  });
}
