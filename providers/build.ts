import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

// This file runs from dist/providers/, whose parent's parent is the project's root.
const root = join(__dirname, "..", "..");
const stampFile = join(root, "dist", ".sources");
const rooms = ["providers", "stacks", "lab", "cli", "bench", "tools"];

function sources(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(ts|css)$/.test(entry.name) ? [path] : [];
  });
}

function fingerprint(): string {
  const files = [
    join(root, "index.ts"),
    join(root, "tsconfig.json"),
    ...rooms.flatMap((room) => sources(join(root, room))),
  ];
  const hash = createHash("sha256");
  for (const file of files.sort())
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

/** Records in dist/ which sources it was compiled from. */
export function writeStamp(): void {
  writeFileSync(stampFile, fingerprint());
}

/** Set for the processes that one starts which has looked: the stamp of the build that it found to be of today's sources. */
const variable = "NETBOX_PROXMOX_BUILD";

let answer: { stale: string | undefined } | undefined;

/**
 * Why dist/ must not be run, or undefined where it was compiled from the sources as they stand (or ships without them). A process
 * looks once, and not at all where the one that started it has.
 */
export function staleBuild(): string | undefined {
  answer ??= { stale: look() };
  return answer.stale;
}

function look(): string | undefined {
  if (!existsSync(join(root, "index.ts"))) return undefined;
  const stamp = existsSync(stampFile) ? readFileSync(stampFile, "utf8") : undefined;
  if (stamp !== undefined && (stamp === process.env[variable] || stamp === fingerprint())) return undefined;
  return "dist/ was compiled from other sources than those here: run `npm run build`.";
}

/** The environment by which other processes know that dist/ may be run. */
export const checkedBuild = (): Record<string, string> =>
  existsSync(stampFile) && staleBuild() === undefined ? { [variable]: readFileSync(stampFile, "utf8") } : {};
