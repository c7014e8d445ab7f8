import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEvents, type StackRun } from "../tools/stack";
import { operate } from "./operation";

/** Options of a run that nobody sits before. */
export const unattended = ["--non-interactive", "--suppress-outputs"];

/** An operation with what it did, by its events. @param shown where its output goes; kept, it is given back */
export async function watchedRun(
  command: string,
  args: string[],
  shown: "inherit" | "kept" = "kept",
  env: NodeJS.ProcessEnv = {},
): Promise<StackRun> {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-run-"));
  const log = join(folder, "events.json");
  writeFileSync(log, "");
  try {
    const words = [...args, "--event-log", log];
    const ended = await operate(command, words, shown, { ...env, PULUMI_DEBUG_COMMANDS: "true" });
    return { ...ended, ...readEvents(log) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
