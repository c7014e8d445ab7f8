import { writeFileSync } from "node:fs";
import { z } from "zod";
import type { Context } from "../providers/context";
import { canonicalAddress, reverseName } from "../providers/dns/names";
import { handlerOf, type ResourceKind } from "../providers/registry";
import { familyOf } from "../stacks/netbox/address";
import { withAddresses } from "../stacks/site/desired/machines";
import type { AddressRef, DesiredGuest, DesiredRecord } from "../stacks/site/desired/types";
import { runFromSitePlan } from "./siteplan";

// The same calls as `up` from nothing makes, through the same pools, by a bare script: no engine, no plan, no state. Run as a
// process of its own: `node dist/bench/floor.js CONFIGURATION.json`.

type Properties = Record<string, unknown>;

/** As a resource's registration would: the handler's own work, and nothing around it. */
async function create(kind: ResourceKind, inputs: object): Promise<Properties> {
  const plain = z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(inputs)));
  const { state } = await handlerOf(kind).create(plain);
  return { ...state };
}

async function makeGuest(guest: DesiredGuest, addresses: Map<string, string>): Promise<void> {
  await create("netbox-guest", guest.netbox);
  await Promise.all(
    guest.allocations.map(async ({ key, inputs }) => {
      const made = await create("netbox-ip-allocation", inputs);
      addresses.set(key, String(made.address));
    }),
  );
  const text = (ref: AddressRef) => ("address" in ref ? ref.address : (addresses.get(ref.allocation) ?? ""));
  await create("proxmox-vm", withAddresses(guest, text).inputs);
}

async function makeRecord(context: Context, record: DesiredRecord, addresses: Map<string, string>): Promise<void> {
  const { server, name, ttl, owner } = record;
  const hosts = record.addresses.map((ref) =>
    canonicalAddress("address" in ref ? ref.address : (addresses.get(ref.allocation) ?? "")),
  );
  const of = (family: 4 | 6) => hosts.filter((host) => familyOf(host) === family);
  const reverse = hosts.filter((host) => context.nameServer(server).zoneOf(reverseName(host)) !== undefined);
  await create("bind9-record", { server, name, ttl, owner, records: { A: of(4), AAAA: of(6) }, reverse });
}

runFromSitePlan(async ({ guests, named }, context) => {
  const addresses = new Map<string, string>();
  const made = new Map(guests.map((guest) => [guest.id, makeGuest(guest, addresses)]));
  await Promise.all([
    ...made.values(),
    ...named.records.map(async (record) => {
      await Promise.all(record.owner.guests.map((id) => made.get(id)));
      await makeRecord(context, record, addresses);
    }),
  ]);
  writeFileSync(1, `${guests.length}\n`);
});
