import type { Command } from "commander";
import type { StackChoice } from "../configuration";
import { explainGuest, printExplanation } from "../explain";
import { withContext, withJson, withStack } from "../options";
import { show } from "../terminal";

interface ExplainOptions extends StackChoice {
  json?: boolean;
}

const explain = (guest: string, options: ExplainOptions) =>
  withContext(options, async ({ context, settings }) => {
    show(await explainGuest(context, settings, guest), options.json, printExplanation);
  });

export function addExplain(program: Command): void {
  withJson(withStack(program.command("explain")))
    .description("lists every value of a guest with its source in NetBox or the settings, and what that overrules")
    .argument("<guest>", "its name in NetBox, its VMID, or CLUSTER/VMID where several clusters have one")
    .action(explain);
}
