import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { accessSchema } from "../../stacks/access/desired/file";
import { vmsSchema } from "../../stacks/intent/desired/file";
import type { StackOptions } from "../configuration";
import { withContext, withJson, withStack } from "../options";
import { printJson } from "../terminal";
import { exportVms, printVms } from "../vms";

// Commands on the files that programs follow.

interface ExportOptions extends StackOptions {
  cluster: string[];
  tag: string[];
  out?: string;
  json?: boolean;
}

/** Writes what NetBox holds as a vms.yml. */
const exportFile = ({ cluster, tag, out, json = false, ...stack }: ExportOptions): Promise<void> =>
  withContext({ ...stack, needsProxmox: false }, async ({ context, settings }) => {
    await context.netbox.status();
    const file = await exportVms(context.netbox, settings.site.customFields, { clusters: cluster, tags: tag });
    const text = json ? `${JSON.stringify(file, undefined, 2)}\n` : printVms(file);
    if (out === undefined) process.stdout.write(text);
    else writeFileSync(out, text);
  });

export function addFiles(program: Command): void {
  const vms = program.command("vms").description("the file of the intent program");
  const command = withStack(vms.command("export"))
    .description("writes a vms.yml from the guests that NetBox holds")
    .option("--cluster <name...>", "only guests of these clusters", [])
    .option("--tag <slug...>", "only guests with one of these tags", [])
    .option("--out <file>", "where it is written; else it is printed");
  withJson(command, "as JSON, which `intent` reads too").action(exportFile);
  vms
    .command("schema")
    .description("prints the JSON Schema of vms.yml, for editors")
    .action(() => printJson(vmsSchema()));
  program
    .command("access")
    .description("the file of the access program")
    .command("schema")
    .description("prints the JSON Schema of access.yml, for editors")
    .action(() => printJson(accessSchema()));
}
