import { absolute } from "../../providers/dns/names";
import { UserError } from "../../providers/errors";
import { HttpError } from "../../providers/http/errors";
import type { NetboxClient } from "../../providers/netbox/client";
import { readDeletions } from "../../providers/netbox/deletions";
import * as wire from "../../providers/netbox/schemas";
import { findMark } from "../../providers/ownership/mark";
import type { Self } from "../../providers/ownership/owner";
import type { ProxmoxCluster } from "../../providers/proxmox/client";
import { diskKinds } from "../../providers/proxmox/nodes/disks";
import {
  cloudInitDriveOf,
  descriptionFrom,
  disksFrom,
  isTrue,
  othersAt,
} from "../../providers/proxmox/nodes/guest.model";
import { parsePropertyString } from "../../providers/proxmox/propertystring";
import { SingleReads, type Unread } from "../../providers/proxmox/reads";
import type {
  GuestConfig,
  GuestResource,
  GuestType,
  NodeResource,
  StorageResource,
} from "../../providers/proxmox/schemas";
import { groupBy } from "../../providers/values";
import { guestTypeOf, vmidOf } from "../netbox/identity";
import { Ipam } from "../netbox/ipam";
import { isBuilt, meantStatus } from "../netbox/statuses";
import { ifVisible } from "../netbox/visible";
import type { Settings } from "../settings";
import { settingsOf } from "./desired/guestsettings";
import type { Evidence } from "./desired/removals";
import { isInScope } from "./desired/scope";
import { needsLook } from "./desired/slots";
import { lxcTemplateIdOf, templateIdOf } from "./desired/sources";
import type { ExaminedGuest, InState, NetboxFacts, PluginFacts, ProxmoxFacts, TemplateFacts } from "./desired/types";
import { readOffers } from "./offers";
import type { Scope } from "./settings";

// What the program reads before it declares anything.

// ---- NetBox

/** What netbox-dns holds of the zones that these name servers keep; nothing where the plugin isn't there or isn't to be asked. */
export async function readPlugin(
  netbox: NetboxClient,
  plugins: string[],
  servers: { zones: string[] }[],
  { dns }: Settings,
): Promise<PluginFacts | undefined> {
  if (dns.plugin === "off" || servers.length === 0 || !plugins.includes("netbox_dns")) return undefined;
  const [views, all] = await Promise.all([
    netbox.list("plugins/netbox-dns/views", wire.dnsView, wire.dnsViewFields),
    netbox.list("plugins/netbox-dns/zones", wire.dnsZone, wire.dnsZoneFields),
  ]);
  const kept = new Set(servers.flatMap(({ zones }) => zones));
  const zones = all.filter(({ name, active }) => active && kept.has(absolute(name)));
  if (zones.length === 0) return undefined;
  const ids = zones.map(({ id }) => id);
  const records = await netbox.list("plugins/netbox-dns/records", wire.dnsRecord, wire.dnsRecordFields, {
    zone_id: ids,
  });
  return { views, zones, records: records.filter(({ zoneId }) => ids.includes(zoneId)) };
}

