import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Context } from "../../providers/context";
import { NetboxIpAllocation } from "../../providers/netbox/ipam/ipallocation";
import { NetboxGuest } from "../../providers/netbox/virtualization/guest";
import type { NetboxGuestInputs } from "../../providers/netbox/virtualization/guest.model";
import { NetboxPromotion } from "../../providers/netbox/virtualization/promotion";
import { SiteAnchor } from "../../providers/ownership/anchor";
import type { Orphan } from "../../providers/ownership/anchor.model";
import type { Mark } from "../../providers/ownership/mark";
import { ProxmoxSnapshot } from "../../providers/proxmox/nodes/snapshot";
import type { SnapshotInputs } from "../../providers/proxmox/nodes/snapshot.model";
import type { GuestType } from "../../providers/proxmox/schemas";
import { Semaphore } from "../../providers/semaphore";
import { groupBy } from "../../providers/values";
import { orElse } from "../outputs";
import { LogicalNames, type MachineName, recordIdentity } from "./desired/names";
import type { NamedRecords } from "./desired/records";
import type {
  DesiredAllocation,
  DesiredGuest,
  DesiredPluginRecord,
  DesiredRecord,
  KeptGuest,
  Site,
} from "./desired/types";
import type { Plan } from "./plan";
import {
  declareMachine,
  declareMachineAsItIs,
  declarePluginRecord,
  declareRecord,
  type MachineResource,
  type Text,
} from "./resources";

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

const waiting = z.object({ pending: z.array(z.string()).default([]) });

/** A guest in the outputs of the last run. */
const lastOutput = z.object({
  name: z.string(),
  status: z.string(),
  cluster: z.string(),
  vmid: z.number(),
  addresses: z.array(z.string()),
  pending: z.array(z.string()),
});
const lastOutputs = z.object({
  guests: z.record(z.string(), z.unknown()).catch({}),
  records: z.array(z.string()).catch([]),
});

const list = <T>(one: T | undefined): T[] => (one === undefined ? [] : [one]);

