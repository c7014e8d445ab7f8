import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

// After a run that went on past an error the state may still name what the run deleted (docs/decisions/011). The engine would say so as
// a bug of its own, with a stack trace. It is told not to look, its note in the state is read instead, and the state is mended.

/** A file backend's state of a stack; nothing where there is none that can be read as it is. */
export function stateFileOf(backend: string | undefined, project: string, stack: string): string | undefined {
  if (backend === undefined) return undefined;
  const file = join(backend, ".pulumi", "stacks", project, `${stack.split("/").pop()}.json`);
  return existsSync(file) ? file : undefined;
}

/** Arguments for a command that goes on past errors; none where the engine's note could not be read. */
export const quietIntegrity = (goesOn: boolean, stateFile: string | undefined): string[] =>
  goesOn && stateFile !== undefined ? ["--disable-integrity-checking"] : [];

const named = z.object({
  urn: z.string(),
  parent: z.string().optional(),
  deletedWith: z.string().optional(),
  dependencies: z.array(z.string()).default([]),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).default({}),
});
const kept = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(named).default([]) }).nullish() }),
});

/** Does each resource of a state name only others that stand before it? @param text a file backend's */
export function isWhole(text: string): boolean {
  const parsed = kept.safeParse(JSON.parse(text));
  const before = new Set<string>();
  return (parsed.data?.checkpoint.latest?.resources ?? []).every((each) => {
    const { urn, parent, deletedWith, dependencies, propertyDependencies } = each;
    const all = [parent, deletedWith, ...dependencies, ...Object.values(propertyDependencies).flat()];
    const isNamed = all.every((other) => typeof other !== "string" || before.has(other));
    before.add(urn);
    return isNamed;
  });
}

/** Does a state name what is gone? Looked at where the engine has noted so, which stands there until a run goes well. */
export function isToBeMended(stateFile: string | undefined): boolean {
  if (stateFile === undefined || !existsSync(stateFile)) return false;
  const text = readFileSync(stateFile, "utf8");
  return /"integrity_error"\s*:\s*\{/.test(text) && !isWhole(text);
}

/** What is said once a state was mended. */
export const mendedText =
  "the state still named what this run deleted, as other steps failed; it was put in order, and is whole again";

/** What is said where it could not be. @param stderr of `pulumi state repair` */
export const unmendedText = (stack: string, stderr: string): string => {
  const [line = "it gave no reason"] = stderr.split("\n").filter((each) => each.trim() !== "");
  return `the state of ${stack} names what is gone, and could not be put in order (${line.replace(/^error: /, "").trim()}): run \`pulumi state repair --stack ${stack}\``;
};
