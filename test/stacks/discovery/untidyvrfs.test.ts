import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Context } from "../../../providers/context";
import { machineHandler } from "../../../providers/netbox/objects/machine.handler";
import { machineState } from "../../../providers/netbox/objects/machine.model";
import { objectHandler } from "../../../providers/netbox/objects/object.handler";
import { Self } from "../../../providers/ownership/owner";
import { discoveryGrants, discoveryPermissions } from "../../../stacks/access/privileges";
import { agentView } from "../../../stacks/discovery/desired/agent";
import { planDiscovery } from "../../../stacks/discovery/desired/plan";
import { type AgentView, isReached, type KnownMachines } from "../../../stacks/discovery/desired/types";
import { readCluster, readNetboxView } from "../../../stacks/discovery/facts";
import { chosenClusters } from "../../../stacks/discovery/settings";
import { readSettings } from "../../../stacks/settings";
import { seedWith, TestSystems } from "../../harness/systems";

// Discovery into a NetBox with VRFs, of which Proxmox VE knows nothing.

interface Made {
  id: number;
}

let systems: TestSystems | undefined;
let context: Context;
/** What its agent says, where a test has it say something. */
let agent: AgentView | undefined;

afterEach(async () => {
  await systems?.close();
  systems = undefined;
  agent = undefined;
});

const netbox = (method: string, path: string, body?: object) =>
  systems?.clients.netbox(method, path, body) as Promise<Made>;

/** One guest on Proxmox VE, and nothing of it in NetBox. */
async function open(config: Record<string, string> = {}): Promise<void> {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
  context = systems.context({}, {}, await systems.reachAs("discovery", discoveryGrants, discoveryPermissions));
  const net0 = "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=71";
  const all = { name: "box", memory: 64, net0, ipconfig0: "ip=10.9.0.5/24,gw=10.9.0.1", ...config };
  await systems.clients.proxmox("POST", "/nodes/pve1/qemu", { vmid: 7000, ...all });
}

async function plan(settings: object = {}, known: KnownMachines = new Map()) {
  const config: Record<string, unknown> = {
    ...systems?.config(),
    discovery: { syncNodes: false, vmids: [7000], ...settings },
  };
  const read = readSettings({ get: (key) => JSON.stringify(config[key]) }, ["pve-lab"]);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const { discovery, site } = read.value;
  const chosen = chosenClusters(discovery, ["pve-lab"]);
  const self = new Self("netbox-proxmox/discovery", context.netbox.url);
  const names = [...chosen.values()].some(({ vrf, vrfs }) => vrf !== undefined || vrfs !== undefined);
  const view = await readCluster(context.cluster("pve-lab"), chosen.get("pve-lab") ?? {}, 5, []);
  if (isReached(view)) view.machines = view.machines.map((machine) => ({ ...machine, ...(agent && { agent }) }));
  return planDiscovery({
    ...{ stack: self.stack, settings: discovery, site, chosen, known, knownObjects: new Map(), now: new Date(0) },
    netbox: await readNetboxView(context.netbox, [...chosen.keys()], self, new Set(), names),
    views: [view],
  });
}

const inVrf = z.object({ vrf: z.object({ name: z.string() }).nullable() });
const rows = z.array(inVrf.extend({ prefix: z.string().optional(), address: z.string().optional() }));

/** Makes what the plan has. @returns the guest's state */
async function apply(settings: object = {}): Promise<unknown> {
  let state: unknown;
  for (const { kind, args } of (await plan(settings)).declared)
    state = (await (kind === "machine" ? machineHandler : objectHandler).create({ ...args })).state;
  return state;
}

/** NetBox's addresses and prefixes of the guest's network, with their VRFs, once the plan is made. */
async function applied(settings: object = {}): Promise<string[]> {
  await apply(settings);
  return held();
}

async function held(): Promise<string[]> {
  const [prefixes, addresses] = await Promise.all([
    systems?.clients.all("ipam/prefixes", "&within_include=10.9.0.0/16"),
    systems?.clients.all("ipam/ip-addresses", "&parent=10.9.0.0/16"),
  ]);
  return [...rows.parse(prefixes), ...rows.parse(addresses)].map(
    ({ prefix, address, vrf }) => `${prefix ?? address} ${vrf?.name ?? "global"}`,
  );
}

async function vrfs(...names: string[]): Promise<number[]> {
  const made: number[] = [];
  for (const name of names) made.push((await netbox("POST", "ipam/vrfs/", { name, rd: `65000:${made.length}` })).id);
  return made;
}
const prefixIn = (vrf: number | undefined, more: object = {}) =>
  netbox("POST", "ipam/prefixes/", { prefix: "10.9.0.0/24", vrf, ...more });

