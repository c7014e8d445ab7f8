import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../providers/context";
import { presentable } from "../providers/errors";
import { declare, type Outputs } from "./declare";
import { planSite } from "./plan";
import type { Settings } from "./settings";
import { readState } from "./state";

/** NetBox → guests, addresses and records: reads all three systems, judges, then declares. */
export async function site(context: Context, settings: Settings): Promise<Outputs> {
  const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const state = await readState();
  // An open connection would keep the program from ending.
  const plan = await planSite(context, settings, stack, state).finally(() => context.close());
  const { netbox, guests, named, leftovers, warnings, notes } = plan;
  for (const warning of warnings) await pulumi.log.warn(presentable(warning));
  for (const note of notes) await pulumi.log.info(presentable(note));
  return declare(context, { stack, netbox, state, protect: settings.site.protect }, guests, named, leftovers);
}
