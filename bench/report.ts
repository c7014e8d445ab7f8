import { goals } from "./goals";
import { type Growth, growthOf } from "./growth";
import type { Phase } from "./phases";

/** A table of Markdown that reads well as plain text, too. */
export function markdownTable(head: string[], rows: string[][]): string {
  const widths = head.map((title, n) => Math.max(title.length, ...rows.map((row) => row[n]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const rounded = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
const by = (parts: Partial<Record<string, number>>) =>
  ["cli", "program", "provider"].map((role) => (parts[role] ?? 0).toFixed(0)).join(" / ");

const row = ({ phase, guests, latency, wall, cpu, cpuBy, memory, memoryBy, state, requests, greatest }: Phase) => [
  String(guests),
  latency,
  phase,
  rounded(wall),
  rounded(cpu),
  by(cpuBy),
  memory.toFixed(0),
  by(memoryBy),
  (state / 1000).toFixed(0),
  `${requests.netbox} / ${requests.proxmox} / ${requests.bind9}`,
  `${greatest.netbox} / ${greatest.proxmox} / ${greatest.bind9}`,
];

const growthRow = ({ phase, latency, from, to, wall, cpu, memory }: Growth): string[] => [
  phase,
  latency,
  `${from} → ${to}`,
  ...[wall, cpu, memory].map((exponent) => exponent.toFixed(2)),
];

/** The figures, the growth and the goals, as tables. */
export function benchReport(phases: Phase[]): string {
  const parts = [
    markdownTable(
      [
        "guests",
        "latency",
        "phase",
        "wall s",
        "CPU s",
        "cli / program / provider",
        "MB",
        "cli / program / provider",
        "state kB",
        "requests NetBox / Proxmox / DNS",
        "in flight",
      ],
      phases.map(row),
    ),
    markdownTable(["growth of", "latency", "guests", "wall", "CPU", "memory"], growthOf(phases).map(growthRow)),
    markdownTable(["goal", "to reach", "measured", ""], goals(phases)),
  ];
  return `${parts.join("\n\n")}\n`;
}
