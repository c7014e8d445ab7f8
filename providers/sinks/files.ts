import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../errors";

/** A file's text, or undefined where there is none. @throws UserError where it can't be read */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw told(`read ${path}`, error);
  }
}

/** May nobody but its owner read it? */
export const isPrivateFile = (path: string): boolean => (statSync(path).mode & 0o077) === 0;

/** Writes a file that only its owner may read: whole or not at all, and never readable by others in between. */
export const writePrivate = (path: string, text: string): void => writeWhole(path, text, 0o600);

/** Writes a file whole or not at all, with these rights and no more in between. */
function writeWhole(path: string, text: string, mode: number): void {
  const beside = `${path}.${process.pid}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(beside, { force: true });
    writeFileSync(beside, text, { mode, flag: "wx" });
    chmodSync(beside, mode); // whatever the umask is
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw told(`write ${path}`, error);
  }
}

/** Milliseconds for which another process may hold a file, and after which it is taken for dead. */
const held = { wait: 100, most: 10_000 };

/**
 * Writes a file that everybody may read anew from what it holds, whole or not at all. Processes that do so at once take turns.
 * @throws UserError where it can't be written
 */
export async function rewriteShared(path: string, change: (text: string) => string): Promise<void> {
  const lock = `${path}.lock`;
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw told(`write ${path}`, error);
  }
  for (const began = Date.now(); ; await sleep(held.wait)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw told(`write ${path}`, error);
      if (Date.now() - began > held.most) rmSync(lock, { force: true });
    }
  }
  try {
    writeWhole(path, change(readText(path) ?? ""), 0o644);
  } finally {
    rmSync(lock, { force: true });
  }
}

export function removeFile(path: string): void {
  try {
    if (existsSync(path)) rmSync(path);
  } catch (error) {
    throw told(`remove ${path}`, error);
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/** What the system says went wrong. */
const told = (what: string, error: unknown): UserError =>
  new UserError(
    `Unable to ${what}: ${error instanceof Error ? error.message.split(",")[0] : String(error)}. Correct the path, or its folder's rights.`,
  );
