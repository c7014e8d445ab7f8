import { type Context, givenMaxRemovals } from "../../providers/context";
import { Zones } from "../../providers/dns/zones";
import type { Orphan } from "../../providers/ownership/anchor.model";
import type { Self } from "../../providers/ownership/owner";
import { isOnlyDiscovered } from "../netbox/discovered";
import { isBuilt } from "../netbox/statuses";
import { judgeLimits } from "../plan/limits";
import { refusal } from "../refusal";
import type { Settings } from "../settings";
import { checkSystems } from "../systems";
import { siteChanges, totalsOf } from "./desired/changes";
import { customFieldDoubts, customFieldProblems } from "./desired/customfields";
import { defaultProblems } from "./desired/defaults";
import { desiredGuests } from "./desired/guests";
import { adoptionNotes, movedNotes, placementNotes, removalNotes, restartNotes } from "./desired/notes";
import { orphans, type ServerZone } from "./desired/orphans";
import { zoneServerOf } from "./desired/pluginindex";
import { desiredRecords, type NamedRecords } from "./desired/records";
import { judge, judgeEventRules, type RemovalDecision, type Undeclared } from "./desired/removals";
import { renewedAddresses, renewedRecords } from "./desired/renewed";
import { type Safety, safetyOf } from "./desired/safety";
import { type OtherStack, overlaps } from "./desired/scope";
import { StillUsed, stillUsedBy } from "./desired/stillused";
import type { DesiredGuest, InState, Site } from "./desired/types";
import { goneZones } from "./desired/zones";
import { readEvidence, readNetbox, readPlugin, readProxmox, readSeen } from "./facts";

/** All that a run of the site program is about to declare, and what it has to say of that. */
export interface Plan {
  netbox: Site["netbox"];
  guests: DesiredGuest[];
  named: Pick<NamedRecords, "records" | "plugin">;
  /** By the guest's NetBox id. */
  snapshots: Safety["snapshots"];
  orphans: Orphan[];
  warnings: string[];
  notes: string[];
}

/** Reads all three systems and judges; changes nothing. @throws UserError with everything that stands in the way */
export async function planSite(
  context: Context,
  settings: Settings,
  self: Self,
  state: InState,
  otherStacks: OtherStack[] = [],
): Promise<Plan> {
  const { plugins } = await checkSystems(context);
  const { stack } = self;
  const names = context.proxmox.map(({ name }) => name);
  const [read, zones, seenPlugin] = await Promise.all([
    readNetbox(context.netbox, names, settings),
    readZones(context),
    readPlugin(context.netbox, plugins, context.nameServers, settings),
  ]);
  const documented = renewedAddresses(read, self, settings.site.gatewayTag);
  const plugin = seenPlugin && renewedRecords(seenPlugin, self);
  const proxmox = new Map(
    await Promise.all(
      context.proxmox.map(
        async (cluster) => [cluster.name, await readProxmox(cluster, documented, settings, state, self)] as const,
      ),
    ),
  );
  const netbox = withoutDiscovered(documented, proxmox, { self, settings, state });
  const facts: Site = { stack, self, settings, netbox, proxmox, state, stillUsed: new StillUsed() };
  const wrongDefaults = defaultProblems(facts);
  if (wrongDefaults.length > 0) throw refusal(wrongDefaults);

  const decision = await judged(context, facts);
  facts.stillUsed = stillUsedBy(facts, decision.removals);
  let desired = desiredGuests(facts);
  if (await readLosers(context, facts, desired.guests)) desired = desiredGuests(facts);
  const zoneServers = context.nameServers.map((server) =>
    zoneServerOf(server.name, server.view, (name) => server.zoneOf(name)),
  );
  const servers = { all: zoneServers, zones: zonesOf(context) };
  const named = desiredRecords(facts, desired.guests, servers, plugin);
  const others = [...judgeEventRules(netbox, settings.site), ...overlaps(netbox.guests, netbox.url, otherStacks)];
  const fields = customFieldProblems(netbox, settings.site.customFields, settings.namedFields);
  const gone = goneZones(state.resources, named.records, zoneServers);
  const problems = [
    ...[...fields, ...others, ...decision.refusals, ...gone.problems],
    ...[...desired.problems, ...named.problems],
  ];
  if (problems.length > 0) throw refusal(problems);
  const left = orphans(facts, desired.guests, decision.removals, zones, { ...named, facts: plugin });
  const changes = siteChanges(facts, { ...named, guests: desired.guests, orphans: left }, zoneServers);
  const limits = { ...settings.site, maxRemovals: givenMaxRemovals() ?? settings.site.maxRemovals };
  const tooMuch = judgeLimits(changes, limits, totalsOf(facts, decision.built), customFieldDoubts(facts));
  if (tooMuch.length > 0) throw refusal([...tooMuch, ...gone.warnings]);
  const safety = safetyOf(desired.guests, state.guests, state.snapshots, new Date());
  return {
    netbox,
    guests: desired.guests,
    named,
    orphans: left,
    warnings: [...gone.warnings, ...warningsOf(context, netbox, named.elsewhere, left)],
    snapshots: safety.snapshots,
    notes: [...notesOf(facts, desired.guests, decision), ...safety.notes],
  };
}