describe("an address that Proxmox VE has", () => {
  it("is put into the one VRF that has its prefix, and nothing is made in the global table", async () => {
    await open();
    const [blue] = await vrfs("blue");
    await prefixIn(blue);
    expect(await applied()).toEqual(["10.9.0.0/24 blue", "10.9.0.5/24 blue"]);
  });

  it("is the one that NetBox has unassigned in a VRF", async () => {
    await open();
    const [blue] = await vrfs("blue");
    await netbox("POST", "ipam/ip-addresses/", { address: "10.9.0.5/24", vrf: blue });
    expect(await applied()).toEqual(["10.9.0.0/24 blue", "10.9.0.5/24 blue"]);
  });

  it("goes by the prefix of its VLAN, where two VRFs have the network", async () => {
    await open();
    const [blue, red] = await vrfs("blue", "red");
    const [vlan] = (await systems?.clients.all<Made>("ipam/vlans", "&vid=71")) ?? [];
    await prefixIn(blue);
    await prefixIn(red, { vlan: vlan?.id });
    expect(await applied()).toEqual(["10.9.0.0/24 blue", "10.9.0.0/24 red", "10.9.0.5/24 red"]);
  });

  it("is left out where two VRFs could have it, naming both, until a setting says which", async () => {
    await open();
    const [blue, red] = await vrfs("blue", "red");
    await prefixIn(blue);
    await prefixIn(red);
    const { report, declared } = await plan();
    expect(report).toMatchObject([
      { change: "conflicting", details: [expect.stringMatching(/10\.9\.0\.5\/24 could be in VRF blue or in VRF red/)] },
    ]);
    expect(JSON.stringify(declared)).toContain('"addresses":[]');
    for (const [settings, vrf] of [
      [{ vrf: "red" }, red],
      [{ vrf: "65000:0" }, blue],
      [{ vrf: "red", clusters: { "pve-lab": { vrf: String(blue) } } }, blue],
      [{ vrf: "blue", vrfs: { vmbr0: "red" } }, red],
      [{ vrfs: { vmbr0: "red", "71": "blue" } }, blue],
      [{ vrfs: { "71": "blue", "vmbr0.71": "red" } }, red],
    ] as const)
      expect(JSON.stringify((await plan(settings)).declared)).toContain(`"10.9.0.5/24 vrf:${vrf}"`);
    expect(JSON.stringify((await plan({ vrf: "global" })).declared)).toContain('"addresses":["10.9.0.5/24"]');
    expect((await plan({ vrf: "green" })).problems).toEqual([expect.stringMatching(/no VRF "green"/)]);
    expect(await applied({ vrf: "red" })).toEqual(["10.9.0.0/24 blue", "10.9.0.0/24 red", "10.9.0.5/24 red"]);
  });

  it("stays where it is once it is on the guest, in a state that doesn't say it, too", async () => {
    await open();
    const [blue, red] = await vrfs("blue", "red");
    await prefixIn(blue);
    await prefixIn(red);
    const state = await apply({ vrf: "red" });
    // As a version wrote it that knew no VRFs.
    const older = JSON.stringify(state).replaceAll(" vrf:2", "");
    for (const text of [JSON.stringify(state), older]) {
      const known = machineState.parse(JSON.parse(text));
      const { report } = await plan({}, new Map([["guest-pve-lab-7000", known]]));
      expect(report).toMatchObject([{ change: "same", details: [] }]);
    }
  });

  it("that several machines share is left where people documented it", async () => {
    await open({ ipconfig0: "ip=10.9.0.9/24" });
    await prefixIn(undefined);
    const { id } = await netbox("POST", "ipam/ip-addresses/", { address: "10.9.0.9/24", role: "vip" });
    expect((await plan()).report).toMatchObject([{ change: "new", details: [] }]);
    expect(await applied()).toEqual(["10.9.0.0/24 global", "10.9.0.9/24 global"]);
    expect(await netbox("GET", `ipam/ip-addresses/${id}/`)).toMatchObject({ assigned_object_id: null });
  });

  it("is not taken for the guest's because something of another kind has the interface's id", async () => {
    await open();
    await prefixIn(undefined);
    const device = (await netbox("GET", "dcim/devices/?limit=1")) as unknown as { results: Made[] };
    const nic = await netbox("POST", "dcim/interfaces/", { device: device.results[0]?.id, name: "x", type: "other" });
    await netbox("POST", "ipam/ip-addresses/", {
      ...{ address: "10.9.0.5/24", assigned_object_type: "dcim.interface", assigned_object_id: nic.id },
    });
    const known = machineState.parse(await apply());
    // The guest's interface has the number that the device's has.
    expect(known.parts["interfaces/net0"]?.id).toBe(nic.id);
    const { report } = await plan({}, new Map([["guest-pve-lab-7000", known]]));
    expect(report[0]?.details.join()).toMatch(/10\.9\.0\.5\/24 belongs to another object/);
  });

  it("goes by the VRF of the interface that a person called otherwise", async () => {
    await open();
    const [blue, red] = await vrfs("blue", "red");
    await prefixIn(blue);
    await prefixIn(red);
    const cluster = { name: "pve-lab" };
    const vm = await netbox("POST", "virtualization/virtual-machines/", { name: "box", cluster, status: "offline" });
    await netbox("POST", "virtualization/interfaces/", { virtual_machine: vm.id, name: "uplink", vrf: red });
    expect(await applied()).toEqual(["10.9.0.0/24 blue", "10.9.0.0/24 red", "10.9.0.5/24 red"]);
  });

  it("is two guests' in two VRFs, and one guest's in one", async () => {
    await open();
    const ids = await vrfs("blue", "red");
    for (const vrf of ids) await prefixIn(vrf);
    for (const [vmid, bridge] of [
      [7001, "vmbr1"],
      [7002, "vmbr1"],
    ] as const)
      await systems?.clients.proxmox("POST", "/nodes/pve1/qemu", {
        ...{ vmid, name: `box${vmid}`, memory: 64, net0: `virtio=BC:24:11:00:00:0${vmid - 6999},bridge=${bridge}` },
        ipconfig0: "ip=10.9.0.5/24",
      });
    const { report } = await plan({ vmids: [7000, 7001, 7002], vrfs: { vmbr0: "blue", vmbr1: "red" } });
    expect(report.map(({ vmid, details }) => [vmid, details])).toEqual([
      [7000, []],
      [7001, []],
      [7002, [expect.stringMatching(/10\.9\.0\.5\/24 belongs to another object/)]],
    ]);
  });

  it("has the gateway of its VRF's prefix, and keeps another one on Proxmox VE", async () => {
    await open({ ide2: "local-lvm:cloudinit" });
    const [blue, red] = await vrfs("blue", "red");
    await prefixIn(blue, { custom_fields: { gateway: "10.9.0.1" } });
    await prefixIn(red, { custom_fields: { gateway: "10.9.0.254" } });
    expect(JSON.stringify((await plan({ vrf: "blue" })).declared)).not.toContain('"allocate_from":"kept"');
    expect(JSON.stringify((await plan({ vrf: "red" })).declared)).toContain('"allocate_from":"kept"');
  });

  it("that several machines share stays on Proxmox VE where a guest is configured with it", async () => {
    await open({ ide2: "local-lvm:cloudinit", ipconfig0: "ip=10.9.0.9/24" });
    await prefixIn(undefined);
    const known = machineState.parse(await apply());
    const address = Object.values(known.parts).find((each) => each.address !== undefined);
    await netbox("PATCH", `ipam/ip-addresses/${address?.id}/`, { role: "vip" });
    const { declared } = await plan({}, new Map([["guest-pve-lab-7000", known]]));
    expect(JSON.stringify(declared)).toContain('"addresses":["10.9.0.9/24"]');
    expect(JSON.stringify(declared)).toContain('"allocate_from":"kept"');
  });
});

