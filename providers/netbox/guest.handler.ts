import { context } from "../context";
import type { Handler } from "../dynamic";
import { UserError } from "../errors";
import { guestUrl, type Mark } from "../mark";
import { type GuestInputs, type GuestState, guestInputs, guestState, vmidPatch } from "./guest.model";
import { type NetboxVirtualMachine, virtualMachine, virtualMachineFields } from "./schemas";

export const machines = "virtualization/virtual-machines";

/** A guest's NetBox object: we own its VMID and, once it is decommissioned, its removal. It goes last of all that a guest has. */
export const guestHandler: Handler = {
  diff(state, inputs) {
    return { changes: inputs.field !== undefined && state.vmid !== inputs.vmid };
  },

  async create(raw) {
    const wanted = guestInputs.parse(raw);
    return { id: String(wanted.mark.netboxId), state: await sync(wanted) };
  },

  async read(id, raw) {
    const known = guestState.parse(raw);
    const found = await findGuest(known.mark);
    if (found === undefined) return undefined;
    const state = { ...known, vmid: known.field === undefined ? known.vmid : vmidOf(found, known.field.name) };
    return { id, state, inputs: state };
  },

  update: (_id, _state, raw) => sync(guestInputs.parse(raw)),

  async delete(_id, raw) {
    const known = guestState.parse(raw);
    const found = await findGuest(known.mark);
    if (found === undefined) return;
    if (found.status === "decommissioning") return context().netbox.remove(machines, known.mark.netboxId);
    // A VMID that we computed is ours to take away; the object stays, and the next `up` makes the guest again.
    if (known.field && known.derived && vmidOf(found, known.field.name) === known.vmid)
      await context().netbox.update(machines, known.mark.netboxId, vmidPatch(known.field, null));
  },
};

/** The guest's object. @throws where the NetBox at hand is not the one that the guest was recorded from */
export async function findGuest(mark: Mark): Promise<NetboxVirtualMachine | undefined> {
  proveNetbox(mark);
  return context().netbox.find(machines, mark.netboxId, virtualMachine, { fields: virtualMachineFields });
}

/** Only the NetBox that an object was recorded from may say that it is gone. */
export function proveNetbox(mark: { netboxUrl: string; netboxId?: number }): void {
  const { url } = context().netbox;
  const { netboxUrl, netboxId } = mark;
  if (url !== netboxUrl)
    throw new UserError(
      `${netboxId === undefined ? "A record in netbox-dns" : guestUrl({ netboxUrl, netboxId })} was recorded from ${netboxUrl}, but netbox-proxmox:netbox.url is ${url}: set it back. Nothing was changed.`,
    );
}

function vmidOf(vm: NetboxVirtualMachine, field: string): number | undefined {
  const text = vm.customFields.get(field);
  return text === undefined ? undefined : Number(text);
}

async function sync(wanted: GuestInputs): Promise<GuestState> {
  const found = await findGuest(wanted.mark);
  if (found === undefined)
    throw new UserError(`${guestUrl(wanted.mark)} was deleted in NetBox while this ran: run again.`);
  if (wanted.field && vmidOf(found, wanted.field.name) !== wanted.vmid)
    await context().netbox.update(machines, wanted.mark.netboxId, vmidPatch(wanted.field, wanted.vmid));
  return wanted;
}
