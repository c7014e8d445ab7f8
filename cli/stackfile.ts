import { project } from "../providers/settings";
import { configurationSource, type StackChoice } from "./configuration";
import { type Configuration, configurationOfFile, stackFileTexts } from "./counts";

/** A stack's configuration by its file alone, which takes no start of Pulumi; nothing where only Pulumi can tell. */
export function configurationByFile({ stack = "", configFile }: StackChoice): Configuration | undefined {
  const texts = stackFileTexts(stack, configFile);
  return texts && configurationOfFile(texts.text, texts.project);
}

/** What a stack does; the site program where nobody can tell. */
export async function programOfStack(choice: StackChoice): Promise<string> {
  const written = configurationByFile(choice);
  if (written !== undefined) return String(written[`${project}:program`] ?? "site");
  const source = await configurationSource(choice, process.env).catch(() => undefined);
  return source?.get("program") ?? "site";
}
