import { growthOf } from "./growth";
import type { Phase } from "./phases";

// What issue 7 set out to reach, and how the figures stand to it.

const size = 1000;

function goalRow(name: string, limit: string, measured: number | undefined, most: number, unit = ""): string[] {
  if (measured === undefined) return [name, limit, "not measured", ""];
  const shown = measured >= 100 || Number.isInteger(measured) ? measured.toFixed(0) : measured.toFixed(2);
  return [name, limit, `${shown}${unit}`, measured <= most ? "holds" : "missed"];
}

const sum = (endpoints: Record<string, number>, pattern: RegExp) =>
  Object.entries(endpoints).reduce((total, [name, count]) => total + (pattern.test(name) ? count : 0), 0);

/** One row a goal: its name, limit, figure, and whether it is met. Those of 1,000 guests are taken from the largest size up to that. */
export function goals(phases: Phase[]): string[][] {
  const fitting = phases.filter(({ guests }) => guests <= size);
  const guests = Math.max(...fitting.map((each) => each.guests));
  const find = (phase: Phase["phase"], latency: Phase["latency"]) =>
    fitting.find((each) => each.phase === phase && each.latency === latency && each.guests === guests);
  const of = <T>(found: Phase | undefined, read: (phase: Phase) => T) =>
    found === undefined ? undefined : read(found);
  const ratio = (above: number | undefined, below: number | undefined) =>
    above === undefined || below === undefined ? undefined : above / below;
  const up = find("up from nothing", "none") ?? find("up from nothing", "realistic");
  const preview = find("no-change preview", "none") ?? find("no-change preview", "realistic");
  const plan = find("plan by the command", "none");
  const drift = find("plan --drift by the command", "none");
  const refresh = find("preview --refresh", "none") ?? find("preview --refresh", "realistic");
  const floor = find("floor of up", "realistic");
  const slowUp = find("up from nothing", "realistic");
  const peak = phases.reduce<Phase | undefined>(
    (most, each) => (each.memory > (most?.memory ?? 0) ? each : most),
    undefined,
  );
  const steepest = growthOf(phases)
    .filter(({ phase }) => phase !== "floor of up")
    .sort((a, b) => b.cpu - a.cpu)[0];
  const n = `${guests} guests`;
  return [
    goalRow(
      "resources a guest",
      "≤ 5",
      of(up, (each) => Math.floor(each.resources / guests)),
      5,
    ),
    goalRow(
      `no-change preview, ${n}: CPU against bare resources`,
      "≤ 1.2",
      ratio(
        of(preview, ({ cpu }) => cpu),
        of(find("bare preview", "none"), ({ cpu }) => cpu),
      ),
      1.2,
    ),
    goalRow(
      `no-change preview, ${n}: NetBox requests`,
      "≤ 40",
      of(preview, ({ requests }) => requests.netbox),
      40,
    ),
    goalRow(
      `no-change preview, ${n}: requests of single guests`,
      "0",
      of(preview, ({ endpoints }) => sum(endpoints, /ID/)),
      0,
    ),
    goalRow(
      `plan by the command, ${n}: CPU s`,
      "≤ 6",
      of(plan, ({ cpu }) => cpu),
      6,
    ),
    goalRow(
      `plan by the command, ${n}: s`,
      "≤ 5",
      of(plan, ({ wall }) => wall),
      5,
    ),
    goalRow(
      `plan --drift by the command, ${n}: Proxmox requests a guest more`,
      "≤ 1",
      of(drift, (each) => (each.requests.proxmox - (plan?.requests.proxmox ?? 0)) / guests),
      1,
    ),
    goalRow(
      `preview --refresh, ${n}: Proxmox requests a guest`,
      "≤ 1",
      of(refresh, ({ endpoints }) => sum(endpoints, /^proxmox .*ID/) / guests),
      1,
    ),
    goalRow(
      `preview --refresh, ${n}: AXFRs`,
      "≤ 3 (zones)",
      of(refresh, ({ requests }) => requests.bind9),
      3,
    ),
    goalRow(
      `preview --refresh, ${n}: NetBox requests`,
      "≤ 60",
      of(refresh, ({ requests }) => requests.netbox),
      60,
    ),
    goalRow(
      `up from nothing, ${n}, realistic latency: wall against the floor`,
      "≤ 1.15",
      ratio(
        of(slowUp, ({ wall }) => wall),
        of(floor, ({ wall }) => wall),
      ),
      1.15,
    ),
    goalRow(
      "state a guest",
      "≤ 12 kB",
      of(preview, (each) => each.state / guests / 1000),
      12,
      " kB",
    ),
    goalRow(`growth of CPU, the phase that grows most (${steepest?.phase ?? ""})`, "≤ 1.1", steepest?.cpu, 1.1),
    goalRow(
      `most memory (${peak?.guests ?? 0} guests, ${peak?.phase ?? ""})`,
      "≤ 2 GB",
      of(peak, ({ memory }) => memory / 1000),
      2,
      " GB",
    ),
  ];
}
