import type { GuestConfig, GuestType } from "../schemas";
import { diskKinds } from "./disks";
import { type Changes, type GuestInputs, isTrue } from "./guest.model";

// The order in which a guest's changes are written. Proxmox VE judges a change by the configuration that is there, not by
// what comes with it (docs/decisions/038).

/** Parts of PUT …/config. */
type Write = Pick<Changes, "set" | "remove" | "revert">;

/** One request: a PUT …/config, or a task that grows or moves a volume. */
export type Step =
  | ({ kind: "write" } & Write)
  | { kind: "grow"; disk: string; size: string }
  | { kind: "move"; disk: string; storage: string };

const isCard = (key: string): boolean => /^net\d+$/.test(key);
const isDisk = (type: GuestType, key: string): boolean => diskKinds[type].isSlot(key);

/** What a protected guest refuses: the removal of a drive; of a container also to add or change a volume. */
export const refusedByProtection = (type: GuestType, { set, remove }: Write): string[] => [
  ...remove.filter((key) => isDisk(type, key)),
  ...(type === "lxc" ? Object.keys(set).filter((key) => isDisk(type, key)) : []),
];

/** Is the guest's protection to be lifted, or to be set? */
const protectionOf = (current: GuestConfig, { protection }: Changes["set"]) => ({
  isLifted: protection !== undefined && !isTrue(protection) && isTrue(current.protection),
  isSet: protection !== undefined && isTrue(protection) && !isTrue(current.protection),
});

/** What stands in the way of changes as long as the guest is protected, and goes on to be so. */
export function protectedFrom(type: GuestType, current: GuestConfig, changes: Changes): string[] {
  const { isLifted } = protectionOf(current, changes.set);
  return isTrue(current.protection) && !isLifted ? refusedByProtection(type, changes) : [];
}

/** The same in words, with the remedy. */
export const protectedText = (noun: string, slots: string[]): string =>
  `${slots.sort().join(", ")} can't be changed or detached while the ${noun} is protected: set its option protection to 0 in NetBox (proxmox_option_protection), \`up\`, then set it to 1 again`;

/** Why the disks of a guest that is protected, and stays so, can't become what is asked for, by its last known properties. */
export function protectionProblem(
  type: GuestType,
  state: Pick<GuestInputs, "disks" | "options">,
  wanted: Pick<GuestInputs, "disks" | "options">,
): string | undefined {
  const isProtected = ({ options }: Pick<GuestInputs, "options">) => isTrue(options?.protection);
  if (!isProtected(state) || !isProtected(wanted) || wanted.disks === undefined) return undefined;
  const { stays } = diskKinds[type];
  const [before, after] = [state.disks ?? {}, wanted.disks];
  const gone = Object.keys(before).filter((slot) => !stays(slot) && !(slot in after));
  // What was not named before may be there as it is wanted.
  const isTouched = (slot: string) =>
    before[slot] === undefined ||
    Object.entries(after[slot]?.options ?? {}).some(
      ([key, value]) => (before[slot]?.options?.[key] ?? value) !== value,
    );
  const touched = Object.keys(after).filter(isTouched);
  const slots = type === "lxc" ? [...gone, ...touched] : gone;
  return slots.length === 0 ? undefined : protectedText(type === "lxc" ? "CT" : "VM", slots);
}

/**
 * The requests that bring a guest to its inputs, in their order: lift its protection, detach, configure, attach, grow, move,
 * and last the options of disks, which are written with the size and the place that the disk then has. It is stopped before
 * and started after them by who calls; protected is the very last (`isProtectedLast`).
 * @param running of one that runs each device is written by itself: what can't be plugged takes nothing else along
 */
export function stepsOf(type: GuestType, current: GuestConfig, changes: Changes, running: boolean): Step[] {
  const { set, remove, revert } = changes;
  const { isLifted, isSet } = protectionOf(current, set);
  const isDevice = (key: string) => isCard(key) || isDisk(type, key);
  const keys = Object.keys(set).filter((key) => !(key === "protection" && isSet));
  const added = keys.filter((key) => isDevice(key) && current[key] === undefined);
  const tuned = keys.filter((key) => isDisk(type, key) && current[key] !== undefined);
  const plugs = running && [...keys, ...remove].some(isDevice);
  const judges = keys.filter(
    (key) =>
      (key === "protection" && isLifted && refusedByProtection(type, changes).length > 0) ||
      (key === "hotplug" && plugs),
  );
  // A boot order names what is there.
  const last = keys.filter((key) => key === "boot" && added.length > 0);
  const others = keys.filter((key) => ![...judges, ...added, ...tuned, ...last].includes(key));
  const write = (names: string[], more: Partial<Write> = {}): Step => ({
    ...{ kind: "write", remove: [], revert: [], ...more },
    set: Object.fromEntries(names.flatMap((key) => (set[key] === undefined ? [] : [[key, set[key]]]))),
  });
  const steps = [
    write(judges),
    write([], { revert }),
    ...(running
      ? [write([], { remove }), write(others), ...added.map((key) => write([key])), write(last)]
      : [write([...others, ...added, ...last], { remove })]),
    ...changes.resize.map((each): Step => ({ kind: "grow", ...each })),
    ...changes.move.map((each): Step => ({ kind: "move", ...each })),
    write(tuned),
  ];
  return merged(steps.filter(isNeeded), running);
}

const isNeeded = (step: Step): boolean =>
  step.kind !== "write" || step.remove.length + step.revert.length + Object.keys(step.set).length > 0;

/** Of a guest that is stopped the options of disks go with the rest, where nothing stands between them. */
function merged(steps: Step[], running: boolean): Step[] {
  const [one, two] = steps.slice(-2);
  if (running || one?.kind !== "write" || two?.kind !== "write" || one.revert.length > 0 || isJudge(one)) return steps;
  return [...steps.slice(0, -2), { ...two, set: { ...one.set, ...two.set }, remove: [...one.remove, ...two.remove] }];
}

const isJudge = ({ set, remove }: Write): boolean => remove.length === 0 && Object.keys(set).join() === "protection";

/** Is its protection set at the end of all? */
export const isProtectedLast = (current: GuestConfig, protection: string | number | undefined): boolean =>
  protection !== undefined && protectionOf(current, { protection }).isSet;
