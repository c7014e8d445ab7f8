import { defineProgram } from "../program";
import { siteStateIn } from "../state";
import { readOtherStacks } from "./otherstacks";
import { planSite } from "./plan";

/** NetBox → guests, addresses and records. */
export const site = defineProgram({
  needs: { netbox: true, proxmox: true, neo4j: false },
  plan({ context, settings, self, state, ...run }) {
    const own = self.stack.split("/").at(-1) ?? "";
    const otherStacks = readOtherStacks(process.env.NETBOX_PROXMOX_STACK_FILES ?? ".", own);
    return planSite(context, settings, self, siteStateIn(state), { ...run, otherStacks });
  },
  declare: ({ declaration }) => declaration,
});
