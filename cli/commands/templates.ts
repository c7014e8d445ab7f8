import type { Command } from "commander";
import { UserError } from "../../providers/errors";
import type { StackChoice } from "../configuration";
import { withContext, withJson, withStack } from "../options";
import { listTemplates, printTemplates, writeChoices } from "../templates";
import { remark, show } from "../terminal";

interface TemplatesOptions extends StackChoice {
  write?: boolean;
  json?: boolean;
}

/** Lists templates, and writes what NetBox offers. */
const list = ({ write = false, json = false, ...stack }: TemplatesOptions): Promise<void> =>
  withContext({ ...stack, needsNetbox: write }, async ({ context, settings }) => {
    const { customFields } = settings.site;
    const { found, problems } = await listTemplates(context, customFields, Date.now());
    for (const problem of problems) remark(problem);
    if (problems.length > 0) process.exitCode = 1;
    if (write && problems.length > 0)
      throw new UserError("--write would take away what could not be read: nothing was written to NetBox.");
    const lines = write ? await writeChoices(context, customFields, found) : [];
    show(found, json, () => [printTemplates(found), ...lines]);
  });

export function addTemplates(program: Command): void {
  const command = withStack(program.command("templates"))
    .description("lists the templates of every cluster: their age, who made them, what uses them")
    .option("--write", "brings NetBox's choice sets to the templates that there are");
  withJson(command).action(list);
}
