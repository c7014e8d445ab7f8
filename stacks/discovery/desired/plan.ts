import { allowedOf } from "../../../providers/missing";
import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { type MachineState, partsDiffer } from "../../../providers/netbox/objects/machine.model";
import {
  conflictField,
  type ObjectState,
  objectDiffers,
  type Row,
  tagSlugs,
} from "../../../providers/netbox/objects/object.model";
import { findMark } from "../../../providers/ownership/mark";
import { descriptionFrom, nameOf } from "../../../providers/proxmox/nodes/guest.model";
import { isRecord } from "../../../providers/values";
import { milliseconds } from "../../duration";
import type { Declared } from "../../netbox/declared";
import { discoveredTags } from "../../netbox/discovered";
import { Prerequisites } from "../../netbox/prerequisites";
import { missingField, snapshotsField } from "../../netbox/schema";
import type { NetboxView } from "../../netbox/view";
import type { Settings } from "../../settings";
import { type ClusterChoices, type DiscoverySettings } from "../settings";
import { changesOf, mergeDetails } from "./changes";
import { guestArgs, guestRoles, macsOf } from "./guest";
import { customFieldOf, Documented, merged } from "./merge";
import { nodeArgs, nodeRole, nodeType } from "./nodes";
import { declarePrefixes } from "./prefixes";
import type { ClusterView, KnownMachines, ReportRow, SeenMachine } from "./types";

/** All that a run of discovery is made from. */
export interface DiscoveryFacts {
  stack: string;
  settings: DiscoverySettings;
  site: Settings["site"];
  chosen: Map<string, ClusterChoices>;
  views: ClusterView[];
  netbox: NetboxView;
  /** Machines and other objects of the stack's state, by their logical names. */
  known: KnownMachines;
  knownObjects: ReadonlyMap<string, ObjectState>;
  now: Date;
}

export interface DiscoveryPlan {
  declared: Declared[];
  report: ReportRow[];
  warnings: string[];
  /** What stands in the way. */
  problems: string[];
}

type Reached = Extract<ClusterView, { unreachable?: undefined }>;
const isReached = (view: ClusterView): view is Reached => view.unreachable === undefined;

export const guestName = (cluster: string, vmid: number): string => `guest-${cluster}-${vmid}`;
/** The VMID in a guest's logical name; undefined where it is none of this cluster's. */
export function vmidIn(cluster: string, name: string): number | undefined {
  const vmid = Number(name.slice(guestName(cluster, 0).length - 1));
  return name === guestName(cluster, vmid) ? vmid : undefined;
}
export const nodeName = (cluster: string, node: string): string => `node-${cluster}-${node}`;

/** What is to be in NetBox, and how that differs from what is there. */
export function planDiscovery(facts: DiscoveryFacts): DiscoveryPlan {
  const run = new Run(facts);
  for (const view of facts.views) run.cluster(view);
  return run.result();
}

class Run {
  private readonly documented: Documented;
  private readonly prerequisites: Prerequisites;
  private readonly machines: Declared[] = [];
  private readonly report: ReportRow[] = [];
  private readonly warnings: string[] = [];
  private readonly gone: string[] = [];
  /** NetBox objects that a guest or node has taken. */
  private readonly taken = new Set<string>();
  private readonly usedFields = new Set<string>();
  /** NetBox ids of the virtual machines in the state. */
  private readonly knownIds: ReadonlySet<number>;

  constructor(private readonly facts: DiscoveryFacts) {
    const known = [...facts.known.values()].filter(({ type }) => type === "virtualMachine");
    this.knownIds = new Set(known.map(({ netboxId }) => netboxId));
    this.documented = new Documented(facts.netbox);
    this.prerequisites = new Prerequisites(facts.netbox, facts.stack, facts.knownObjects, facts.site);
  }

