import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { bind9Record } from "../providers/dns/bind9/record";
import { netboxIpAllocation } from "../providers/netbox/ipam/ipallocation";
import { netboxMachine } from "../providers/netbox/objects/machine";
import type { MachineState } from "../providers/netbox/objects/machine.model";
import { netboxObject } from "../providers/netbox/objects/object";
import type { ObjectState } from "../providers/netbox/objects/object.model";
import { netboxDnsRecord } from "../providers/netbox/plugins/dnsrecord";
import { netboxGuest } from "../providers/netbox/virtualization/guest";
import { netboxPromotion } from "../providers/netbox/virtualization/promotion";
import { type Mark, mark } from "../providers/ownership/mark";
import { proxmoxContainer } from "../providers/proxmox/nodes/lxc/container";
import { proxmoxVm } from "../providers/proxmox/nodes/qemu/vm";
import { proxmoxSnapshot } from "../providers/proxmox/nodes/snapshot";
import type { GuestType } from "../providers/proxmox/schemas";
import { stateReader, tokensOf } from "../providers/resource";
import { withoutUndefined } from "../providers/values";
import type { KnownResource, KnownResources } from "./known";
import { allocationIdentity, type KnownName, recordIdentity } from "./site/desired/names";
import type { InState, KnownGuest } from "./site/desired/types";

const answer = z.object({
  outputs: z.record(z.string(), z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()) })),
});
const machine = { name: true, cluster: true, vmid: true } as const;
const allocation = netboxIpAllocation.state
  .pick({ interfaceId: true, family: true, ordinal: true, given: true })
  .partial({ given: true });
const guest = z.object({ mark });

/** Of each kind what a plan of the site begins with. */
const readers = {
  vm: stateReader(proxmoxVm, proxmoxVm.state.pick(machine).extend({ mark }).loose()),
  container: stateReader(proxmoxContainer, proxmoxContainer.state.pick(machine).extend({ mark }).loose()),
  guest: stateReader(netboxGuest, guest),
  promotion: stateReader(netboxPromotion, guest),
  snapshot: stateReader(proxmoxSnapshot, proxmoxSnapshot.state.pick({ kept: true }).extend({ mark })),
  allocation: stateReader(netboxIpAllocation, allocation.extend({ addressId: z.number() })),
  pluginRecord: stateReader(netboxDnsRecord, z.object({ recordId: z.number() })),
  record: stateReader(bind9Record, bind9Record.state.pick({ server: true, name: true, owner: true })),
  machine: stateReader(netboxMachine, netboxMachine.state),
  object: stateReader(netboxObject, netboxObject.state),
};

/**
 * What the stack's state holds as this run begins. The engine's own `readStackResourceOutputs` (the invoke behind the
 * SDKs' stack queries) gives it without a resource in the plan, and knows what a killed run wrote down and what it didn't.
 */
export const readState = async (): Promise<InState> => stateFrom(await readOutputs());

let outputs: Promise<unknown> | undefined;

/** Read once: it is what was there as this run began. */
function readOutputs(): Promise<unknown> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  outputs ??= pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  return outputs;
}

/** Objects of NetBox in the stack's state. */
export interface InObjects {
  /** By logical name. */
  machines: Map<string, MachineState>;
  objects: Map<string, ObjectState>;
  /** The stack's own outputs of the last run. */
  outputs: unknown;
}

/** Every resource of ours in the stack's state, by its logical name, and the stack's own outputs of the last run. */
export async function readResources(): Promise<{ resources: KnownResources; outputs: unknown }> {
  const found = await readAll();
  const own = found.filter(([, { type }]) => type.startsWith("pulumi-nodejs:dynamic/"));
  const resources = own.map(([urn, { type, outputs }]): [string, KnownResource] => {
    const properties = Object.entries(outputs).filter(([key]) => !secretProperties.includes(key));
    const known = { type: type.split(":").pop() ?? "", properties: Object.fromEntries(properties) };
    return [logicalName(urn), known];
  });
  const stack = found.find(([, { type }]) => type === "pulumi:pulumi:Stack");
  return { resources: new Map(resources), outputs: stack?.[1].outputs };
}

const readAll = async () => Object.entries(answer.parse(await readOutputs()).outputs);

