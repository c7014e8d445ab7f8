import * as pulumi from "@pulumi/pulumi";
import { canonicalAddress, reverseName } from "../providers/bind9/names";
import { Bind9Record } from "../providers/bind9/record";
import type { Context } from "../providers/context";
import { UserError } from "../providers/errors";
import { NetboxGuest } from "../providers/netbox/guest";
import { NetboxIpAllocation } from "../providers/netbox/ipallocation";
import { ProxmoxVm } from "../providers/proxmox/vm";
import { sortedOptions } from "../providers/proxmox/vm.model";
import { SiteAnchor } from "../providers/site/anchor";
import { familyOf, hostOf } from "./desired/address";
import { type Evidence, judge, type Undeclared, type Verdict } from "./desired/guard";
import { desiredGuests, isBuilt, type Site } from "./desired/guests";
import { leftovers, type ZoneFacts } from "./desired/leftovers";
import { desiredRecords } from "./desired/records";
import type { AddressRef, DesiredGuest, DesiredNic, DesiredRecord, KnownGuest, ProxmoxFacts } from "./desired/types";
import { checkSystems, readEvidence, readNetbox, readProxmox, readSeen } from "./facts";
import type { Settings } from "./settings";
import { readState } from "./state";

/** The stack's outputs: the guests by NetBox id, the names as `server/name`. */
export interface Outputs {
  guests: Record<string, KnownGuest & { status: string; addresses: pulumi.Output<string>[] }>;
  records: string[];
}

/** NetBox → guests, addresses and records: reads all three systems, judges, then declares. */
export async function site(context: Context, settings: Settings): Promise<Outputs> {
  try {
    return await plan(context, settings);
  } finally {
    // An open connection would keep the program from ending.
    await context.close();
  }
}

async function plan(context: Context, settings: Settings): Promise<Outputs> {
  await checkSystems(context);
  const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const state = await readState();
  const names = context.proxmox.map(({ name }) => name);
  const [netbox, zones] = await Promise.all([readNetbox(context.netbox, names, settings), readZones(context)]);
  const proxmox = new Map(
    await Promise.all(
      context.proxmox.map(
        async (cluster) => [cluster.name, await readProxmox(cluster, netbox, settings, state)] as const,
      ),
    ),
  );
  const facts: Site = { stack, settings, netbox, proxmox, state, avoid: [] };

  const verdict = await judged(context, facts);
  facts.avoid = stillUsed(facts.proxmox, verdict.removals);
  let desired = desiredGuests(facts);
  if (await readLosers(context, facts, desired.guests)) desired = desiredGuests(facts);
  const serverOf = (name: string) => servers(context, name);
  const named = desiredRecords(facts, desired.guests, serverOf);
  refuse([...verdict.refusals, ...desired.problems, ...named.problems]);
  if (named.elsewhere.length > 0 && context.nameServers.length > 0)
    await pulumi.log.warn(
      `No zone of netbox-proxmox:bind9 holds ${named.elsewhere.join(", ")}: left to whoever keeps that zone.`,
    );

  const left = leftovers(facts, desired.guests, verdict.removals, zones, named.records);
  if (left.length > 0)
    await pulumi.log.warn(
      `An interrupted run left ${left.map(({ kind, id }) => `${kind} ${id}`).join(", ")}: removed by this one.`,
    );
  return declare(context, settings, desired.guests, named.records, left);
}

// ---- reading

function servers(context: Context, name: string): string | undefined {
  const holders = context.nameServers.flatMap((server) => server.zoneOf(name) ?? []);
  const narrowest = holders.sort((a, b) => b.length - a.length)[0];
  return context.nameServers.find((server) => server.zoneOf(name) === narrowest && narrowest !== undefined)?.name;
}

async function readZones({ nameServers }: Context): Promise<ZoneFacts[]> {
  const all = nameServers.flatMap((server) => server.zones.map((zone) => ({ server, zone })));
  return Promise.all(
    all.map(async ({ server, zone }) => ({ server: server.name, zone, content: await server.content(zone) })),
  );
}

/** Reads what the guests still have whose addresses NetBox lost. @returns whether there was any */
async function readLosers(context: Context, facts: Site, guests: DesiredGuest[]): Promise<boolean> {
  const losers = guests.filter(
    ({ vm, allocations }) =>
      allocations.some(({ inputs }) => inputs.address === undefined) &&
      facts.proxmox.get(vm.cluster)?.guests.some(({ vmid }) => vmid === vm.vmid),
  );
  await Promise.all(
    context.proxmox.map(async (cluster) => {
      const found = facts.proxmox.get(cluster.name);
      if (found)
        await readSeen(
          cluster,
          found,
          losers.filter(({ vm }) => vm.cluster === cluster.name).map(({ vm }) => vm.vmid),
        );
    }),
  );
  return losers.length > 0;
}

// ---- judging

/** Every built guest of ours that this run will not declare, with NetBox's own word on it. */
async function judged(context: Context, { stack, settings, netbox, proxmox, state }: Site): Promise<Verdict> {
  const declared = new Set(netbox.guests.filter(({ status }) => isBuilt(status)).map(({ id }) => id));
  const undeclared = new Map<number, Undeclared>();
  for (const [id, guest] of state.guests)
    if (!declared.has(id)) undeclared.set(id, { netboxId: id, netboxUrl: netbox.url, ...guest });
  for (const [cluster, { seen }] of proxmox)
    for (const { vmid, name, mark } of seen.values())
      if (mark && mark.stack === stack && mark.netboxUrl === netbox.url && !declared.has(mark.netboxId))
        undeclared.set(mark.netboxId, { netboxId: mark.netboxId, netboxUrl: netbox.url, name, cluster, vmid });
  const evidence: Evidence = await readEvidence(context.netbox, [...undeclared.keys()]);
  return judge([...undeclared.values()], evidence, {
    inScope: netbox.guests.length,
    declared: declared.size,
    site: settings.site,
  });
}

