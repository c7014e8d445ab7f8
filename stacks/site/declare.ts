import { z } from "zod";
import { netboxIpAllocation } from "../../providers/netbox/ipam/ipallocation";
import { netboxGuest } from "../../providers/netbox/virtualization/guest";
import type { NetboxGuestInputs } from "../../providers/netbox/virtualization/guest.model";
import { netboxPromotion } from "../../providers/netbox/virtualization/promotion";
import { siteAnchor } from "../../providers/ownership/anchor";
import type { Orphan } from "../../providers/ownership/anchor.model";
import type { Mark } from "../../providers/ownership/mark";
import { proxmoxSnapshot } from "../../providers/proxmox/nodes/snapshot";
import type { SnapshotInputs } from "../../providers/proxmox/nodes/snapshot.model";
import type { GuestType } from "../../providers/proxmox/schemas";
import { tokenOf } from "../../providers/resource";
import { groupBy } from "../../providers/values";
import { type DeclaredResource, declared, type Later } from "../declared";
import { LogicalNames, type MachineName, recordIdentity } from "./desired/names";
import type { ZoneServer } from "./desired/pluginindex";
import type { NamedRecords } from "./desired/records";
import type { Safety } from "./desired/safety";
import type {
  DesiredAllocation,
  DesiredGuest,
  DesiredPluginRecord,
  DesiredRecord,
  KeptGuest,
  Site,
} from "./desired/types";
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
      addresses: (string | Later<string>)[];
      /** What waits for the guest's next start. */
      pending: string[] | Later<string[]>;
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

/** What is declared: what should be, and what is left out and stays as it is. */
export interface Wanted extends Pick<NamedRecords, "records" | "plugin"> {
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
  machine: ((name: MachineName, after: DeclaredResource[]) => MachineResource) | undefined;
  promote: boolean;
}

/** What declaring goes by besides. */
export interface DeclaredSite extends Pick<Site, "stack" | "netbox" | "state"> {
  servers: ZoneServer[];
  /** By the guest's NetBox id. */
  snapshots: Safety["snapshots"];
  /** Is a destroy refused? */
  protect: boolean;
  isDryRun: boolean;
  /** Is the run about some guests alone? */
  isChosen?: boolean;
}

