import { suffix } from "../providers/connections";
import { type ConfigSource, type Environment, project } from "../providers/settings";
import { isRecord } from "../providers/values";
import { configurationOfFile, stackFileTexts } from "./counts";

// A stack's configuration by its file alone. A start of Pulumi, which alone can read encrypted values, would be a third of a plan.

/** What stands in a file for a secret, by its path: `["proxmox", "pve", "token"]`. */
function secretsIn(value: unknown, path: string[] = []): string[][] {
  if (Array.isArray(value)) return value.flatMap((each, n) => secretsIn(each, [...path, String(n)]));
  if (!isRecord(value)) return [];
  if (typeof value.secure === "string" && Object.keys(value).length === 1) return [path];
  return Object.entries(value).flatMap(([key, each]) => secretsIn(each, [...path, key]));
}

/** The variables that come before a secret; none for one that only Pulumi can tell. @param clusters how many the stack has */
function variablesOf([section = "", ...path]: string[], clusters: number): string[] {
  const [name = "", key] = path;
  if (section === "netbox" && name === "token") return ["NETBOX_API_TOKEN"];
  if (section === "neo4j" && name === "password") return ["NEO4J_PASSWORD"];
  if (section !== "proxmox" || path.length !== 2 || (key !== "token" && key !== "password")) return [];
  const variable = key === "token" ? "PROXMOX_VE_API_TOKEN" : "PROXMOX_VE_PASSWORD";
  return [`${variable}_${suffix(name)}`, ...(clusters === 1 ? [variable] : [])];
}

const without = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(without);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => secretsIn(each)[0]?.length !== 0);
  return Object.fromEntries(kept.map(([key, each]) => [key, without(each)]));
};

/**
 * By the texts of a stack's file and of the project's.
 * @returns undefined where only Pulumi can tell: a secret is in it that the environment doesn't give
 */
export function sourceOfFile(text: string, projectText: string, env: Environment): ConfigSource | undefined {
  const config = configurationOfFile(text, projectText);
  if (config === undefined) return undefined;
  const own = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(`${project}:`) ? [[key.slice(project.length + 1), value]] : [],
    ),
  );
  const clusters = isRecord(own.proxmox) ? Object.keys(own.proxmox).length : 0;
  const isGiven = (path: string[]) => variablesOf(path, clusters).some((name) => (env[name] ?? "") !== "");
  if (!secretsIn(own).every(isGiven)) return undefined;
  const open = without(own);
  return {
    get: (key) => {
      const value = isRecord(open) ? open[key] : undefined;
      return value === undefined || value === null ? undefined : isText(value) ? String(value) : JSON.stringify(value);
    },
  };
}

const isText = (value: unknown): boolean => typeof value !== "object";

/** Of a stack, by the files of this project. */
export function sourceByFile(
  stack: string,
  configFile: string | undefined,
  env: Environment,
): ConfigSource | undefined {
  const texts = stackFileTexts(stack, configFile);
  return texts && sourceOfFile(texts.text, texts.project, env);
}