describe("a VLAN number that several places have", () => {
  /** VLAN 71 of another site, as old as NetBox, and others beside it. */
  const setUp = async (...vlans: object[]) => {
    await open({ ipconfig0: "" });
    const site = (await netbox("POST", "dcim/sites/", { name: "Other", slug: "other" })).id;
    const [old] = (await systems?.clients.all<Made>("ipam/vlans", "&vid=71")) ?? [];
    await netbox("PATCH", `ipam/vlans/${old?.id}/`, { site });
    const ids: number[] = [];
    for (const vlan of vlans) ids.push((await netbox("POST", "ipam/vlans/", { vid: 71, name: "servers", ...vlan })).id);
    return { old: old?.id, ids };
  };
  /** The VLAN that the guest's interface has once the plan is made. */
  const vlanOf = async (settings: object = {}) => {
    const known = machineState.parse(await apply(settings));
    const nic = await netbox("GET", `virtualization/interfaces/${known.parts["interfaces/net0"]?.id}/`);
    return { known, vlan: z.object({ untagged_vlan: z.object({ id: z.number() }) }).parse(nic).untagged_vlan.id };
  };

  it("is the cluster's site's", async () => {
    const { ids } = await setUp({ site: { slug: "lab" } });
    const { known, vlan } = await vlanOf();
    expect(vlan).toBe(ids[0]);
    const { report } = await plan({}, new Map([["guest-pve-lab-7000", known]]));
    expect(report).toMatchObject([{ change: "same", details: [] }]);
  });

  it("is made where only another site has it", async () => {
    const { old } = await setUp();
    const { vlan } = await vlanOf();
    expect(vlan).not.toBe(old);
  });

  it("leaves the guest out where two could be meant, naming both, until a setting names the group", async () => {
    await setUp();
    const groups: number[] = [];
    for (const name of ["Left", "Right"])
      groups.push((await netbox("POST", "ipam/vlan-groups/", { name, slug: name.toLowerCase() })).id);
    const ids: number[] = [];
    for (const group of groups) ids.push((await netbox("POST", "ipam/vlans/", { vid: 71, name: "servers", group })).id);
    const { report, declared } = await plan();
    expect(report).toMatchObject([
      { change: "conflicting", details: [expect.stringMatching(new RegExp(`/vlans/${ids[0]}/.*/vlans/${ids[1]}/`))] },
    ]);
    expect(declared.filter(({ kind }) => kind === "machine")).toEqual([]);
    expect((await vlanOf({ vlanGroup: "Right" })).vlan).toBe(ids[1]);
  });
});

