#!/usr/bin/env node
import { Command } from "commander";
import { messageOf } from "../providers/errors";
import { addDoctor } from "./commands/doctor";
import { addExplain } from "./commands/explain";
import { addFiles } from "./commands/files";
import { addGraph } from "./commands/graph";
import { addGuests } from "./commands/guests";
import { addNetboxSchema } from "./commands/netboxschema";
import { addNotify } from "./commands/notify";
import { addOperations } from "./commands/operations";
import { addPlan } from "./commands/plan";
import { addServe } from "./commands/serve";
import { addSnapshots } from "./commands/snapshots";
import { addStacks } from "./commands/stacks";
import { addTasks } from "./commands/tasks";
import { addTemplates } from "./commands/templates";
import { addTokens } from "./commands/tokens";

// `netbox-proxmox COMMAND`, or `npm run ops -- COMMAND`. Credentials come from a stack's configuration or the environment.

/** What somebody gave as an argument that is no place for it is not printed into a log as well. */
const withoutValues = (text: string): string => text.replace(/(--?[a-z][\w-]*=)[^'"\s]+/gi, "$1…");

const program = new Command("netbox-proxmox")
  .configureOutput({ outputError: (text, write) => write(withoutValues(text)) })
  .description("NetBox as the source of truth for Proxmox VE, addresses and DNS")
  .showHelpAfterError()
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 64);
  });
for (const add of [
  addOperations,
  addDoctor,
  addExplain,
  addGuests,
  addSnapshots,
  addTasks,
  addNetboxSchema,
  addFiles,
  addTokens,
  addTemplates,
  addStacks,
  addGraph,
  addPlan,
  addServe,
  addNotify,
])
  add(program);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
