import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";

const updates = z.array(z.object({ kind: z.string(), result: z.string().optional(), startTime: z.string() }));

/** Updates that are looked at: refreshes stand among them. */
const most = 20;

/**
 * When a stack's last `up` that succeeded began, by Pulumi's history of the stack; nothing where it has none, or can't be asked.
 * @param stack as the CLI takes it: `organization/project/stack`
 */
export async function lastUpdateOf(stack: string): Promise<Date | undefined> {
  const words = ["stack", "history", "--json", "--page-size", String(most), "--stack", stack, "--non-interactive"];
  const asked = await promisify(execFile)("pulumi", words).catch(() => undefined);
  return asked && lastOf(JSON.parse(asked.stdout));
}

/** The same of what `pulumi stack history --json` prints, newest first. */
export function lastOf(history: unknown): Date | undefined {
  const parsed = updates.safeParse(history);
  const last = parsed.data?.find(({ kind, result }) => kind === "update" && result === "succeeded");
  return last && new Date(last.startTime);
}
