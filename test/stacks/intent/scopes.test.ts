import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportVms, printVms } from "../../../cli/vms";
import type { Context } from "../../../providers/context";
import { machineHandler } from "../../../providers/netbox/objects/machine.handler";
import { type MachineState, machineState } from "../../../providers/netbox/objects/machine.model";
import { objectHandler } from "../../../providers/netbox/objects/object.handler";
import { intentPermissions } from "../../../stacks/access/privileges";
import { parseVms } from "../../../stacks/intent/desired/file";
import { planIntent } from "../../../stacks/intent/desired/plan";
import { readIntentView } from "../../../stacks/intent/facts";
import { customFieldsSchema } from "../../../stacks/netbox/customfields";
import type { DeclaredNetboxObject } from "../../../stacks/netbox/declared";
import { untidySeed } from "../../../tools/seeds";
import { type Body, NetboxCalls } from "../../harness/netboxcalls";
import { TestSystems } from "../../harness/systems";

// vms.yml beside a NetBox in which texts, numbers and names repeat: VRFs, VLAN groups, sites and tenants.

let systems: TestSystems;
let context: Context;
let calls: NetboxCalls;

beforeAll(async () => {
  systems = await TestSystems.open(untidySeed(), {}, "lab");
  context = systems.context({}, {}, await systems.reachAs("intent", [], intentPermissions));
  calls = new NetboxCalls(systems);
}, 60_000);
afterAll(() => systems.close());

const environment = "environment: { role: Proxmox VM, customFields: { cost_centre: IT } }\n";

async function plan(text: string, known: Map<string, MachineState> = new Map()) {
  const parsed = parseVms(text.startsWith("#") ? text : `${environment}${text}`, "vms.yml");
  if ("problems" in parsed) return { declared: [], problems: parsed.problems };
  const { value: file, placeOf } = parsed;
  const view = await readIntentView(context.netbox, file);
  const fields = customFieldsSchema.parse({});
  const facts = { stack: "netbox-proxmox/intent", file, placeOf, fields, view, known };
  return planIntent({ ...facts, knownObjects: new Set(), givenFields: {} });
}

/** Makes what the file wants. @returns the states of its guests */
async function made(text: string): Promise<Map<string, MachineState>> {
  const { declared, problems } = await plan(text);
  expect(problems).toEqual([]);
  const states = new Map<string, MachineState>();
  for (const { kind, name, args } of declared) {
    const { state } = await (kind === "machine" ? machineHandler : objectHandler).create({ ...args });
    if (kind === "machine") states.set(name, machineState.parse(state));
    else expect(objectHandler.diff({ ...state }, { ...args }).changes, name).toBe(false);
  }
  return states;
}

/** What the plan would change of guests that are made. */
async function changes(text: string, known: Map<string, MachineState>): Promise<string[]> {
  const { declared, problems } = await plan(text, known);
  const differing = declared.filter(
    ({ kind, name, args }) => kind === "machine" && machineHandler.diff({ ...known.get(name) }, { ...args }).changes,
  );
  return [...problems, ...differing.map(({ name }) => name)];
}

const interfaceOf = ({ declared }: { declared: DeclaredNetboxObject[] }) => {
  const machine = declared.find(({ kind }) => kind === "machine");
  return machine?.kind === "machine" ? machine.args.interfaces?.net0 : undefined;
};
const guest = (more: string, nic: string) =>
  `guests:\n  one: { cluster: berlin, ${more} interfaces: { net0: ${nic} } }\n`;
const addressesOf = async (host: string): Promise<string[]> =>
  (await calls.ok("GET", `ipam/ip-addresses/?address=${host}`)).results.map(
    ({ address, vrf }: Body) => `${address} ${vrf?.name ?? "global"}`,
  );