  result(): DiscoveryPlan {
    const { known, knownObjects, settings } = this.facts;
    // What we made for others to refer to stays, though nobody does at the moment.
    for (const [name, { netboxId: _id, made: _made, before: _before, ...inputs }] of knownObjects)
      this.prerequisites.keep(name, inputs);
    const allowed = allowedOf(settings.maxRemovals, known.size);
    const problems =
      this.gone.length > allowed
        ? [
            `${this.gone.length} guests that Proxmox VE has no more would be removed from NetBox (${this.gone.slice(0, 12).join(", ")}${this.gone.length > 12 ? ", …" : ""}), and netbox-proxmox:discovery.maxRemovals allows ${allowed}: was a cluster restored or replaced? If they are meant to go, raise it for this run, or set netbox-proxmox:discovery.vanished to keep.`,
          ]
        : [];
    return {
      declared: [
        ...this.prerequisites.all,
        ...this.machines.map((each) => ({ ...each, after: [...(each.after ?? []), ...this.prerequisites.lacking] })),
      ],
      report: this.report,
      warnings: this.warnings,
      problems,
    };
  }

  // ---- one cluster

  cluster(view: ClusterView): void {
    const choices = this.facts.chosen.get(view.name) ?? {};
    if (!isReached(view)) {
      this.report.push({
        ...{ cluster: view.name, name: view.name, change: "unreachable" },
        details: [`nothing of it is changed: ${view.unreachable}`],
      });
      this.keepAll(view.name);
      return;
    }
    if (choices.readOnly === true) this.keepAll(view.name);
    const declare = choices.readOnly !== true;
    const prerequisites = declare
      ? this.prerequisites
      : new Prerequisites(this.facts.netbox, this.facts.stack, new Map(), this.facts.site);
    const names = { vlan: (vid: number) => prerequisites.vlan(vid) };
    const cluster = this.clusterObject(view.name, prerequisites);
    const devices =
      choices.syncNodes === false ? new Map<string, string>() : this.nodes(view, prerequisites, cluster, declare);
    for (const machine of view.machines)
      this.guest(view, machine, { ...names, devices, prerequisites, cluster, declare });
    this.fields(view, prerequisites, choices);
    if (declare) this.others(view);
    else this.vanishedOnly(view);
  }

  /** Everything of a cluster stays as it was declared. */
  private keepAll(cluster: string): void {
    for (const [name, state] of this.facts.known) if (state.fields.cluster === cluster) this.keep(name, state);
  }

  private keep(name: string, state: MachineState, changes: Partial<MachineArgs> = {}): void {
    const {
      netboxId: _id,
      parts: _parts,
      made: _made,
      before: _before,
      written: _written,
      writtenParts: _p,
      ...inputs
    } = state;
    this.machines.push({ kind: "machine", name, args: { ...inputs, ...changes } });
  }

  private clusterObject(name: string, prerequisites: Prerequisites): string {
    const there = this.facts.netbox.clusters.find((each) => each.name === name);
    const key = `cluster-${name}`;
    if (there !== undefined && !this.facts.knownObjects.has(key)) return key;
    prerequisites.clusterType("Proxmox");
    const fields = { name, type: "Proxmox", status: "active" };
    return prerequisites.declare(key, "cluster", { fields, removal: "delete" }, ["cluster-type-proxmox"]);
  }

  // ---- nodes

  private nodes(view: Reached, prerequisites: Prerequisites, cluster: string, declare: boolean): Map<string, string> {
    const { settings, netbox, known } = this.facts;
    const clusterRow = netbox.clusters.find((each) => each.name === view.name);
    const scope = clusterRow?.scope ?? clusterRow?.site;
    const home =
      isRecord(scope) && (clusterRow?.scope_type ?? "dcim.site") === "dcim.site" ? String(scope.name) : undefined;
    const devices = new Map<string, string>();
    for (const node of view.nodes) {
      const key = nodeName(view.name, node.node);
      const state = known.get(key);
      const there =
        netbox.devices.find(({ id }) => id === state?.netboxId) ??
        netbox.devices.find(
          (each) => each.name === node.node && (each.cluster === null || nameOfNested(each.cluster) === view.name),
        );
      const site = there === undefined ? (home ?? settings.site) : nameOfNested(there.site);
      if (site === undefined) {
        this.warnings.push(
          `Node ${node.node} of ${view.name} is not put into NetBox, as a device needs a site: give the cluster a scope in NetBox (${netbox.url}/virtualization/clusters/), or set netbox-proxmox:discovery.site.`,
        );
        continue;
      }
      const args = nodeArgs(node, view.name, site, (vid) => prerequisites.vlan(vid));
      if (there === undefined || state !== undefined) {
        prerequisites.role(nodeRole, false);
        prerequisites.deviceType(nodeType.maker, nodeType.model);
        Object.assign(args.fields ?? {}, { role: nodeRole, deviceType: nodeType.model });
      }
      // What a node that is away has nobody can say.
      if (!node.online && state !== undefined)
        Object.assign(args, { interfaces: state.interfaces, primary: state.primary });
      devices.set(node.node, node.node);
      this.machine(key, view.name, { type: "device", ...args }, there, state, declare, { after: [cluster] });
    }
    return devices;
  }

