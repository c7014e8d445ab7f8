import * as pulumi from "@pulumi/pulumi";
import { defineProgram } from "../program";
import { readState } from "../state";
import { declare } from "./declare";
import { readOtherStacks } from "./otherstacks";
import { planSite } from "./plan";

/** NetBox → guests, addresses and records. */
export const site = defineProgram({
  needs: { netbox: true, proxmox: true, neo4j: false },
  async plan({ context, settings, self }) {
    const state = await readState();
    const others = readOtherStacks(process.env.NETBOX_PROXMOX_STACK_FILES ?? ".", pulumi.getStack());
    return { ...(await planSite(context, settings, self, state, others)), state };
  },
  declare({ netbox, guests, kept, named, snapshots, orphans, state }, { context, settings, stack }) {
    const of = { stack, netbox, state, protect: settings.site.protect, snapshots };
    return declare(context, of, { guests, kept, ...named, orphans });
  },
});
