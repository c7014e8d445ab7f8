import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { accessFileSchema } from "../../stacks/access/desired/file";
import { vmsSchema } from "../../stacks/intent/desired/file";
import type { StackChoice } from "../configuration";
import { withContext, withJson, withStack } from "../options";
import { exportVms, printVms } from "../vms";

// Commands on the files that programs follow.

interface ExportOptions extends StackChoice {
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
    write(json ? `${JSON.stringify(file, undefined, 2)}\n` : printVms(file), out);
  });

function write(text: string, file: string | undefined): void {
  if (file === undefined) process.stdout.write(text);
  else writeFileSync(file, text);
}

/** A command that prints a JSON Schema; `npm run` prints a line of its own before it, so `--out` writes a file. */
const addSchema = (command: Command, file: string, schema: () => unknown) =>
  command
    .command("schema")
    .description(`prints the JSON Schema of ${file}, for editors`)
    .option("--out <file>", "where it is written; else it is printed")
    .action(({ out }: { out?: string }) => write(`${JSON.stringify(schema(), undefined, 2)}\n`, out));

export function addFiles(program: Command): void {
  const vms = program.command("vms").description("the file of the intent program");
  const command = withStack(vms.command("export"))
    .description("writes a vms.yml from the guests that NetBox holds")
    .option("--cluster <name...>", "only guests of these clusters", [])
    .option("--tag <slug...>", "only guests with one of these tags", [])
    .option("--out <file>", "where it is written; else it is printed");
  withJson(command, "as JSON, which `intent` reads too").action(exportFile);
  addSchema(vms, "vms.yml", vmsSchema);
  addSchema(program.command("access").description("the file of the access program"), "access.yml", accessFileSchema);
}
