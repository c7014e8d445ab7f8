import { z } from "zod";
import { sameValue } from "../../values";
import { type Owned, objectDiffers, objectInputs, objectState, owned, sameProperty } from "./object.model";
import type { ObjectTypeName } from "./objecttypes";

// A virtual machine or a device with its parts.

const part = owned.extend({
  /** The part that is there already. */
  objectId: z.number().optional(),
});
const machineInterface = part.extend({
  /**
   * `10.71.0.5/24`, `10.71.0.5/24 dhcp` (its status), or `next 10.71.0.0/24`: the next available one of that prefix; with
   * ` vrf:3` behind it where it is in a VRF, which is NetBox's id.
   */
  addresses: z.array(z.string()).default([]),
  /** The DNS name of its addresses. */
  dnsName: z.string().optional(),
});

const parts = {
  type: z.enum(["virtualMachine", "device"]),
  interfaces: z.record(z.string(), machineInterface).default({}),
  disks: z.record(z.string(), part).default({}),
  /** The interface whose first addresses are the machine's primary ones. */
  primary: z.string().optional(),
};
export const machineInputs = objectInputs.extend(parts);
export type MachineInputs = z.infer<typeof machineInputs>;
export type MachineInterface = z.infer<typeof machineInterface>;

/** What became of a part: `interfaces/net0`, `disks/scsi0`, `addresses/net0/10.71.0.5/24`. */
const knownPart = z.object({
  id: z.number(),
  made: z.boolean(),
  before: owned.optional(),
  /** Of an address: as NetBox has it, and whether it was we who gave one that was there to the interface. */
  address: z.string().optional(),
  assigned: z.boolean().optional(),
});
export type KnownPart = z.infer<typeof knownPart>;
export const machineState = objectState.extend({
  ...parts,
  parts: z.record(z.string(), knownPart).default({}),
  /** What we wrote last, where a refresh saw something else since. */
  written: owned.optional(),
  writtenParts: z.record(z.string(), owned).optional(),
});
export type MachineState = z.infer<typeof machineState>;

export const interfaceKey = (name: string): string => `interfaces/${name}`;
export const diskKey = (name: string): string => `disks/${name}`;
export const addressKey = (name: string, address: string): string => `addresses/${name}/${address}`;

/** The parts of a kind of machine in NetBox. */
export interface PartKind {
  type: ObjectTypeName;
  /** The field that leads to the machine, and the filter by it. */
  parent: string;
  filter: string;
}
export const interfaceKinds: Record<MachineInputs["type"], PartKind & { assignedType: string; addressFilter: string }> =
  {
    virtualMachine: {
      type: "vmInterface",
      parent: "virtual_machine",
      filter: "virtual_machine_id",
      assignedType: "virtualization.vminterface",
      addressFilter: "vminterface_id",
    },
    device: {
      type: "interface",
      parent: "device",
      filter: "device_id",
      assignedType: "dcim.interface",
      addressFilter: "interface_id",
    },
  };
export const diskKind: PartKind = { type: "virtualDisk", parent: "virtual_machine", filter: "virtual_machine_id" };

/** What an address of the inputs asks for. */
export interface AskedAddress {
  /** With its prefix length; of one to come, the prefix. */
  address: string;
  isNext: boolean;
  status: string | undefined;
  vrfId: number | undefined;
}

export function readAsked(text: string): AskedAddress {
  const words = text.split(" ");
  const vrf = words.find((word) => word.startsWith("vrf:"))?.slice(4);
  const [first = "", second = ""] = words.filter((word) => !word.startsWith("vrf:"));
  const isNext = first === "next";
  const vrfId = vrf === undefined ? undefined : Number(vrf);
  return { address: isNext ? second : first, isNext, status: isNext ? undefined : second || undefined, vrfId };
}

export const printAsked = ({ address, isNext, status, vrfId }: AskedAddress): string =>
  [
    isNext ? `next ${address}` : address,
    ...(status === undefined ? [] : [status]),
    ...(vrfId === undefined ? [] : [`vrf:${vrfId}`]),
  ].join(" ");

/** An address that was asked for as it would be asked for by its text, now that it is known. */
export const givenFor = (asked: string, address: string): string =>
  printAsked({ address, isNext: false, status: undefined, vrfId: readAsked(asked).vrfId });

/** Conflicts of one part, by the part's own fields: `interfaces.net0.mtu: …` is `mtu: …` there. */
export const conflictsOf = (conflicts: string[], place: string): string[] =>
  conflicts.flatMap((each) => (each.startsWith(`${place}.`) ? [each.slice(place.length + 1)] : []));

/** Are these addresses the same, where one that was asked for is as good as the one that was given? */
function sameAddresses(name: string, state: Partial<MachineState>, wanted: string[]): boolean {
  const have = state.interfaces?.[name]?.addresses ?? [];
  const given = (asked: string) => {
    const address = state.parts?.[addressKey(name, asked)]?.address;
    return address === undefined ? asked : givenFor(asked, address);
  };
  return (
    have.length === wanted.length && wanted.every((each) => have.some((one) => one === each || given(one) === each))
  );
}

type Properties = Record<string, unknown>;

/** Do a machine's parts differ from what is wanted? Unknown values differ from everything. */
export function partsDiffer(rawState: Properties, rawInputs: Properties): boolean {
  const state = machineState.partial().safeParse(rawState);
  const inputs = machineInputs.partial().safeParse(rawInputs);
  if (!state.success || !inputs.success) return true;
  const { interfaces: have = {}, disks: disksThere = {} } = state.data;
  const { interfaces: want = {}, disks = {} } = inputs.data;
  if (state.data.primary !== inputs.data.primary) return true;
  if (!sameValue(Object.keys(have).sort(), Object.keys(want).sort())) return true;
  if (!sameValue(Object.keys(disksThere).sort(), Object.keys(disks).sort())) return true;
  const differs = (a: Owned | undefined, b: Owned) =>
    !sameProperty(a?.fields, b.fields) ||
    !sameProperty(a?.customFields, b.customFields) ||
    !sameProperty(a?.tags, b.tags);
  return (
    Object.entries(want).some(
      ([name, each]) =>
        differs(have[name], each) ||
        have[name]?.dnsName !== each.dnsName ||
        !sameAddresses(name, state.data, each.addresses),
    ) || Object.entries(disks).some(([name, each]) => differs(disksThere[name], each))
  );
}

/** Does a machine or one of its parts differ from what is wanted? */
export const machineDiffers = (state: Properties, inputs: Properties): boolean =>
  objectDiffers(state, inputs) || (inputs.released !== true && partsDiffer(state, inputs));
