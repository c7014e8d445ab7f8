import type { Context } from "../providers/context";
import { messageOf, UserError } from "../providers/errors";
import { HttpError } from "../providers/http/errors";
import { made } from "../providers/netbox/schemas";
import { findMark } from "../providers/ownership/mark";
import { ProxmoxTaskError, says } from "../providers/proxmox/errors";
import { descriptionFrom, type Power } from "../providers/proxmox/nodes/guest.model";
import { type GuestPlace, pathOf, restart, switchTo } from "../providers/proxmox/nodes/power";
import { Semaphore } from "../providers/semaphore";
import { displayName, placeName, type SeenGuest } from "./guests";
import { ProgressLine } from "./terminal";

export const powerActions = ["start", "stop", "shutdown", "reboot", "suspend", "resume"] as const;
export type PowerAction = (typeof powerActions)[number];

/** Those that a guest notices. */
export const disturbs = (action: PowerAction): boolean => action !== "start" && action !== "resume";

/** What a guest does after each. */
const after: Readonly<Record<PowerAction, Power>> = {
  start: "running",
  stop: "stopped",
  shutdown: "stopped",
  reboot: "running",
  suspend: "paused",
  resume: "running",
};

interface ToldByNetbox {
  status: string;
  wanted: string;
  recorded: boolean;
  url: string;
  /** The stack whose `up` would undo it; null where no stack's mark is on the guest, and so none would; left out where that is unknown. */
  undoneBy?: string | null | undefined;
  /** Does its status say nothing of power, or more than that? */
  left?: true;
  unseen?: true;
  error?: string;
}

export interface PowerResult {
  cluster: string;
  vmid: number;
  name: string;
  result: "done" | "unchanged" | "failed";
  before: Power | "unknown";
  after: Power | "unknown";
  /** Seconds. */
  took: number;
  error?: string;
  /** What NetBox says of it, and what it would have to say. */
  netbox?: ToldByNetbox;
}

export interface PowerOptions {
  /** Is NetBox told? */
  record: boolean;
  /** Guests of a cluster at once. */
  parallel: number;
}

/** The same to many guests: one that fails holds up no other. */
export async function powerAll(
  context: Context,
  guests: SeenGuest[],
  action: PowerAction,
  options: PowerOptions,
): Promise<PowerResult[]> {
  const progress = new ProgressLine(guests.length);
  const turns = new Map(context.proxmox.map(({ name }) => [name, new Semaphore(options.parallel)]));
  return Promise.all(
    guests.map((guest) => {
      const work = () => progress.of(displayName(guest), () => powerOne(context, guest, action, options.record));
      return turns.get(guest.cluster.name)?.run(work) ?? work();
    }),
  );
}

async function powerOne(
  context: Context,
  guest: SeenGuest,
  action: PowerAction,
  record: boolean,
): Promise<PowerResult> {
  const started = Date.now();
  const { cluster, vmid, type, node } = guest;
  const base = { cluster: cluster.name, vmid, name: displayName(guest) };
  const took = () => Math.round((Date.now() - started) / 100) / 10;
  let before: Power | "unknown" = "unknown";
  try {
    if (guest.template) throw new UserError("it is a template");
    const now = await cluster.current(type, node, vmid);
    before = now.power;
    if (record) checkRecord(guest, action, now.hasHa);
    const changed = await act({ cluster, type, node, vmid }, action, now.power, now.hasHa);
    const result: PowerResult = {
      ...base,
      result: changed ? "done" : "unchanged",
      before,
      after: after[action],
      took: took(),
    };
    const netbox = await withNetbox(context, guest, after[action], record);
    return netbox === undefined ? result : { ...result, netbox };
  } catch (error) {
    const outcome = await cluster.current(type, node, vmid).catch(() => undefined);
    return {
      ...base,
      result: "failed",
      before,
      after: outcome?.power ?? "unknown",
      took: took(),
      error: meaning(guest, action, error),
    };
  }
}

/** A status that the program plans no such guest by. @throws UserError */
function checkRecord({ type }: SeenGuest, action: PowerAction, hasHa: boolean): void {
  if (after[action] !== "paused" || (type === "qemu" && !hasHa)) return;
  const what = type === "lxc" ? "a container" : "a guest with HA";
  throw new UserError(`--record would write paused to NetBox, and ${what} can't be planned as that: leave it out`);
}

