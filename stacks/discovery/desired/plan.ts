import { allowedOf } from "../../../providers/missing";
import { MachineArgs } from "../../../providers/netbox/objects/machine";
import { MachineState } from "../../../providers/netbox/objects/machine.model";
import { ObjectRow, tagSlugs } from "../../../providers/netbox/objects/object.model";
import { findMark } from "../../../providers/ownership/mark";
import { descriptionFrom, guestNameOf } from "../../../providers/proxmox/nodes/guest.model";
import { isRecord } from "../../../providers/values";
import { discoveredTags } from "../../netbox/discovered";
import { Prerequisites } from "../../netbox/prerequisites";
import { type ClusterPlace, placeOfCluster } from "../../netbox/vlans";
import { addressWords } from "./addresswords";
import { UsedFields } from "./customfields";
import { declareNodes } from "./devices";
import { guestArgs, guestRoles, interfaceNames, nicTraits, vidsInside, vidsOf } from "./guest";
import { DiscoveredMachines } from "./machines";
import { matchGuest, urlOf } from "./match";
import { guestName, nodeName } from "./names";
import { freeAddresses, type NamedNic, placed } from "./parts";
import { declarePrefixes, Gateways } from "./prefixes";
import { ClusterView, DiscoveryFacts, DiscoveryPlan, isReached, Reached, SeenMachine } from "./types";
import { keepOthers, reportUnread, reportVanished } from "./vanished";
import { placeInVrfs, type VrfChoices, vrfChoices } from "./vrfs";

/** What is to be in NetBox, and how that differs from what is there. */
export function planDiscovery(facts: DiscoveryFacts): DiscoveryPlan {
  const run = new Run(facts);
  for (const view of facts.views) run.cluster(view);
  return run.result();
}

class Run {
  private readonly machines: DiscoveredMachines;
  private readonly prerequisites: Prerequisites;
  private readonly fields: UsedFields;
  /** What is wrong with the settings. */
  private readonly problems: string[] = [];

  constructor(private readonly facts: DiscoveryFacts) {
    this.machines = new DiscoveredMachines(facts);
    this.fields = new UsedFields(facts);
    this.prerequisites = new Prerequisites(facts.netbox, facts.stack, facts.knownObjects, facts.site);
  }

  result(): DiscoveryPlan {
    const { known, knownObjects, settings } = this.facts;
    const { gone, declared, report, warnings } = this.machines;
    // What we made for others to refer to stays, though nobody does at the moment.
    for (const [name, { netboxId: _id, made: _made, before: _before, ...inputs }] of knownObjects)
      this.prerequisites.keep(name, inputs);
    const allowed = allowedOf(settings.maxRemovals, known.size);
    const problems =
      gone.length > allowed
        ? [
            `${gone.length} guests that Proxmox VE has no more would be removed from NetBox (${gone.slice(0, 12).join(", ")}${gone.length > 12 ? ", …" : ""}), and netbox-proxmox:discovery.maxRemovals allows ${allowed}: was a cluster restored or replaced? If they are meant to go, raise it for this run, or set netbox-proxmox:discovery.vanished to keep.`,
          ]
        : [];
    return {
      declared: [
        ...this.prerequisites.all,
        ...declared.map((each) => ({ ...each, after: [...(each.after ?? []), ...this.prerequisites.lacking] })),
      ],
      report,
      warnings: [...warnings, ...this.machines.lackWarnings],
      problems: [
        ...new Set(this.problems),
        ...this.machines.lackProblems(this.prerequisites.all, this.prerequisites.lacking),
        ...problems,
      ],
    };
  }

  cluster(view: ClusterView): void {
    const choices = this.facts.chosen.get(view.name) ?? {};
    if (!isReached(view)) {
      this.machines.report.push({
        cluster: view.name,
        name: view.name,
        change: "unreachable",
        details: [`nothing of it is changed: ${view.unreachable}`],
      });
      this.machines.keepAll(view.name);
      return;
    }
    if (choices.readOnly === true) this.machines.keepAll(view.name);
    const declare = choices.readOnly !== true;
    const prerequisites = declare
      ? this.prerequisites
      : new Prerequisites(this.facts.netbox, this.facts.stack, new Map(), this.facts.site);
    const place = {
      ...placeOfCluster(
        this.facts.netbox.clusters.find((each) => each.name === view.name),
        this.facts.netbox.places,
      ),
      vlanGroup: choices.vlanGroup,
    };
    const vrfs = vrfChoices(choices, this.facts.netbox, (text) => this.problems.push(`${view.name}: ${text}`));
    const cluster = this.clusterObject(view.name, prerequisites);
    const devices =
      choices.syncNodes === false
        ? new Map<string, string>()
        : declareNodes(this.machines, view, prerequisites, { cluster, declare, vrfs, place });
    // How a guest gets its addresses is told beside all prefixes of the run.
    const context = { place, devices, prerequisites, cluster, declare, vrfs };
    const declared = view.machines.map((machine) => this.guest(view, machine, context));
    const gateways = new Gateways(this.machines.documented, prerequisites, this.facts.site);
    for (const declareNow of declared) declareNow?.(gateways);
    this.fields.declare(view, prerequisites, choices);
    reportUnread(this.machines, view);
    if (declare) keepOthers(this.machines, view);
    else reportVanished(this.machines, view);
  }

