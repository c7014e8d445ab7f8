import { z } from "zod";
import { context } from "../../../context";
import { explained, UserError } from "../../../errors";
import { handle } from "../../../resource";
import type { ProxmoxCluster } from "../../client";
import { says } from "../../errors";
import { proxmoxFirewall } from "./firewall";
import { beginsWith, type FirewallInputs, firewallFrom, firewallOptions, seenRule } from "./firewall.model";

/** A container's firewall. It goes with its container. */
export const firewallHandler = handle(proxmoxFirewall, {
  create: async (wanted) => ({ id: `${wanted.cluster}/${wanted.vmid}`, state: await sync(wanted) }),

  async read(known) {
    const cluster = context().cluster(known.cluster);
    // Its container is missed by its own resource.
    return (await cluster.find(known.vmid)) === undefined ? known : see(cluster, known);
  },

  update: (_known, wanted) => sync(wanted),
  delete: async () => {},
});

const pathOf = ({ node, vmid }: Pick<FirewallInputs, "node" | "vmid">): string => `/nodes/${node}/lxc/${vmid}/firewall`;

async function see(cluster: ProxmoxCluster, known: FirewallInputs): Promise<FirewallInputs> {
  const [options, rules] = await Promise.all([
    cluster.get(`${pathOf(known)}/options`, firewallOptions),
    cluster.get(`${pathOf(known)}/rules`, z.array(seenRule)),
  ]);
  return firewallFrom(known, options, rules);
}

/** Brings a firewall to its inputs and reads it back; where others write to it meanwhile, all is decided anew from what is there then. */
function sync(wanted: FirewallInputs): Promise<FirewallInputs> {
  const cluster = context().cluster(wanted.cluster);
  return explained(`set the firewall of CT ${wanted.vmid} on ${wanted.cluster}`, async () => {
    for (let attempt = 1; !(await write(cluster, wanted)); attempt++)
      if (attempt === 3)
        throw new UserError(
          "others changed it three times while this wrote to it: run `pulumi up` again once nobody else edits it",
        );
    return see(cluster, wanted);
  });
}

/** The rules come first, so that nobody is locked out or let in between. @returns false where others wrote to it meanwhile */
async function write(cluster: ProxmoxCluster, wanted: FirewallInputs): Promise<boolean> {
  try {
    if (!(await writeRules(cluster, wanted))) return false;
    await writeOptions(cluster, wanted);
    return true;
  } catch (error) {
    if (says.changedMeanwhile(error)) return false;
    throw error;
  }
}

/** The new rules are put before the old ones, which go afterwards. @returns false where others wrote to them meanwhile */
async function writeRules(cluster: ProxmoxCluster, { rules: wanted, ...known }: FirewallInputs): Promise<boolean> {
  const path = `${pathOf(known)}/rules`;
  const list = () => cluster.get(path, z.array(seenRule));
  let there = await list();
  if (!beginsWith(there, wanted)) {
    // PVE puts a new rule first and compares no digest then: whether another came between shows afterwards.
    for (const rule of [...wanted].reverse()) await cluster.write("POST", path, { ...rule, enable: 1 });
    there = await list();
  }
  while (beginsWith(there, wanted)) {
    const last = there.at(-1);
    if (last === undefined || there.length === wanted.length) return true;
    // A rule's number is another rule's as soon as somebody adds one: the digest says that it is still this one's.
    await cluster.write("DELETE", `${path}/${last.pos}`, { digest: last.digest ?? "" });
    there = await list();
  }
  return false;
}

async function writeOptions(cluster: ProxmoxCluster, wanted: FirewallInputs): Promise<void> {
  const path = `${pathOf(wanted)}/options`;
  const options = await cluster.get(path, firewallOptions);
  const { policyIn, policyOut } = firewallFrom(wanted, options, []);
  if (policyIn !== wanted.policyIn || policyOut !== wanted.policyOut)
    await cluster.write("PUT", path, {
      enable: 1,
      policy_in: wanted.policyIn,
      policy_out: wanted.policyOut,
      digest: options.digest ?? "",
    });
}