  // ---- guests

  private guest(
    view: Reached,
    seen: SeenMachine,
    context: {
      vlan: (vid: number) => string;
      devices: Map<string, string>;
      prerequisites: Prerequisites;
      cluster: string;
      declare: boolean;
    },
  ): void {
    const { site, known, netbox } = this.facts;
    const key = guestName(view.name, seen.vmid);
    const state = known.get(key);
    const there = this.match(view, seen, state);
    if (there === "several") return;
    const marked = findMark(descriptionFrom(seen.config));
    const isHandedOver = there !== undefined && tagSlugs(there).includes(site.adoptTag);
    if (marked !== undefined || isHandedOver) {
      this.report.push({
        ...{ cluster: view.name, vmid: seen.vmid, name: nameOf(seen), ...urlOf(netbox, there) },
        change: marked === undefined ? "handed over" : "managed",
        details: [marked === undefined ? `by its tag ${site.adoptTag}` : `by Pulumi stack ${marked.stack}`],
      });
      if (there) this.taken.add(`virtualMachine/${there.id}`);
      if (state && context.declare) this.keep(key, state, { released: true });
      return;
    }
    const { prerequisites } = context;
    const args = guestArgs(seen, view.name, {
      fields: site.customFields,
      vlan: context.vlan,
      device: (node) => context.devices.get(node),
      units: site,
    });
    const fields = args.fields ?? {};
    if (typeof fields.platform === "string") prerequisites.platform(fields.platform);
    else if (seen.agent === undefined && state?.fields.platform !== undefined) fields.platform = state.fields.platform;
    if (seen.agent === undefined && state !== undefined) keepSeenAddresses(args, state);
    fields.name = this.freeName(view.name, String(fields.name), seen.vmid, there);
    prerequisites.role(guestRoles[seen.type], true);
    for (const slug of args.tags ?? []) prerequisites.tag(slug);
    if (this.facts.chosen.get(view.name)?.syncPrefixes !== false) {
      const names = declarePrefixes(this.facts, seen, args, prerequisites);
      for (const name of names) this.usedFields.add(name);
    }
    const written = [args, ...Object.values(args.interfaces ?? {}), ...Object.values(args.disks ?? {})];
    for (const name of written.flatMap(({ customFields = {} }) => Object.keys(customFields))) this.usedFields.add(name);
    for (const each of written) if (each.customFields) each.customFields = this.typed(each.customFields);
    this.machine(key, view.name, { type: "virtualMachine", ...args }, there, state, context.declare, {
      vmid: seen.vmid,
      after: [context.cluster, nodeName(view.name, seen.node)],
    });
  }