/** Everything of NetBox that guests of these clusters are made from, in a few bulk reads. */
export async function readNetbox(
  netbox: NetboxClient,
  clusterNames: string[],
  { site }: Settings,
): Promise<NetboxFacts> {
  const clusters = await netbox.list("virtualization/clusters", wire.cluster, "id,name");
  const missing = clusterNames.filter((name) => !clusters.some((cluster) => cluster.name === name));
  if (missing.length > 0)
    throw new UserError(
      `NetBox at ${netbox.url} has no cluster ${missing.map((name) => `"${name}"`).join(" and ")}, which netbox-proxmox:proxmox names (it has ${clusters.map(({ name }) => `"${name}"`).join(", ") || "none"}): correct the name there, or add the cluster in NetBox.`,
    );
  const twins = clusterNames.filter((name) => clusters.filter((cluster) => cluster.name === name).length > 1);
  if (twins.length > 0)
    throw new UserError(
      `NetBox at ${netbox.url} has several clusters ${twins.map((name) => `"${name}" (${clusters.flatMap((each) => (each.name === name ? [`${netbox.url}/virtualization/clusters/${each.id}/`] : [])).join(" and ")})`).join(", ")}: rename all but one of each there, as netbox-proxmox:proxmox names clusters by their names.`,
    );
  const strange = (site.scope.clusters ?? []).filter((name) => !clusterNames.includes(name));
  if (strange.length > 0)
    throw new UserError(
      `netbox-proxmox:site.scope.clusters names ${strange.join(" and ")}, and netbox-proxmox:proxmox has no such cluster (it has ${clusterNames.join(", ")}): correct the name, or add its connection.`,
    );
  const ids = clusters
    .filter(({ name }) => clusterNames.includes(name) && (site.scope.clusters?.includes(name) ?? true))
    .map(({ id }) => id);
  const [allGuests, homeless, allInterfaces, allDisks, addresses, prefixes, ranges, customFields, eventRules] =
    await Promise.all([
      readMachines(netbox, ids, site.scope),
      readHomeless(netbox, site),
      netbox.list("virtualization/interfaces", wire.vmInterface, wire.vmInterfaceFields, { cluster_id: ids }),
      netbox.list("virtualization/virtual-disks", wire.virtualDisk, wire.virtualDiskFields),
      netbox.list("ipam/ip-addresses", wire.ipAddress, wire.ipAddressFields),
      netbox.list("ipam/prefixes", wire.prefix, wire.prefixFields),
      netbox.list("ipam/ip-ranges", wire.ipRange, wire.ipRangeFields),
      netbox.list("extras/custom-fields", wire.customField, wire.customFieldFields),
      ifVisible(netbox.list("extras/event-rules", wire.eventRule, wire.eventRuleFields)),
    ]);
  // A filter that NetBox doesn't know returns everything: what it was to select is selected here again.
  const guests = allGuests
    .filter((guest) => guest.clusterId !== undefined && ids.includes(guest.clusterId) && isInScope(guest, site.scope))
    .map((guest) => ({ ...guest, status: meantStatus(guest.status, { site }) }));
  const guestIds = new Set(guests.map(({ id }) => id));
  return {
    url: netbox.url,
    guests,
    homeless,
    interfaces: allInterfaces.filter(({ guestId }) => guestIds.has(guestId)),
    disks: allDisks.filter(({ guestId }) => guestIds.has(guestId)),
    addresses,
    prefixes,
    ranges,
    ipam: new Ipam({ prefixes, addresses, ranges }, site.gatewayTag),
    customFields,
    eventRules,
  };
}

/** NetBox selects by site and tenant where the scope does, and by a single tag: several would have to be there all. */
async function readMachines(
  netbox: NetboxClient,
  clusterIds: number[],
  { sites = [], tenants = [], tags = [] }: Scope,
): Promise<wire.NetboxVirtualMachine[]> {
  // Rendering the contexts is most of the time that NetBox takes for a guest.
  const rendered = (await netbox.hasAny("extras/config-contexts")) ? ",config_context" : "";
  const fields = `${wire.virtualMachineFields}${rendered}`;
  const query = { cluster_id: clusterIds, site: sites, tenant: tenants, tag: tags.length === 1 ? tags : [] };
  try {
    return await netbox.list("virtualization/virtual-machines", wire.virtualMachine, fields, query);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 400) throw error;
    throw new UserError(
      `NetBox at ${netbox.url} does not know what netbox-proxmox:site.scope names (${error.message}): write the slugs of sites, tenants and tags that are there.`,
    );
  }
}

/** Machines on no cluster that would be built on one; none where the scope names clusters. */
async function readHomeless(netbox: NetboxClient, site: Settings["site"]): Promise<NetboxFacts["homeless"]> {
  if (site.scope.clusters !== undefined) return [];
  const query = { cluster_id: ["null"] };
  const all = await netbox.list("virtualization/virtual-machines", wire.homeless, wire.homelessFields, query);
  return all.filter(
    (each) =>
      !each.hasCluster &&
      isBuilt(meantStatus(each.status, { site })) &&
      isInScope({ ...each, clusterName: undefined }, site.scope),
  );
}

/** What NetBox says of single guests now, asked for all together, and who deleted those that are not there. */
export async function readEvidence(
  netbox: NetboxClient,
  ids: number[],
  settings: Pick<Settings, "site">,
): Promise<Evidence> {
  const path = "virtualization/virtual-machines";
  const read = await Promise.all(
    ids.map(async (id) => {
      const guest = await netbox.find(path, id, wire.virtualMachine, wire.virtualMachineFields);
      return [id, guest && { ...guest, status: meantStatus(guest.status, settings) }] as const;
    }),
  );
  const found = new Map(read);
  const missing = ids.filter((id) => found.get(id) === undefined);
  const deletions = missing.length === 0 ? [] : await readDeletions(netbox, missing);
  const deletionOf = new Map(deletions.toReversed().map((each) => [each.objectId, each]));
  return new Map(ids.map((id) => [id, { guest: found.get(id), deletion: deletionOf.get(id) }]));
}

