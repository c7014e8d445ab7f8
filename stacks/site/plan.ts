import { type Context, givenMaxRemovals } from "../../providers/context";
import { Zones } from "../../providers/dns/zones";
import type { Orphan } from "../../providers/ownership/anchor.model";
import { guestTitle } from "../../providers/ownership/mark";
import type { Self } from "../../providers/ownership/owner";
import { groupBy } from "../../providers/values";
import { isDestroy } from "../destroying";
import { isOnlyDiscovered } from "../netbox/discovered";
import { isBuilt, isStrange } from "../netbox/statuses";
import type { ReasonFacts } from "../plan/because/because";
import { capacityWarnings } from "../plan/capacity";
import { judgeLimits } from "../plan/limits";
import { listedNames } from "../plan/listed";
import type { CapacityRow, PolicyResult } from "../plan/report";
import type { PlannedSteps } from "../plan/reported";
import { planSteps } from "../plan/steps";
import type { ProgramRun } from "../program";
import { refusal } from "../refusal";
import type { Settings } from "../settings";
import { checkSystems } from "../systems";
import { declareSite } from "./declare";
import { ownWritesOf } from "./desired/about";
import { adoptedGuests } from "./desired/adopted";
import { siteCapacity } from "./desired/capacity";
import { siteChanges, totalsOf } from "./desired/changes";
import { customFieldDoubts, customFieldProblems } from "./desired/customfields";
import { defaultProblems } from "./desired/defaults";
import { explainer, sourcesOfProperty } from "./desired/explained";
import { renameWarnings } from "./desired/guestnames";
import { type Hold, heldResults, holdsInTheWay, holdsOf } from "./desired/holds";
import { leftProblem, leftWarnings, settle } from "./desired/leftout";
import {
  adoptionNotes,
  detachNotes,
  migrationNotes,
  movedNotes,
  placementNotes,
  removalNotes,
  restartNotes,
} from "./desired/notes";
import { orphans, type ServerZone } from "./desired/orphans";
import { zoneServerOf } from "./desired/pluginindex";
import { policyFacts } from "./desired/policyguests";
import type { NamedRecords } from "./desired/records";
import { judge, judgeEventRules, type RemovalDecision, type Undeclared } from "./desired/removals";
import { renewedAddresses, renewedRecords } from "./desired/renewed";
import { unseenPools } from "./desired/rights";
import { safetyOf } from "./desired/safety";
import { type OtherStack, overlaps } from "./desired/scope";
import { snapshotWarnings } from "./desired/snapshotable";
import { StillUsed, stillUsedBy } from "./desired/stillused";
import type { DesiredGuest, InState, KeptGuest, Site } from "./desired/types";
import { unreadWarnings } from "./desired/unread";
import { goneZones } from "./desired/zones";
import { readEvidence, readNetbox, readPlugin, readProxmox, readSeen, readTagName } from "./facts";
import { readForPolicies, readPolicies } from "./policies";
import { isRefreshed, refreshedResources } from "./refreshed";

/** All that a run of the site program is about to declare, and what it has to say of that. */
export interface Plan {
  netbox: Site["netbox"];
  guests: DesiredGuest[];
  /** Guests that are left out, as far as the state has them. */
  kept: KeptGuest[];
  named: Pick<NamedRecords, "records" | "plugin">;
  orphans: Orphan[];
  /** The same as resources, and the stack's outputs. */
  declaration: ReturnType<typeof declareSite>;
  planned: PlannedSteps;
  reasons: Pick<ReasonFacts, "own" | "sourcesOf">;
  /** What the policies refuse. */
  refused: string[];
  /** What the holds and the policies say. */
  policies: PolicyResult[];
  /** What the plan leaves on nodes and storages. */
  capacity: CapacityRow[];
  warnings: string[];
  notes: string[];
}

export interface PlanOptions extends Partial<Pick<ProgramRun, "isDryRun" | "now" | "isChosen" | "refreshed">> {
  otherStacks?: OtherStack[];
}

