import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { project } from "../providers/settings";
import { isRecord } from "../providers/values";
import { type LastUpdate, lastUpdateIn } from "../stacks/history";
import type { StackState, StateResource } from "../stacks/known";
import { stateOfExport } from "../stacks/state";
import { projectRoot } from "../tools/root";
import { askPulumi } from "./configuration";
import { stateFileOf } from "./integrity";
import { backendFolder } from "./locks";

// A stack's state and history without the engine: from the files of a file backend, else from the CLI.

/** What the stack's state holds; nothing of a stack that has none yet. */
export async function readStackState(stack: string): Promise<StackState> {
  const file = stateFileOf(backendFolder(projectRoot(), process.env), project, stack);
  if (file === undefined)
    return stateOfExport(await askPulumi(`The state of stack ${stack}`, ["stack", "export", "--stack", stack]));
  const { latest } = backendState.parse(JSON.parse(readFileSync(file, "utf8"))).checkpoint;
  return stateOfExport({ deployment: latest ?? {} });
}

/** The same resources with their secrets in the clear, as the engine gives them to providers: to be handed to nobody else. */
export async function readOpenResources(stack: string): Promise<readonly StateResource[]> {
  const words = ["stack", "export", "--show-secrets", "--stack", stack];
  return stateOfExport(opened(await askPulumi(`The state of stack ${stack}`, words))).resources;
}

/** The key by which Pulumi tells a secret in a state from other values. */
const secretKey = "4dabf18193072939515e22adb298388d";

const isSecret = (value: unknown): value is Record<string, unknown> => isRecord(value) && secretKey in value;

/** Is a secret in it, or any of its parts? */
export const hasSecret = (value: unknown): boolean =>
  isSecret(value) || (typeof value === "object" && value !== null && Object.values(value).some(hasSecret));

/** With each secret as what its text in the clear says. */
function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (!isRecord(value)) return value;
  if (isSecret(value) && typeof value.plaintext === "string") return opened(JSON.parse(value.plaintext));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, opened(each)]));
}

const backendState = z.object({ checkpoint: z.object({ latest: z.unknown() }) });

/** The stack's last `up` that succeeded. */
export async function readLastUpdate(stack: string): Promise<LastUpdate | undefined> {
  const backend = backendFolder(projectRoot(), process.env);
  if (backend === undefined) {
    const words = ["stack", "history", "--json", "--page-size", "20", "--stack", stack];
    return lastUpdateIn(await askPulumi(`The history of stack ${stack}`, words).catch(() => undefined));
  }
  const name = stack.split("/").pop() ?? stack;
  const folder = join(backend, ".pulumi", "history", project, name);
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder).filter((file) => /\.history\.json$/.test(file));
  for (const file of files.sort().reverse()) {
    const { data } = kept.safeParse(JSON.parse(readFileSync(join(folder, file), "utf8")));
    if (data?.kind === "update" && data.result === "succeeded")
      return { began: new Date(data.startTime * 1000), config: data.config };
  }
  return undefined;
}

const kept = z.object({
  kind: z.string(),
  result: z.string().optional(),
  /** Seconds since 1970. */
  startTime: z.number(),
  config: z.record(z.string(), z.unknown()).default({}),
});
