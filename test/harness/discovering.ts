import type { Context } from "../../providers/context";
import { machineHandler } from "../../providers/netbox/objects/machine.handler";
import type { ObjectState } from "../../providers/netbox/objects/object.model";
import { Self } from "../../providers/ownership/owner";
import { discoveryGrants, discoveryPermissions } from "../../stacks/access/privileges";
import { vmidIn } from "../../stacks/discovery/desired/names";
import { planDiscovery } from "../../stacks/discovery/desired/plan";
import type { DiscoveryPlan, KnownMachines, ReportRow } from "../../stacks/discovery/desired/types";
import { readCluster, readNetboxView } from "../../stacks/discovery/facts";
import { chosenClusters } from "../../stacks/discovery/settings";
import { readSettings } from "../../stacks/settings";
import { makeDeclared } from "./handover";
import type { TestSystems } from "./systems";

/** Discovery run by run without the engine: real facts, plans and writes, with the state that they leave. */
export class Discovering {
  readonly known: KnownMachines = new Map();
  private readonly knownObjects = new Map<string, ObjectState>();

  private constructor(
    private readonly systems: TestSystems,
    private readonly context: Context,
    private readonly sections: Record<string, object>,
  ) {}

  /** With discovery's own rights. @param sections of the settings */
  static async open(systems: TestSystems, sections: Record<string, object> = {}): Promise<Discovering> {
    const reach = await systems.reachAs("discovery", discoveryGrants, discoveryPermissions);
    const netbox = { ...reach.netbox, ...sections.netbox };
    return new Discovering(systems, systems.context({}, {}, { ...reach, netbox }), sections);
  }

  async plan(): Promise<DiscoveryPlan> {
    const config: Record<string, unknown> = { ...this.systems.config(), ...this.sections };
    const clusters = this.context.proxmox.map(({ name }) => name);
    const read = readSettings({ get: (key) => JSON.stringify(config[key]) }, clusters);
    if ("problems" in read) throw new Error(JSON.stringify(read.problems));
    const { discovery, site } = read.value;
    const chosen = chosenClusters(discovery, clusters);
    const self = new Self("netbox-proxmox/discovery", this.context.netbox.url);
    const ids = new Set([...this.known.values()].map(({ type, netboxId }) => `${type}/${netboxId}`));
    const namesVrfs = [...chosen.values()].some(({ vrf, vrfs }) => vrf !== undefined || vrfs !== undefined);
    const known = (name: string) =>
      [...this.known.keys()].flatMap((key) => {
        const vmid = vmidIn(name, key);
        return vmid === undefined ? [] : [{ vmid }];
      });
    const [netbox, ...views] = await Promise.all([
      readNetboxView(this.context.netbox, [...chosen.keys()], self, ids, namesVrfs),
      ...[...chosen].map(([name, choices]) =>
        readCluster(this.context.cluster(name), choices, discovery.agentTimeout, known(name)),
      ),
    ]);
    return planDiscovery({
      ...{ stack: self.stack, settings: discovery, site, chosen, views, netbox, now: new Date() },
      ...{ known: this.known, knownObjects: this.knownObjects },
    });
  }

  /** Does what the plan has, and takes away what it has no more. */
  async run(): Promise<DiscoveryPlan> {
    const plan = await this.plan();
    const { problems, declared } = plan;
    if (problems.length > 0) throw new Error(problems.join("\n"));
    const wanted = new Set(declared.map(({ name }) => name));
    await makeDeclared(plan, this.known, this.knownObjects);
    for (const [name, state] of [...this.known])
      if (!wanted.has(name)) {
        await machineHandler.delete(String(state.netboxId), state);
        this.known.delete(name);
      }
    return plan;
  }
}

/** What a plan says of a guest. */
export const rowOf = ({ report }: Pick<DiscoveryPlan, "report">, vmid: number): ReportRow | undefined =>
  report.find((row) => row.vmid === vmid);
