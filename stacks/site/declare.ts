import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Context } from "../../providers/context";
import { Bind9Record } from "../../providers/dns/bind9/record";
import { canonicalAddress } from "../../providers/dns/names";
import { NetboxIpAllocation } from "../../providers/netbox/ipam/ipallocation";
import { NetboxDnsRecord } from "../../providers/netbox/plugins/dnsrecord";
import { NetboxGuest } from "../../providers/netbox/virtualization/guest";
import { NetboxPromotion } from "../../providers/netbox/virtualization/promotion";
import { SiteAnchor } from "../../providers/ownership/anchor";
import type { Orphan } from "../../providers/ownership/anchor.model";
import { ProxmoxContainer } from "../../providers/proxmox/nodes/lxc/container";
import { ProxmoxVm } from "../../providers/proxmox/nodes/qemu/vm";
import { ProxmoxSnapshot } from "../../providers/proxmox/nodes/snapshot";
import { Semaphore } from "../../providers/semaphore";
import { groupBy } from "../../providers/values";
import { orElse, whenThere } from "../outputs";
import { ipconfigText, nicAddresses } from "./desired/machines";
import { LogicalNames, type MachineName, recordIdentity } from "./desired/names";
import type { NamedRecords } from "./desired/records";
import { recordValues } from "./desired/recordvalues";
import type { AddressRef, DesiredGuest, DesiredPluginRecord, DesiredRecord, Site } from "./desired/types";
import type { Plan } from "./plan";

/** The stack's outputs: the guests by NetBox id, the names as `server/name`. */
export interface SiteOutputs {
  guests: Record<
    string,
    {
      name: string;
      status: string;
      cluster: string;
      vmid: number;
      addresses: pulumi.Input<string>[];
      /** What waits for the guest's next start. */
      pending: pulumi.Input<string[]>;
    }
  >;
  records: string[];
}

type Text = (ref: AddressRef) => pulumi.Input<string>;
type Guest = ProxmoxVm | ProxmoxContainer;

const waiting = z.object({ pending: z.array(z.string()).default([]) });

const typeTokens = {
  qemu: "pulumi-nodejs:dynamic/proxmox:ProxmoxVm",
  lxc: "pulumi-nodejs:dynamic/proxmox:ProxmoxContainer",
} as const;

/** Guests whose resources are registered at one time: the SDK holds much in memory for each that waits for its answer. */
const window = 256;

