import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** The folder of the file backend in use; undefined for any other backend. */
export function backendFolder(root: string, env: NodeJS.ProcessEnv): string | undefined {
  const project = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { backend?: { url?: string } };
  const url = env.PULUMI_BACKEND_URL ?? project.backend?.url ?? "";
  return url.startsWith("file://")
    ? resolve(
        root,
        url
          .slice("file://".length)
          .replace(/\?.*/, "")
          .replace(/^~/, env.HOME ?? "~"),
      )
    : undefined;
}

/** A lock as Pulumi's file backend writes it. */
const lockFile = z.object({ pid: z.number(), hostname: z.string(), timestamp: z.string().optional() });
export type Lock = z.infer<typeof lockFile>;

/**
 * What a process is, beyond its number: a number is used again, and means another process in another container, on another
 * host, or after a restart.
 */
const identity = z.object({ boot: z.string(), namespace: z.string(), started: z.string() });
type Identity = z.infer<typeof identity>;

/** Undefined where the process is not there (a zombie counts so), or where there is no /proc. */
function identityOf(pid: number): Identity | undefined {
  try {
    // The command's name, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    if (fields[0] === "Z") return undefined;
    return { ...place(), started: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

const place = (): Pick<Identity, "boot" | "namespace"> => ({
  boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  namespace: readlinkSync("/proc/self/ns/pid"),
});

/** Pulumi takes every file in its own folder of locks for a lock. */
const noteOf = (backend: string, project: string, stack: string, pid: number): string =>
  join(backend, ".pulumi", "netbox-proxmox", project, stack, `${pid}.json`);

/**
 * Notes which process runs a stack, so that a later run can tell whether it is dead. @returns what takes the note away again.
 * Where there is no /proc nothing is noted, and no lock is ever judged dead.
 */
export function noteRun(backend: string, project: string, stack: string, pid: number): () => void {
  const known = identityOf(pid);
  if (known === undefined) return () => {};
  const file = noteOf(backend, project, stack, pid);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, JSON.stringify(known));
  return () => rmSync(file, { force: true });
}

function read<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Dead for certain: it ran on this host, since its last start, among these processes, and is not there any more. */
function isDead(note: Identity | undefined, pid: number): boolean {
  if (note === undefined || !existsSync("/proc/self/ns/pid")) return false;
  const { boot, namespace } = place();
  return note.boot === boot && note.namespace === namespace && identityOf(pid)?.started !== note.started;
}

/**
 * Removes a stack's locks whose process is certainly dead. Any other lock stays: of a living process, of another host or
 * container, of a run that noted nothing, and one that can't be read.
 * @returns how many went, and those that stayed
 */
export function clearDeadLocks(backend: string, project: string, stack: string): { cleared: number; held: Lock[] } {
  const folder = join(backend, ".pulumi", "locks", "organization", project, stack);
  if (!existsSync(folder)) return { cleared: 0, held: [] };
  let cleared = 0;
  const held: Lock[] = [];
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".json"))) {
    const file = join(folder, name);
    const lock = read(file, lockFile) ?? { pid: 0, hostname: "a host that it doesn't name" };
    const note = noteOf(backend, project, stack, lock.pid);
    if (!isDead(read(note, identity), lock.pid)) {
      held.push(lock);
      continue;
    }
    rmSync(file);
    rmSync(note, { force: true });
    cleared++;
  }
  return { cleared, held };
}

/** Why a run can't begin while others hold the stack. */
export const heldText = (stack: string, held: Lock[]): string =>
  `Stack ${stack} is locked by ${held.map(({ pid, hostname, timestamp }) => `process ${pid} on ${hostname}${timestamp === undefined ? "" : ` since ${timestamp}`}`).join(" and ")}: wait until it has ended. If you know that it is dead, run \`pulumi cancel --yes ${stack}\`.`;
