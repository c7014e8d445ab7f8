import { parsePropertyString } from "../../../providers/proxmox/propertystring";
import { isRecord } from "../../../providers/values";
import type { Change, Effect } from "../change";
import { disksListed } from "./guestwords";
import { isGuestType, resourceTypeOf } from "./properties";
import { inOrder } from "./shown";
import { printScalar } from "./wording";

// What a change does to what people use, with its details from the properties that change.

export interface EffectWords {
  effect: Effect | "starts" | "waits";
  text: string;
  /** Is something gone after it? */
  isDestructive: boolean;
}

interface Told {
  text: string;
  /** Parts of the change that the effect says already, by their paths. */
  says?: (path: string) => boolean;
}

const fieldOf = ({ fields }: Change, name: string) => fields.find((field) => field.name === name);
const before = (change: Change, name: string): unknown => fieldOf(change, name)?.before;
const after = (change: Change, name: string): unknown => fieldOf(change, name)?.after;
const keys = (...maps: unknown[]): string[] =>
  [...new Set(maps.flatMap((each) => (isRecord(each) ? Object.keys(each) : [])))].sort(inOrder);
const within = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((found, key) => (isRecord(found) && Object.hasOwn(found, key) ? found[key] : undefined), value);

/** `VM`, `container`. */
const kindOf = (change: Change): string => (resourceTypeOf(change) === "ProxmoxContainer" ? "container" : "VM");

/** `with its disks scsi0 40 GiB, scsi1 10 GiB`. */
function withDisks(change: Change): string {
  const disks = disksListed(before(change, "disks"));
  return `with its disks${disks === "" ? "" : ` ${disks}`}`;
}

/** ` 104 on pve2`. */
export function whereOf(change: Change): string {
  const [vmid, node] = ["vmid", "node"].map((name) => before(change, name) ?? after(change, name));
  const where = node ?? before(change, "placement");
  return `${vmid === undefined ? "" : ` ${printScalar(vmid)}`}${where === undefined ? "" : ` on ${printScalar(where)}`}`;
}

interface AddressMove {
  /** `net0`. */
  slot: string;
  path: string;
  before: string;
  /** Undefined where it is taken away. */
  after: string | undefined;
}

/** The static addresses that a guest's properties take from it or give another value. */
function addressMoves(change: Change): AddressMove[] {
  const [nics, init] = [fieldOf(change, "networks"), fieldOf(change, "cloudInit")];
  const pairs = (["ip", "ip6"] as const).flatMap((key) => [
    ...keys(nics?.before).map((slot) => ({
      slot,
      path: `networks.${slot}.${key}`,
      before: within(nics?.before, slot, key),
      after: within(nics?.after, slot, key),
    })),
    ...keys(within(init?.before, "ipconfig")).map((slot) => ({
      slot: `net${slot}`,
      path: `cloudInit.ipconfig.${slot}.${key}`,
      before: optionIn(within(init?.before, "ipconfig", slot), key),
      after: optionIn(within(init?.after, "ipconfig", slot), key),
    })),
  ]);
  return pairs.flatMap(({ slot, path, before: there, after: wanted }) => {
    if (typeof there !== "string" || there === wanted || !/[.:]/.test(there)) return [];
    return [{ slot, path, before: there, after: typeof wanted === "string" ? wanted : undefined }];
  });
}

const optionIn = (text: unknown, key: string): unknown =>
  typeof text === "string" ? parsePropertyString(text).options.get(key) : undefined;

/** The disks that are there before and not after. */
const detached = (change: Change): string[] =>
  keys(before(change, "disks")).filter((slot) => within(after(change, "disks"), slot) === undefined);

function movedDisks(change: Change): { slot: string; from: unknown; to: unknown }[] {
  const [there, wanted] = [before(change, "disks"), after(change, "disks")];
  return keys(there).flatMap((slot) => {
    const [from, to] = [within(there, slot, "storage"), within(wanted, slot, "storage")];
    return to === undefined || from === to ? [] : [{ slot, from, to }];
  });
}

const listed = (names: string[]): string => names.map((name) => printScalar(name)).join(", ");

