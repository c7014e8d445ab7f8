import { z } from "zod";
import { anyMark, sameMark } from "../../ownership/mark";

/** The safety snapshots of one guest. */
export const snapshotInputs = z.object({
  cluster: z.string(),
  vmid: z.number(),
  type: z.enum(["qemu", "lxc"]),
  /** The guest's. */
  mark: anyMark,
  name: z.string(),
  /** The snapshot that has to be there before the guest is changed; left out where nothing that is covered changes. */
  due: z.string().optional(),
  /** What is about to change, for its description: `cpu, disks`. */
  before: z.string().optional(),
  /** Those that were kept long enough. */
  expired: z.array(z.string()),
});

const keptSnapshot = z.object({
  name: z.string(),
  /** Seconds since 1970. */
  takenAt: z.number(),
});

export const snapshotState = snapshotInputs.extend({
  /** Taken by this resource, and still there. */
  kept: z.array(keptSnapshot),
});

export type SnapshotInputs = z.infer<typeof snapshotInputs>;
export type SnapshotState = z.infer<typeof snapshotState>;
export type KeptSnapshot = z.infer<typeof keptSnapshot>;

/** Is there something to take or to delete? A snapshot that is there, or that is no longer asked for, changes nothing. */
export function hasWork(state: object, inputs: object): boolean {
  const known = snapshotState.safeParse(state);
  const wanted = snapshotInputs.safeParse(inputs);
  if (!known.success || !wanted.success) return false;
  const kept = known.data.kept.map(({ name }) => name);
  const { due, expired } = wanted.data;
  if (!sameMark(known.data.mark, wanted.data.mark)) return true;
  return (due !== undefined && !kept.includes(due)) || expired.some((name) => kept.includes(name));
}