  /** The guest's object in NetBox: the one that we know, then by VMID, by name, by MAC. */
  private match(view: Reached, seen: SeenMachine, state: MachineState | undefined): Row | "several" | undefined {
    const { customFields } = this.facts.site;
    const all = this.documented.machines(view.name).filter(({ id }) => !this.taken.has(`virtualMachine/${id}`));
    const known = all.find(({ id }) => id === state?.netboxId);
    if (known) return known;
    const vmidOf = (each: Row) => customFieldOf(each, customFields.vmid);
    const free = all.filter((each) => vmidOf(each) === undefined);
    const macs = macsOf(seen);
    const ways = [
      all.filter((each) => vmidOf(each) === String(seen.vmid)),
      free.filter((each) => String(each.name).toLowerCase() === nameOf(seen).toLowerCase()),
      free.filter(({ id }) =>
        this.documented
          .parts("vmInterface", id)
          .some(({ mac_address }) => macs.includes(String(mac_address).toUpperCase())),
      ),
    ];
    const found = ways.find((way) => way.length > 0) ?? [];
    if (found.length < 2) return found[0];
    this.report.push({
      ...{ cluster: view.name, vmid: seen.vmid, name: nameOf(seen), change: "conflicting" },
      details: [
        `${found.length} virtual machines in NetBox could be it (${found.map(({ id, name }) => `${String(name)} ${urlOf(this.facts.netbox, { id }).url}`).join(", ")}): write its VMID into ${customFields.vmid} of the right one`,
      ],
    });
    if (state) this.keep(guestName(view.name, seen.vmid), state);
    return "several";
  }

  private readonly names = new Map<string, number>();

  /** NetBox has a name once in a cluster, PVE as often as one likes. */
  private freeName(cluster: string, name: string, vmid: number, there: Row | undefined): string {
    const key = (text: string) => `${cluster}\0${text.toLowerCase()}`;
    const isFree = (text: string) =>
      !this.names.has(key(text)) &&
      !this.documented
        .machines(cluster)
        .some((each) => each.id !== there?.id && String(each.name).toLowerCase() === text.toLowerCase());
    const chosen = isFree(name) ? name : `${name} (${vmid})`;
    this.names.set(key(chosen), vmid);
    return chosen;
  }

