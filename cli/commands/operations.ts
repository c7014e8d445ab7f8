import type { Command } from "commander";
import { operatePlainly } from "../chosenrun";

const operations: Record<string, string> = {
  preview: "shows what `up` would do",
  up: "brings everything to what NetBox says",
  refresh: "reads what is there into the state",
  destroy: "takes everything down that the stack made",
};

/** Pulumi's own operations with this project's defaults; what follows the name is Pulumi's. */
export function addOperations(program: Command): void {
  for (const [name, what] of Object.entries(operations))
    program
      .command(name)
      .description(`${what}; takes the options of \`pulumi ${name}\``)
      .argument("[options...]", `options of \`pulumi ${name}\``)
      .helpOption(false)
      .allowUnknownOption()
      .action(async (words: string[]) => {
        process.exitCode = await operatePlainly(name, words);
      });
}
