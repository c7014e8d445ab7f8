import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../../providers/context";
import { presentable } from "../../providers/errors";
import type { Settings } from "../settings";
import { readState } from "../state";
import { declare, type Outputs } from "./declare";
import { readOtherStacks } from "./otherstacks";
import { planSite } from "./plan";

/** NetBox → guests, addresses and records: reads all three systems, judges, then declares. */
export async function site(context: Context, settings: Settings): Promise<Outputs> {
  const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const state = await readState();
  const otherStacks = readOtherStacks(process.env.NETBOX_PROXMOX_STACK_FILES ?? ".", pulumi.getStack());
  // An open connection would keep the program from ending.
  const plan = await planSite(context, settings, stack, state, otherStacks).finally(() => context.close());
  const { netbox, guests, named, snapshots, orphans, warnings, notes } = plan;
  for (const warning of warnings) await pulumi.log.warn(presentable(warning));
  for (const note of notes) await pulumi.log.info(presentable(note));
  const of = { stack, netbox, state, protect: settings.site.protect, snapshots };
  return declare(context, of, guests, named, orphans);
}
