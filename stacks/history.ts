import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { type ConfigSource, project } from "../providers/settings";
import { isRecord, sameValue } from "../providers/values";

const value = z.object({ value: z.string().optional(), objectValue: z.unknown().optional() });
const updates = z.array(
  z.object({
    kind: z.string(),
    result: z.string().optional(),
    startTime: z.string(),
    config: z.record(z.string(), value).default({}),
  }),
);

/** An `up` that succeeded. */
export interface LastUpdate {
  began: Date;
  /** The stack's configuration then, by key. */
  config: Record<string, unknown>;
}

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
export const lastOf = (history: unknown): Date | undefined => lastUpdateIn(history)?.began;

/** The same with its configuration. */
export function lastUpdateIn(history: unknown): LastUpdate | undefined {
  const parsed = updates.safeParse(history);
  const last = parsed.data?.find(({ kind, result }) => kind === "update" && result === "succeeded");
  if (last === undefined) return undefined;
  const config = Object.entries(last.config).map(([key, { objectValue, value: text }]) => [key, objectValue ?? text]);
  return { began: new Date(last.startTime), config: Object.fromEntries(config) };
}

/** The sections of the configuration that say what should be; the others are connections and secrets. */
const sections = ["site", "dns", "defaults", "clusters", "discovery", "intent", "access", "templates", "platform"];

/**
 * The keys of the settings that two configurations have otherwise, as messages write them: `netbox-proxmox:defaults.bridge`.
 * @param before by key (`netbox-proxmox:defaults`), as Pulumi's history of the stack has it
 */
export function changedSettings(before: Record<string, unknown>, now: ConfigSource): string[] {
  return sections.flatMap((section) => {
    const text = now.get(section);
    const key = `${project}:${section}`;
    return changedKeys(key, before[key], text === undefined ? undefined : JSON.parse(text));
  });
}

function changedKeys(path: string, before: unknown, now: unknown): string[] {
  if (sameValue(before ?? {}, now ?? {})) return [];
  if (!isRecord(before) && !isRecord(now)) return [path];
  const [was, is] = [isRecord(before) ? before : {}, isRecord(now) ? now : {}];
  const below = (name: string) => (path.endsWith(":clusters") ? `${path}["${name}"]` : `${path}.${name}`);
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((name) =>
    changedKeys(below(name), was[name], is[name]),
  );
}