/** Hosts of guests that are about to go: their NetBox addresses may be free already, while they still answer. */
function stillUsed(proxmox: Map<string, ProxmoxFacts>, removals: Undeclared[]): string[] {
  return removals.flatMap(({ cluster, vmid }) =>
    Object.values(proxmox.get(cluster)?.seen.get(vmid)?.addresses ?? {})
      .flat()
      .map(hostOf),
  );
}

/** @throws UserError with every problem, so that they can be mended in one go */
function refuse(problems: string[]): void {
  if (problems.length === 0) return;
  const list = problems.map((problem) => `  - ${problem}`).join("\n");
  throw new UserError(
    `Nothing was changed, since ${problems.length === 1 ? "this stands" : `these ${problems.length} things stand`} in the way:\n${list}`,
  );
}

// ---- declaring

function declare(
  context: Context,
  settings: Settings,
  guests: DesiredGuest[],
  records: DesiredRecord[],
  left: ReturnType<typeof leftovers>,
): Outputs {
  const allocations = new Map<string, NetboxIpAllocation>();
  const machines = new Map<number, ProxmoxVm>();
  const all: pulumi.Resource[] = [];
  const kept = <T extends pulumi.Resource>(resource: T): T => {
    all.push(resource);
    return resource;
  };
  const outputs: Outputs = { guests: {}, records: records.map(({ server, name }) => `${server}/${name}`) };
  const text = (ref: AddressRef): pulumi.Input<string> =>
    "address" in ref ? ref.address : pulumi.output(allocations.get(ref.allocation)?.address ?? "");
  for (const guest of guests) {
    const netbox = kept(new NetboxGuest(`guest-${guest.id}`, guest.netbox));
    const own = guest.allocations.map(({ key, inputs }) => {
      const allocation = kept(new NetboxIpAllocation(key, inputs, { dependsOn: netbox }));
      allocations.set(key, allocation);
      return allocation;
    });
    const ipconfig = Object.fromEntries(
      guest.nics.flatMap((nic) => (nic.v4 || nic.v6 ? [[String(nic.slot), ipconfigOf(nic, text)]] : [])),
    );
    const vm = kept(
      new ProxmoxVm(
        `vm-${guest.id}`,
        { ...guest.vm, cloudInit: { ...guest.vm.cloudInit, ipconfig } },
        { dependsOn: [netbox, ...own] },
      ),
    );
    machines.set(guest.id, vm);
    const {
      name,
      status,
      vm: { cluster, vmid },
    } = guest;
    const addresses = guest.allocations.map(({ key, inputs }) =>
      pulumi.output(inputs.address ?? allocations.get(key)?.address ?? ""),
    );
    outputs.guests[String(guest.id)] = { name, status, cluster, vmid, addresses };
  }
  for (const record of records)
    kept(
      declareRecord(
        context,
        record,
        text,
        record.owner.guests.flatMap((id) => machines.get(id) ?? []),
      ),
    );
  new SiteAnchor("anchor", { leftovers: left }, { dependsOn: all, protect: settings.site.protect });
  return outputs;
}

/** `ip=…,gw=…,ip6=…,gw6=…`: a plain text where the addresses are known. */
function ipconfigOf(
  { v4, v6, gateway4, gateway6 }: DesiredNic,
  text: (ref: AddressRef) => pulumi.Input<string>,
): pulumi.Input<string> {
  const parts: pulumi.Input<string>[] = [];
  const add = (key: string, value: pulumi.Input<string> | undefined) => {
    if (value !== undefined)
      parts.push(typeof value === "string" ? `${key}=${value}` : pulumi.interpolate`${key}=${value}`);
  };
  const given = (ref: DesiredNic["v4"]) =>
    ref === undefined ? undefined : "automatic" in ref ? ref.automatic : text(ref);
  add("ip", given(v4));
  add("gw", gateway4);
  add("ip6", given(v6));
  add("gw6", gateway6);
  const known = parts.filter((part) => typeof part === "string");
  return known.length === parts.length
    ? sortedOptions(known.join(","))
    : pulumi.all(parts).apply((all) => sortedOptions(all.join(",")));
}

function declareRecord(
  context: Context,
  { key, server, name, ttl, addresses, texts, owner }: DesiredRecord,
  text: (ref: AddressRef) => pulumi.Input<string>,
  dependsOn: pulumi.Resource[],
): Bind9Record {
  const zones = context.nameServer(server);
  const split = (all: string[]) => {
    const hosts = all.map(canonicalAddress).sort();
    const of = (family: 4 | 6) => hosts.filter((host) => familyOf(host) === family);
    return {
      records: { ...texts, ...(of(4).length > 0 ? { A: of(4) } : {}), ...(of(6).length > 0 ? { AAAA: of(6) } : {}) },
      reverse: hosts.filter((host) => zones.zoneOf(reverseName(host)) !== undefined),
    };
  };
  const values = addresses.map(text);
  const known = values.filter((value) => typeof value === "string");
  if (known.length === values.length)
    return new Bind9Record(key, { server, name, ttl, owner, ...split(known) }, { dependsOn });
  const later = pulumi.all(values).apply(split);
  return new Bind9Record(
    key,
    { server, name, ttl, owner, records: later.records, reverse: later.reverse },
    { dependsOn },
  );
}
