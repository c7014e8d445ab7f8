import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { descendants } from "../cli/processes";

/** What a process tree is made of. */
export type Role = "cli" | "program" | "provider" | "other";

export interface Cost {
  /** Seconds. */
  wall: number;
  cpu: number;
  cpuBy: Partial<Record<Role, number>>;
  /** MB: the most that each part held, and that all held at one moment. */
  memory: number;
  memoryBy: Partial<Record<Role, number>>;
}

const ticksASecond = 100; // USER_HZ of Linux
const pageSize = 4096;
const interval = 200;

interface Sample {
  role: Role;
  cpu: number;
  memory: number;
}

/** By what it was started with: the CLI, its language host's `run` and the dynamic provider. */
function roleOf(command: string): Role {
  if (/dynamic-provider/.test(command)) return "provider";
  if (/cmd\/run/.test(command)) return "program";
  if (/(^|\/)pulumi(-language-nodejs)?\0/.test(command)) return "cli";
  return "other";
}

function sample(pid: number): Sample | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    const cpu = (Number(fields[11]) + Number(fields[12])) / ticksASecond;
    return { role: roleOf(command), cpu, memory: (Number(fields[21]) * pageSize) / 1e6 };
  } catch {
    return undefined; // it has ended
  }
}

/** Watches a process and all that it starts until the work is done, five times a second: the last moments of each are missed. */
export async function metered<T>(pid: number, done: Promise<T>): Promise<{ result: T; cost: Cost }> {
  const started = performance.now();
  const last = new Map<number, Sample>();
  const memoryBy: Cost["memoryBy"] = {};
  let memory = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const now = new Map<Role, number>();
      for (const each of descendants(pid)) {
        const found = sample(each);
        if (found === undefined) continue;
        // One that has just ended has no command any more.
        if (found.role === "other") found.role = last.get(each)?.role ?? "other";
        last.set(each, found);
        now.set(found.role, (now.get(found.role) ?? 0) + found.memory);
      }
      for (const [role, held] of now) memoryBy[role] = Math.max(memoryBy[role] ?? 0, held);
      memory = Math.max(
        memory,
        [...now.values()].reduce((sum, each) => sum + each, 0),
      );
      await sleep(interval);
    }
  })();
  const result = await done.finally(() => {
    isOver = true;
  });
  const wall = (performance.now() - started) / 1000;
  await watching;
  const cpuBy: Cost["cpuBy"] = {};
  for (const { role, cpu } of last.values()) cpuBy[role] = (cpuBy[role] ?? 0) + cpu;
  const cpu = Object.values(cpuBy).reduce((sum, each) => sum + each, 0);
  return { result, cost: { wall, cpu, cpuBy, memory, memoryBy } };
}
