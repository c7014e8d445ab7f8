import type { NetboxVirtualMachine } from "../../providers/netbox/schemas";
import type { ProxmoxCluster } from "../../providers/proxmox/client";
import { readHaNames } from "../../providers/proxmox/cluster/ha";
import { readTagAccess } from "../../providers/proxmox/cluster/options";
import { readCpuModels } from "../../providers/proxmox/nodes/capabilities";
import { readChainedStorages, readSnippets } from "../../providers/proxmox/nodes/storage/storages";
import type { ClusterResources } from "../../providers/proxmox/schemas";
import { guestTypeOf } from "../netbox/identity";
import type { Settings } from "../settings";
import { settingsOf } from "./desired/guestsettings";
import { cpuModelOf, snippetsOf } from "./desired/offered";
import { optionsOfGuest } from "./desired/options";
import { Rights } from "./desired/rights";
import type { ProxmoxOffers } from "./desired/types";

/** What guests name beside nodes, templates and bridges: only what some guest names is asked for. */
interface Named {
  cpu: boolean;
  ha: boolean;
  snapshots: boolean;
  tags: boolean;
  snippets: Set<string>;
}

const silent = (): void => {};

function namedBy(guests: NetboxVirtualMachine[], settings: Settings): Named {
  const named: Named = { cpu: false, ha: false, snapshots: false, tags: false, snippets: new Set() };
  for (const guest of guests) {
    const own = settingsOf(guest, settings, silent);
    if (own.ha !== undefined && own.ha !== "none" && own.ha !== "managed") named.ha = true;
    if ((own.snapshotBefore ?? []).length > 0) named.snapshots = true;
    if (guest.tags.length > 0) named.tags = true;
    if (guestTypeOf(guest, settings) !== "qemu") continue;
    const options = optionsOfGuest(guest, "qemu", settings, silent);
    if (cpuModelOf(options) !== undefined) named.cpu = true;
    for (const volume of snippetsOf(options)) named.snippets.add(volume);
  }
  return named;
}

/** What a cluster has of the things that its guests name, and what the token may do there. */
export async function readOffers(
  cluster: ProxmoxCluster,
  { nodes, storages, pools }: Pick<ClusterResources, "nodes" | "storages" | "pools">,
  guests: NetboxVirtualMachine[],
  settings: Settings,
): Promise<ProxmoxOffers> {
  const named = namedBy(guests, settings);
  const online = nodes.filter((each) => each.online).map(({ node }) => node);
  const rights = new Rights(cluster.authId, await cluster.permissions());
  const ofSnippets = new Set([...named.snippets].map((volume) => volume.split(":")[0]));
  // Others are not shown what there is.
  const shown = storages.filter(
    ({ node, storage, available, content }) =>
      available &&
      online.includes(node) &&
      ofSnippets.has(storage) &&
      content.includes("snippets") &&
      rights.may(`/storage/${storage}`, "Datastore.Allocate"),
  );
  const audits = rights.may("/", "Sys.Audit") && !rights.may("/", "Sys.Modify");
  const [models, guardsCpuModels, ha, chained, tags, snippets] = await Promise.all([
    named.cpu ? Promise.all(online.map((node) => readCpuModels(cluster, node))) : undefined,
    named.cpu ? cluster.isSince(9, 2) : false,
    named.ha ? readHaNames(cluster) : undefined,
    named.snapshots && storages.some(({ type }) => type === "lvm") ? readChainedStorages(cluster) : undefined,
    named.tags && audits ? readTagAccess(cluster) : undefined,
    Promise.all(
      shown.map(
        async ({ node, storage }) =>
          [`${node}/${storage}`, new Set(await readSnippets(cluster, node, storage))] as const,
      ),
    ),
  ]);
  return {
    rights,
    pools: new Set(pools),
    cpuModels: models && new Set(models.flat()),
    guardsCpuModels,
    ha: ha && { noun: ha.noun, names: new Set(ha.names) },
    chained,
    tags,
    snippets: new Map(snippets),
  };
}
