import { afterEach, describe, expect, it } from "vitest";
import { isRelease, releases } from "../../../lab/netbox/releases";
import { clusterResources, guestStatus } from "../../../providers/proxmox/schemas";
import { isNewEnough } from "../../../stacks/systems";
import { planOf, stateWith } from "../../harness/plan";
import { isReal } from "../../harness/services";
import { demoSeed, seedWith, TestSystems } from "../../harness/systems";

// What other releases and rules of NetBox and Proxmox VE say, as a plan takes it.

const guest = (name: string, more = "") => `
- name: ${name}
  vcpus: 1
  memory: 1024
  disks: [{ name: scsi0, size: 8192 }]
  interfaces: [{ name: net0, vlan: 71, addresses: [10.71.0.${30 + Number(name.slice(-1))}/24] }]${more}`;

describe.skipIf(isReal)("NetBox by its rules", () => {
  let systems: TestSystems;
  const open = async (guests: string) => {
    systems = await TestSystems.open(seedWith(guests), {}, "lab");
    return systems.lab.netbox.database;
  };
  afterEach(() => systems.close());

  it("start on boot that nobody chose switches nothing off, unless the settings say so", async () => {
    const database = await open([guest("web1"), guest("web2"), guest("web3")].join(""));
    const [, second, third] = database.rows("virtualMachine");
    if (second && third) {
      database.patch("virtualMachine", second, { start_on_boot: "on" });
      database.patch("virtualMachine", third, { start_on_boot: "laststate" });
    }
    const onboot = async (site: Record<string, unknown>, options: Record<string, unknown> = {}) => {
      const config = systems.config();
      const defaults = { ...JSON.parse(JSON.stringify(config.defaults)), options };
      const { guests } = await planOf(systems, { site, defaults });
      return guests.map(({ machine }) => machine.inputs.options?.onboot);
    };
    expect(await onboot({})).toEqual([undefined, 1, 1]);
    expect(await onboot({}, { onboot: 1 })).toEqual([1, 1, 1]);
    expect(await onboot({ startOnBoot: "netbox" }, { onboot: 1 })).toEqual([0, 1, 1]);
  });

  it("a status of its own stops nothing: what is there stays, nothing is made, and the settings can say what it means", async () => {
    const database = await open([guest("web1"), guest("web2")].join(""));
    const [first] = database.rows("virtualMachine");
    if (first) database.patch("virtualMachine", first, { status: "maintenance" });
    const plan = await planOf(systems);
    expect(plan.guests.map(({ name }) => name)).toEqual(["web2"]);
    expect(plan.warnings.join()).toMatch(/web1 \(\S+\): the status maintenance is this NetBox's own.*site.statuses/);
    const known = { type: "qemu" as const, name: "web1", cluster: "pve-lab", vmid: 100_001, last: {} };
    const built = await planOf(systems, {}, stateWith({ guests: new Map([[first?.id ?? 0, known]]) }));
    expect(built.guests.map(({ name, machine }) => [name, machine.inputs.inert])).toEqual([
      ["web1", true],
      ["web2", undefined],
    ]);
    const meant = await planOf(systems, { site: { statuses: { maintenance: "offline" } } });
    expect(meant.guests.map(({ machine }) => machine.inputs.power)).toEqual(["stopped", "running"]);
    expect(meant.warnings.join()).not.toMatch(/maintenance/);
  });

  it("machines without a cluster are listed once", async () => {
    const database = await open([guest("web1"), guest("web2"), guest("web3", "\n  status: planned")].join(""));
    const [first, , third] = database.rows("virtualMachine");
    const site = database.rows("site")[0]?.id;
    for (const each of [first, third]) if (each) database.patch("virtualMachine", each, { cluster: null, site });
    const { guests, warnings } = await planOf(systems);
    expect(guests.map(({ name }) => name)).toEqual(["web2"]);
    expect(warnings.filter((each) => /no cluster/.test(each))).toEqual([
      expect.stringMatching(/^web1 \(\S+\) has no cluster in NetBox, so nothing says which Proxmox VE it belongs to/),
    ]);
    const others = await planOf(systems, { site: { scope: { sites: ["elsewhere"] } } }).then(
      (plan) => plan.warnings,
      () => [],
    );
    expect(others.join()).not.toMatch(/no cluster/);
  });
});

describe.skipIf(isReal).each(Object.keys(releases).filter(isRelease))("NetBox %s", (release) => {
  it("gives the demo's guests, addresses and names as every other release does", async () => {
    const systems = await TestSystems.open(demoSeed(), {}, "lab", {}, release);
    try {
      const { guests, named, warnings } = await planOf(systems, { dns: { domain: "lab.example" } });
      expect(guests.map(({ name }) => name)).toContain("web01");
      expect(guests).toHaveLength(12);
      expect(named.records.length).toBeGreaterThan(5);
      expect(guests.every(({ machine }) => machine.inputs.options?.onboot === undefined)).toBe(true);
      expect(warnings).toEqual([]);
    } finally {
      await systems.close();
    }
  });
});

describe("Proxmox VE by its release", () => {
  it("may give a VMID as text", () => {
    expect(guestStatus.parse({ vmid: "101", status: "running" })).toEqual({ vmid: 101, status: "running" });
    const row = { type: "lxc", vmid: "102", node: "pve1", status: "stopped" };
    expect(clusterResources.parse([row]).guests.map(({ vmid }) => vmid)).toEqual([102]);
  });

  it("is taken from 7.4 on", () => {
    const takes = (version: string) => isNewEnough.proxmox(version);
    expect(["7.4-3", "7.4.17", "8.0.4", "9.2.11"].filter(takes)).toHaveLength(4);
    expect(["7.3-6", "6.4"].filter(takes)).toEqual([]);
  });
});
