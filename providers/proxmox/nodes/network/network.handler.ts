import { z } from "zod";
import { context } from "../../../context";
import { explained, UserError } from "../../../errors";
import { handle } from "../../../resource";
import type { RequestParameters } from "../../api";
import type { ProxmoxCluster } from "../../client";
import { proveSystem } from "../../system";
import { proxmoxNetwork } from "./network";
import { type NetworkInputs, type NetworkState, prefixOfNetwork } from "./network.model";

const named = z.object({ vnet: z.string().optional(), zone: z.string().optional() });

/** A network: found, or made and applied; taken away again where it was made. */
export const networkHandler = handle(proxmoxNetwork, {
  create: async (wanted) => ({ id: `${wanted.cluster}/${wanted.name}`, state: await ensure(wanted, []) }),

  async read(known) {
    const cluster = context().cluster(known.cluster);
    await proveSystem(cluster, titleOf(known), known.system);
    const there = known.kind === "bridge" ? await nodesWith(cluster, known) : known.nodes;
    const isThere = known.kind === "bridge" ? there.length > 0 : await hasVnet(cluster, known);
    return isThere ? { ...known, nodes: known.nodes.filter((node) => there.includes(node)) } : undefined;
  },

  update: (known, wanted) => ensure(wanted, known.made),

  async delete(known) {
    const cluster = context().cluster(known.cluster);
    await proveSystem(cluster, titleOf(known), known.system);
    await explained(`take away ${titleOf(known)}`, () => remove(cluster, known));
  },
});

const titleOf = ({ kind, name, cluster }: NetworkInputs): string => `${kind} ${name} of ${cluster}`;

/** The nodes that have the bridge. */
async function nodesWith(cluster: ProxmoxCluster, { name, nodes }: NetworkInputs): Promise<string[]> {
  const found = await Promise.all(
    nodes.map(async (node) => ((await cluster.bridges(node)).some(({ iface }) => iface === name) ? [node] : [])),
  );
  return found.flat();
}

const hasVnet = async (cluster: ProxmoxCluster, { name }: NetworkInputs): Promise<boolean> =>
  (await cluster.get("/cluster/sdn/vnets", z.array(named))).some(({ vnet }) => vnet === name);

function ensure(wanted: NetworkInputs, madeBefore: string[]): Promise<NetworkState> {
  const cluster = context().cluster(wanted.cluster);
  return explained(`make ${titleOf(wanted)}`, async () => {
    const made = await (wanted.kind === "bridge" ? makeBridges(cluster, wanted) : makeVnet(cluster, wanted));
    return { ...wanted, system: await cluster.system(), made: [...new Set([...madeBefore, ...made])] };
  });
}

async function makeBridges(cluster: ProxmoxCluster, wanted: NetworkInputs): Promise<string[]> {
  const { name, nodes, make, address } = wanted;
  const there = await nodesWith(cluster, wanted);
  const missing = nodes.filter((node) => !there.includes(node));
  if (missing.length > 0 && !make)
    throw new UserError(
      `${missing.join(", ")} ${missing.length === 1 ? "has" : "have"} no such bridge: make it there, or write \`make: true\` for it in the file`,
    );
  for (const node of missing) {
    const cidr: RequestParameters = address === undefined ? {} : { cidr: address };
    await cluster.write("POST", `/nodes/${node}/network`, {
      iface: name,
      type: "bridge",
      autostart: 1,
      comments: "Made by netbox-proxmox",
      ...cidr,
    });
    await cluster.task("PUT", `/nodes/${node}/network`, {});
  }
  return missing;
}

async function makeVnet(cluster: ProxmoxCluster, wanted: NetworkInputs): Promise<string[]> {
  const { name, zone = "", make, address, snat } = wanted;
  if (await hasVnet(cluster, wanted)) return [];
  if (!make) throw new UserError("there is no such vnet: make it, or write `make: true` for it in the file");
  const made: string[] = [];
  const zones = await cluster.get("/cluster/sdn/zones", z.array(named));
  if (!zones.some((each) => each.zone === zone)) {
    await cluster.write("POST", "/cluster/sdn/zones", { zone, type: "simple" });
    made.push("zone");
  }
  await cluster.write("POST", "/cluster/sdn/vnets", { vnet: name, zone });
  made.push("vnet");
  if (address !== undefined) {
    const gateway = address.split("/")[0] ?? "";
    await cluster.write("POST", `/cluster/sdn/vnets/${name}/subnets`, {
      subnet: prefixOfNetwork(address),
      type: "subnet",
      gateway,
      snat: snat ? 1 : 0,
    });
    made.push("subnet");
  }
  await cluster.task("PUT", "/cluster/sdn", {});
  return made;
}

async function remove(cluster: ProxmoxCluster, known: NetworkState): Promise<void> {
  const { kind, name, zone = "", address, made } = known;
  if (made.length === 0) return;
  if (kind === "bridge") {
    for (const node of (await nodesWith(cluster, known)).filter((each) => made.includes(each))) {
      await cluster.write("DELETE", `/nodes/${node}/network/${name}`, {});
      await cluster.task("PUT", `/nodes/${node}/network`, {});
    }
    return;
  }
  if (await hasVnet(cluster, known)) {
    if (made.includes("subnet") && address !== undefined)
      await cluster.write(
        "DELETE",
        `/cluster/sdn/vnets/${name}/subnets/${zone}-${prefixOfNetwork(address).replace("/", "-")}`,
        {},
      );
    if (made.includes("vnet")) await cluster.write("DELETE", `/cluster/sdn/vnets/${name}`, {});
  }
  const vnets = await cluster.get("/cluster/sdn/vnets", z.array(named));
  if (made.includes("zone") && !vnets.some((each) => each.zone === zone))
    await cluster.write("DELETE", `/cluster/sdn/zones/${zone}`, {});
  await cluster.task("PUT", "/cluster/sdn", {});
}