describe("an address in vms.yml", () => {
  it("is in the VRF that is named: by it, its interface, its guest or the environment", async () => {
    const text = `guests:
  vrf-a: { cluster: berlin, interfaces: { net0: { vrf: blue, addresses: [10.71.0.211/24] } } }
  vrf-b: { cluster: berlin, vrf: "65000:2", interfaces: { net0: { addresses: [10.71.0.211/24] } } }
  vrf-c: { cluster: berlin, interfaces: { net0: { addresses: [10.71.0.211/24, { address: 10.71.0.212/24, vrf: blue }] } } }
  vrf-d: { cluster: berlin, vrf: green, interfaces: { net0: { vrf: global, addresses: [{ next: 10.71.0.0/24, vrf: blue }, 10.71.0.213/24] } } }
`;
    const states = await made(text);
    expect((await addressesOf("10.71.0.211")).sort()).toEqual([
      "10.71.0.211/24 blue",
      "10.71.0.211/24 global",
      "10.71.0.211/24 green",
    ]);
    expect(await addressesOf("10.71.0.212")).toEqual(["10.71.0.212/24 blue"]);
    expect(await addressesOf("10.71.0.213")).toEqual(["10.71.0.213/24 global"]);
    const next = Object.values(states.get("vm-vrf-d")?.parts ?? {}).find(
      ({ address }) => address !== "10.71.0.213/24" && address,
    );
    expect(await addressesOf(next?.address ?? "")).toContain(`${next?.address} blue`);
    const [nic] = (await calls.ok("GET", "virtualization/interfaces/?virtual_machine=vrf-a")).results;
    expect(nic.vrf).toMatchObject({ name: "blue" });
    expect(await changes(text, states)).toEqual([]);
  });

  it("is in the one VRF that has a prefix for it, and in the global table where that has one or none does", async () => {
    await calls.make("ipam/prefixes", {
      prefix: "10.99.0.0/24",
      vrf: (await calls.ok("GET", "ipam/vrfs/?name=blue")).results[0].id,
    });
    const blue = (await calls.ok("GET", "ipam/vrfs/?name=blue")).results[0].id;
    const nic = interfaceOf(
      await plan(guest("", "{ addresses: [10.99.0.5/24, { next: 10.99.0.0/24 }, 10.71.0.5/24, 203.0.113.5/24] }")),
    );
    expect(nic?.addresses).toEqual([
      `10.99.0.5/24 vrf:${blue}`,
      `next 10.99.0.0/24 vrf:${blue}`,
      "10.71.0.5/24",
      "203.0.113.5/24",
    ]);
  });

  it.each([
    ["vrf: purple,", "{ addresses: [10.71.0.5/24] }", /vms\.yml:3:\d+: NetBox has no VRF "purple"; add it there$/],
    [
      "",
      "{ addresses: [{ next: 10.98.0.0/24 }] }",
      /: prefix 10\.98\.0\.0\/24 is in VRF (blue|green) and in VRF (blue|green); write the vrf that is meant$/,
    ],
    [
      "",
      "{ addresses: [10.98.0.7/24] }",
      /: 10\.98\.0\.7\/24 could be in VRF blue or in VRF green; write the vrf that is meant$/,
    ],
    [
      "vrf: loose,",
      "{ addresses: [{ next: 10.98.0.0/24 }] }",
      /NetBox has no prefix 10\.98\.0\.0\/24 in VRF loose; add it there/,
    ],
  ])("is refused where that is no VRF, or several: %s %s", async (more, nic, said) => {
    const blueAndGreen = (await calls.ok("GET", "ipam/vrfs/?name=blue&name=green")).results;
    for (const { id } of blueAndGreen)
      if ((await calls.ok("GET", `ipam/prefixes/?prefix=10.98.0.0/24&vrf_id=${id}`)).count === 0)
        await calls.make("ipam/prefixes", { prefix: "10.98.0.0/24", vrf: id });
    expect((await plan(guest(more, nic))).problems.join("\n")).toMatch(said);
  });

  it("is refused where two VRFs have the name, with both, and goes by the id", async () => {
    const twins = [];
    for (const rd of ["65009:1", "65009:2"]) twins.push((await calls.make("ipam/vrfs", { name: "twin", rd })).id);
    const refused = await plan(guest("vrf: twin,", "{ addresses: [10.97.0.5/24] }"));
    expect(refused.problems.join("\n")).toMatch(
      new RegExp(
        `NetBox has 2 VRFs "twin" \\(\\S+/ipam/vrfs/${twins[0]}/ and \\S+/ipam/vrfs/${twins[1]}/\\); write the id of the one that is meant`,
      ),
    );
    const nic = interfaceOf(await plan(guest(`vrf: ${twins[1]},`, "{ addresses: [10.97.0.5/24] }")));
    expect(nic?.addresses).toEqual([`10.97.0.5/24 vrf:${twins[1]}`]);
  });
});

