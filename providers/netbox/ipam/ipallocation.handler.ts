import { context, former } from "../../context";
import { messageOf, UserError } from "../../errors";
import { HttpError } from "../../http/errors";
import { isReleased } from "../../ownership/adopted";
import { guestUrl } from "../../ownership/mark";
import { addressOwner, parseAllocation, parseReservation } from "../../ownership/netbox";
import { isOurs, ownerOf, renewedText } from "../../ownership/owner";
import { handle } from "../../resource";
import type { NetboxClient } from "../client";
import { ipAddress, ipAddressFields, type NetboxAddress } from "../schemas";
import { changeGuest, findGuest, proveNetbox } from "../virtualization/guest.handler";
import { netboxIpAllocation } from "./ipallocation";
import {
  type AddressSource,
  allocationBodies,
  allocationMark,
  hostOf,
  type IpAllocationInputs,
  type IpAllocationState,
} from "./ipallocation.model";
import { Picker } from "./picking";

const addresses = "ipam/ip-addresses";

/** An address of an interface. What we allocate is one atomic call with the assignment and our mark in it. */
export const ipAllocationHandler = handle(netboxIpAllocation, {
  async create(wanted) {
    const { interfaceId, family, ordinal, given } = wanted;
    return { id: `${interfaceId}/v${family}-${ordinal}${given ? "-given" : ""}`, state: await sync(wanted) };
  },

  async read(known) {
    proveNetbox(known.mark);
    const found = known.addressId === undefined ? undefined : await byId(known.addressId);
    if (found === undefined || found.interfaceId !== known.interfaceId) return undefined;
    const { vrfId: _was, ...before } = known;
    const primary = known.primary && (await isPrimary(known, found.id));
    return { ...before, address: found.address, primary, ...inVrf(found) };
  },

  // Only a new address is given its name.
  inputsOf: ({ dnsName: _dnsName, ...inputs }) => inputs,

  update: (_known, wanted) => sync(wanted),

  async delete(known) {
    proveNetbox(known.mark);
    if (known.given) return; // a person's address is never ours to delete
    const isMarked = ({ description }: NetboxAddress) => isAllocationOf(known, description);
    if (await isReleased({ ...known.mark, adopted: known.adopted === true })) {
      if (known.addressId !== undefined)
        await change(known.addressId, (found) => (isMarked(found) ? allocationBodies.release() : undefined));
      return;
    }
    const found = known.addressId === undefined ? undefined : await removeMarked(known.addressId, known, isMarked);
    if ((found && isMarked(found)) || known.address === undefined) return;
    const isReserved = ({ description }: NetboxAddress) =>
      isOurs(known.mark.stack, parseReservation(description), former());
    const vrfId = found === undefined ? known.vrfId : found.vrfId;
    const reserved = (await byAddress(known.address)).filter(isReserved);
    // States of older versions don't say the VRF: a single one is it, wherever it is.
    const own = reserved.find((each) => each.vrfId === vrfId) ?? (reserved.length === 1 ? reserved[0] : undefined);
    if (own) await removeMarked(own.id, known, isReserved);
  },
});

const titleOf = (wanted: IpAllocationInputs) =>
  `an IPv${wanted.family} address for ${wanted.label} (${guestUrl(wanted.mark)})`;

const byId = (id: number) => context().netbox.find(addresses, id, ipAddress, ipAddressFields);

/** Changes or deletes one address, from what it is at that moment. */
const change = (id: number, decide: (found: NetboxAddress) => object | "delete" | undefined) =>
  context().netbox.change(addresses, id, ipAddress, ipAddressFields, decide);

/** Deletes an address while it still carries our mark, which people may have exchanged for their own. */
const removeMarked = (id: number, { mark }: IpAllocationInputs, isMarked: (found: NetboxAddress) => boolean) =>
  change(id, (found) => {
    const owner = ownerOf(mark.stack, addressOwner(found.description), former());
    if (owner.of === "renewed")
      throw new UserError(
        `Unable to release ${found.address} (${guestUrl(mark)}): ${renewedText(owner.stack, mark.stack)}.`,
      );
    return isMarked(found) ? "delete" : undefined;
  });

/** Is it this allocation's, under a name of ours? */
function isAllocationOf(known: IpAllocationInputs, description: string): boolean {
  const found = parseAllocation(description);
  return (
    found !== undefined &&
    isOurs(known.mark.stack, found, former()) &&
    description === allocationMark({ ...known, mark: { ...known.mark, stack: found.stack } })
  );
}

async function byAddress(address: string): Promise<NetboxAddress[]> {
  const found = await context().netbox.list(addresses, ipAddress, ipAddressFields, { address: hostOf(address) });
  return found.filter((each) => hostOf(each.address) === hostOf(address));
}

async function isPrimary({ mark, family }: IpAllocationInputs, addressId: number): Promise<boolean> {
  return (await findGuest(mark))?.primaryIds[family] === addressId;
}