/** Without the guests that are only documented: neither in the state nor marked as ours, and handed over by nobody. */
function withoutDiscovered(
  netbox: Site["netbox"],
  proxmox: Site["proxmox"],
  { self, settings, state }: Pick<Site, "self" | "settings" | "state">,
): Site["netbox"] {
  const seen = [...proxmox.values()].flatMap((facts) => [...facts.seen.values()]);
  const marked = new Set(seen.flatMap(({ mark }) => (mark && self.isOurs(mark) ? [mark.netboxId] : [])));
  const isOurs = ({ id }: { id: number }) => state.guests.has(id) || marked.has(id);
  return {
    ...netbox,
    guests: netbox.guests.filter((guest) => isOurs(guest) || !isOnlyDiscovered(guest, settings.site)),
  };
}

function warningsOf(
  { nameServers }: Context,
  { eventRules }: Site["netbox"],
  elsewhere: string[],
  left: Orphan[],
): string[] {
  const warnings: string[] = [];
  if (elsewhere.length > 0 && nameServers.length > 0)
    warnings.push(`No zone of netbox-proxmox:bind9 holds ${elsewhere.join(", ")}: left to whoever keeps that zone.`);
  if (left.length > 0)
    warnings.push(
      `An interrupted run left ${left.map(({ kind, id }) => `${kind} ${id}`).join(", ")}: removed by this one.`,
    );
  if (eventRules === undefined)
    warnings.push(
      "NetBox does not let the token see its event rules (extras.view_eventrule): nobody can say whether another automation acts on the same guests.",
    );
  return warnings;
}

/** What the plan itself doesn't show. */
const notesOf = ({ state, proxmox }: Site, guests: DesiredGuest[], { removals }: RemovalDecision): string[] => [
  ...removalNotes(removals),
  ...placementNotes(guests, state.guests),
  ...movedNotes(guests, state.guests, proxmox),
  ...adoptionNotes(guests, state.guests, proxmox),
  ...restartNotes(guests, state.guests),
];

// ---- reading

/** Every zone with the name server that keeps it: the first, where several do. */
const zonesOf = ({ nameServers }: Context): Zones<string> =>
  new Zones(nameServers.flatMap(({ name, zones }) => zones.map((zone) => [zone, name] as const)));

async function readZones({ nameServers }: Context): Promise<ServerZone[]> {
  const all = nameServers.flatMap((server) => server.zones.map((zone) => ({ server, zone })));
  return Promise.all(
    all.map(async ({ server, zone }) => ({ server: server.name, zone, content: await server.content(zone) })),
  );
}

/** Reads what the guests still have whose addresses NetBox lost. @returns whether there was any */
async function readLosers(context: Context, facts: Site, guests: DesiredGuest[]): Promise<boolean> {
  const losers = guests.filter(
    ({ machine: { inputs: machine }, allocations }) =>
      allocations.some(({ inputs }) => inputs.address === undefined) &&
      facts.proxmox.get(machine.cluster)?.guests.has(machine.vmid),
  );
  await Promise.all(
    context.proxmox.map(async (cluster) => {
      const found = facts.proxmox.get(cluster.name);
      if (found)
        await readSeen(
          cluster,
          found,
          facts.self,
          losers
            .map(({ machine }) => machine.inputs)
            .flatMap((each) => (each.cluster === cluster.name ? [each.vmid] : [])),
        );
    }),
  );
  return losers.length > 0;
}

// ---- judging

/** Every built guest of ours that this run will not declare, with what NetBox says of it now; and how many are built at all. */
async function judged(
  context: Context,
  { self, settings, netbox, proxmox, state }: Site,
): Promise<RemovalDecision & { built: number }> {
  const declared = new Set(netbox.guests.filter(({ status }) => isBuilt(status)).map(({ id }) => id));
  const undeclared = new Map<number, Undeclared>();
  for (const [id, guest] of state.guests)
    if (!declared.has(id)) undeclared.set(id, { netboxId: id, netboxUrl: netbox.url, ...guest });
  for (const [cluster, { seen }] of proxmox)
    for (const { vmid, type, name, mark } of seen.values())
      if (mark && self.isOurs(mark) && !declared.has(mark.netboxId))
        undeclared.set(mark.netboxId, { netboxId: mark.netboxId, netboxUrl: netbox.url, name, cluster, vmid, type });
  const evidence = await readEvidence(context.netbox, [...undeclared.keys()]);
  const scope = { inScope: netbox.guests.length, site: settings.site };
  return { ...judge([...undeclared.values()], evidence, scope), built: declared.size + undeclared.size };
}
