import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../providers/context";
import { presentable } from "../providers/errors";
import { declare, type Outputs } from "./declare";
import { planSite } from "./plan";
import type { Settings } from "./settings";
import { readState } from "./state";

/** NetBox → guests, addresses and records: reads all three systems, judges, then declares. */
export async function site(context: Context, settings: Settings): Promise<Outputs> {
  try {
    const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
    const state = await readState();
    const { netbox, guests, named, leftovers, warnings, notes } = await planSite(context, settings, stack, state);
    for (const warning of warnings) await pulumi.log.warn(presentable(warning));
    for (const note of notes) await pulumi.log.info(presentable(note));
    const { protect } = settings.site;
    return declare(context, { stack, netbox, state, protect }, guests, named, leftovers);
  } finally {
    // An open connection would keep the program from ending.
    await context.close();
  }
}