/** Declares everything, in the order that `dependsOn` gives it: addresses, guests, names, statuses, the anchor. */
export async function declare(
  context: Context,
  site: Pick<Site, "stack" | "netbox" | "state"> & Pick<Plan, "snapshots"> & { protect: boolean },
  guests: DesiredGuest[],
  { records, plugin }: Pick<NamedRecords, "records" | "plugin">,
  orphans: Orphan[],
): Promise<SiteOutputs> {
  const { protect, snapshots, state } = site;
  const names = new LogicalNames(state.names);
  const allocations = new Map<string, NetboxIpAllocation>();
  const machines = new Map<number, Guest>();
  /** Those that nothing else depends on. */
  const last = new Set<pulumi.Resource>();
  const kept = <T extends pulumi.Resource>(dependsOn: pulumi.Resource[], make: (on: pulumi.Resource[]) => T): T => {
    const made = make(dependsOn);
    last.add(made);
    for (const each of dependsOn) last.delete(each);
    return made;
  };
  const outputs: SiteOutputs = { guests: {}, records: records.map(({ server, name }) => `${server}/${name}`) };
  const text: Text = (ref) =>
    "address" in ref ? ref.address : pulumi.output(allocations.get(ref.allocation)?.address ?? "");
  const declareGuest = (guest: DesiredGuest): Guest => {
    const id = String(guest.id);
    // What belongs to a guest is called by its logical name, which it keeps.
    const machineName = names.machine({ id: guest.id, name: guest.name, type: guest.machine.type });
    const own = (kind: "guest" | "snapshot" | "promotion") => names.of(kind, id, machineName.name, id);
    const netbox = kept([], () => new NetboxGuest(own("guest"), guest.netbox));
    const allocated = guest.allocations.map(({ key, nic, inputs }) => {
      const title = `${machineName.name} ${nic} IPv${inputs.family}`;
      const name = names.of("allocation", key, title, String(inputs.ordinal));
      const allocation = kept([netbox], (dependsOn) => new NetboxIpAllocation(name, inputs, { dependsOn }));
      allocations.set(key, allocation);
      return allocation;
    });
    const safety = snapshots.get(guest.id);
    const before = safety && kept([], () => new ProxmoxSnapshot(own("snapshot"), safety));
    const machine = kept([netbox, ...allocated, ...(before ? [before] : [])], (dependsOn) =>
      declareMachine(guest, text, machineName, dependsOn),
    );
    machines.set(guest.id, machine);
    if (guest.promote || state.promoted.has(guest.id))
      kept(
        [machine],
        (dependsOn) => new NetboxPromotion(own("promotion"), { mark: guest.mark, name: guest.name }, { dependsOn }),
      );
    const { cluster, vmid } = guest.machine.inputs;
    const addresses = guest.allocations.map(({ key, inputs }) => inputs.address ?? allocations.get(key)?.address ?? "");
    // A plan takes what isn't there for unknown, and what will wait it can't say: it shows what waits so far.
    const pending = pulumi.runtime.isDryRun()
      ? waiting.parse(state.guests.get(guest.id)?.last ?? {}).pending
      : orElse(machine.pending, []);
    outputs.guests[String(guest.id)] = { name: guest.name, status: guest.status, cluster, vmid, addresses, pending };
    return machine;
  };
  const of = (ids: number[]) => ids.flatMap((id) => machines.get(id) ?? []);
  const pluginRecords = new Map<string, pulumi.Resource[]>();
  const declarePlugin = (record: DesiredPluginRecord) => {
    const made = kept(of(record.guests), (dependsOn) => {
      const { key, fqdn, type } = record;
      const name = names.of("pluginRecord", key, `${fqdn.replace(/\.$/, "")} ${type}`, key);
      return declarePluginRecord(site, name, record, text, dependsOn);
    });
    pluginRecords.set(record.fqdn, [...(pluginRecords.get(record.fqdn) ?? []), made]);
  };
  const declareName = (record: DesiredRecord) =>
    kept([...of(record.owner.guests), ...(pluginRecords.get(record.name) ?? [])], (dependsOn) => {
      const identity = recordIdentity(record);
      const name = names.of("record", identity, identity.replace(/\.$/, ""), "2");
      return declareRecord(context, name, record, text, dependsOn);
    });
  // A name comes with the last of its guests, so that it need not wait for all others.
  const pluginOf = byLast(guests, plugin, (record) => record.guests);
  const awaited = new Map<string, number[]>();
  for (const { fqdn, guests: own } of plugin) awaited.set(fqdn, [...(awaited.get(fqdn) ?? []), ...own]);
  const namesOf = byLast(guests, records, ({ owner, name }) => [...owner.guests, ...(awaited.get(name) ?? [])]);
  const withNames = (id: number | undefined) => {
    for (const record of pluginOf.get(id) ?? []) declarePlugin(record);
    for (const record of namesOf.get(id) ?? []) declareName(record);
  };
  withNames(undefined);
  const places = new Semaphore(window);
  for (const guest of guests)
    await new Promise<void>((started, failed) => {
      places
        .run(async () => {
          const machine = declareGuest(guest);
          withNames(guest.id);
          started();
          await registered(machine);
        })
        .catch(failed);
    });
  new SiteAnchor("anchor", { leftovers: orphans }, { dependsOn: [...last], protect });
  return outputs;
}

/** Resolves when the engine has answered a resource's registration: in an `up`, when it is there. */
const registered = (resource: pulumi.Resource): Promise<void> =>
  new Promise((resolve) => resource.urn.apply(() => resolve()));