/** The name of a tag, which the change log has instead of its slug; undefined where there is none, or the token may not see it. */
export async function readTagName(netbox: NetboxClient, slug: string): Promise<string | undefined> {
  const tags = await ifVisible(netbox.list("extras/tags", wire.tagRow, wire.tagRowFields, { slug: [slug] }));
  return tags?.find((each) => each.slug === slug)?.name;
}

// ---- Proxmox VE

/** A cluster's guests, nodes and storages, the templates that are used, and the configuration of every guest that state doesn't know. */
export async function readProxmox(
  cluster: ProxmoxCluster,
  netbox: NetboxFacts,
  settings: Settings,
  state: InState,
  self: Self,
): Promise<ProxmoxFacts> {
  const { guests, nodes, storages, pools } = await cluster.inventory();
  const templates = new Map<number, TemplateFacts>();
  const seen = new Map<number, ExaminedGuest>();
  const declared = netbox.guests.filter((guest) => guest.clusterName === cluster.name && isBuilt(guest.status));
  const known = new Set<number>();
  /** Those that state knows and doesn't say enough of. */
  const looked = new Set<number>();
  const parts = {
    disks: groupBy(netbox.disks, ({ guestId }) => guestId),
    nics: groupBy(netbox.interfaces, ({ guestId }) => guestId),
  };
  const fresh = declared.filter((guest) => {
    const vmid = vmidOf(guest, settings)?.vmid;
    const before = state.guests.get(guest.id);
    if (vmid === undefined || before?.vmid !== vmid) return true;
    const listed = { disks: parts.disks.get(guest.id) ?? [], nics: parts.nics.get(guest.id) ?? [] };
    (needsLook(before.last, listed) ? looked : known).add(vmid);
    return false;
  });
  const online = new Set(nodes.filter((each) => each.online).map(({ node }) => node));
  const used = usedTemplates(declared, guests, settings);
  const unread = new Map<number, string>();
  const reads = new SingleReads();
  const [networks, osTemplates, offers] = await Promise.all([
    readBridges(cluster, nodes, reads),
    readOsTemplates(cluster, storages, osTemplatesOf(fresh, settings), reads),
    readOffers(cluster, { nodes, storages, pools }, declared, settings),
    ...guests.map(async (guest) => {
      const { vmid, node, name, type, template } = guest;
      // A node that is away says nothing of its guests, and those that state knows need no look.
      if (!online.has(node)) {
        if (looked.has(vmid)) unread.set(vmid, `${node} is offline`);
        return;
      }
      if (known.has(vmid) || (template && !used.has(vmid))) return;
      const read = await reads.read(node, () => cluster.guest(type, node, vmid));
      if (read.unread !== undefined) return void unread.set(vmid, read.unread);
      const config = read.found?.config;
      if (config === undefined) return;
      // Lists of PVE 7, and of what is new, don't always tell a template.
      if (template || isTrue(config.template)) templates.set(vmid, templateFrom(guest, config));
      else seen.set(vmid, seenFrom(vmid, type, name, config, self));
    }),
  ]);
  return {
    guests: new Map(
      guests.map((guest) => [guest.vmid, templates.has(guest.vmid) ? { ...guest, template: true } : guest]),
    ),
    nodes,
    storages,
    ...networks,
    ...osTemplates,
    templates,
    seen,
    unread,
    offers,
  };
}

/** Reads some more guests' configurations, where they turned out to be needed and their nodes answer. */
export async function readSeen(
  cluster: ProxmoxCluster,
  { guests, seen, unread, nodes }: ProxmoxFacts,
  self: Self,
  vmids: number[],
): Promise<void> {
  const isUnknown = (vmid: number) => !seen.has(vmid) && unread?.has(vmid) !== true;
  const wanted = vmids.filter(isUnknown).flatMap((vmid) => guests.get(vmid) ?? []);
  const there = wanted.filter((guest) => nodes.some(({ node, online }) => node === guest.node && online));
  const reads = new SingleReads();
  await Promise.all(
    there.map(async ({ vmid, type, node, name }) => {
      const read = await reads.read(node, () => cluster.guest(type, node, vmid));
      if (read.unread !== undefined) return void unread?.set(vmid, read.unread);
      const config = read.found?.config;
      if (config !== undefined) seen.set(vmid, seenFrom(vmid, type, name, config, self));
    }),
  );
}

