import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type MachineState, machineState } from "../providers/netbox/objects/machine.model";
import { type ObjectState, objectState } from "../providers/netbox/objects/object.model";
import { mark } from "../providers/ownership/mark";
import { snapshotState } from "../providers/proxmox/nodes/snapshot.model";
import type { GuestType } from "../providers/proxmox/schemas";
import { withoutUndefined } from "../providers/values";
import type { KnownResource, KnownResources } from "./known";
import { allocationIdentity, type KnownName, recordIdentity } from "./site/desired/names";
import type { InState, KnownGuest } from "./site/desired/types";

const answer = z.object({
  outputs: z.record(z.string(), z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()) })),
});
const machine = z.looseObject({
  mark,
  name: z.string(),
  cluster: z.string(),
  vmid: z.number(),
});
const guest = z.object({ mark });
const safety = snapshotState.pick({ kept: true }).extend({ mark });
const allocation = z.object({
  interfaceId: z.number(),
  family: z.number(),
  ordinal: z.number(),
  addressId: z.number(),
});
const record = z.object({
  server: z.string(),
  name: z.string(),
  owner: z.object({ guests: z.array(z.number()) }),
});

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
  const found = Object.entries(answer.parse(await readOutputs()).outputs);
  const own = found.filter(([, { type }]) => type.startsWith("pulumi-nodejs:dynamic/"));
  const resources = own.map(([urn, { type, outputs }]): [string, KnownResource] => {
    const properties = Object.entries(outputs).filter(([key]) => !secretProperties.includes(key));
    const known = { type: type.split(":").pop() ?? "", properties: Object.fromEntries(properties) };
    return [logicalName(urn), known];
  });
  const stack = found.find(([, { type }]) => type === "pulumi:pulumi:Stack");
  return { resources: new Map(resources), outputs: stack?.[1].outputs };
}
/** `urn:pulumi:STACK::PROJECT::TYPE::NAME`: a name may have colons of its own. */
const logicalName = (urn: string): string => urn.split("::").slice(3).join("::");

/** What no plan looks at. */
const secretProperties = ["value", "password", "outcome", "credential"];

export async function readObjects(): Promise<InObjects> {
  const { resources, outputs } = await readResources();
  const machines = new Map<string, MachineState>();
  const objects = new Map<string, ObjectState>();
  for (const [name, { properties }] of resources) {
    const machine = machineState.safeParse(properties);
    if (machine.success) machines.set(name, machine.data);
    const object = machine.success ? undefined : objectState.safeParse(properties);
    if (object?.success) objects.set(name, object.data);
  }
  return { machines, objects, outputs };
}

/** The same from the invoke's answer: `{outputs: {URN: {type, outputs}}}`. */
export function stateFrom(raw: unknown): InState {
  const found = answer.parse(raw).outputs;
  const resources = Object.values(found);
  const of = <T>(type: string, schema: z.ZodType<T>): T[] =>
    resources.flatMap((resource) => {
      const parsed = resource.type.endsWith(`:${type}`) ? schema.safeParse(resource.outputs) : undefined;
      return parsed?.success ? [parsed.data] : [];
    });
  const machines = (resource: string, type: GuestType) =>
    of(resource, machine).map(({ mark, name, cluster, vmid, ...rest }): [number, KnownGuest] => [
      mark.netboxId,
      { type, name, cluster, vmid, last: { ...rest, name, cluster, vmid } },
    ]);
  return {
    names: Object.entries(found).flatMap(
      ([urn, { type, outputs }]) => knownName(logicalName(urn), type, outputs) ?? [],
    ),
    guests: new Map([...machines("ProxmoxVm", "qemu"), ...machines("ProxmoxContainer", "lxc")]),
    netboxGuests: new Set(of("NetboxGuest", guest).map(({ mark }) => mark.netboxId)),
    promoted: new Set(of("NetboxPromotion", guest).map(({ mark }) => mark.netboxId)),
    snapshots: new Map(of("ProxmoxSnapshot", safety).map(({ mark, kept }) => [mark.netboxId, kept])),
    addresses: new Map(
      of("NetboxIpAllocation", allocation).map(({ interfaceId, family, ordinal, addressId }) => [
        `${interfaceId}/v${family}-${ordinal}`,
        addressId,
      ]),
    ),
    pluginRecords: new Set(of("NetboxDnsRecord", z.object({ recordId: z.number() })).map(({ recordId }) => recordId)),
    resources: resources.map(({ type, outputs }) => ({ type: type.split(":").pop() ?? "", properties: outputs })),
    records: new Map(of("Bind9Record", record).map(({ server, name, owner }) => [`${server}/${name}`, owner.guests])),
  };
}

const ofGuest = guest.transform(({ mark }) => String(mark.netboxId));
const identities = {
  ProxmoxVm: { kind: "machine", type: "qemu", identity: ofGuest },
  ProxmoxContainer: { kind: "machine", type: "lxc", identity: ofGuest },
  NetboxGuest: { kind: "guest", identity: ofGuest },
  NetboxPromotion: { kind: "promotion", identity: ofGuest },
  ProxmoxSnapshot: { kind: "snapshot", identity: ofGuest },
  NetboxIpAllocation: {
    kind: "allocation",
    identity: allocation
      .omit({ addressId: true })
      .extend({ given: z.boolean().optional() })
      .transform(allocationIdentity),
  },
  NetboxDnsRecord: { kind: "pluginRecord", identity: z.object({ key: z.string() }).transform(({ key }) => key) },
  Bind9Record: { kind: "record", identity: record.pick({ server: true, name: true }).transform(recordIdentity) },
} satisfies Record<string, Pick<KnownName, "kind" | "type"> & { identity: z.ZodType<string> }>;

const isNamed = (type: string): type is keyof typeof identities => type in identities;

/** A resource that the site program names. One whose properties can't be read has its name all the same. */
function knownName(name: string, token: string, outputs: Record<string, unknown>): KnownName | undefined {
  const type = token.split(":").pop() ?? "";
  if (!isNamed(type)) return undefined;
  const { identity, ...of } = identities[type];
  return withoutUndefined({ ...of, name, identity: identity.safeParse(outputs).data });
}