/** In the order that they had before; others behind them. */
function inOrder(all: string[], before: string[]): string[] {
  const places = new Map(before.map((each, n) => [each, n]));
  const placeOf = (each: string) => places.get(each) ?? before.length;
  return all.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** Guests whose resources are registered at one time: the SDK holds much in memory for each that waits for its answer. */
const window = 256;

/** What is declared: what should be, and what is left out and stays as it is. */
export interface Declaration extends Pick<NamedRecords, "records" | "plugin"> {
  guests: DesiredGuest[];
  kept: KeptGuest[];
  orphans: Orphan[];
}

/** What belongs to one guest. What is left out here is not declared. */
interface Parts {
  of: { id: number; name: string; mark: Mark; type: GuestType };
  netbox: NetboxGuestInputs | undefined;
  allocations: DesiredAllocation[];
  snapshot: SnapshotInputs | undefined;
  machine: ((name: MachineName, dependsOn: pulumi.Resource[]) => MachineResource) | undefined;
  promote: boolean;
}

/** Declares everything, in the order that `dependsOn` gives it: addresses, guests, names, statuses, the anchor. */
export async function declare(
  context: Context,
  site: Pick<Site, "stack" | "netbox" | "state"> & Pick<Plan, "snapshots"> & { protect: boolean },
  { guests, kept, records, plugin, orphans }: Declaration,
): Promise<SiteOutputs> {
  const { protect, snapshots, state } = site;
  const names = new LogicalNames(state.names);
  const allocations = new Map<string, NetboxIpAllocation>();
  const machines = new Map<number, MachineResource>();
  /** Those that nothing else depends on. */
  const last = new Set<pulumi.Resource>();
  const after = <T extends pulumi.Resource>(dependsOn: pulumi.Resource[], make: (on: pulumi.Resource[]) => T): T => {
    const made = make(dependsOn);
    last.add(made);
    for (const each of dependsOn) last.delete(each);
    return made;
  };
  const before = lastOutputs.safeParse(state.outputs).data ?? { guests: {}, records: [] };
  const outputs: SiteOutputs = { guests: {}, records: inOrder(records.map(recordIdentity), before.records) };
  const text: Text = (ref) =>
    "address" in ref ? ref.address : pulumi.output(allocations.get(ref.allocation)?.address ?? "");
  const adopted = new Set(guests.flatMap((guest) => (guest.adopted ? [guest.id] : [])));
  const adoptedAmong = (ids: number[]) => {
    const found = ids.filter((id) => adopted.has(id));
    return found.length === 0 ? {} : { adoptedGuests: found };
  };
  const declareParts = ({ of, ...parts }: Parts): MachineResource | undefined => {
    const id = String(of.id);
    // What belongs to a guest is called by its logical name, which it keeps.
    const machineName = names.machine(of);
    const own = (kind: "guest" | "snapshot" | "promotion") => names.of(kind, id, machineName.name, id);
    const { netbox: object, snapshot: safety } = parts;
    const netbox = object && after([], () => new NetboxGuest(own("guest"), object));
    const allocated = parts.allocations.map(({ key, nic, inputs }) => {
      const title = `${machineName.name} ${nic} IPv${inputs.family}`;
      const name = names.of("allocation", key, title, String(inputs.ordinal));
      const allocation = after(list(netbox), (dependsOn) => new NetboxIpAllocation(name, inputs, { dependsOn }));
      allocations.set(key, allocation);
      return allocation;
    });
    const snapshot = safety && after([], () => new ProxmoxSnapshot(own("snapshot"), safety));
    const make = parts.machine;
    const machine =
      make && after([...list(netbox), ...allocated, ...list(snapshot)], (dependsOn) => make(machineName, dependsOn));
    if (machine) machines.set(of.id, machine);
    if (parts.promote || state.promoted.has(of.id)) {
      const inputs = { mark: of.mark, name: of.name };
      after(list(machine), (dependsOn) => new NetboxPromotion(own("promotion"), inputs, { dependsOn }));
    }
    return machine;
  };
  const declareGuest = (guest: DesiredGuest): pulumi.Resource[] => {
    const { id, name, mark, netbox, machine, promote, status } = guest;
    const made = declareParts({
      of: { id, name, mark, type: machine.type },
      netbox,
      allocations: guest.allocations,
      snapshot: snapshots.get(id),
      promote,
      machine: (machineName, dependsOn) => declareMachine(guest, text, machineName, dependsOn),
    });
    const { cluster, vmid } = machine.inputs;
    const addresses = guest.allocations.map(({ key, inputs }) => inputs.address ?? allocations.get(key)?.address ?? "");
    // A plan takes what isn't there for unknown, and what will wait it can't say: it shows what waits so far.
    const pending =
      pulumi.runtime.isDryRun() || made === undefined
        ? waiting.parse(state.guests.get(id)?.last ?? {}).pending
        : orElse(made.pending, []);
    outputs.guests[String(id)] = { name, status, cluster, vmid, addresses, pending };
    return list(made);
  };
  // The state has them: they take no time, and names that they share with others wait for them.
  for (const { id, name, mark, machine, netbox, allocations: own, snapshot } of kept) {
    declareParts({
      of: { id, name, mark, type: machine?.type ?? "qemu" },
      netbox,
      allocations: own,
      snapshot,
      promote: false,
      machine: machine && ((machineName, dependsOn) => declareMachineAsItIs(machine, machineName, dependsOn)),
    });
    const output = lastOutput.safeParse(before.guests[String(id)]).data;
    if (output !== undefined) outputs.guests[String(id)] = output;
  }
  const of = (ids: number[]) => ids.flatMap((id) => machines.get(id) ?? []);
  const pluginRecords = new Map<string, pulumi.Resource[]>();
  const declarePlugin = (record: DesiredPluginRecord) => {
    const made = after(of(record.guests), (dependsOn) => {
      const { key, fqdn, type } = record;
      const name = names.of("pluginRecord", key, `${fqdn.replace(/\.$/, "")} ${type}`, key);
      return declarePluginRecord(site, name, { ...record, ...adoptedAmong(record.guests) }, text, dependsOn);
    });
    pluginRecords.set(record.fqdn, [...(pluginRecords.get(record.fqdn) ?? []), made]);
  };
  const declareName = (record: DesiredRecord) =>
    after([...of(record.owner.guests), ...(pluginRecords.get(record.name) ?? [])], (dependsOn) => {
      const identity = recordIdentity(record);
      const name = names.of("record", identity, identity.replace(/\.$/, ""), "2");
      return declareRecord(context, name, { ...record, ...adoptedAmong(record.owner.guests) }, text, dependsOn);
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
          const made = declareGuest(guest);
          withNames(guest.id);
          started();
          await Promise.all(made.map(registered));
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