describe("a VLAN in vms.yml", () => {
  const vlanOf = async (cluster: string, vlan: string, more = "") => {
    const planned = await plan(
      `guests:\n  one: { cluster: ${cluster}, ${more} interfaces: { net0: { vlan: ${vlan} } } }\n`,
    );
    return planned.problems.length > 0 ? planned.problems.join("\n") : interfaceOf(planned)?.fields?.untaggedVlan;
  };
  const idOf = async (query: string): Promise<number> => (await calls.ok("GET", `ipam/vlans/?${query}`)).results[0].id;
  const groupId = async (name: string): Promise<number> =>
    (await calls.ok("GET", `ipam/vlan-groups/?name=${name}`)).results[0].id;

  it("is the one of its group or site, of the guest's group, or of the cluster's place", async () => {
    const berlin = await idOf(`vid=71&group_id=${await groupId("Berlin")}`);
    const hamburg = await idOf(`vid=71&group_id=${await groupId("Hamburg")}`);
    expect(await vlanOf("berlin", "{ vid: 71, group: Hamburg }")).toBe(`servers (71) #${hamburg}`);
    expect(await vlanOf("hamburg", "{ vid: 71, site: berlin }")).toBe(`servers (71) #${berlin}`);
    expect(await vlanOf("hamburg", "71", "vlanGroup: Hamburg,")).toBe(`servers (71) #${hamburg}`);
    expect(await vlanOf("hamburg", "{ vid: 71, group: null }")).not.toMatch(new RegExp(`#(${berlin}|${hamburg})$`));
    expect(await vlanOf("berlin", "71")).toBe(`servers (71) #${berlin}`);
    expect(await vlanOf("berlin", "4094")).toBe("last (4094)");
  });

  it("is refused with all candidates where none of that is said", async () => {
    const [first, second] = [
      await calls.make("ipam/vlans", { vid: 555, name: "left" }),
      await calls.make("ipam/vlans", { vid: 555, name: "right" }),
    ];
    expect(await vlanOf("berlin", "555")).toMatch(
      new RegExp(
        `vms\\.yml:3:\\d+: NetBox has 2 VLANs 555 \\(\\S+/ipam/vlans/${first.id}/ and \\S+/ipam/vlans/${second.id}/\\); write`,
      ),
    );
    expect(await vlanOf("berlin", "{ vid: 71, group: Nowhere }")).toMatch(
      /: NetBox has no VLAN group "Nowhere"; add it there$/,
    );
    expect(await vlanOf("berlin", "{ vid: 4094, group: Berlin }")).toMatch(
      /NetBox has no VLAN 4094 of that group and site/,
    );
  });

  it("may be one of several of its name and VID that the file adds, each in its group", async () => {
    const text = `netbox:
  vlans:
    - { vid: 600, name: app, group: Berlin, site: berlin }
    - { vid: 600, name: app, group: fabric }
  prefixes:
    - { prefix: 10.60.0.0/24, vlan: { vid: 600, group: Berlin }, gateway: 10.60.0.1 }
    - { prefix: 10.60.0.0/24, vrf: blue, vlan: { vid: 600, group: fabric }, gateway: 10.60.0.1 }
  ranges:
    - { start: 10.60.0.10/24, end: 10.60.0.20/24 }
    - { start: 10.60.0.10/24, end: 10.60.0.20/24, vrf: blue }
guests:
  app-a: { cluster: berlin, interfaces: { net0: { vlan: { vid: 600, group: Berlin }, addresses: [{ next: 10.60.0.0/24 }] } } }
  app-b: { cluster: berlin, interfaces: { net0: { vrf: blue, vlan: { vid: 600, group: fabric }, addresses: [{ next: 10.60.0.0/24 }] } } }
`;
    const names = (await plan(text)).declared.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const states = await made(text);
    const seen = async (name: string) =>
      (await calls.ok("GET", `virtualization/interfaces/?virtual_machine=${name}`)).results[0].untagged_vlan.id;
    expect(await seen("app-a")).toBe(await idOf(`vid=600&group_id=${await groupId("Berlin")}`));
    expect(await seen("app-b")).toBe(await idOf(`vid=600&group_id=${await groupId("fabric")}`));
    expect((await addressesOf("10.60.0.2")).sort()).toEqual(["10.60.0.2/24 blue", "10.60.0.2/24 global"]);
    expect(await changes(text, states)).toEqual([]);
    const known = states.get("vm-app-a");
    const read = await machineHandler.read(String(known?.netboxId), { ...known });
    expect(read?.state).toEqual(known);
  });
});

