import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { planOf, stateWith } from "../../harness/plan";
import { demoSeed, seedWith, TestSystems } from "../../harness/systems";

// What of Proxmox VE can't be read concerns one guest, node or storage: the site's plan goes on for the others.

const guests = `
- { name: one, interfaces: [{ name: net0, vlan: 71 }] }
- { name: two, interfaces: [{ name: net0, vlan: 71 }], customFields: { proxmox_vmid: "5000" } }
`;
const foreign = (vmid: number, node: string) =>
  ({ vmid, type: "qemu", node, template: false, running: false, config: { name: `f${vmid}`, memory: 64 } }) as const;

let systems: TestSystems;
beforeEach(async () => {
  const seed = seedWith(guests);
  const lab = seed.proxmox["pve-lab"] ?? expect.unreachable("the demo has it");
  lab.guests = [...lab.guests, foreign(5000, "pve1"), foreign(5001, "pve1")];
  systems = await TestSystems.open(seed, {}, "lab");
});
afterEach(() => systems.close());

const fails = (call: string, status = 500) =>
  systems.lab.set({ setup: "call", system: "proxmox", call, how: "status", status, times: 99 });
const plan = () => planOf(systems, { defaults: { template: 9000, bridge: "vmbr0" } });
const namesOf = ({ guests: all }: Awaited<ReturnType<typeof plan>>) => all.map(({ name }) => name);

describe("a guest of Proxmox VE that can't be read", () => {
  it("is told once with the cause, and stops nobody whose VMID it doesn't have", async () => {
    fails("^GET .*/500[01]/pending");
    const planned = await plan();
    expect(namesOf(planned)).toEqual(["one"]);
    const { warnings } = planned;
    expect(warnings.find((text) => text.startsWith("Guests of pve-lab that could not be read:"))).toMatch(
      /5000, 5001 \(500 [^)]*\)\. They stay as they are\.$/,
    );
    expect(
      warnings.filter((text) => /VMID 5000 on pve1 could not be read \(500 .*whose it is; run again/.test(text)),
    ).toHaveLength(1);
  });

  it("is neither made again nor taken away where the state has it and NetBox has more of it than the state", async () => {
    const last = { networks: {}, disks: {} };
    const known = { type: "qemu", name: "two", cluster: "pve-lab", vmid: 5000, last } as const;
    const [two] = await systems.clients.all<{ id: number }>("virtualization/virtual-machines", "&name=two");
    fails("^GET .*/5000/pending");
    const state = stateWith({ guests: new Map([[two?.id ?? 0, known]]) });
    const planned = await planOf(systems, { defaults: { template: 9000, bridge: "vmbr0" } }, state);
    expect(namesOf(planned)).toEqual(["one"]);
    expect(planned.orphans).toEqual([]);
    expect(planned.warnings.join("\n")).toMatch(/VMID 5000 on pve1 could not be read \(500 .*stands at its slots/);
  });

  it("is no namesake that may be passed over, where one is to be adopted", async () => {
    fails("^GET .*/5001/pending");
    const name = "f5001";
    await systems.clients.netbox("POST", "virtualization/virtual-machines/", { name, cluster: 1 });
    const adopting = await planOf(systems, { site: { adopt: true }, defaults: { template: 9000, bridge: "vmbr0" } });
    expect(adopting.warnings.join("\n")).toMatch(/f5001 .*VMID 5001 on pve1 has its name and could not be read/);
  });
});

describe("a template, node or storage that can't be read", () => {
  it("leaves out the guests that need it, with the cause", async () => {
    fails("^GET .*/9000/pending");
    await expect(plan()).rejects.toThrow(/template 9000 could not be read \(500 .*; run again/);
  });

  it("has no bridges that would be checked", async () => {
    fails("^GET .*/pve2/network", 595);
    const planned = await plan();
    expect(namesOf(planned)).toEqual(["one"]);
    expect(planned.warnings.join("\n")).toMatch(/Nodes of pve-lab whose bridges could not be read: pve2 \(595/);
  });

  it("is no reason to say that an OS template is missing", async () => {
    await systems.close();
    systems = await TestSystems.open(demoSeed(), {}, "lab");
    fails("^GET .*/storage/local/content");
    const planned = await plan();
    expect(planned.warnings.join("\n")).toMatch(
      /whether OS template local:\S+ is there, as local on pve1.* could not be read/,
    );
    expect(planned.warnings.join("\n")).not.toMatch(/is on no node of/);
  });
});