describe("what a guest made on its NIC", () => {
  const mac = "BC:24:11:00:00:01";
  const inside = (...all: { name: string; addresses: string[] }[]): AgentView =>
    agentView(all.map((each) => ({ ...each, mac })));
  const trunk = { net0: `virtio=${mac},bridge=vmbr0`, ipconfig0: "" };
  const child = inside(
    { name: "ens18", addresses: ["10.9.0.5/24"] },
    { name: "ens18.72", addresses: ["10.9.72.5/24"] },
  );
  const interfaces = z.array(
    z.object({ name: z.string(), untagged_vlan: z.object({ id: z.number(), vid: z.number() }).nullable() }),
  );
  const vlans = async () =>
    interfaces
      .parse(await systems?.clients.all("virtualization/interfaces"))
      .map(({ name, untagged_vlan }) => `${name} ${untagged_vlan?.vid ?? "none"}`);

  it("is in the VRF that the settings name for its bridge and VLAN, as the NIC is", async () => {
    await open(trunk);
    await vrfs("blue", "red");
    agent = child;
    const settings = { vrfs: { vmbr0: "blue", "vmbr0.72": "red" } };
    expect((await applied(settings)).filter((text) => /\.5\/24/.test(text))).toEqual([
      "10.9.0.5/24 blue",
      "10.9.72.5/24 red",
    ]);
    expect((await vlans()).filter((text) => /net0|ens18/.test(text))).toEqual(["ens18.72 72", "net0 none"]);
  });

  it("is in the VRF of its bridge where its VLAN is not named, and so are aliases and bridges on the NIC", async () => {
    await open(trunk);
    await vrfs("blue");
    agent = inside(
      { name: "ens18", addresses: [] },
      { name: "ens18:1", addresses: ["10.9.0.6/24"] },
      { name: "br0", addresses: ["10.9.0.7/24"] },
      { name: "vlan72", addresses: ["10.9.72.5/24"] },
    );
    expect(
      (await applied({ vrfs: { vmbr0: "blue" } })).filter((text) => /\.\d\/24/.test(text) && !text.includes(".0/24")),
    ).toEqual([...["10.9.0.6/24 blue", "10.9.0.7/24 blue", "10.9.72.5/24 blue"]]);
  });

  it("has the VLAN of the group that the settings name, and none where two could be meant, which is told", async () => {
    await open(trunk);
    const ids: number[] = [];
    for (const name of ["Left", "Right"]) {
      const group = (await netbox("POST", "ipam/vlan-groups/", { name, slug: name.toLowerCase() })).id;
      ids.push((await netbox("POST", "ipam/vlans/", { vid: 172, name: "servers", group })).id);
    }
    agent = inside({ name: "ens18", addresses: ["10.9.0.5/24"] }, { name: "ens18.172", addresses: ["10.9.72.5/24"] });
    const { report, declared } = await plan();
    expect(report).toMatchObject([
      {
        change: "conflicting",
        details: expect.arrayContaining([expect.stringMatching(/ens18\.172\.untaggedVlan: NetBox has 2 VLANs 172/)]),
      },
    ]);
    expect(declared.some(({ kind }) => kind === "machine")).toBe(true);
    const known = machineState.parse(await apply({ vlanGroup: "Right" }));
    const row = await netbox("GET", `virtualization/interfaces/${known.parts["interfaces/ens18.172"]?.id}/`);
    expect(row).toMatchObject({ untagged_vlan: { id: ids[1] }, mode: { value: "access" } });
    const again = await plan({ vlanGroup: "Right" }, new Map([["guest-pve-lab-7000", known]]));
    expect(again.report).toMatchObject([{ change: "same", details: [] }]);
  });

  it("is no VLAN of the network's on a NIC with a tag of its own", async () => {
    await open({ ipconfig0: "" });
    agent = child;
    await apply();
    expect(await vlans()).toContain("ens18.72 none");
  });
});
