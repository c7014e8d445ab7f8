import { machineHandler } from "../../providers/netbox/objects/machine.handler";
import { type MachineState, machineState } from "../../providers/netbox/objects/machine.model";
import { objectHandler } from "../../providers/netbox/objects/object.handler";
import { type ObjectState, objectState } from "../../providers/netbox/objects/object.model";
import { printMark } from "../../providers/ownership/mark";
import { Self } from "../../providers/ownership/owner";
import { descriptionFrom, type Observed } from "../../providers/proxmox/nodes/guest.model";
import {
  changedContainerFields,
  containerChanges,
  containerFromApi,
} from "../../providers/proxmox/nodes/lxc/container.model";
import { changedVmFields, vmChanges, vmFromApi } from "../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestConfig, GuestResource } from "../../providers/proxmox/schemas";
import { planDiscovery } from "../../stacks/discovery/desired/plan";
import type { DiscoveryPlan, KnownMachines, SeenMachine } from "../../stacks/discovery/desired/types";
import { readNetboxView } from "../../stacks/discovery/facts";
import { chosenClusters } from "../../stacks/discovery/settings";
import type { Settings } from "../../stacks/settings";
import { desiredGuests } from "../../stacks/site/desired/guests";
import { withAddresses } from "../../stacks/site/desired/machines";
import type { DesiredGuest, KnownGuest, ProxmoxFacts, Site } from "../../stacks/site/desired/types";
import { readNetbox, seenFrom } from "../../stacks/site/facts";
import { siteWith } from "../stacks/site/desired/example";
import { TestSystems } from "./systems";

// Guests on their way from Proxmox VE into NetBox and to the site program: real facts, plans and writes, with the lab's NetBox.

export const cluster = "pve-lab";
const stack = "netbox-proxmox/discovery";

/** Does what a plan of discovery declares, as the engine would, and keeps what each handler answers. */
export async function makeDeclared(
  { declared }: Pick<DiscoveryPlan, "declared">,
  known: KnownMachines,
  knownObjects: Map<string, ObjectState>,
): Promise<void> {
  for (const { kind, name, args } of declared) {
    const raw = { ...args };
    if (kind === "machine") {
      const before = known.get(name);
      const after = before
        ? await machineHandler.update(String(before.netboxId), before, raw)
        : (await machineHandler.create(raw)).state;
      known.set(name, machineState.parse(after));
    } else if (!knownObjects.has(name))
      knownObjects.set(name, objectState.parse((await objectHandler.create(raw)).state));
  }
}

export class HandOver {
  private readonly netbox;
  private readonly self: Self;
  private readonly known: KnownMachines = new Map();
  private readonly knownObjects = new Map<string, ObjectState>();

  constructor(
    private readonly systems: TestSystems,
    private readonly settings: Settings,
  ) {
    this.netbox = systems.context({}, {}, systems.endpoints).netbox;
    this.self = new Self(stack, this.netbox.url);
  }

  /** What discovery would do. */
  async plan(machines: SeenMachine[]): Promise<DiscoveryPlan> {
    const netbox = await readNetboxView(this.netbox, [cluster], this.self, new Set(), false);
    return planDiscovery({
      ...{ stack, settings: this.settings.discovery, site: this.settings.site, netbox, now: new Date(0) },
      chosen: chosenClusters(this.settings.discovery, [cluster]),
      views: [
        {
          ...{ name: cluster, isQuorate: true, machines, unseen: new Set(), storages: ["ceph", "local", "local-lvm"] },
          nodes: [{ node: "pve1", online: true, interfaces: [] }],
          all: machines.map(listed),
        },
      ],
      ...{ known: this.known, knownObjects: this.knownObjects },
    });
  }

  /** Does it. */
  async discover(machines: SeenMachine[]): Promise<DiscoveryPlan> {
    const plan = await this.plan(machines);
    await makeDeclared(plan, this.known, this.knownObjects);
    return plan;
  }