/** How each effect reads. */
const words: Record<Effect, (change: Change) => Told> = {
  removes: (change) => ({
    text: `deletes the ${kindOf(change)}${whereOf(change)} ${withDisks(change)}`,
    says: (path) => path === "disks",
  }),
  rebuilds: (change) => ({
    text: `deletes the ${kindOf(change)} ${withDisks(change)} and makes it anew`,
    says: (path) => path === "rebuild",
  }),
  stops: (change) => ({
    text: after(change, "power") === "paused" ? "pauses" : "stops",
    says: (path) => path === "power",
  }),
  restarts: () => ({ text: "restarts" }),
  migrates: (change) => {
    const [from, to] = [before(change, "node"), after(change, "node")];
    if (to === undefined) return { text: "migrates to another node" };
    const source = from === undefined ? "" : ` from ${printScalar(from)}`;
    return { text: `migrates${source} to ${printScalar(to)}`, says: (path) => path === "node" };
  },
  renumbers: (change) => {
    const moves = addressMoves(change);
    if (moves.length === 0) return { text: "gets another address" };
    const told = moves.map(({ slot, before: there, after: wanted }) =>
      wanted === undefined
        ? `loses ${printScalar(there)} on ${slot}`
        : `renumbers ${slot} ${printScalar(there)} → ${printScalar(wanted)}`,
    );
    return { text: told.join(", "), says: (path) => moves.some((move) => move.path === path) };
  },
  releases: () => ({ text: "is released: others may get it" }),
  removesNames: () => ({ text: "is removed from DNS" }),
  detaches: (change) => {
    const slots = detached(change);
    if (slots.length === 0) return { text: "detaches a disk and keeps its data" };
    const data = slots.length === 1 ? "its data" : "their data";
    return {
      text: `detaches ${listed(slots)} and keeps ${data} as an unused disk`,
      says: (path) => slots.some((slot) => path === `disks.${slot}`),
    };
  },
  moves: (change) => {
    const moves = movedDisks(change);
    if (moves.length === 0) return { text: "moves disks to another storage" };
    const told = moves.map(({ slot, from, to }) => {
      const source = from === undefined ? "" : ` from ${printScalar(from)}`;
      return `moves ${printScalar(slot)}${source} to ${printScalar(to)}`;
    });
    return { text: told.join(", "), says: (path) => moves.some(({ slot }) => path === `disks.${slot}.storage`) };
  },
};

const destructive: readonly Effect[] = ["removes", "rebuilds", "releases", "removesNames", "detaches", "renumbers"];

/** An effect on many objects, for summaries: `3 guests restart`. */
export const effectCounts: Record<Effect, readonly [one: string, many: string]> = {
  removes: ["guest deleted with its disks", "guests deleted with their disks"],
  rebuilds: ["guest made anew", "guests made anew"],
  stops: ["stops", "stop"],
  restarts: ["restarts", "restart"],
  migrates: ["migrates", "migrate"],
  renumbers: ["renumbers", "renumber"],
  releases: ["address released", "addresses released"],
  removesNames: ["name removed from DNS", "names removed from DNS"],
  detaches: ["detaches disks", "detach disks"],
  moves: ["moves disks", "move disks"],
};

/** The effects that a report tells: what is made anew is not deleted besides. */
export const toldEffects = ({ effects }: Change): Effect[] =>
  effects.filter((effect) => effect !== "removes" || !effects.includes("rebuilds"));

/** A guest that runs from now on. */
function startOf(change: Change): string | undefined {
  const power = fieldOf(change, "power");
  if (change.action !== "update" || power?.before === undefined || power.after !== "running") return undefined;
  return power.before === "paused" ? "resumes" : "starts";
}

/** An effect's words, and which parts of the change they say already. */
export function effectWordsOf(change: Change): { effects: EffectWords[]; isSaid: (path: string) => boolean } {
  const told = toldEffects(change).map((effect) => ({ effect, ...words[effect](change) }));
  const waits = change.waits ?? [];
  const isPart = change.fields.length > 1 || waits.length > 1;
  const needed = `restart needed${isPart ? ` for ${listed(waits)}` : ""}`;
  const effects: EffectWords[] = told.map(({ effect, text }) => ({
    effect,
    text,
    isDestructive: destructive.includes(effect),
  }));
  const starts = startOf(change);
  if (starts !== undefined) effects.push({ effect: "starts", text: starts, isDestructive: false });
  if (waits.length > 0) effects.push({ effect: "waits", text: needed, isDestructive: false });
  const isSaid = (path: string): boolean =>
    (starts !== undefined && path === "power") || told.some(({ says }) => says?.(path) ?? false);
  return { effects, isSaid };
}

/** A guest itself, rather than what belongs to it. */
export const isGuestChange = (change: Change): boolean => isGuestType(resourceTypeOf(change));
