import { expect } from "vitest";
import { stringify } from "yaml";
import type { Seed } from "../../lab/seed";
import { UserError } from "../../providers/errors";
import { effects } from "../../stacks/plan/change";
import type { Stack } from "../../tools/stack";
import { HandChanges } from "./byhand";
import { Chance } from "./chance";
import { previewIsEqual, problemsOf, programOf } from "./enginesteps";
import { NetboxChanges } from "./netboxchanges";
import { demoSeed, seedWith, TestSystems } from "./systems";

/** The demo's guests and some more, whose custom fields hold options too. */
function worldSeed(chance: Chance): Seed {
  const seed = demoSeed();
  const more = Array.from({ length: 8 }, (_, n) => ({
    name: `g${n}`,
    status: chance.pick(["active", "active", "staged", "offline"]),
    vcpus: 1 + chance.below(4),
    memory: 512 * (1 + chance.below(4)),
    description: chance.pick(["", "ünïcode – “quotes”"]),
    tags: ["web", "database"].filter(() => chance.next() < 0.5),
    disks: [{ name: "scsi0", size: 4096 + 512 * chance.below(8) }],
    interfaces: [
      {
        name: "net0",
        vlan: 71,
        addresses: [{ address: `10.71.0.${60 + n}/24`, dnsName: `g${n}.lab.example` }],
      },
      { name: "net1", vlan: 72, customFields: { allocate_from: "vlan" } },
    ],
  }));
  const field = (name: string, type: string) => ({ name, type, objectTypes: ["virtualization.virtualmachine"] });
  const names = ["cpuunits", "startup", "protection"].map((name) => `proxmox_option_${name}`);
  return {
    ...seed,
    netbox: {
      ...seed.netbox,
      guests: [...seed.netbox.guests, ...seedWith(stringify(more)).netbox.guests],
      customFields: [...seed.netbox.customFields, ...[...names, "proxmox_rebuild"].map((name) => field(name, "text"))],
    },
  };
}

/** Everything may be changed at once: limits are another test's. */
const limits = Object.fromEntries(effects.map((effect) => [effect, "all"]));

/**
 * A site that was built, in which batches of random changes are made: after each one the simulation is equal to the engine's preview.
 */
export class EqualWorld {
  private readonly netbox: NetboxChanges;
  private readonly hands: HandChanges;
  /** What was changed since the last comparison. */
  private made: string[] = [];

  private constructor(
    readonly systems: TestSystems,
    readonly stack: Stack,
    chance: Chance,
  ) {
    this.netbox = new NetboxChanges(systems.clients, chance);
    this.hands = new HandChanges(systems, chance);
  }

  static async open(seed: number): Promise<EqualWorld> {
    const chance = new Chance(seed);
    const systems = await TestSystems.open(worldSeed(chance), {}, "lab");
    const site = { protect: false, limits, missing: "remove" };
    const defaults = { ...Object(systems.config().defaults), snapshotBefore: ["disks"] };
    const stack = await systems.stack({ site, defaults });
    return new EqualWorld(systems, stack, chance);
  }

  /** Makes the plan so, as far as Proxmox VE takes it: what it refuses, as a container's move that runs, the next plan has again. */
  async up(): Promise<void> {
    const { code, output } = await this.stack.up();
    // It ran to its end.
    expect(code, output).not.toBe(-1);
  }

  /** So many changes in NetBox that the program takes: what it refuses is taken back. */
  async change(count: number): Promise<void> {
    for (let made = 0; made < count; ) {
      const { what, undo } = await this.netbox.any();
      const refused = await programOf(this.stack, false).then(
        (plan) => (problemsOf(plan).length > 0 ? new UserError("a check fails") : undefined),
        (error: unknown) => error,
      );
      if (refused !== undefined && !(refused instanceof UserError)) throw refused;
      if (refused === undefined) {
        made++;
        this.made.push(what);
      } else await undo();
    }
  }

  /** So many changes by hand. */
  async meddle(count: number): Promise<void> {
    for (let made = 0; made < count; made++) this.made.push(await this.hands.any());
  }

  /** @returns how many resources would change */
  async compare(drift: boolean): Promise<number> {
    const made = this.made;
    this.made = [];
    return previewIsEqual(this.stack, drift).catch((error: unknown) => {
      // What led there makes it again.
      console.error(made.join("\n"));
      throw error;
    });
  }

  close(): Promise<void> {
    return this.systems.close();
  }
}