async function sync(wanted: IpAllocationInputs): Promise<IpAllocationState> {
  proveNetbox(wanted.mark);
  const found = await ensure(wanted);
  const isStale = ({ description }: NetboxAddress) =>
    !wanted.given && description !== allocationMark(wanted) && isAllocationOf(wanted, description);
  if (isStale(found)) await change(found.id, (seen) => (isStale(seen) ? allocationBodies.mark(wanted) : undefined));
  const { dnsName, renames } = wanted;
  if (dnsName !== undefined && found.dnsName === renames)
    await change(found.id, (seen) => (seen.dnsName === renames ? allocationBodies.name(dnsName) : undefined));
  if (wanted.primary)
    await changeGuest(wanted.mark, ({ primaryIds }) =>
      primaryIds[wanted.family] === found.id ? undefined : allocationBodies.primary(wanted.family, found.id),
    );
  const { lost: _lost, avoid: _avoid, notFrom: _notFrom, renames: _renames, vrfId: _vrfId, ...kept } = wanted;
  return { ...kept, addressId: found.id, address: found.address, ...inVrf(found) };
}

const inVrf = ({ vrfId }: NetboxAddress): Pick<IpAllocationState, "vrfId"> => (vrfId === undefined ? {} : { vrfId });

/** The address that is there, or a new one. */
async function ensure(wanted: IpAllocationInputs): Promise<NetboxAddress> {
  const known = wanted.addressId === undefined ? undefined : await byId(wanted.addressId);
  if (known && known.interfaceId === wanted.interfaceId) return known;
  if (wanted.given)
    throw new UserError(
      `Unable to find ${titleOf(wanted)}: ${wanted.address ?? "it"} was taken off the interface while this ran. Run again.`,
    );
  const byInterface = { name: "vminterface_id", field: "assigned_object_id", id: wanted.interfaceId };
  const interrupted = (await context().netbox.listOf(addresses, byInterface, ipAddress, ipAddressFields)).find(
    (each) => each.interfaceId === wanted.interfaceId && isAllocationOf(wanted, each.description),
  );
  if (interrupted && !(await keptBack(wanted, interrupted))) return interrupted;
  return wanted.address === undefined ? nextAvailable(wanted) : theSame(wanted, wanted.address);
}

/** Asks for the address that the guest still has. */
async function theSame(wanted: IpAllocationInputs, address: string): Promise<NetboxAddress> {
  try {
    return await context().netbox.create(addresses, ipAddress, allocationBodies.choose(wanted, address, wanted.vrfId));
  } catch (error) {
    throw new UserError(
      `Unable to allocate ${address} again as ${titleOf(wanted)}: ${messageOf(error)}. Free it in NetBox, or run again to take another one.`,
    );
  }
}

async function nextAvailable(wanted: IpAllocationInputs): Promise<NetboxAddress> {
  for (const source of wanted.from) {
    for (;;) {
      const taken = await (wanted.notFrom === undefined ? take(source, wanted) : pick(source, wanted, wanted.notFrom));
      if (taken === undefined) break;
      if (!(await keptBack(wanted, taken))) return taken;
    }
  }
  const sources = wanted.from.map(({ kind, text }) => `${kind} ${text}`).join(", ");
  throw new UserError(
    `Unable to allocate ${titleOf(wanted)}: ${sources || "no prefix"} has no free address left${wanted.notFrom === undefined ? "" : ` but what is kept out (${wanted.notFrom.join(", ")})`}. Free some in NetBox, or name another prefix.`,
  );
}

/** One atomic call; undefined where the source is exhausted. */
async function take({ kind, id }: AddressSource, wanted: IpAllocationInputs): Promise<NetboxAddress | undefined> {
  const path = kind === "prefix" ? `ipam/prefixes/${id}/available-ips` : `ipam/ip-ranges/${id}/available-ips`;
  try {
    return await context().netbox.create(path, ipAddress, allocationBodies.allocate(wanted));
  } catch (error) {
    if (error instanceof HttpError && error.status === 409) return undefined;
    throw new UserError(`Unable to allocate ${titleOf(wanted)}: ${messageOf(error)}.`);
  }
}

/** The same beside what is for something else; undefined where nothing is left. */
async function pick(
  source: AddressSource,
  wanted: IpAllocationInputs,
  notFrom: readonly string[],
): Promise<NetboxAddress | undefined> {
  const { netbox } = context();
  const picker = pickers.get(netbox) ?? new Picker(netbox);
  pickers.set(netbox, picker);
  try {
    return await picker.pick(source, notFrom, (address, vrfId) => allocationBodies.choose(wanted, address, vrfId));
  } catch (error) {
    throw new UserError(`Unable to allocate ${titleOf(wanted)}: ${messageOf(error)}.`);
  }
}

/** What was read of sources, by the connection that it was read with. */
const pickers = new WeakMap<NetboxClient, Picker>();

/** An address that a running guest still uses becomes a reservation, which goes with that guest. */
async function keptBack(wanted: IpAllocationInputs, { id, address }: NetboxAddress): Promise<boolean> {
  if (!wanted.avoid?.includes(hostOf(address))) return false;
  await change(id, () => allocationBodies.reserve(wanted.mark.stack));
  return true;
}
