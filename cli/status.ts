import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../providers/errors";
import { tableLines } from "../stacks/plan/table";
import { displayName, placeName, readLive, type SeenGuest } from "./guests";
import { type Colour, coloured, colouredWords, printBytes, printSpan, say } from "./terminal";

/** One guest's numbers. Bytes, bytes a second, seconds; rates only where there was a look before. */
export interface GuestStatus {
  cluster: string;
  vmid: number;
  name: string;
  type: "qemu" | "lxc";
  node: string;
  status: string;
  tags: string[];
  template: boolean;
  netbox: string | undefined;
  lock: string | undefined;
  /** Of all its CPUs: 0 to 1. */
  cpu: number;
  cpus: number;
  memory: number;
  memoryTotal: number;
  disk: number;
  diskTotal: number;
  uptime: number;
  rates?: { diskRead: number; diskWrite: number; netIn: number; netOut: number };
}

export function statusOf(guest: SeenGuest, before?: { guest: SeenGuest; seconds: number }): GuestStatus {
  const { cluster, vmid, type, node, status, tags, template, netbox, lock } = guest;
  // A guest that restarted counts anew.
  const rate = (key: "diskread" | "diskwrite" | "netin" | "netout") =>
    before === undefined ? 0 : Math.max(0, Math.round((guest[key] - before.guest[key]) / before.seconds));
  return {
    cluster: cluster.name,
    vmid,
    name: displayName(guest),
    type,
    node,
    status,
    tags,
    template,
    netbox: netbox?.status,
    lock,
    cpu: guest.cpu,
    cpus: guest.maxcpu,
    memory: guest.mem,
    memoryTotal: guest.maxmem,
    disk: guest.disk,
    diskTotal: guest.maxdisk,
    uptime: guest.uptime,
    ...(before === undefined
      ? {}
      : {
          rates: {
            diskRead: rate("diskread"),
            diskWrite: rate("diskwrite"),
            netIn: rate("netin"),
            netOut: rate("netout"),
          },
        }),
  };
}

export const statusColours: Readonly<Record<string, Colour>> = {
  running: "green",
  stopped: "grey",
  paused: "yellow",
  unknown: "red",
  failed: "red",
};

/** @param silent clusters that did not answer: their guests are not known */
export function printList(all: GuestStatus[], silent: string[] = []): string[] {
  if (all.length === 0 && silent.length > 0) return [`No guest is known, as ${silent.join(" and ")} did not answer.`];
  if (all.length === 0) return ["No guests."];
  const rows = all.map(
    ({ cluster, vmid, name, type, node, status, template, netbox, cpus, memoryTotal, tags, lock }) => [
      ...[`${cluster}/${vmid}`, name, type === "lxc" ? "CT" : "VM", node, template ? "template" : status],
      ...[netbox ?? "", String(cpus), printBytes(memoryTotal), tags.join(" "), lock ?? ""],
    ],
  );
  const head = ["guest", "name", "type", "node", "status", "NetBox", "CPUs", "memory", "tags", "lock"];
  return tableLines([head, ...rows]).map((line, n) =>
    n === 0 ? coloured(line, "bold") : colouredWords(line, statusColours),
  );
}

export function printStatus(all: GuestStatus[]): string[] {
  const hasRates = all.some(({ rates }) => rates !== undefined);
  const rows = all.map((each) => {
    const { cluster, vmid, name, node, status, cpu, cpus, memory, memoryTotal, disk, diskTotal, uptime, lock } = each;
    const { rates } = each;
    return [
      ...[`${cluster}/${vmid}`, name, node, status, `${(cpu * 100).toFixed(1)} % of ${cpus}`],
      `${printBytes(memory)} of ${printBytes(memoryTotal)}`,
      each.type === "lxc" ? `${printBytes(disk)} of ${printBytes(diskTotal)}` : printBytes(diskTotal),
      ...(hasRates
        ? [
            rates === undefined ? "" : `${printBytes(rates.diskRead)} / ${printBytes(rates.diskWrite)}`,
            rates === undefined ? "" : `${printBytes(rates.netIn)} / ${printBytes(rates.netOut)}`,
          ]
        : []),
      ...[uptime === 0 ? "" : printSpan(uptime), lock ?? ""],
    ];
  });
  const head = ["guest", "name", "node", "status", "CPU", "memory", "disk"];
  const more = hasRates ? ["read / written a second", "received / sent a second"] : [];
  return tableLines([[...head, ...more, "up for", "lock"], ...rows]).map((line, n) =>
    n === 0 ? coloured(line, "bold") : colouredWords(line, statusColours),
  );
}

export interface WatchOptions {
  /** Seconds. */
  interval: number;
  /** Looks after which it ends; nothing: until it is stopped. */
  count?: number | undefined;
  json: boolean;
}

/**
 * Looks again and again: one request a cluster and interval. A cluster that does not answer is told, and asked again the next
 * time; its guests are shown as unknown.
 */
export async function watch(guests: SeenGuest[], { interval, count, json }: WatchOptions): Promise<void> {
  const clusters = [...new Set(guests.map(({ cluster }) => cluster))];
  let last = new Map<string, { guest: SeenGuest; at: number }>();
  for (let look = 1; ; look++) {
    const problems: string[] = [];
    const lives = await Promise.all(
      clusters.map((cluster) =>
        readLive(cluster).catch((error: unknown) => {
          problems.push(`${cluster.name} does not answer: ${messageOf(error)}`);
          return undefined;
        }),
      ),
    );
    const at = Date.now();
    const next = new Map<string, { guest: SeenGuest; at: number }>();
    const shown = guests.map((guest): GuestStatus => {
      const live = lives[clusters.indexOf(guest.cluster)];
      const found = live?.find(({ vmid }) => vmid === guest.vmid);
      if (found === undefined) return { ...statusOf(guest), status: live === undefined ? "unknown" : "gone" };
      const now: SeenGuest = { ...guest, ...found };
      const before = last.get(placeName(guest));
      next.set(placeName(guest), { guest: now, at });
      return statusOf(now, before && { guest: before.guest, seconds: Math.max(0.001, (at - before.at) / 1000) });
    });
    last = next;
    show(shown, problems, json);
    if (look === count) return;
    await sleep(interval * 1000);
  }
}

function show(shown: GuestStatus[], problems: string[], json: boolean): void {
  const time = new Date().toISOString();
  if (json) {
    say(JSON.stringify({ time, guests: shown, problems }));
    return;
  }
  // On a terminal each look takes the place of the one before.
  if (process.stdout.isTTY) process.stdout.write("\u001b[H\u001b[2J");
  for (const line of [time, ...printStatus(shown), ...problems]) say(line);
}
