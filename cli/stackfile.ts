import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { project } from "../providers/settings";
import { projectRoot } from "../tools/root";
import { configurationSource, type StackChoice } from "./configuration";
import { type Configuration, configurationOfFile } from "./counts";

/** A stack's configuration by its file alone, which takes no start of Pulumi; nothing where only Pulumi can tell. */
export function configurationByFile({ stack = "", configFile }: StackChoice): Configuration | undefined {
  const root = projectRoot();
  const file = configFile ?? join(root, `Pulumi.${stack.split("/").pop()}.yaml`);
  return existsSync(file)
    ? configurationOfFile(readFileSync(file, "utf8"), readFileSync(join(root, "Pulumi.yaml"), "utf8"))
    : undefined;
}

/** What a stack does; the site program where nobody can tell. */
export async function programOfStack(choice: StackChoice): Promise<string> {
  const written = configurationByFile(choice);
  if (written !== undefined) return String(written[`${project}:program`] ?? "site");
  const source = await configurationSource(choice, process.env).catch(() => undefined);
  return source?.get("program") ?? "site";
}