/** Reads all three systems and judges; changes nothing. @throws UserError with everything that stands in the way */
export async function planSite(
  context: Context,
  settings: Settings,
  self: Self,
  state: InState,
  { otherStacks = [], isDryRun = true, now = new Date(), isChosen = false, refreshed }: PlanOptions = {},
): Promise<Plan> {
  const policies = isDestroy() ? undefined : await readPolicies(settings);
  const { plugins } = await checkSystems(context);
  const { stack } = self;
  const names = context.proxmox.map(({ name }) => name);
  const [read, zones, seenPlugin, forPolicies] = await Promise.all([
    readNetbox(context.netbox, names, settings),
    readZones(context),
    readPlugin(context.netbox, plugins, context.nameServers, settings),
    policies && readForPolicies(context, policies),
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
  if (isDestroy()) refuseToLeave(orphans(facts, [], marked(facts), zones, { records: [], plugin: [], facts: plugin }));
  const wrongDefaults = defaultProblems(facts);
  if (wrongDefaults.length > 0) throw refusal(wrongDefaults);

  const { holds, ...decision } = await judged(context, facts);
  const held = new Set(holds.keys());
  facts.stillUsed = stillUsedBy(facts, decision.removals);
  const zoneServers = context.nameServers.map((server) =>
    zoneServerOf(server.name, server.view, {
      zoneOf: (name) => server.zoneOf(name),
      hasPointer: (address) => server.zoneOf(server.pointerOf(address)) !== undefined,
    }),
  );
  const servers = { all: zoneServers, zones: zonesOf(context) };
  const { given } = context.netbox.required;
  const settleAll = () => settle(facts, servers, plugin, given, decision.left, held);
  let settled = settleAll();
  if (await readLosers(context, facts, settled.guests)) settled = settleAll();
  const { guests, kept, named, left } = settled;
  const adopted = isDestroy()
    ? adoptedGuests(facts, [...builtGuests(facts).values()], decision)
    : { notes: [], problems: [] };
  const expected = new Set([
    ...netbox.guests.filter(({ status }) => isBuilt(status)).map(({ id }) => id),
    ...left.keys(),
  ]);
  const others = [...judgeEventRules(netbox, settings.site), ...overlaps(netbox.guests, netbox.url, otherStacks)];
  const fields = customFieldProblems(netbox, settings.site.customFields, settings.namedFields);
  const gone = goneZones(state.resources, named.records, zoneServers);
  const tooMany = leftProblem(settings.site, left.size, expected.size);
  const ofGuests = settings.site.strict || tooMany !== undefined ? [...new Set([...left.values()].flat())] : [];
  const problems = [
    ...fields,
    ...others,
    ...decision.refusals,
    ...adopted.problems,
    ...(isDestroy() ? holdsInTheWay(holds, netbox.url, settings.site) : []),
    ...gone.problems,
    ...ofGuests,
    ...settled.problems,
    ...(tooMany === undefined || settings.site.strict ? [] : [tooMany]),
  ];
  if (problems.length > 0) throw refusal(problems);
  const untouched = new Set([...left.keys(), ...held]);
  const orphaned = orphans(facts, guests, decision.removals, zones, { ...named, facts: plugin }, untouched);
  const counted = await (refreshed?.() ?? (isRefreshed() ? refreshedResources(context, facts) : state.resources));
  const safety = safetyOf(guests, state.guests, state.snapshots, now);
  const declaration = declareSite(
    { ...facts, servers: zoneServers, snapshots: safety.snapshots, protect: settings.site.protect, isDryRun, isChosen },
    { guests, kept, orphans: orphaned, records: named.records, plugin: named.plugin },
  );
  const staying = new Map([...guests, ...kept].map(({ id, name }) => [id, name]));
  const steps = planSteps(declaration.resources, counted, state.resources);
  const changes = siteChanges({ ...facts, plugin, orphans: orphaned, staying }, steps);
  const limits = { ...settings.site, maxRemovals: givenMaxRemovals() ?? settings.site.maxRemovals };
  const tooMuch = judgeLimits(changes, limits, totalsOf(facts, decision.built), customFieldDoubts(facts));
  if (tooMuch.length > 0) throw refusal([...tooMuch, ...gone.warnings]);
  const judgement =
    policies && forPolicies && policies.judge(policyFacts(facts, { guests, kept }, changes, forPolicies, now));
  const { results = [], problems: broken = [], warnings: ofPolicies = [] } = judgement ?? {};
  const removed = new Set(decision.removals.map(({ cluster, vmid }) => `${cluster}/${vmid}`));
  const capacity = siteCapacity(facts, { guests, kept }, removed);
  const ofHolds = heldResults(holds, { settings: settings.site, netboxUrl: netbox.url, now });
  const due = new Set([...safety.snapshots].flatMap(([id, each]) => (each.due === undefined ? [] : [id])));
  return {
    netbox,
    guests,
    kept,
    named,
    orphans: orphaned,
    refused: broken,
    policies: [...ofHolds.results, ...results],
    capacity,
    warnings: [
      ...ofHolds.warnings,
      ...ofPolicies,
      ...capacityWarnings(capacity),
      ...leftWarnings(facts, left, expected.size),
      ...gone.warnings,
      ...settled.warnings,
      ...renameWarnings(facts, guests),
      ...unreadWarnings(facts),
      ...unseenPools(guests, proxmox),
      ...snapshotWarnings(guests, state.guests, proxmox, due),
      ...warningsOf(context, netbox, named.elsewhere, orphaned),
    ],
    declaration,
    planned: { steps, changes },
    reasons: { own: ownWritesOf(state, self, settings.site), sourcesOf: sourcesIn(facts) },
    notes: [...ofHolds.notes, ...notesOf(facts, guests, decision), ...safety.notes, ...adopted.notes],
  };
}

/** Where the values of a guest that changes have their values from. */
function sourcesIn({ netbox, settings }: Pick<Site, "netbox" | "settings">): NonNullable<ReasonFacts["sourcesOf"]> {
  const guests = new Map(netbox.guests.map((guest) => [`virtualization.virtualmachine/${guest.id}`, guest]));
  const explain = explainer({ netbox, settings });
  return ({ from = [] }, property) => {
    const guest = from.map((ref) => guests.get(ref)).find((each) => each !== undefined);
    return guest === undefined ? [] : sourcesOfProperty(explain(guest), property);
  };
}

/** Every guest on Proxmox VE that has this stack's mark. */
const marked = ({ self, netbox, proxmox }: Pick<Site, "self" | "netbox" | "proxmox">): Undeclared[] =>
  [...proxmox].flatMap(([cluster, { seen }]) =>
    [...seen.values()].flatMap(({ vmid, type, name, mark }) =>
      mark && self.isOurs(mark) ? [{ netboxId: mark.netboxId, netboxUrl: netbox.url, name, cluster, vmid, type }] : [],
    ),
  );

/** Every guest of this stack's that is built, by its mark or by what state says, by its NetBox id. */
function builtGuests(site: Pick<Site, "self" | "netbox" | "proxmox" | "state">): Map<number, Undeclared> {
  const { netbox, state } = site;
  const known = [...state.guests].map(([id, guest]) => ({ netboxId: id, netboxUrl: netbox.url, ...guest }));
  return new Map([...known, ...marked(site)].map((guest) => [guest.netboxId, guest]));
}

/** @throws UserError where there is something that a destroy, which goes by the state, would leave behind (docs/decisions/028) */
function refuseToLeave(left: Orphan[]): void {
  if (left.length === 0) return;
  const [each, it] = left.length === 1 ? ["this", "it"] : ["these", "them"];
  throw refusal([
    `an interrupted run made ${each}, and the state doesn't know ${it}: ${left.map(({ kind, id }) => `${kind} ${id}`).join(", ")}; run \`up\`, which takes ${it} into the state or away, then \`destroy\` again`,
  ]);
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

function warningsOf({ nameServers }: Context, netbox: Site["netbox"], elsewhere: string[], left: Orphan[]): string[] {
  const { eventRules } = netbox;
  const warnings = [...homelessWarnings(netbox), ...statusWarnings(netbox)];
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

const listed = ({ url }: Site["netbox"], guests: { id: number; name: string }[]): string =>
  listedNames(guests.map(({ id, name }) => guestTitle({ name, mark: { netboxUrl: url, netboxId: id } })));

const homelessWarnings = (netbox: Site["netbox"]): string[] =>
  netbox.homeless.length === 0
    ? []
    : [
        `${listed(netbox, netbox.homeless)} ${netbox.homeless.length === 1 ? "has" : "have"} no cluster in NetBox, so nothing says which Proxmox VE ${netbox.homeless.length === 1 ? "it belongs" : "they belong"} to: left out. Set the cluster there.`,
      ];

/** Statuses of a NetBox's own (FIELD_CHOICES) say nothing of power. */
const statusWarnings = (netbox: Site["netbox"]): string[] =>
  [...groupBy(netbox.guests, ({ status }) => status)].flatMap(([status, guests]) =>
    isStrange(status)
      ? [
          `${listed(netbox, guests)}: the status ${status} is this NetBox's own. What is there stays as it is, and nothing is made. Say what it means in netbox-proxmox:site.statuses, like { "${status}": "offline" }.`,
        ]
      : [],
  );

/** What the plan itself doesn't show. */
const notesOf = ({ state, proxmox }: Site, guests: DesiredGuest[], { removals }: RemovalDecision): string[] => [
  ...removalNotes(removals),
  ...placementNotes(guests, state.guests),
  ...migrationNotes(guests, state.guests, proxmox),
  ...detachNotes(guests, state.guests, proxmox),
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

/**
 * Every built guest of ours that this run will not declare, with what NetBox says of it now; how many are built at all; and
 * which are held, of whom nothing is judged.
 */
async function judged(
  context: Context,
  { self, settings, netbox, proxmox, state }: Site,
): Promise<RemovalDecision & { built: number; holds: Map<number, Hold> }> {
  const declared = new Set(netbox.guests.filter(({ status }) => isBuilt(status)).map(({ id }) => id));
  const built = builtGuests({ self, netbox, proxmox, state });
  const undeclared = [...built.values()].filter(({ netboxId }) => !declared.has(netboxId));
  const evidence = await readEvidence(
    context.netbox,
    undeclared.map(({ netboxId }) => netboxId),
    settings,
  );
  const isUnclear = [...evidence.values()].some(({ deletion }) => (deletion?.tagNames.length ?? 0) > 0);
  const tagName = isUnclear ? await readTagName(context.netbox, settings.site.holdTag) : undefined;
  const holds = holdsOf(netbox, { undeclared, evidence }, new Set(built.keys()), settings.site, tagName);
  const scope = { inScope: netbox.guests.length, site: settings.site };
  const others = undeclared.filter(({ netboxId }) => !holds.has(netboxId));
  return { ...judge(others, evidence, scope), built: declared.size + undeclared.length, holds };
}