/** `urn:pulumi:STACK::PROJECT::TYPE::NAME`: a name may have colons of its own. */
const logicalName = (urn: string): string => urn.split("::").slice(3).join("::");

/** What no plan looks at. */
const secretProperties = ["value", "password", "outcome", "credential"];

export async function readObjects(): Promise<InObjects> {
  const found = await readAll();
  const machines = new Map<string, MachineState>();
  const objects = new Map<string, ObjectState>();
  for (const [urn, { type, outputs }] of found) {
    const machine = readers.machine(type, outputs);
    const object = machine === undefined ? readers.object(type, outputs) : undefined;
    if (machine !== undefined) machines.set(logicalName(urn), machine);
    if (object !== undefined) objects.set(logicalName(urn), object);
  }
  const stack = found.find(([, { type }]) => type === "pulumi:pulumi:Stack");
  return { machines, objects, outputs: stack?.[1].outputs };
}

/** The same from the invoke's answer: `{outputs: {URN: {type, outputs}}}`. */
export function stateFrom(raw: unknown): InState {
  const found = answer.parse(raw).outputs;
  const resources = Object.values(found);
  const of = <T>(reader: (type: string, properties: unknown) => T | undefined): T[] =>
    resources.flatMap(({ type, outputs }) => reader(type, outputs) ?? []);
  const known = (type: GuestType, found: (Omit<KnownGuest, "type" | "last"> & { mark: Mark })[]) =>
    found.map(({ mark, ...last }): [number, KnownGuest] => {
      const { name, cluster, vmid } = last;
      return [mark.netboxId, { type, name, cluster, vmid, last }];
    });
  return {
    names: Object.entries(found).flatMap(
      ([urn, { type, outputs }]) => knownName(logicalName(urn), type, outputs) ?? [],
    ),
    guests: new Map([...known("qemu", of(readers.vm)), ...known("lxc", of(readers.container))]),
    netboxGuests: new Set(of(readers.guest).map(({ mark }) => mark.netboxId)),
    promoted: new Set(of(readers.promotion).map(({ mark }) => mark.netboxId)),
    snapshots: new Map(of(readers.snapshot).map(({ mark, kept }) => [mark.netboxId, kept])),
    addresses: new Map(
      of(readers.allocation).map(({ interfaceId, family, ordinal, addressId }) => [
        `${interfaceId}/v${family}-${ordinal}`,
        addressId,
      ]),
    ),
    pluginRecords: new Set(of(readers.pluginRecord).map(({ recordId }) => recordId)),
    resources: resources.map(({ type, outputs }) => ({ type: type.split(":").pop() ?? "", properties: outputs })),
    records: new Map(of(readers.record).map(({ server, name, owner }) => [`${server}/${name}`, owner.guests])),
  };
}

const ofGuest = guest.transform(({ mark }) => String(mark.netboxId));
/** What the resources that the site program names are of. */
const named: (Pick<KnownName, "kind" | "type"> & {
  of: Parameters<typeof tokensOf>[0];
  identity: z.ZodType<string>;
})[] = [
  { of: proxmoxVm, kind: "machine", type: "qemu", identity: ofGuest },
  { of: proxmoxContainer, kind: "machine", type: "lxc", identity: ofGuest },
  { of: netboxGuest, kind: "guest", identity: ofGuest },
  { of: netboxPromotion, kind: "promotion", identity: ofGuest },
  { of: proxmoxSnapshot, kind: "snapshot", identity: ofGuest },
  {
    of: netboxIpAllocation,
    kind: "allocation",
    identity: allocation.transform(allocationIdentity),
  },
  {
    of: netboxDnsRecord,
    kind: "pluginRecord",
    identity: netboxDnsRecord.state.pick({ key: true }).transform(({ key }) => key),
  },
  {
    of: bind9Record,
    kind: "record",
    identity: bind9Record.state.pick({ server: true, name: true }).transform(recordIdentity),
  },
];
const namedByType = new Map(named.flatMap((each) => tokensOf(each.of).map((token) => [token, each])));

/** A resource that the site program names. One whose properties can't be read has its name all the same. */
function knownName(name: string, token: string, outputs: Record<string, unknown>): KnownName | undefined {
  const found = namedByType.get(token);
  if (found === undefined) return undefined;
  const { identity, kind, type } = found;
  return withoutUndefined({ kind, type, name, identity: identity.safeParse(outputs).data });
}
