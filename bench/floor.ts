import { writeFileSync } from "node:fs";
import { z } from "zod";
import { readConnections } from "../providers/connections";
import { Context, useContext } from "../providers/context";
import { canonicalAddress, reverseName } from "../providers/dns/names";
import { Self } from "../providers/ownership/owner";
import { handlerOf, type ResourceKind } from "../providers/registry";
import { familyOf } from "../stacks/netbox/address";
import { readSettings } from "../stacks/settings";
import { withAddresses } from "../stacks/site/desired/machines";
import type { AddressRef, DesiredGuest, DesiredRecord } from "../stacks/site/desired/types";
import { planSite } from "../stacks/site/plan";
import { stateFrom } from "../stacks/state";

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

async function main(): Promise<void> {
  const config = z.record(z.string(), z.unknown()).parse(JSON.parse(process.argv[2] ?? "{}"));
  const source = { get: (key: string) => (config[key] === undefined ? undefined : JSON.stringify(config[key])) };
  const connections = readConnections(source, process.env);
  const settings = readSettings(source, ["pve-lab"]);
  if ("problems" in connections || "problems" in settings) throw new Error(JSON.stringify({ connections, settings }));
  const context = new Context(connections.value);
  useContext(context);
  const empty = stateFrom({ outputs: {} });
  const { guests, named } = await planSite(
    context,
    settings.value,
    new Self("netbox-proxmox/bench", context.netbox.url),
    empty,
  );
  const addresses = new Map<string, string>();
  const made = new Map(guests.map((guest) => [guest.id, makeGuest(guest, addresses)]));
  await Promise.all([
    ...made.values(),
    ...named.records.map(async (record) => {
      await Promise.all(record.owner.guests.map((id) => made.get(id)));
      await makeRecord(context, record, addresses);
    }),
  ]);
  await context.close();
  writeFileSync(1, `${guests.length}\n`);
}

main().catch((error: unknown) => {
  writeFileSync(2, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
