import { z } from "zod";
import { mark, markChanged } from "../../ownership/mark";
import { printAllocation, printReservation } from "../../ownership/netbox";
import type { Diff } from "../../resource";

/** A prefix or range that addresses come from, with its text for people. */
export const addressSource = z.object({ kind: z.enum(["prefix", "range"]), id: z.number(), text: z.string() });

/** One address of one interface: given by a person in NetBox, or asked for from a prefix or range. */
export const ipAllocationInputs = z.object({
  mark,
  /** `web01 net0`, for messages. */
  label: z.string(),
  interfaceId: z.number(),
  family: z.union([z.literal(4), z.literal(6)]),
  ordinal: z.number(),
  given: z.boolean(),
  /** NetBox's id of the address, once there is one. */
  addressId: z.number().optional(),
  /** With its prefix length: the one that is there, or the one to ask for. Left out, the next free one is taken. */
  address: z.string().optional(),
  /** NetBox's id of its VRF; left out for the global table. */
  vrfId: z.number().optional(),
  /** The id of the address that state has and NetBox no more. */
  lost: z.number().optional(),
  /** Tried in this order. */
  from: z.array(addressSource),
  /** The `dns_name` that a new address gets, or one whose guest was renamed. */
  dnsName: z.string().optional(),
  /** The `dns_name` that the guest's former name gave it: what it says now is changed only while it is that. */
  renames: z.string().optional(),
  primary: z.boolean(),
  /** Addresses that guests still use whose NetBox objects are gone: reserved instead of taken. */
  avoid: z.array(z.string()).optional(),
  /** Was its guest adopted? */
  adopted: z.literal(true).optional(),
  /** Of the sources, what is for something else: addresses, ranges (FIRST-LAST) and CIDRs. */
  notFrom: z.array(z.string()).optional(),
});

export const ipAllocationState = ipAllocationInputs;

export type AddressSource = z.infer<typeof addressSource>;
export type IpAllocationInputs = z.infer<typeof ipAllocationInputs>;
export type IpAllocationState = IpAllocationInputs;

export function allocationDiff(state: Record<string, unknown>, inputs: Record<string, unknown>): Diff {
  const lacksPrimary = inputs.primary === true && state.primary !== true;
  const differs = (key: "address" | "addressId") => inputs[key] !== undefined && inputs[key] !== state[key];
  const lost = inputs.lost !== undefined && inputs.lost === state.addressId;
  const renamed = inputs.renames !== undefined;
  return {
    changes:
      markChanged(state, inputs) || lacksPrimary || lost || renamed || differs("address") || differs("addressId"),
  };
}

/** The mark of an address that we allocated: its `description`. */
export const allocationMark = ({
  mark,
  interfaceId,
  family,
  ordinal,
}: Pick<IpAllocationInputs, "mark" | "interfaceId" | "family" | "ordinal">): string =>
  printAllocation({ stack: mark.stack, interfaceId, family, ordinal });

/** The bodies that NetBox gets. */
export const allocationBodies = {
  allocate: (wanted: IpAllocationInputs) => ({
    assigned_object_type: "virtualization.vminterface",
    assigned_object_id: wanted.interfaceId,
    description: allocationMark(wanted),
    status: "active",
    ...(wanted.dnsName === undefined ? {} : { dns_name: wanted.dnsName }),
  }),
  /** The same of an address of one's own choice. */
  choose: (wanted: IpAllocationInputs, address: string, vrfId: number | undefined) => ({
    ...allocationBodies.allocate(wanted),
    address,
    ...(vrfId === undefined ? {} : { vrf: vrfId }),
  }),
  reserve: (stack: string) => ({
    assigned_object_type: null,
    assigned_object_id: null,
    status: "reserved",
    dns_name: "",
    description: printReservation(stack),
  }),
  /** Without a mark, and all else as it is. */
  release: () => ({ description: "" }),
  name: (dnsName: string) => ({ dns_name: dnsName }),
  /** Nothing but its mark. */
  mark: (wanted: IpAllocationInputs) => ({ description: allocationMark(wanted) }),
  primary: (family: 4 | 6, addressId: number) => ({ [`primary_ip${family}`]: addressId }),
};

export const hostOf = (address: string): string => address.split("/")[0] ?? "";
