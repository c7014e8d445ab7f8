import { recordHandler } from "../dns/bind9/record.handler";
import { messageOf, UserError } from "../errors";
import { ipAllocationHandler } from "../netbox/ipam/ipallocation.handler";
import { dnsRecordHandler } from "../netbox/plugins/dnsrecord.handler";
import { guestHandler } from "../netbox/virtualization/guest.handler";
import { containerHandler } from "../proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../proxmox/nodes/qemu/vm.handler";
import type { Handler } from "../resource";
import { type AnchorInputs, anchorInputs, type Orphan } from "./anchor.model";

/** In the order of removal: names vanish first, then guests, then their addresses, their NetBox objects last. */
const handlers: [Orphan["kind"], Handler][] = [
  ["bind9-record", recordHandler],
  ["netbox-dns-record", dnsRecordHandler],
  ["proxmox-vm", vmHandler],
  ["proxmox-container", containerHandler],
  ["netbox-ip-allocation", ipAllocationHandler],
  ["netbox-guest", guestHandler],
];

/**
 * Depends on everything else of its stack. Protected, it makes `pulumi destroy` refuse as a whole; and what earlier runs
 * left without a trace in state goes with it, each by its own handler.
 */
export const anchorHandler: Handler = {
  diff(_state, inputs) {
    return { changes: Array.isArray(inputs.leftovers) && inputs.leftovers.length > 0 };
  },

  async create(raw) {
    return { id: "anchor", state: await sweep(raw) };
  },

  read: async (id, state) => ({ id, state, inputs: state }),

  update: (_id, _state, raw) => sweep(raw),

  delete: async () => {},
};

async function sweep(raw: Record<string, unknown>): Promise<AnchorInputs> {
  const { leftovers: orphans } = anchorInputs.parse(raw);
  const failed: string[] = [];
  for (const [kind, handler] of handlers)
    for (const { id, state } of orphans.filter((each) => each.kind === kind))
      await handler.delete(id, state).catch((error: unknown) => failed.push(messageOf(error)));
  if (failed.length > 0) throw new UserError(`Unable to remove what an interrupted run left: ${failed.join("; ")}`);
  return { leftovers: [] };
}
