import { recordHandler } from "../dns/bind9/record.handler";
import { messageOf, UserError } from "../errors";
import { ipAllocationHandler } from "../netbox/ipam/ipallocation.handler";
import { dnsRecordHandler } from "../netbox/plugins/dnsrecord.handler";
import { netboxGuestHandler } from "../netbox/virtualization/guest.handler";
import { containerHandler } from "../proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../proxmox/nodes/qemu/vm.handler";
import { type Handler, handle } from "../resource";
import { siteAnchor } from "./anchor";
import type { AnchorInputs, Orphan } from "./anchor.model";

/** In the order of removal: names vanish first, then guests, then their addresses, their NetBox objects last. */
const handlers: [Orphan["kind"], Handler][] = [
  ["bind9-record", recordHandler],
  ["netbox-dns-record", dnsRecordHandler],
  ["proxmox-vm", vmHandler],
  ["proxmox-container", containerHandler],
  ["netbox-ip-allocation", ipAllocationHandler],
  ["netbox-guest", netboxGuestHandler],
];

/**
 * Depends on everything else of its stack. Protected, it makes `pulumi destroy` refuse as a whole; and what earlier runs
 * left without a trace in state goes with it, each by its own handler.
 */
export const anchorHandler = handle(siteAnchor, {
  create: async (wanted) => ({ id: "anchor", state: await sweep(wanted) }),
  read: async (known) => known,
  update: (_known, wanted) => sweep(wanted),
  delete: async () => {},
});

async function sweep({ leftovers: orphans }: AnchorInputs): Promise<AnchorInputs> {
  const failed: string[] = [];
  for (const [kind, handler] of handlers)
    for (const { id, state } of orphans.filter((each) => each.kind === kind))
      await handler.delete(id, state).catch((error: unknown) => failed.push(messageOf(error)));
  if (failed.length > 0) throw new UserError(`Unable to remove what an interrupted run left: ${failed.join("; ")}`);
  return { leftovers: [] };
}
