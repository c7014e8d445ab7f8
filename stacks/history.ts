import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

const updates = z.array(z.object({ kind: z.string(), result: z.string().optional(), startTime: z.string() }));

/** Updates that are looked at: refreshes stand among them. */
const most = 20;

/** When this stack's last `up` that succeeded began, by Pulumi's history of the stack; nothing where it has none, or can't be asked. */
export async function lastUpdate(): Promise<Date | undefined> {
  const stack = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
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
