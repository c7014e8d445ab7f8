import { z } from "zod";
import { project } from "../providers/settings";

// How many resources of each kind a stack's state has, for limits that are a percentage of them: a provider can't know.

const exported = z.object({
  deployment: z.object({
    resources: z
      .array(z.looseObject({ outputs: z.looseObject({ __provider: z.string().optional() }).optional() }))
      .optional(),
  }),
});

/** By kind, from what `pulumi stack export` prints. */
export function stateCounts(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outputs } of exported.parse(JSON.parse(text)).deployment.resources ?? []) {
    const kind = /get\('([\w-]+)'\)/.exec(outputs?.__provider ?? "")?.[1];
    if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** What `pulumi config --json` prints. */
const configured = z.record(
  z.string(),
  z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }),
);
const limited = z.object({
  maxRemovals: z.unknown().optional(),
  limits: z.object({ removes: z.unknown().optional() }).optional(),
});

export interface StackConfig {
  /** What the stack does. */
  program: string;
  /** Is the limit of what a refresh may lose a percentage? */
  hasShare: boolean;
}

/** @param text what `pulumi config --json` prints; without secrets, which are not looked at */
export function stackConfig(text: string, env: NodeJS.ProcessEnv): StackConfig {
  const config = configured.parse(text === "" ? {} : JSON.parse(text));
  const program = config[`${project}:program`]?.value ?? "";
  const section = limited.safeParse(config[`${project}:${program === "discovery" ? program : "site"}`]?.objectValue);
  const { maxRemovals, limits } = section.success ? section.data : {};
  const limit = env.NETBOX_PROXMOX_MAX_REMOVALS || limits?.removes || maxRemovals;
  return { program, hasShare: String(limit).endsWith("%") };
}