  private clusterObject(name: string, prerequisites: Prerequisites): string {
    const there = this.facts.netbox.clusters.find((each) => each.name === name);
    const key = `cluster-${name}`;
    if (there !== undefined && !this.facts.knownObjects.has(key)) return key;
    prerequisites.clusterType("Proxmox");
    const fields = { name, type: "Proxmox", status: "active" };
    return prerequisites.declare(key, "cluster", { fields, removal: "delete" }, ["cluster-type-proxmox"]);
  }

  /** A guest and what it refers to. @returns what declares it, once that is known of all guests */
  private guest(
    view: Reached,
    seen: SeenMachine,
    context: {
      place: ClusterPlace;
      devices: Map<string, string>;
      prerequisites: Prerequisites;
      cluster: string;
      declare: boolean;
      vrfs: VrfChoices;
    },
  ): ((gateways: Gateways) => void) | undefined {
    const { site, known, netbox } = this.facts;
    const key = guestName(view.name, seen.vmid);
    const state = known.get(key);
    const there = matchGuest(this.machines, view, seen, state);
    if (there === "several") return undefined;
    const marked = findMark(descriptionFrom(seen.config));
    const isHandedOver = there !== undefined && tagSlugs(there).includes(site.adoptTag);
    if (marked !== undefined || isHandedOver) {
      this.machines.report.push({
        cluster: view.name,
        vmid: seen.vmid,
        name: guestNameOf(seen),
        ...urlOf(netbox, there),
        change: marked === undefined ? "handed over" : "managed",
        details: [marked === undefined ? `by its tag ${site.adoptTag}` : `by Pulumi stack ${marked.stack}`],
      });
      if (there) this.machines.taken.add(`virtualMachine/${there.id}`);
      if (state && context.declare) this.machines.keep(key, state, { released: true });
      return undefined;
    }
    if (there) this.machines.taken.add(`virtualMachine/${there.id}`);
    const { prerequisites } = context;
    const own = there === undefined ? [] : vlansOn(this.machines.documented.parts("vmInterface", there.id));
    const vlans = new Map(vidsOf(seen).map((vid) => [vid, prerequisites.vlan(vid, context.place, own)] as const));
    const unclear = [...vlans].flatMap(([vid, found]) =>
      "several" in found ? [severalVlans(netbox.url, vid, found.several, view.name)] : [],
    );
    if (unclear.length > 0) {
      this.machines.report.push({
        ...{ cluster: view.name, vmid: seen.vmid, name: guestNameOf(seen), ...urlOf(netbox, there) },
        ...{ change: "conflicting", details: unclear },
      });
      if (state && context.declare) this.machines.keep(key, state);
      return undefined;
    }
    const inside = new Map(
      [...vidsInside(seen)].map(([name, vid]) => [name, { vid, found: prerequisites.vlan(vid, context.place, own) }]),
    );
    const unclearInside = [...inside].flatMap(([name, { vid, found }]) =>
      "several" in found
        ? [`interfaces.${name}.untaggedVlan: ${severalVlans(netbox.url, vid, found.several, view.name)}`]
        : [],
    );
    const args = guestArgs(seen, view.name, {
      fields: site.customFields,
      vlanInside: (vid) => {
        const found = [...inside.values()].find((each) => each.vid === vid)?.found;
        return found !== undefined && "name" in found ? found.name : undefined;
      },
      vlan: (vid) => {
        const found = vlans.get(vid);
        return found !== undefined && "name" in found ? found.name : String(vid);
      },
      device: (node) => context.devices.get(node),
      units: site,
      lacks: this.facts.lacks,
      reserved: [site.adoptTag, site.promoteTag, ...discoveredTags],
    });
    const fields = args.fields ?? {};
    if (typeof fields.platform === "string") fields.platform = prerequisites.platform(fields.platform);
    else if (seen.agent === undefined && state?.fields.platform !== undefined) fields.platform = state.fields.platform;
    if (seen.agent === undefined && state !== undefined) keepSeenAddresses(args, state);
    fields.name = this.freeName(view.name, String(fields.name), seen.vmid, there);
    const names = interfaceNames(seen);
    const nics = nicTraits(seen).map((nic) => ({ ...nic, name: names.get(nic.slot) ?? "" }));
    const unplaced = placeInVrfs(this.machines.documented, args, there, {
      ...{ choices: context.vrfs, bridgeField: site.customFields.bridge, type: "vmInterface", known: state, nics },
    });
    const conflicts = [...unplaced, ...unclearInside];
    fields.role = prerequisites.role(guestRoles[seen.type], true);
    for (const slug of args.tags ?? []) prerequisites.tag(slug);
    if (this.facts.chosen.get(view.name)?.syncPrefixes !== false) {
      const used = declarePrefixes(this.machines.documented, this.facts, seen, args, prerequisites);
      this.fields.add(used);
    }
    const declared = { ...context, key, args: { ...args, conflicts }, there, state, nics };
    return (gateways) => this.declareGuest(view, seen, declared, gateways);
  }

