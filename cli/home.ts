import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../tools/root";

/** The user's own home folder of the CLI. */
export const pulumiHome = (): string => process.env.PULUMI_HOME ?? join(homedir(), ".pulumi");

/**
 * A home folder for the CLI that leads to the user's own in everything but its logs: where a file stands in their place, the CLI
 * goes on without them, at half of its CPU (docs/decisions/013). Undefined where it can't be made.
 */
export function quietHome(): string | undefined {
  const folder = join(projectRoot(), "node_modules", ".cache", "pulumi-home");
  const own = pulumiHome();
  if (own === folder) return folder;
  try {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, "logs"))) writeFileSync(join(folder, "logs"), "");
    // What the CLI would make in it has to be made where it belongs.
    for (const name of ["plugins", "workspaces"]) mkdirSync(join(own, name), { recursive: true });
    for (const name of readdirSync(own)) if (name !== "logs") link(join(own, name), join(folder, name));
    return folder;
  } catch {
    return undefined;
  }
}

function link(target: string, path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(path) === target) return;
  if (there?.isSymbolicLink()) rmSync(path);
  symlinkSync(target, path, "junction");
}