  /** Gives every machine the tag that hands it over. */
  async adopt(): Promise<void> {
    const rows = await this.systems.clients.all<{ id: number; tags: { slug: string }[] }>(
      "virtualization/virtual-machines",
    );
    const { adoptTag } = this.settings.site;
    await this.systems.clients.netbox(
      "PATCH",
      "virtualization/virtual-machines/",
      rows.map(({ id, tags }) => ({ id, tags: [...tags.map(({ slug }) => ({ slug })), { slug: adoptTag }] })),
    );
  }

  /** What the site program wants of these guests. @param known those that are in its state */
  async site(
    machines: SeenMachine[],
    known: Map<number, KnownGuest> = new Map(),
  ): Promise<ReturnType<typeof desiredGuests>> {
    const read = await readNetbox(this.netbox, [cluster], this.settings);
    const proxmox: ProxmoxFacts = {
      guests: new Map(machines.map((each) => [each.vmid, listed(each)])),
      seen: new Map(
        machines.map(({ vmid, type, name, config }) => [vmid, seenFrom(vmid, type, name, config, this.self)]),
      ),
      nodes: [{ node: "pve1", online: true, memory: 0 }],
      ...{ templates: new Map(), storages: [], bridges: new Map(), osTemplates: new Map() },
    };
    const facts: Site = siteWith({ settings: this.settings, netbox: read, state: { guests: known } });
    facts.proxmox.set(cluster, proxmox);
    return desiredGuests(facts);
  }

  async empty(): Promise<void> {
    this.known.clear();
    this.knownObjects.clear();
    for (const path of ["virtualization/virtual-machines", "ipam/ip-addresses", "ipam/prefixes", "dcim/devices"]) {
      const rows = await this.systems.clients.all<{ id: number }>(path);
      if (rows.length > 0)
        await this.systems.clients.netbox(
          "DELETE",
          `${path}/`,
          rows.map(({ id }) => ({ id })),
        );
    }
  }

  /** The machines as discovery's state has them. */
  get machines(): MachineState[] {
    return [...this.known.values()];
  }
}

const listed = ({ vmid, type, node, name, status, pool, tags }: SeenMachine): GuestResource => ({
  ...{ vmid, type, node, name, status, pool, tags, template: false, memory: 0, hasHa: false },
});

const observed = (machine: SeenMachine): Observed => ({
  power: machine.status === "running" ? "running" : "stopped",
  ...{ pool: machine.pool, ha: undefined },
});

/** What the site program would change of a guest that it takes over: in its run, and in the one after that. */
export function changesOf(guest: DesiredGuest, machine: SeenMachine): { change: object; state: KnownGuest } {
  const wanted = withAddresses(guest);
  const config: GuestConfig = {
    ...machine.config,
    description: [descriptionFrom(machine.config), printMark(guest.mark, true)]
      .filter((part) => part !== "")
      .join("\n\n"),
  };
  const { changes, after } =
    wanted.type === "qemu"
      ? { changes: vmChanges(config, wanted.inputs), after: vmFromApi(config, observed(machine), wanted.inputs) }
      : {
          changes: containerChanges(config, wanted.inputs),
          after: containerFromApi(config, observed(machine), wanted.inputs),
        };
  const power = after.power === wanted.inputs.power ? {} : { power: [after.power, wanted.inputs.power] };
  const { cluster: name, vmid } = after;
  return {
    change: { ...changes, ...power },
    state: { type: wanted.type, name: after.name, cluster: name, vmid, last: { ...after } },
  };
}

/** The fields of a guest that differ from its state. */
export function differences(guest: DesiredGuest, { last }: KnownGuest): Record<string, unknown[]> {
  const { type, inputs } = withAddresses(guest);
  const after: Record<string, unknown> = { ...inputs };
  const fields: string[] = type === "qemu" ? changedVmFields(last, inputs) : changedContainerFields(last, inputs);
  return Object.fromEntries(
    fields.filter((field) => field !== "node").map((field) => [field, [last[field], after[field]]]),
  );
}

export const noChange = { set: {}, remove: [], revert: [], resize: [], move: [], password: false, cloudInit: false };
