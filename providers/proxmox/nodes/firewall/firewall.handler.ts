import { z } from "zod";
import { context } from "../../../context";
import { type Handler, replacedBy } from "../../../resource";
import { sameValue } from "../../../values";
import type { ProxmoxCluster } from "../../client";
import { explained } from "../guest.handler";
import {
  type FirewallInputs,
  firewallDiffers,
  firewallFrom,
  firewallInputs,
  firewallOptions,
  seenRule,
} from "./firewall.model";

/** A container's firewall. It goes with its container. */
export const firewallHandler: Handler = {
  diff(state, inputs) {
    const replaced = replacedBy(["cluster", "vmid"], state, inputs);
    return { changes: replaced.replaces !== undefined || firewallDiffers(state, inputs), ...replaced };
  },

  async create(raw) {
    const wanted = firewallInputs.parse(raw);
    return { id: `${wanted.cluster}/${wanted.vmid}`, state: await sync(wanted) };
  },

  async read(id, raw) {
    const known = firewallInputs.parse(raw);
    const cluster = context().cluster(known.cluster);
    // Its container is missed by its own resource.
    if ((await cluster.find(known.vmid)) === undefined) return { id, inputs: known, state: known };
    const seen = await see(cluster, known);
    return { id, inputs: seen, state: seen };
  },

  update: (_id, _state, raw) => sync(firewallInputs.parse(raw)),

  async delete() {},
};

const pathOf = ({ node, vmid }: FirewallInputs): string => `/nodes/${node}/lxc/${vmid}/firewall`;

async function see(cluster: ProxmoxCluster, known: FirewallInputs): Promise<FirewallInputs> {
  const [options, rules] = await Promise.all([
    cluster.get(`${pathOf(known)}/options`, firewallOptions),
    cluster.get(`${pathOf(known)}/rules`, z.array(seenRule)),
  ]);
  return firewallFrom(known, options, rules);
}

/** The rules come first, so that nobody is locked out or let in between; a new rule is PVE's first one. */
function sync(wanted: FirewallInputs): Promise<FirewallInputs> {
  const cluster = context().cluster(wanted.cluster);
  return explained(`set the firewall of CT ${wanted.vmid} on ${wanted.cluster}`, async () => {
    const path = pathOf(wanted);
    const seen = await see(cluster, wanted);
    if (!sameValue(seen.rules, wanted.rules)) {
      const there = await cluster.get(`${path}/rules`, z.array(seenRule));
      for (const rule of [...wanted.rules].reverse())
        await cluster.write("POST", `${path}/rules`, { ...rule, enable: 1 });
      for (let pos = there.length + wanted.rules.length - 1; pos >= wanted.rules.length; pos--)
        await cluster.write("DELETE", `${path}/rules/${pos}`, {});
    }
    if (seen.policyIn !== wanted.policyIn || seen.policyOut !== wanted.policyOut)
      await cluster.write("PUT", `${path}/options`, {
        ...{ enable: 1, policy_in: wanted.policyIn, policy_out: wanted.policyOut },
      });
    return see(cluster, wanted);
  });
}
