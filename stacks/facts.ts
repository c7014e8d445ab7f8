import type { Context } from "../providers/context";
import { UserError } from "../providers/errors";
import { findMark } from "../providers/mark";
import type { NetboxClient } from "../providers/netbox/client";
import * as wire from "../providers/netbox/schemas";
import type { ProxmoxCluster } from "../providers/proxmox/client";
import { parsePropertyString } from "../providers/proxmox/propertystring";
import type { GuestConfig } from "../providers/proxmox/schemas";
import { descriptionFrom, disksFrom } from "../providers/proxmox/vm.model";
import { isBuilt, vmidOf } from "./desired/guests";
import type { InState, NetboxFacts, ProxmoxFacts, SeenGuest, TemplateFacts } from "./desired/types";
import type { Settings } from "./settings";

// What the program reads before it declares anything.

const oldestNetbox = [4, 2] as const;
const oldestProxmox = 8;

/** Makes sure that every system is there, is what it should be and lets us in. @throws UserError with all that is wrong */
export async function checkSystems({ netbox, proxmox }: Context): Promise<void> {
  const checks = [
    netbox.status().then(({ version }) => {
      const [major = 0, minor = 0] = version.split(".").map(Number);
      if (major < oldestNetbox[0] || (major === oldestNetbox[0] && minor < oldestNetbox[1]))
        throw new UserError(
          `NetBox at ${netbox.url} is version ${version}; this program needs ${oldestNetbox.join(".")} or later. Upgrade NetBox.`,
        );
    }),
    ...proxmox.map((cluster) =>
      cluster.version().then((version) => {
        if (Number(version.split(".")[0]) < oldestProxmox)
          throw new UserError(
            `Proxmox VE cluster ${cluster.name} is version ${version}; this program needs ${oldestProxmox} or later. Upgrade it.`,
          );
      }),
    ),
  ];
  const failed = (await Promise.allSettled(checks)).flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  if (failed.length === 1) throw failed[0];
  if (failed.length > 0)
    throw new UserError(failed.map((error) => (error instanceof Error ? error.message : String(error))).join("\n"));
}

// ---- NetBox

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
  const ids = clusters.filter(({ name }) => clusterNames.includes(name)).map(({ id }) => id);
  const [allGuests, allInterfaces, allDisks, addresses, prefixes, ranges, customFields] = await Promise.all([
    netbox.list("virtualization/virtual-machines", wire.virtualMachine, wire.virtualMachineFields, { cluster_id: ids }),
    netbox.list("virtualization/interfaces", wire.vmInterface, wire.vmInterfaceFields, { cluster_id: ids }),
    netbox.list("virtualization/virtual-disks", wire.virtualDisk, wire.virtualDiskFields),
    netbox.list("ipam/ip-addresses", wire.ipAddress, wire.ipAddressFields),
    netbox.list("ipam/prefixes", wire.prefix, wire.prefixFields),
    netbox.list("ipam/ip-ranges", wire.ipRange, wire.ipRangeFields),
    netbox.list("extras/custom-fields", wire.customField, wire.customFieldFields),
  ]);
  // A filter that NetBox doesn't know returns everything: what it was to select is selected here again.
  const guests = allGuests.filter(
    (guest) =>
      guest.clusterId !== undefined &&
      ids.includes(guest.clusterId) &&
      (site.tag === undefined || guest.tags.includes(site.tag)),
  );
  const guestIds = new Set(guests.map(({ id }) => id));
  return {
    url: netbox.url,
    guests,
    interfaces: allInterfaces.filter(({ guestId }) => guestIds.has(guestId)),
    disks: allDisks.filter(({ guestId }) => guestIds.has(guestId)),
    addresses,
    prefixes,
    ranges,
    customFields,
  };
}

/** NetBox's own word on single guests, one call each. */
export async function readEvidence(
  netbox: NetboxClient,
  ids: number[],
): Promise<Map<number, wire.NetboxVirtualMachine | undefined>> {
  return new Map(
    await Promise.all(
      ids.map(
        async (id) =>
          [
            id,
            await netbox.find("virtualization/virtual-machines", id, wire.virtualMachine, {
              fields: wire.virtualMachineFields,
            }),
          ] as const,
      ),
    ),
  );
}

// ---- Proxmox VE

/** A cluster's guests, the templates that are used, and the configuration of every guest that state doesn't know. */
export async function readProxmox(
  cluster: ProxmoxCluster,
  netbox: NetboxFacts,
  settings: Settings,
  state: InState,
): Promise<ProxmoxFacts> {
  const guests = await cluster.resources();
  const templates = new Map<number, TemplateFacts>();
  const seen = new Map<number, SeenGuest>();
  const declared = netbox.guests.filter((guest) => guest.clusterName === cluster.name && isBuilt(guest.status));
  const known = new Set<number>();
  for (const guest of declared) {
    const vmid = vmidOf(guest, settings)?.vmid;
    if (vmid !== undefined && state.guests.get(guest.id)?.vmid === vmid) known.add(vmid);
  }
  const used = usedTemplates(declared, settings);
  await Promise.all(
    guests.map(async ({ vmid, node, name, type, template }) => {
      if (type !== "qemu" || known.has(vmid) || (template && !used.has(vmid))) return;
      const config = await cluster.config(node, vmid);
      if (config === undefined) return;
      if (template)
        templates.set(vmid, {
          name,
          node,
          disks: disksFrom(config),
          hasCloudInitDrive: Object.values(config).some((value) => /cloudinit/.test(String(value))),
        });
      else seen.set(vmid, seenFrom(vmid, name, config));
    }),
  );
  return { guests, templates, seen };
}

/** Reads some more guests' configurations, where they turned out to be needed. */
export async function readSeen(
  cluster: ProxmoxCluster,
  { guests, seen }: ProxmoxFacts,
  vmids: number[],
): Promise<void> {
  const wanted = guests.filter(({ vmid, type }) => type === "qemu" && vmids.includes(vmid) && !seen.has(vmid));
  await Promise.all(
    wanted.map(async ({ vmid, node, name }) => {
      const config = await cluster.config(node, vmid);
      if (config !== undefined) seen.set(vmid, seenFrom(vmid, name, config));
    }),
  );
}

const seenFrom = (vmid: number, name: string, config: GuestConfig): SeenGuest => ({
  vmid,
  name,
  mark: findMark(descriptionFrom(config)),
  cloning: config.lock === "clone",
  addresses: addressesFrom(config),
});

function usedTemplates(declared: wire.NetboxVirtualMachine[], { site, defaults }: Settings): Set<number> {
  return new Set(
    declared.flatMap((guest) => {
      const own = defaults(guest.clusterName ?? "");
      return [
        Number(guest.customFields.get(site.customFields.template)),
        ...Object.values(own.templates ?? {}),
        own.template ?? 0,
      ];
    }),
  );
}

function addressesFrom(config: GuestConfig): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      if (!/^ipconfig\d+$/.test(key)) return [];
      const { options } = parsePropertyString(String(value));
      return [
        [
          key.slice(8),
          ["ip", "ip6"].flatMap((name) => options.get(name) ?? []).filter((address) => address.includes("/")),
        ],
      ];
    }),
  );
}
