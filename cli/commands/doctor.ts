import { type Command, Option } from "commander";
import { programNames } from "../../stacks/access/desired/file";
import type { StackChoice } from "../configuration";
import { examine, printChecks } from "../doctor";
import { withContext } from "../options";
import { show } from "../terminal";
import { stacked } from "./choosing";

interface DoctorCommandOptions extends StackChoice {
  program: (typeof programNames)[number];
  uses: string[];
  json?: boolean;
}

/** Exits with 2 where something failed. */
async function look({ program, uses, json = false, ...stack }: DoctorCommandOptions): Promise<void> {
  await withContext({ ...stack, needsNetbox: false }, async ({ context, connections, settings }) => {
    const checks = await examine(context, { connections, settings }, { program, uses });
    show(checks, json, printChecks);
    if (checks.some(({ state }) => state === "failed")) process.exitCode = 2;
  });
}

export function addDoctor(program: Command): void {
  stacked(program.command("doctor"))
    .description("looks whether every system is reached and lets us do what is needed; exits with 2 where one doesn't")
    .addOption(
      new Option("--program <name>", "the program whose rights are looked for").choices(programNames).default("site"),
    )
    .option("--uses <part...>", "parts of it that are used, like pools and HA (docs/privileges.md)", [])
    .action(look);
}
