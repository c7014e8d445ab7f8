import { z } from "zod";
import type { NetboxClient } from "../client";

const addresses = "ipam/ip-addresses";
const reference = z.object({ id: z.number() }).nullish();
const held = z.object({
  id: z.number(),
  description: z.string(),
  assigned_object_type: z.string().nullable(),
  assigned_object_id: z.number().nullable(),
});
const heldFields = "id,description,assigned_object_type,assigned_object_id";
const nic = z.object({ id: z.number() });
const holder = z.object({ id: z.number(), primary_ip4: reference, primary_ip6: reference, oob_ip: reference });

/** A machine that is about to be deleted in NetBox. */
export interface AddressHolder {
  kind: "virtual machine" | "device";
  id: number;
}

const kinds = {
  "virtual machine": {
    path: "virtualization/virtual-machines",
    nics: { path: "virtualization/interfaces", name: "virtual_machine_id", field: "virtual_machine" },
    addresses: { name: "vminterface_id", type: "virtualization.vminterface" },
    leading: ["primary_ip4", "primary_ip6"],
  },
  device: {
    path: "dcim/devices",
    nics: { path: "dcim/interfaces", name: "device_id", field: "device" },
    addresses: { name: "interface_id", type: "dcim.interface" },
    leading: ["primary_ip4", "primary_ip6", "oob_ip"],
  },
} as const;

/**
 * Takes addresses off a machine's interfaces, as NetBox deletes with a machine all that is on them.
 * @param goes is it deleted with the machine?
 * @param status that kept addresses get; theirs stays where it is left out
 */
export async function keepAddresses(
  netbox: NetboxClient,
  { kind, id }: AddressHolder,
  goes: (address: { id: number; description: string }) => boolean,
  status?: string,
): Promise<void> {
  const { path, nics, addresses: of, leading } = kinds[kind];
  const interfaces = await netbox.listOf(nics.path, { ...nics, id }, nic, `id,${nics.field}`);
  const onEach = interfaces.map((each) =>
    netbox.listOf(addresses, { name: of.name, field: "assigned_object_id", id: each.id }, held, heldFields),
  );
  const kept = (await Promise.all(onEach))
    .flat()
    .filter((each) => each.assigned_object_type === of.type && !goes(each));
  if (kept.length === 0) return;
  // NetBox takes no address away that is a primary one.
  await netbox.change(path, id, holder, ["id", ...leading].join(","), (machine) => {
    const freed = leading.filter((field) => kept.some((each) => each.id === machine[field]?.id));
    return freed.length === 0 ? undefined : Object.fromEntries(freed.map((field) => [field, null]));
  });
  const free = { assigned_object_type: null, assigned_object_id: null, ...(status === undefined ? {} : { status }) };
  await Promise.all(
    kept.map((each) =>
      netbox.change(addresses, each.id, held, heldFields, (found) =>
        found.assigned_object_id === null || goes(found) ? undefined : free,
      ),
    ),
  );
}