/** Records by the last of their guests in the order of declaration; those without one by undefined. */
function byLast<T>(
  guests: DesiredGuest[],
  records: T[],
  guestsOf: (record: T) => number[],
): Map<number | undefined, T[]> {
  const places = new Map(guests.map(({ id }, n) => [id, n]));
  return groupBy(records, (record) => guests[Math.max(...guestsOf(record).map((id) => places.get(id) ?? -1))]?.id);
}

/** A virtual machine or container. One that was the other before is the same resource to the engine, which replaces it. */
function declareMachine(
  { machine, nics }: DesiredGuest,
  text: Text,
  { name, alias }: MachineName,
  dependsOn: pulumi.Resource[],
): Guest {
  const aliases = alias === undefined ? [] : [{ name: alias.name, type: typeTokens[alias.type] }];
  const options = { dependsOn, aliases };
  if (machine.type === "qemu") {
    if (machine.inputs.cloudInit.unmanaged) return new ProxmoxVm(name, machine.inputs, options);
    const given = nics.filter(({ v4, v6 }) => v4 ?? v6);
    const ipconfig = Object.fromEntries(
      given.map((nic) => [String(nic.slot), whenKnown({ ...nicAddresses(nic, text) }, ipconfigText)]),
    );
    return new ProxmoxVm(name, { ...machine.inputs, cloudInit: { ...machine.inputs.cloudInit, ipconfig } }, options);
  }
  const networks = Object.fromEntries(
    Object.entries(machine.inputs.networks).map(([slot, network]) => {
      const nic = nics.find((each) => `net${each.slot}` === slot);
      return [slot, { ...network, ...(nic ? nicAddresses(nic, text) : {}) }];
    }),
  );
  return new ProxmoxContainer(name, { ...machine.inputs, networks }, options);
}

/** A plain value where all of its parts are known: an output would be unknown to the plan whenever its resource changes. */
function whenKnown<T>(parts: Record<string, pulumi.Input<string>>, make: (known: object) => T): pulumi.Input<T> {
  const known = Object.values(parts).every((part) => typeof part === "string");
  return known ? make(parts) : whenThere(pulumi.all(parts), make);
}

function declareRecord(
  context: Context,
  logicalName: string,
  { server, name, ttl, ttls, addresses, texts, withoutPtr, owner, adopt }: DesiredRecord,
  text: Text,
  dependsOn: pulumi.Resource[],
): Bind9Record {
  const zones = context.nameServer(server);
  const split = (all: string[]) => recordValues({ texts, withoutPtr }, all, (each) => zones.zoneOf(each));
  const values = addresses.map(text);
  const known = values.filter((value) => typeof value === "string");
  const common = { server, name, ttl, owner, ...(ttls ? { ttls } : {}), ...(adopt ? { adopt } : {}) };
  if (known.length === values.length)
    return new Bind9Record(logicalName, { ...common, ...split(known) }, { dependsOn });
  const later = whenThere(pulumi.all(values), split);
  const part = <K extends keyof ReturnType<typeof split>>(name: K) => whenThere(later, (all) => all[name]);
  return new Bind9Record(logicalName, { ...common, records: part("records"), reverse: part("reverse") }, { dependsOn });
}

function declarePluginRecord(
  { stack, netbox }: Pick<Site, "stack" | "netbox">,
  logicalName: string,
  { key, zoneId, zone, name, type, value }: DesiredPluginRecord,
  text: Text,
  dependsOn: pulumi.Resource[],
): NetboxDnsRecord {
  const written = typeof value === "string" ? value : text(value);
  const plain =
    typeof written === "string" ? bare(type, written) : whenThere(pulumi.output(written), (each) => bare(type, each));
  const inputs = { stack, netboxUrl: netbox.url, key, zoneId, zone, name, type, value: plain };
  return new NetboxDnsRecord(logicalName, inputs, { dependsOn });
}

/** An address without its prefix length. */
const bare = (type: string, value: string): string =>
  type === "A" || type === "AAAA" ? canonicalAddress(value) : value;
