import { context, former, leavingSettings } from "../../context";
import { UserError } from "../../errors";
import { isReleased } from "../../ownership/adopted";
import { otherStackOf } from "../../ownership/guest";
import { guestUrl, type Mark } from "../../ownership/mark";
import { addressOwner } from "../../ownership/netbox";
import { isOurs, sameNetbox } from "../../ownership/owner";
import { handle } from "../../resource";
import { keepAddresses } from "../ipam/kept";
import { type NetboxVirtualMachine, virtualMachine, virtualMachineFields } from "../schemas";
import { netboxGuest } from "./guest";
import { type NetboxGuestInputs, type NetboxGuestState, vmidPatch } from "./guest.model";

export const machines = "virtualization/virtual-machines";

/** A guest's NetBox object: we own its VMID and, once it is decommissioned, its removal. It goes last of all that a guest has. */
export const netboxGuestHandler = handle(netboxGuest, {
  async create(wanted) {
    return { id: String(wanted.mark.netboxId), state: await sync(wanted) };
  },

  async read(known) {
    const found = await findGuest(known.mark);
    if (found === undefined) return undefined;
    return { ...known, vmid: known.field === undefined ? known.vmid : vmidOf(found, known.field.name) };
  },

  update: (_known, wanted) => sync(wanted),

  async delete(known) {
    const there = await findGuest(known.mark);
    // Another stack's guest: that stack takes the object away, with all that it has.
    if ((await otherStackOf(known.mark, there?.clusterName, known.vmid)) !== undefined) return;
    // A guest that goes on without this stack keeps its VMID.
    if (await isReleased({ ...known.mark, adopted: known.adopted === true })) return;
    // NetBox deletes the addresses of a machine with it: those that we allocated are gone by now, and people's are theirs.
    if (there?.status === "decommissioning") {
      const machine = { kind: "virtual machine", id: known.mark.netboxId } as const;
      const { stack } = known.mark;
      const isAllocated = ({ description }: { description: string }) =>
        isOurs(stack, addressOwner(description), former());
      await keepAddresses(context().netbox, machine, isAllocated, leavingSettings().keptAddressStatus);
    }
    await changeGuest(known.mark, (found) => {
      if (found.status === "decommissioning") return "delete";
      // A VMID that we computed is ours to take away; the object stays, and the next `up` makes the guest again.
      const { field, derived, vmid } = known;
      return field && derived && vmidOf(found, field.name) === vmid ? vmidPatch(field, null) : undefined;
    });
  },
});

/** The guest's object. @throws where the NetBox at hand is not the one that the guest was recorded from */
export async function findGuest(mark: Mark): Promise<NetboxVirtualMachine | undefined> {
  proveNetbox(mark);
  return context().netbox.find(machines, mark.netboxId, virtualMachine, virtualMachineFields);
}

/** Changes or deletes the guest's object. @returns it was; undefined where it is gone */
export async function changeGuest(
  mark: Mark,
  decide: (found: NetboxVirtualMachine) => object | "delete" | undefined,
): Promise<NetboxVirtualMachine | undefined> {
  proveNetbox(mark);
  return context().netbox.change(machines, mark.netboxId, virtualMachine, virtualMachineFields, decide);
}

/** Only the NetBox that an object was recorded from may say that it is gone. */
export function proveNetbox(mark: { netboxUrl: string; netboxId?: number }): void {
  const { url } = context().netbox;
  const { netboxUrl, netboxId } = mark;
  if (!sameNetbox(url, netboxUrl, url, former()))
    throw new UserError(
      `${netboxId === undefined ? "A record in netbox-dns" : guestUrl({ netboxUrl, netboxId })} was recorded from ${netboxUrl}, but netbox-proxmox:netbox.url is ${url}: set it back, or, if that NetBox moved to it, set netbox-proxmox:netbox.formerUrls[0] to ${netboxUrl} and run \`pulumi up\` without a refresh. Nothing was changed.`,
    );
}

function vmidOf(vm: NetboxVirtualMachine, field: string): number | undefined {
  const text = vm.customFields.get(field);
  return text === undefined ? undefined : Number(text);
}

async function sync(wanted: NetboxGuestInputs): Promise<NetboxGuestState> {
  const { field, vmid, mark } = wanted;
  const found = await changeGuest(mark, (guest) =>
    field && vmidOf(guest, field.name) !== vmid ? vmidPatch(field, vmid) : undefined,
  );
  if (found === undefined) throw new UserError(`${guestUrl(mark)} was deleted in NetBox while this ran: run again.`);
  return wanted;
}