/** Everything, each behind what it waits for: addresses, guests, names, statuses, the anchor. */
export function declareSite(
  site: DeclaredSite,
  { guests, kept, records, plugin, orphans }: Wanted,
): { resources: DeclaredResource[]; outputs: SiteOutputs } {
  const { protect, snapshots, state, isChosen = false } = site;
  const names = new LogicalNames(state.names);
  const allocations = new Map<string, DeclaredResource<z.output<typeof netboxIpAllocation.state>>>();
  const machines = new Map<number, MachineResource>();
  const resources: DeclaredResource[] = [];
  /** Those that nothing else depends on. */
  const last = new Set<DeclaredResource>();
  const add = <S extends object>(resource: DeclaredResource<S>): DeclaredResource<S> => {
    resources.push(resource);
    last.add(resource);
    for (const each of resource.after) last.delete(each);
    return resource;
  };
  const before = lastOutputs.safeParse(state.outputs).data ?? { guests: {}, records: [] };
  const outputs: SiteOutputs = { guests: {}, records: inOrder(records.map(recordIdentity), before.records) };
  const text: Text = (ref) =>
    "address" in ref ? ref.address : (allocations.get(ref.allocation)?.output("address") ?? "");
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
    const netbox = object && add(declared(netboxGuest, own("guest"), object));
    const allocated = parts.allocations.map(({ key, nic, inputs }) => {
      const title = `${machineName.name} ${nic} IPv${inputs.family}`;
      const name = names.of("allocation", key, title, String(inputs.ordinal));
      const allocation = add(declared(netboxIpAllocation, name, inputs, { after: list(netbox) }));
      allocations.set(key, allocation);
      return allocation;
    });
    const snapshot = safety && add(declared(proxmoxSnapshot, own("snapshot"), safety));
    const machine =
      parts.machine && add(parts.machine(machineName, [...list(netbox), ...allocated, ...list(snapshot)]));
    if (machine) machines.set(of.id, machine);
    if (parts.promote || state.promoted.has(of.id)) {
      const inputs = { mark: of.mark, name: of.name };
      add(declared(netboxPromotion, own("promotion"), inputs, { after: list(machine) }));
    }
    return machine;
  };
  const declareGuest = (guest: DesiredGuest): void => {
    const { id, name, mark, netbox, machine, promote, status } = guest;
    const made = declareParts({
      of: { id, name, mark, type: machine.type },
      netbox,
      allocations: guest.allocations,
      snapshot: snapshots.get(id),
      promote,
      machine: (machineName, after) => declareMachine(guest, text, machineName, after),
    });
    const { cluster, vmid } = machine.inputs;
    const addresses = guest.allocations.map(
      ({ key, inputs }) => inputs.address ?? allocations.get(key)?.output("address") ?? "",
    );
    // A plan takes what isn't there for unknown, and what will wait it can't say: it shows what waits so far.
    const pending =
      site.isDryRun || made === undefined
        ? waiting.parse(state.guests.get(id)?.last ?? {}).pending
        : made.output("pending").orElse([]);
    outputs.guests[String(id)] = { name, status, cluster, vmid, addresses, pending };
  };
  // The state has them: they take no time, and names that they share with others wait for them.
  for (const { id, name, mark, machine, netbox, allocations: own, snapshot } of kept) {
    declareParts({
      of: { id, name, mark, type: machine?.type ?? "qemu" },
      netbox,
      allocations: own,
      snapshot,
      promote: false,
      machine: machine && ((machineName, after) => declareMachineAsItIs(machine, machineName, after)),
    });
    const output = lastOutput.safeParse(before.guests[String(id)]).data;
    if (output !== undefined) outputs.guests[String(id)] = output;
  }
  const of = (ids: number[]) => ids.flatMap((id) => machines.get(id) ?? []);
  const pluginRecords = new Map<string, DeclaredResource[]>();
  const declarePlugin = (record: DesiredPluginRecord) => {
    const { key, fqdn, type, guests: holders } = record;
    const name = names.of("pluginRecord", key, `${fqdn.replace(/\.$/, "")} ${type}`, key);
    const made = declarePluginRecord(site, name, { ...record, ...adoptedAmong(holders) }, text, of(holders));
    pluginRecords.set(fqdn, [...(pluginRecords.get(fqdn) ?? []), add(made)]);
  };
  const declareName = (record: DesiredRecord) => {
    const identity = recordIdentity(record);
    const { guests: holders } = record.owner;
    const name = names.of("record", identity, identity.replace(/\.$/, ""), "2");
    const after = [...of(holders), ...(pluginRecords.get(record.name) ?? [])];
    add(declareRecord(site.servers, name, { ...record, ...adoptedAmong(holders) }, text, after));
  };
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
  for (const guest of guests) {
    declareGuest(guest);
    withNames(guest.id);
  }
  // The engine makes none of the others that are new: the anchor can't wait for them.
  const there = new Set(state.resources.map(({ token, name }) => `${token}::${name}`));
  const isThere = ({ definition, name, inputs }: DeclaredResource) =>
    there.has(`${tokenOf(definition, inputs)}::${name}`);
  const [after, leftovers] = isChosen ? [[...last].filter(isThere), []] : [[...last], orphans];
  add(declared(siteAnchor, "anchor", { leftovers }, { after, protect }));
  return { resources, outputs };
}

/** Records by the last of their guests in the order of declaration; those without one by undefined. */
function byLast<T>(
  guests: DesiredGuest[],
  records: T[],
  guestsOf: (record: T) => number[],
): Map<number | undefined, T[]> {
  const places = new Map(guests.map(({ id }, n) => [id, n]));
  return groupBy(records, (record) => guests[Math.max(...guestsOf(record).map((id) => places.get(id) ?? -1))]?.id);
}