/** A template by its configuration. */
export function templateFrom({ name, node, type }: GuestResource, config: GuestConfig): TemplateFacts {
  const disks = disksFrom(config, diskKinds[type]);
  const cloudInit = type === "qemu" ? cloudInitDriveOf(config)?.volume : undefined;
  const storages = [...Object.values(disks).map(({ storage }) => storage), cloudInit?.split(":")[0] ?? ""];
  return {
    name,
    node,
    type,
    disks,
    others: othersAt(config, diskKinds[type]),
    storages: [...new Set(storages)].filter((storage) => storage !== ""),
    hasCloudInitDrive: cloudInit !== undefined,
  };
}

/** A guest whose configuration was read. */
export function seenFrom(vmid: number, type: GuestType, name: string, config: GuestConfig, self: Self): ExaminedGuest {
  const mark = findMark(descriptionFrom(config));
  return {
    vmid,
    type,
    name,
    mark: mark && self.renewed(mark),
    making: config.lock === "clone" || config.lock === "create",
    addresses: addressesFrom(config),
    config,
  };
}

/** Bridges and vnets by node; what a token may not see is not known, and not a problem. */
async function readBridges(
  cluster: ProxmoxCluster,
  nodes: NodeResource[],
  reads: SingleReads,
): Promise<Pick<ProxmoxFacts, "bridges" | "vlanUnaware" | "unreadNodes">> {
  const bridges: ProxmoxFacts["bridges"] = new Map();
  const vlanUnaware: ProxmoxFacts["vlanUnaware"] = new Map();
  const online = nodes.filter((each) => each.online).map(({ node }) => node);
  const { found, unread: unreadNodes } = await reads.ofNodes(online, (node) => cluster.bridges(node));
  for (const { node, value } of found) {
    if (value.length === 0) continue;
    bridges.set(node, new Map(value.map(({ iface, mtu }) => [iface, mtu])));
    const unaware = value.flatMap((each) => (each.vlanUnaware ? [[each.iface, each.vlanUnaware] as const] : []));
    vlanUnaware.set(node, new Map(unaware));
  }
  return { bridges, vlanUnaware, unreadNodes };
}

/** The nodes that have each of these OS templates. */
async function readOsTemplates(
  cluster: ProxmoxCluster,
  storages: StorageResource[],
  volids: Set<string>,
  reads: SingleReads,
): Promise<Pick<ProxmoxFacts, "osTemplates" | "unreadStorages">> {
  const names = new Set([...volids].map((volid) => volid.split(":")[0]));
  const unreadStorages: Unread[] = [];
  const held = await Promise.all(
    storages
      .filter(({ storage, available }) => available && names.has(storage))
      .map(async ({ node, storage }) => {
        const read = await reads.read(node, () => cluster.osTemplates(node, storage));
        if (read.unread !== undefined) unreadStorages.push({ what: `${storage} on ${node}`, cause: read.unread });
        return { node, volids: read.unread === undefined ? read.found : [] };
      }),
  );
  const nodesOf = (volid: string) => held.filter((each) => each.volids.includes(volid)).map(({ node }) => node);
  return { osTemplates: new Map([...volids].map((volid) => [volid, nodesOf(volid)])), unreadStorages };
}

function osTemplatesOf(guests: wire.NetboxVirtualMachine[], settings: Settings): Set<string> {
  const named = guests
    .filter((guest) => guestTypeOf(guest, settings) === "lxc")
    .map((guest) =>
      lxcTemplateIdOf(
        guest,
        settingsOf(guest, settings, () => {}),
        settings.site.customFields.lxcTemplate,
      ),
    );
  return new Set(named.filter((each) => typeof each === "string"));
}

function usedTemplates(
  declared: wire.NetboxVirtualMachine[],
  guests: GuestResource[],
  settings: Settings,
): Set<number> {
  const { customFields } = settings.site;
  return new Set(
    declared.flatMap((guest) => {
      const own = settingsOf(guest, settings, () => {});
      const id =
        guestTypeOf(guest, settings) === "lxc"
          ? lxcTemplateIdOf(guest, own, customFields.lxcTemplate)
          : templateIdOf(guest, own, customFields, guests);
      return typeof id === "number" ? [id] : [];
    }),
  );
}

/** Addresses of a virtual machine's cloud-init configuration, or of a container's NICs. */
function addressesFrom(config: GuestConfig): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      const slot = /^(?:ipconfig|net)(\d+)$/.exec(key)?.[1];
      const { options } = parsePropertyString(String(value));
      const given = ["ip", "ip6"].flatMap((name) => options.get(name) ?? []).filter((text) => text.includes("/"));
      return slot === undefined || given.length === 0 ? [] : [[slot, given]];
    }),
  );
}