describe("a vms.yml that is written from NetBox", () => {
  const fields = customFieldsSchema.parse({});
  /** What would be written by a stack that doesn't know the guests. */
  const written = async (text: string): Promise<string[]> => {
    systems.lab.log.clear();
    await made(text);
    return systems.lab.log.calls
      .filter(({ system, method }) => system === "netbox" && method !== "GET")
      .map(({ method, path }) => `${method} ${path}`);
  };

  it("has every guest, each with its tenant, VRFs and VLANs, and changes nothing", async () => {
    const file = await exportVms(context.netbox, fields, { clusters: ["berlin", "hamburg"], tags: [] });
    expect(file.guests["web01 hamburg"]).toMatchObject({
      interfaces: { eth0: { vlan: { vid: 71, group: "Hamburg" }, vrf: "blue", addresses: ["10.71.0.11/24"] } },
    });
    const tenants = Object.values(file.guests).flatMap(({ name, tenant }) => (name === "web01" ? [tenant] : []));
    expect(tenants).toEqual(expect.arrayContaining(["finance", "sales"]));
    expect(await written(printVms(file))).toEqual([]);
  });

  it("is no change to the stack that asked for the next address of a VRF's prefix", async () => {
    const text =
      "guests:\n  nexted: { cluster: berlin, interfaces: { net0: { vrf: blue, addresses: [{ next: 10.71.0.0/24 }] } } }\n";
    const states = await made(text);
    const { guests } = await exportVms(context.netbox, fields, { clusters: [], tags: [] });
    const { nexted } = guests;
    expect(nexted?.interfaces?.net0?.addresses?.[0]).toMatch(/^10\.71\.0\.\d+\/24$/);
    expect(await changes(printVms({ guests: nexted === undefined ? {} : { nexted } }), states)).toEqual([]);
  });
});

describe("an interface with all VLANs beside an untagged one", () => {
  it("is written by vms export as it is, and stays so", async () => {
    const text = "guests:\n  trunk: { cluster: berlin, interfaces: { net0: { vlan: 71, taggedVlans: all } } }\n";
    const states = await made(text);
    const [nic] = (await calls.ok("GET", "virtualization/interfaces/?virtual_machine=trunk")).results;
    expect(nic).toMatchObject({ mode: { value: "tagged-all" }, untagged_vlan: { vid: 71 } });
    const { guests } = await exportVms(context.netbox, customFieldsSchema.parse({}), { clusters: [], tags: [] });
    const { trunk } = guests;
    expect(trunk?.interfaces?.net0).toMatchObject({ taggedVlans: "all" });
    expect(await changes(printVms({ guests: trunk === undefined ? {} : { trunk } }), states)).toEqual([]);
  });
});