  /** Values as the custom fields of this NetBox hold them. */
  private typed(values: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const there = this.facts.netbox.customFields.find((each) => each.name === name);
        const isInteger = isRecord(there?.type) && there.type.value === "integer";
        return [name, isInteger && typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value];
      }),
    );
  }

  // ---- one machine, of either kind

  private machine(
    key: string,
    cluster: string,
    args: Partial<MachineArgs> & Pick<MachineArgs, "type">,
    there: Row | undefined,
    state: MachineState | undefined,
    declare: boolean,
    { vmid, after }: { vmid?: number; after: string[] },
  ): void {
    const { netbox, stack, settings } = this.facts;
    if (there) this.taken.add(`${args.type}/${there.id}`);
    const common = { netboxUrl: netbox.url, stack, removal: "delete" as const };
    const overwrite = settings.conflicts === "overwrite";
    const whole = merged(this.documented, { ...common, ...args }, there, state, overwrite);
    if (state !== undefined && there === undefined) {
      // A person deleted it: a refresh takes it out of the state, and then it is made again.
      this.report.push(
        this.row(cluster, vmid, whole, undefined, "conflicting", [
          "it was deleted in NetBox: run with --refresh to make it again, or leave it out by a filter",
        ]),
      );
      if (declare) this.keep(key, state);
      return;
    }
    const details =
      state === undefined
        ? there === undefined
          ? []
          : mergeDetails(whole, there, this.documented)
        : changesOf(state, whole);
    const conflicts = whole.conflicts ?? [];
    const isSame =
      state !== undefined && !objectDiffers({ ...state }, { ...whole }) && !partsDiffer({ ...state }, { ...whole });
    const change =
      conflicts.length > 0
        ? "conflicting"
        : state === undefined
          ? there === undefined
            ? "new"
            : "merged"
          : isSame
            ? "same"
            : "changed";
    const fields = conflicts.map((each) => conflictField(each).replace(/^(interfaces|disks)\./, ""));
    const others = details.filter((each) => !fields.some((field) => each.startsWith(`${field} `)));
    this.report.push(this.row(cluster, vmid, whole, there, change, [...others, ...conflicts]));
    if (declare) this.machines.push({ kind: "machine", name: key, args: whole, after });
  }

  private row(
    cluster: string,
    vmid: number | undefined,
    { fields }: Partial<MachineArgs>,
    there: Pick<Row, "id"> | undefined,
    change: ReportRow["change"],
    details: string[],
  ): ReportRow {
    const isDevice = vmid === undefined;
    const url =
      there && `${this.facts.netbox.url}/${isDevice ? "dcim/devices" : "virtualization/virtual-machines"}/${there.id}/`;
    return {
      ...{ cluster, name: String(fields?.name ?? ""), change, details },
      ...(vmid === undefined ? {} : { vmid }),
      ...(url === undefined ? {} : { url }),
    };
  }

  // ---- custom fields

  private fields(view: Reached, prerequisites: Prerequisites, choices: ClusterChoices): void {
    const storages = choices.syncStorage === false ? [] : view.storages;
    const used = view.machines.flatMap(({ config }) => Object.values(config).map(String));
    const inUse = view.storages.filter((storage) => used.some((value) => value.startsWith(`${storage}:`)));
    const { customFields } = this.facts.site;
    // The mark of what vanishes is there before anything does.
    const names = [
      ...this.usedFields,
      missingField,
      snapshotsField,
      ...(storages.length > 0 ? [customFields.diskStorage] : []),
    ];
    prerequisites.customFields([...new Set(names)], {
      "proxmox-nodes": this.choices(
        "proxmox-nodes",
        view.nodes.map(({ node }) => node),
      ),
      "proxmox-storages": this.choices("proxmox-storages", [...new Set([...storages, ...inUse])]),
      "proxmox-vm-types": ["lxc", "vm"],
    });
  }

  private readonly collected = new Map<string, Set<string>>();

  /** Of all clusters, as they share a custom field. */
  private choices(set: string, values: string[]): string[] {
    const all =
      this.collected.get(set) ??
      new Set(
        this.facts.views
          .filter(isReached)
          .flatMap(({ nodes, storages }) => (set === "proxmox-nodes" ? nodes.map(({ node }) => node) : storages)),
      );
    for (const value of values) all.add(value);
    this.collected.set(set, all);
    return [...all].sort();
  }

  // ---- what was read no more

  /** Guests of the state, or of NetBox's own marks, that were not read: kept, marked as missing, or removed at last. */
  private others(view: Reached): void {
    const declared = new Set(this.machines.map(({ name }) => name));
    const there = new Map(view.all.map((guest) => [guest.vmid, guest]));
    const nodes = new Set(view.nodes.map(({ node }) => node));
    for (const [name, state] of this.facts.known) {
      if (state.fields.cluster !== view.name || declared.has(name)) continue;
      const vmid = vmidIn(view.name, name);
      const isThere = vmid !== undefined && there.has(vmid);
      const node = name.slice(nodeName(view.name, "").length);
      if (state.released === true && !isThere) continue;
      if (vmid !== undefined ? isThere : name === nodeName(view.name, node) && nodes.has(node)) {
        this.keep(name, state);
        if (vmid !== undefined)
          this.report.push(
            this.row(view.name, vmid, state, { id: state.netboxId }, "same", ["not read this time: kept as it was"]),
          );
        continue;
      }
      if (!view.isQuorate || (vmid !== undefined && view.unseen.has(vmid))) {
        this.keep(name, state);
        this.report.push(
          this.row(view.name, vmid, state, { id: state.netboxId }, "same", [
            "nobody can say whether it is gone: kept as it was",
          ]),
        );
        continue;
      }
      this.vanished(view, name, vmid, state);
    }
    for (const row of this.documented.machines(view.name)) this.orphan(view, row, there);
  }

  /** Is the grace time over, and is what vanished to go then? */
  private isOver(since: string): boolean {
    const { settings, now } = this.facts;
    const age = now.getTime() - Date.parse(since);
    return age >= milliseconds(settings.graceTime) && settings.vanished === "remove";
  }

  private vanished(view: Reached, name: string, vmid: number | undefined, state: MachineState): void {
    const { settings, now, netbox } = this.facts;
    const rows = state.type === "device" ? netbox.devices : netbox.machines;
    const row = rows.find(({ id }) => id === state.netboxId);
    const since =
      (row && customFieldOf(row, missingField)) ?? String(state.customFields[missingField] ?? printTime(now));
    const removed = this.isOver(since);
    const until =
      settings.vanished === "keep" ? "kept" : removed ? "removed now" : `removed once ${settings.graceTime} are over`;
    this.report.push(
      this.row(view.name, vmid, state, { id: state.netboxId }, "gone", [`missing since ${since}: ${until}`]),
    );
    if (removed) {
      this.gone.push(String(state.fields.name));
      return;
    }
    const isOurs = "status" in state.fields;
    this.keep(name, state, {
      fields: isOurs ? { ...state.fields, status: "offline" } : state.fields,
      customFields: { ...state.customFields, [missingField]: since },
    });
  }

  /** A guest that bears discovery's tag in NetBox, that neither Proxmox VE nor the state knows. */
  private orphan(view: Reached, row: Row, there: Map<number, unknown>): void {
    const { site, stack, netbox, now } = this.facts;
    const vmid = Number(customFieldOf(row, site.customFields.vmid));
    const tag = discoveredTags.find((each) => tagSlugs(row).includes(each));
    if (
      tag === undefined ||
      this.knownIds.has(row.id) ||
      this.taken.has(`virtualMachine/${row.id}`) ||
      !vmid ||
      there.has(vmid) ||
      view.unseen.has(vmid)
    )
      return;
    if (tagSlugs(row).includes(site.adoptTag) || !view.isQuorate) return;
    const madeByUs = netbox.madeByUs.has(`virtualMachine/${row.id}`);
    const since = customFieldOf(row, missingField) ?? printTime(now);
    this.report.push(
      this.row(view.name, vmid, { fields: { name: row.name } }, row, "gone", [
        `missing since ${since}: ${madeByUs ? (this.isOver(since) ? "removed by the run after this one" : "kept") : "left, as another stack or a person made it"}`,
      ]),
    );
    this.machines.push({
      kind: "machine",
      name: guestName(view.name, vmid),
      args: {
        ...{ netboxUrl: netbox.url, stack, type: "virtualMachine", removal: "delete", objectId: row.id },
        ...(madeByUs ? { madeByUs } : {}),
        fields: { name: row.name, cluster: view.name },
        customFields: this.typed({ [site.customFields.vmid]: String(vmid), [missingField]: since }),
        tags: [tag],
      },
    });
  }

  /** The report of a cluster that is only looked at. */
  private vanishedOnly(view: Reached): void {
    const there = new Set(view.all.map(({ vmid }) => vmid));
    const { site } = this.facts;
    for (const row of this.documented.machines(view.name)) {
      const vmid = Number(customFieldOf(row, site.customFields.vmid));
      const isDiscovered = discoveredTags.some((tag) => tagSlugs(row).includes(tag));
      if (isDiscovered && vmid && !there.has(vmid) && view.isQuorate)
        this.report.push(
          this.row(view.name, vmid, { fields: { name: row.name } }, row, "gone", ["Proxmox VE has it no more"]),
        );
    }
  }
}

const printTime = (now: Date): string => `${now.toISOString().slice(0, 16)}Z`;

const nameOfNested = (nested: unknown): string | undefined => (isRecord(nested) ? String(nested.name) : undefined);

const urlOf = ({ url }: NetboxView, there: Pick<Row, "id"> | undefined): { url?: string } =>
  there === undefined ? {} : { url: `${url}/virtualization/virtual-machines/${there.id}/` };

/** What an agent said before, where it says nothing now. */
function keepSeenAddresses(args: Pick<MachineArgs, "interfaces" | "primary">, state: MachineState): void {
  for (const [name, each] of Object.entries(args.interfaces ?? {})) {
    const before = state.interfaces[name]?.addresses ?? [];
    const hosts = new Set((each.addresses ?? []).map((address) => address.split("/")[0]));
    each.addresses = [...(each.addresses ?? []), ...before.filter((address) => !hosts.has(address.split("/")[0]))];
  }
  if (args.primary === undefined && state.primary !== undefined) args.primary = state.primary;
}
