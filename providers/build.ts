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

/** Why dist/ must not be run, or undefined where it was compiled from the sources as they stand (or ships without them). */
export function staleBuild(): string | undefined {
  if (!existsSync(join(root, "index.ts"))) return undefined;
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === fingerprint()) return undefined;
  return "dist/ was compiled from other sources than those here: run `npm run build`.";
}