describe("custom fields that NetBox requires", () => {
  it("are told in the plan: of a guest, of a part that is made, and of what is taken over and written to", async () => {
    const { problems } = await plan(
      "# plain\nguests:\n  lacking: { cluster: berlin, role: Proxmox VM }\n  retired: { cluster: berlin, memory: 99 }\n",
    );
    const lacks = (name: string, line: number) =>
      new RegExp(
        `vms\\.yml:${line}:\\d+: NetBox requires the custom field cost_centre of a virtual machine, and ${name} has none: write it below customFields here, or set netbox-proxmox:netbox\\.customFields\\.cost_centre to`,
      );
    expect(problems[0]).toMatch(lacks("lacking", 3));
    expect(problems[1]).toMatch(lacks("retired", 4));
    const field = await calls.make("extras/custom-fields", {
      ...{ name: "owner", type: "text", required: true },
      object_types: ["virtualization.vminterface", "ipam.ipaddress", "ipam.prefix"],
    });
    const text =
      "netbox: { prefixes: [{ prefix: 10.61.0.0/24 }] }\nguests:\n  one: { cluster: berlin, interfaces: { net0: { addresses: [10.71.0.222/24] } } }\n";
    const second = (await plan(text)).problems.join("\n");
    await calls.ok("DELETE", `extras/custom-fields/${field.id}/`);
    expect(second).toMatch(
      /vms\.yml:2:\d+: NetBox requires the custom field owner of a prefix, and prefix-10-61-0-0-24 has none/,
    );
    expect(second).toMatch(
      /NetBox requires the custom field owner of an interface and an IP address, and one has none/,
    );
  });
});

describe("a guest in vms.yml", () => {
  it("is the virtual machine of its cluster and tenant, where several tenants have the name", async () => {
    const rows = (await calls.ok("GET", "virtualization/virtual-machines/?name=web01")).results;
    const idOf = (tenant: string) => rows.find((each: Body) => each.tenant?.name === tenant)?.id;
    const text = (tenant: string) =>
      `guests:\n  web01: { cluster: berlin, tenant: ${tenant}, interfaces: { net0: {} } }\n`;
    expect((await made(text("Sales"))).get("vm-web01")?.netboxId).toBe(idOf("Sales"));
    expect((await made(text("finance"))).get("vm-web01")?.netboxId).toBe(idOf("Finance"));
    const { problems } = await plan("guests:\n  web01: { cluster: berlin }\n");
    expect(problems.join("\n")).toMatch(
      new RegExp(
        `vms\\.yml:\\d+:\\d+: web01 could be any of 2 virtual machines of NetBox \\(\\S+/${idOf("Finance")}/ and \\S+/${idOf("Sales")}/\\); write the tenant`,
      ),
    );
  });

  it("may have its name twice in the file, of two tenants", async () => {
    const states = await made(`guests:
  one: { name: twin, cluster: berlin, tenant: Sales }
  two: { name: twin, cluster: berlin, tenant: Finance }
  three: { name: twin, cluster: berlin }
  four: { name: web01, cluster: berlin, tenant: null }
`);
    expect(new Set([...states.values()].map(({ netboxId }) => netboxId)).size).toBe(4);
    expect((await calls.ok("GET", "virtualization/virtual-machines/?name=web01&cluster=berlin")).count).toBe(3);
    const same = await plan("guests:\n  a: { name: t, cluster: berlin }\n  b: { name: T, cluster: berlin }\n");
    expect(same.problems.join()).toMatch(/b has the name of a; rename one of them/);
  });

  it("is refused with both where a cluster has its name twice, and goes by its id", async () => {
    const clusters = [];
    const type = (await calls.ok("GET", "virtualization/cluster-types/")).results[0].id;
    for (const status of ["active", "planned"])
      clusters.push((await calls.make("virtualization/clusters", { name: "double", type, status })).id);
    const { problems } = await plan("guests:\n  one: { cluster: double, tenant: Nobody }\n");
    expect(problems.join("\n")).toMatch(
      new RegExp(
        `NetBox has 2 objects of the kind cluster with the name "double" \\(\\S+/${clusters[0]}/ and \\S+/${clusters[1]}/\\); write the id`,
      ),
    );
    expect(problems.join("\n")).toMatch(/NetBox has no tenant "Nobody"; add it there$/);
    const states = await made(`guests:\n  one: { cluster: "${clusters[1]}", tenant: sales }\n`);
    const [one] = (await calls.ok("GET", "virtualization/virtual-machines/?name=one")).results;
    expect(one).toMatchObject({ cluster: { id: clusters[1] }, tenant: { name: "Sales" } });
    expect(await changes(`guests:\n  one: { cluster: "${clusters[1]}", tenant: sales }\n`, states)).toEqual([]);
  });
});
