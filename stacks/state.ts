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
import { type KnownResource, type KnownResources, type StackState, typeInToken } from "./known";
import { allocationIdentity, type KnownName, recordIdentity } from "./site/desired/names";
import type { InState, KnownGuest } from "./site/desired/types";

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

const answer = z.object({
  outputs: z.record(z.string(), z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()) })),
});

/** From the answer of the engine's own `readStackResourceOutputs`: `{outputs: {URN: {type, outputs}}}`. */
export const stateOfAnswer = (raw: unknown): StackState =>
  stateOf(Object.entries(answer.parse(raw).outputs).map(([urn, each]) => ({ urn, id: "", ...each })));

const exported = z.object({
  deployment: z.object({
    resources: z
      .array(
        z.object({
          urn: z.string(),
          type: z.string(),
          id: z.string().default(""),
          outputs: z.record(z.string(), z.unknown()).default({}),
          /** Is it replaced already, and still to be deleted? */
          delete: z.boolean().default(false),
        }),
      )
      .default([]),
  }),
});

/** From what `pulumi stack export` prints. Secrets are in it encrypted. */
export const stateOfExport = (raw: unknown): StackState =>
  stateOf(exported.parse(raw).deployment.resources.filter((each) => !each.delete));

function stateOf(all: { urn: string; id: string; type: string; outputs: Record<string, unknown> }[]): StackState {
  const resources = all
    .filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/"))
    .map(({ urn, id, type: token, outputs: properties }) => {
      const type = typeInToken(token);
      return { type, token, name: logicalName(urn), id, properties };
    });
  return { resources, outputs: all.find(({ type }) => type === stackType)?.outputs };
}

/** `urn:pulumi:STACK::PROJECT::TYPE::NAME`: a name may have colons of its own. */
const logicalName = (urn: string): string => urn.split("::").slice(3).join("::");

const stackType = "pulumi:pulumi:Stack";

/** By logical name, without what no plan looks at. */
export const resourcesIn = ({ resources }: StackState): KnownResources =>
  new Map(
    resources.map(({ type, name, properties }): [string, KnownResource] => {
      const shown = Object.entries(properties).filter(([key]) => !secretProperties.includes(key));
      return [name, { type, properties: Object.fromEntries(shown) }];
    }),
  );

const secretProperties = ["value", "password", "outcome", "credential"];

/** Objects of NetBox in the stack's state. */
export interface InObjects {
  /** By logical name. */
  machines: Map<string, MachineState>;
  objects: Map<string, ObjectState>;
}

export function objectsIn({ resources }: StackState): InObjects {
  const machines = new Map<string, MachineState>();
  const objects = new Map<string, ObjectState>();
  for (const { token, name, properties } of resources) {
    const machine = readers.machine(token, properties);
    const object = machine === undefined ? readers.object(token, properties) : undefined;
    if (machine !== undefined) machines.set(name, machine);
    if (object !== undefined) objects.set(name, object);
  }
  return { machines, objects };
}

/** What a plan of the site begins with. */
export function siteStateIn({ resources, outputs }: StackState): InState {
  const of = <T>(reader: (type: string, properties: unknown) => T | undefined): T[] =>
    resources.flatMap(({ token, properties }) => reader(token, properties) ?? []);
  const known = (type: GuestType, found: (Omit<KnownGuest, "type" | "last"> & { mark: Mark })[]) =>
    found.map(({ mark, ...last }): [number, KnownGuest] => {
      const { name, cluster, vmid } = last;
      return [mark.netboxId, { type, name, cluster, vmid, last }];
    });
  return {
    names: resources.flatMap(({ name, token, properties }) => knownName(name, token, properties) ?? []),
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
    resources,
    outputs,
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