/** @returns was there anything to do? */
async function act(place: GuestPlace, action: PowerAction, now: Power, ha: boolean): Promise<boolean> {
  const { cluster } = place;
  const path = `${pathOf(place)}/status`;
  const wanted = after[action];
  if (action === "reboot") {
    if (now !== "running") throw new UserError(`it is ${now}, and only a running guest restarts: start it`);
    if (ha) await restart(place, ha);
    else await cluster.task("POST", `${path}/reboot`, { timeout: cluster.shutdownTimeout });
    return true;
  }
  // Lists and statuses of containers don't tell a suspended one.
  const isKnown = place.type === "qemu" || (action !== "suspend" && action !== "resume");
  if (isKnown && now === wanted) return false;
  if ((action === "suspend" || action === "resume") && now === "stopped")
    throw new UserError(`it is stopped, and there is nothing to ${action}${action === "resume" ? ": start it" : ""}`);
  if (ha && action !== "suspend" && action !== "resume") {
    await switchTo(place, wanted, now, ha);
    return true;
  }
  // One that is paused has been started.
  if (action === "start" && now === "paused") await cluster.task("POST", `${path}/resume`, {});
  else if (action === "shutdown") {
    // A paused guest hears nothing.
    if (now === "paused") await cluster.task("POST", `${path}/resume`, {});
    await cluster.task("POST", `${path}/shutdown`, { timeout: cluster.shutdownTimeout });
  } else await cluster.task("POST", `${path}/${action}`, {});
  return true;
}

function meaning(guest: SeenGuest, action: PowerAction, error: unknown): string {
  const said = messageOf(error);
  if (error instanceof ProxmoxTaskError && says.shutdownTimedOut(error.exitstatus))
    return `it did not follow within ${guest.cluster.shutdownTimeout} s (--timeout): \`ops stop ${placeName(guest)}\` switches it off as it is, as if by its plug`;
  const lock = /(?:VM|CT) is locked \(([\w-]+)\)/.exec(said)?.[1];
  if (lock !== undefined)
    return `it is locked (${lock}): wait for what does that (\`ops tasks --guest ${placeName(guest)} --running\`), or unlock it on ${guest.node} where nothing does (${guest.type === "lxc" ? "pct" : "qm"} unlock ${guest.vmid})`;
  if (/403/.test(said)) return `${said}; ${action} needs VM.PowerMgmt (docs/privileges.md)`;
  return said;
}

/** What NetBox says of a guest that now does this, with the status written where that is asked for. */
async function withNetbox(
  context: Context,
  guest: SeenGuest,
  power: Power,
  record: boolean,
): Promise<PowerResult["netbox"]> {
  const { netbox, type } = guest;
  if (netbox === undefined || netbox.power === power) return undefined;
  const { id, url, status, statuses } = netbox;
  const [wanted = ""] = statuses[power];
  const told = {
    ...{ status, wanted, url, undoneBy: await keeperOf(guest).catch(() => undefined) },
    // Lists and statuses of containers don't tell a suspended one, so no plan finds it.
    ...(type === "lxc" && power === "paused" ? { unseen: true as const } : {}),
  };
  // What is planned, failed or to go away says more than whether it runs, and a status of a NetBox's own says nothing of it.
  if (netbox.power === undefined) return { ...told, left: true, recorded: false };
  if (!record) return { ...told, recorded: false };
  try {
    return { ...told, wanted: await writeStatus(context, id, statuses[power]), recorded: true };
  } catch (error) {
    return { ...told, recorded: false, error: messageOf(error) };
  }
}

/** Writes the first of these statuses that this NetBox has: FIELD_CHOICES can take the usual ones away. @returns it */
async function writeStatus(context: Context, id: number, statuses: readonly string[]): Promise<string> {
  let refusal: unknown;
  for (const status of statuses)
    try {
      await context.netbox.change("virtualization/virtual-machines", id, made, "id", () => ({ status }));
      return status;
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 400) throw error;
      refusal ??= error;
    }
  throw refusal;
}

/** The stack whose mark is on the guest; null where there is none. */
async function keeperOf({ cluster, type, node, vmid }: SeenGuest): Promise<string | null> {
  const read = await cluster.guest(type, node, vmid);
  return findMark(read && descriptionFrom(read.config))?.stack ?? null;
}

/** A sentence for each guest. */
export function printPower(results: PowerResult[], action: PowerAction): string[] {
  return results.map(({ cluster, vmid, name, result, before, after: now, took, error, netbox }) => {
    const who = `${result.padEnd(9)}  ${name} (${cluster}/${vmid})`;
    if (result === "failed") return `${who}: ${action} failed, it is ${now}: ${error ?? ""}`;
    const what = result === "unchanged" ? `was ${now} already` : `${before} → ${now} in ${took} s`;
    return `${who}: ${what}${netbox === undefined ? "" : `; ${printNetbox(netbox)}`}`;
  });
}

function printNetbox({ status, wanted, recorded, url, left, unseen, undoneBy, error }: ToldByNetbox): string {
  if (error !== undefined) return `NetBox (${url}) still says ${status}, as the write failed: ${error}`;
  if (recorded) return `NetBox said ${status}, and says ${wanted} now`;
  if (left) return `NetBox (${url}) says ${status}, which is left as it is`;
  if (unseen)
    return `NetBox (${url}) says ${status}, and no \`up\` sees that the container is suspended: \`ops resume\` ends it`;
  if (undoneBy === null)
    return `NetBox (${url}) says ${status}; no \`up\` undoes this, as no stack's mark is on the guest; --record writes ${wanted}`;
  return `NetBox (${url}) says ${status}: the next \`up\`${undoneBy === undefined ? "" : ` of ${undoneBy}`} would undo this; --record writes ${wanted}`;
}