  private declareGuest(
    view: Reached,
    seen: SeenMachine,
    {
      key,
      args,
      there,
      state,
      nics,
      cluster,
      declare,
    }: {
      key: string;
      args: ReturnType<typeof guestArgs> & { conflicts: string[] };
      there: ObjectRow | undefined;
      state: MachineState | undefined;
      nics: NamedNic[];
      cluster: string;
      declare: boolean;
    },
    gateways: Gateways,
  ): void {
    const { documented } = this.machines;
    const { allocateFrom } = this.facts.site.customFields;
    const type = "vmInterface" as const;
    const placedNow = placed(documented, args.interfaces ?? {}, there?.id, type, state, "interfaces", nics);
    const { free: freeOf } = freeAddresses(documented, type, key, placedNow, state);
    const free = Object.fromEntries(
      Object.entries(placedNow).map(([name, each]) => [name, { ...each, addresses: freeOf.get(name) ?? [] }]),
    );
    const { words, notes } = addressWords(seen, { interfaces: free }, there, documented, (address) =>
      gateways.of(address),
    );
    for (const [name, each] of Object.entries(args.interfaces ?? {})) {
      const said = words.get(name);
      if (said !== undefined) each.customFields = { ...each.customFields, [allocateFrom]: said };
    }
    const written = [args, ...Object.values(args.interfaces ?? {}), ...Object.values(args.disks ?? {})];
    this.fields.add(written.flatMap(({ customFields = {} }) => Object.keys(customFields)));
    for (const each of written) if (each.customFields) each.customFields = this.machines.typed(each.customFields);
    this.machines.declare(key, view.name, { type: "virtualMachine", ...args }, there, state, declare, {
      vmid: seen.vmid,
      after: [cluster, nodeName(view.name, seen.node)],
      nics,
      notes,
    });
  }

  private readonly names = new Map<string, number>();

  /** NetBox has a name once in a cluster, PVE as often as one likes. */
  freeName(cluster: string, name: string, vmid: number, there: ObjectRow | undefined): string {
    const key = (text: string) => `${cluster}\0${text.toLowerCase()}`;
    const isFree = (text: string) =>
      !this.names.has(key(text)) &&
      !this.machines.documented.machinesNamed(cluster, text).some((each) => each.id !== there?.id);
    // The site program knows its name on Proxmox VE by its VMID behind it.
    const suffix = ` (${vmid})`;
    // What it is called there already, NetBox let it have beside others, which are other tenants'.
    const isOwn = String(there?.name).toLowerCase() === name.toLowerCase();
    const chosen =
      name.length <= longestName && (isOwn || isFree(name))
        ? name
        : `${name.slice(0, longestName - suffix.length)}${suffix}`;
    this.names.set(key(chosen), vmid);
    return chosen;
  }
}

/** The VLANs that interfaces have. */
const vlansOn = (interfaces: ObjectRow[]): ObjectRow[] =>
  interfaces
    .flatMap(({ untagged_vlan, tagged_vlans }) => [untagged_vlan, ...(Array.isArray(tagged_vlans) ? tagged_vlans : [])])
    .filter(isRecord)
    .map((vlan) => ({ ...vlan, id: Number(vlan.id) }));

const severalVlans = (url: string, vid: number, several: readonly ObjectRow[], cluster: string): string =>
  `NetBox has ${several.length} VLANs ${vid} that could be meant (${several.map(({ id, name }) => `${String(name)} ${url}/ipam/vlans/${id}/`).join(", ")}): set netbox-proxmox:discovery.clusters["${cluster}"].vlanGroup, or give their groups a scope`;

/** Characters of a virtual machine's name that NetBox takes. */
const longestName = 64;

/** What an agent said before, where it says nothing now. */
function keepSeenAddresses(args: Pick<MachineArgs, "interfaces" | "primary">, state: MachineState): void {
  for (const [name, each] of Object.entries(args.interfaces ?? {})) {
    const before = state.interfaces[name]?.addresses ?? [];
    const hosts = new Set((each.addresses ?? []).map((address) => address.split("/")[0]));
    each.addresses = [...(each.addresses ?? []), ...before.filter((address) => !hosts.has(address.split("/")[0]))];
  }
  for (const [name, each] of Object.entries(state.interfaces))
    if (each.fields.parent !== undefined && args.interfaces !== undefined) args.interfaces[name] ??= each;
  if (args.primary === undefined && state.primary !== undefined) args.primary = state.primary;
}
