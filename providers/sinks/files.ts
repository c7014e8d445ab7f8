import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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
export function writePrivate(path: string, text: string): void {
  const beside = `${path}.${process.pid}.part`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(beside, { force: true });
    writeFileSync(beside, text, { mode: 0o600, flag: "wx" });
    chmodSync(beside, 0o600); // whatever the umask is
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw told(`write ${path}`, error);
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
