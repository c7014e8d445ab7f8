import { readdirSync, readFileSync } from "node:fs";

/** A process and all that it started, by the parents that Linux knows: the CLI gives its plugins process groups of their own. */
export function descendants(pid: number): number[] {
  const children = readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The command's name, in parentheses, may hold anything.
      const [, parent] = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return Number(parent) === pid ? [Number(name)] : [];
    } catch {
      return []; // it has ended
    }
  });
  return [pid, ...children.flatMap(descendants)];
}

/** SIGKILL to a whole process tree at one moment. */
export function killTree(pid: number): void {
  for (const each of descendants(pid)) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // it ended by itself
    }
  }
}

/** The command lines of a process and all that it started, at this moment. */
export const commandLines = (process: number): string =>
  descendants(process)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1");
      } catch {
        return ""; // it has ended
      }
    })
    .join("\n");
