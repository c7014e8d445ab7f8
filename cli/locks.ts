import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

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

/**
 * Removes a stack's locks that a killed run of this machine left. A lock of a living process, or of another machine, stays.
 * @returns how many went
 */
export function clearDeadLocks(folder: string, project: string, stack: string): number {
  const locks = join(folder, ".pulumi", "locks", "organization", project, stack);
  if (!existsSync(locks)) return 0;
  let cleared = 0;
  for (const file of readdirSync(locks).filter((name) => name.endsWith(".json"))) {
    const { pid, hostname: host } = JSON.parse(readFileSync(join(locks, file), "utf8")) as {
      pid: number;
      hostname: string;
    };
    if (host !== hostname() || isAlive(pid)) continue;
    rmSync(join(locks, file));
    cleared++;
  }
  return cleared;
}
