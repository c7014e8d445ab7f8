import { groupBy } from "../../values";
import type { NetboxClient } from "../client";
import { nestedId, type ObjectRow } from "./object.model";
import { row } from "./objects";

// An interface's MAC address. Since NetBox 4.7 its own field can be written; from 4.2 to 4.6 that only shows the primary one of
// the MAC address objects that are assigned to it, and what is written there is dropped without a word.

const path = "dcim/mac-addresses";
const fields = "id,mac_address,assigned_object_type,assigned_object_id";

export interface InterfaceMac {
  interfaceId: number;
  /** Nothing takes the primary one off. */
  mac: string | undefined;
}

/** Does NetBox take an interface's `mac_address`? The object that it makes of that gets no custom fields. */
export const takesMacs = async (netbox: NetboxClient): Promise<boolean> =>
  (await netbox.isSince(4, 7)) && !(await netbox.required.isKnown(path));

/** Makes these the interfaces' primary MACs: an object that the interface has already, or a new one. */
export async function writeMacs(
  netbox: NetboxClient,
  { path: interfaces, assignedType }: { path: string; assignedType: string },
  wanted: InterfaceMac[],
): Promise<void> {
  const asked = [...new Set(wanted.flatMap(({ mac }) => mac ?? []))];
  const there = asked.length === 0 ? [] : await netbox.list(path, row, fields, { mac_address: asked });
  const assigned = groupBy(
    there.filter((each) => each.assigned_object_type === assignedType),
    (each) => keyOf(Number(each.assigned_object_id), String(each.mac_address)),
  );
  const missing = wanted.flatMap(({ interfaceId, mac }) =>
    mac === undefined || assigned.has(keyOf(interfaceId, mac))
      ? []
      : [{ mac_address: mac, assigned_object_type: assignedType, assigned_object_id: interfaceId }],
  );
  await netbox.createAll(path, row, missing, (made, start) => {
    for (const [n, each] of made.entries()) {
      const body = missing[start + n];
      if (body) assigned.set(keyOf(body.assigned_object_id, body.mac_address), [each]);
    }
  });
  for (const { interfaceId, mac } of wanted) {
    const id = mac === undefined ? null : (assigned.get(keyOf(interfaceId, mac))?.[0]?.id ?? null);
    await netbox.change(interfaces, interfaceId, row, "id,primary_mac_address", (now: ObjectRow) =>
      (nestedId(now.primary_mac_address) ?? null) === id ? undefined : { primary_mac_address: id },
    );
  }
}

const keyOf = (interfaceId: number, mac: string): string => `${interfaceId} ${mac.toUpperCase()}`;
