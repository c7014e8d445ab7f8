import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { kindOfText } from "../providers/resource";
import { project } from "../providers/settings";
import { projectRoot } from "../tools/root";

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
    const kind = kindOfText(outputs?.__provider);
    if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** What `pulumi config --json` prints. */
const printed = z.record(z.string(), z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }));
/** A stack's configuration file, as far as it is looked at. */
const configFile = z.object({
  config: z.record(z.string(), z.unknown()).optional(),
  environment: z.unknown().optional(),
});
const limited = z.object({
  maxRemovals: z.unknown().optional(),
  limits: z.object({ removes: z.unknown().optional() }).optional(),
});

/** A stack's configuration by its keys; secrets are not looked at. */
export type Configuration = Record<string, unknown>;

/**
 * By the text of its file, and of the project's. @returns undefined where only Pulumi can tell: environments are imported, the
 * project gives defaults, or keys have no namespace
 */
export function configurationOfFile(text: string, project: string): Configuration | undefined {
  const { config = {}, environment } = configFile.parse(parse(text) ?? {});
  const isWhole = environment === undefined && configFile.parse(parse(project) ?? {}).config === undefined;
  return isWhole && Object.keys(config).every((key) => key.includes(":")) ? config : undefined;
}

/** The texts of a stack's file and of the project's; nothing where there is no such file. @param file where it is not the stack's own */
export function stackFileTexts(stack: string, file: string | undefined): { text: string; project: string } | undefined {
  const root = projectRoot();
  const path = file ?? join(root, `Pulumi.${stack.split("/").pop()}.yaml`);
  if (!existsSync(path)) return undefined;
  return { text: readFileSync(path, "utf8"), project: readFileSync(join(root, "Pulumi.yaml"), "utf8") };
}

/** By what `pulumi config --json` prints. */
export const printedConfiguration = (text: string): Configuration =>
  Object.fromEntries(
    Object.entries(printed.parse(text === "" ? {} : JSON.parse(text))).map(([key, { value, objectValue }]) => [
      key,
      objectValue ?? value,
    ]),
  );

export interface StackConfig {
  /** What the stack does. */
  program: string;
  /** Is the limit of what a refresh may lose a percentage? */
  hasShare: boolean;
}

export function stackConfig(configuration: Configuration, env: NodeJS.ProcessEnv): StackConfig {
  const program = String(configuration[`${project}:program`] ?? "");
  const section = limited.safeParse(configuration[`${project}:${program === "discovery" ? program : "site"}`]);
  const { maxRemovals, limits } = section.success ? section.data : {};
  const limit = env.NETBOX_PROXMOX_MAX_REMOVALS || limits?.removes || maxRemovals;
  return { program, hasShare: String(limit).endsWith("%") };
}
