import { describe, expect, it } from "vitest";
import {
  ipAddress,
  type NetboxAddress,
  prefix,
  virtualMachine,
  vmInterface,
} from "../../../../providers/netbox/schemas";
import { addDns } from "../../../../stacks/inventory/desired/dns";
import { GraphBuilder } from "../../../../stacks/inventory/desired/graph";
import { addNetbox } from "../../../../stacks/inventory/desired/netbox";
import { type ClusterFacts, ClusterIds } from "../../../../stacks/inventory/desired/proxmox";
import { settingsWith } from "../../site/desired/example";

// The graph of a NetBox in which addresses, VMIDs and cluster names repeat.

const vrfOf = (id: number | undefined) => (id === undefined ? null : { id, name: `vrf-${id}` });
const address = (
  id: number,
  text: string,
  vrf: number | undefined,
  dnsName = "",
  interfaceId?: number,
): NetboxAddress =>
  ipAddress.parse({
    ...{ id, address: text, vrf: vrfOf(vrf), dns_name: dnsName, description: "", status: { value: "active" } },
    assigned_object_type: interfaceId === undefined ? null : "virtualization.vminterface",
    assigned_object_id: interfaceId ?? null,
    ...{ tags: [], custom_fields: {} },
  });
const record = (name: string, type: string, value: string) => ({ name, type, ttl: 300, values: [value] });

/** The relationships of the given type, each `FROM -> TO`. */
function related(addresses: NetboxAddress[], rrsets: ReturnType<typeof record>[]): string[] {
  const graph = new GraphBuilder();
  addNetbox(
    graph,
    { url: "https://nb", machines: [], interfaces: [], addresses, prefixes: [], vlans: [] },
    new Map(),
    settingsWith(),
  );
  addDns(graph, [{ name: "ns1", zones: [{ zone: "lab.example.", rrsets }] }], addresses);
  return graph
    .finished([])
    .relationships.filter(({ type }) => type === "RESOLVES_TO" || type === "DESCRIBES")
    .map(({ from, to }) => `${from.id} -> ${to.id}`)
    .sort();
}

describe("a record of an address that is in several VRFs", () => {
  const twice = [
    address(1, "10.0.0.5/24", undefined, "global.lab.example"),
    address(2, "10.0.0.5/24", 7, "blue.lab.example"),
  ];

  it("leads to the one of the VRF that has its name", () => {
    expect(related(twice, [record("blue.lab.example.", "A", "10.0.0.5")])).toEqual([
      "ns1 blue.lab.example. A 10.0.0.5 -> 2",
    ]);
    expect(related(twice, [record("5.0.0.10.in-addr.arpa.", "PTR", "blue.lab.example.")])).toEqual([
      "ns1 5.0.0.10.in-addr.arpa. PTR blue.lab.example. -> 2",
    ]);
  });

  it("leads to the global table's where no address has its name, and to none of several VRFs", () => {
    const a = [record("www.lab.example.", "A", "10.0.0.5")];
    expect(related(twice, a)).toEqual(["ns1 www.lab.example. A 10.0.0.5 -> 1"]);
    expect(related([address(2, "10.0.0.5/24", 7), address(3, "10.0.0.5/24", 8)], a)).toEqual([]);
    expect(related([address(2, "10.0.0.5/24", 7)], a)).toEqual(["ns1 www.lab.example. A 10.0.0.5 -> 2"]);
  });

  it("leads to all that share it in one VRF", () => {
    const shared = [
      address(1, "10.0.0.9/32", 7, "dns.lab.example"),
      address(2, "10.0.0.9/32", 7),
      address(3, "10.0.0.9/32", 8),
    ];
    expect(related(shared, [record("dns.lab.example.", "A", "10.0.0.9")])).toEqual([
      "ns1 dns.lab.example. A 10.0.0.9 -> 1",
      "ns1 dns.lab.example. A 10.0.0.9 -> 2",
    ]);
  });
});

describe("NetBox's objects", () => {
  const machine = (id: number, clusterId: number) =>
    virtualMachine.parse({
      ...{ id, name: "web01", status: { value: "active" }, cluster: { id: clusterId, name: "pve" }, platform: null },
      ...{ vcpus: null, memory: null, description: "", comments: "", primary_ip4: null, primary_ip6: null, tags: [] },
      ...{ local_context_data: null, custom_fields: { proxmox_vmid: "201" } },
    });
  const facts: ClusterFacts = {
    ...{
      name: "pve",
      version: "9.0",
      membership: { name: "pve", isQuorate: true, nodes: [] },
      nodes: [],
      storages: [],
    },
    guests: [
      {
        vmid: 201,
        type: "qemu",
        node: "a",
        name: "web01",
        status: "running",
        tags: [],
        template: false,
        maxcpu: 1,
        maxmem: 1,
      },
    ] as unknown as ClusterFacts["guests"],
    configs: new Map(),
  };
  const inventory = (clusterIds: number[]) => {
    const graph = new GraphBuilder();
    const machines = clusterIds.map((each, n) => machine(n + 1, each));
    graph.node("cluster pve", "ProxmoxVM", {
      id: "a:201",
      vmid: 201,
      name: "web01",
      node: "a",
      type: "qemu",
      status: "running",
      cpu_cores: 1,
      cpu_sockets: 1,
      memory: 1,
      tags: [],
    });
    const own = { url: "https://nb", machines, interfaces: [], addresses: [], prefixes: [], vlans: [] };
    const problems = addNetbox(
      graph,
      own,
      new Map([["pve", { facts, ids: new ClusterIds("pve", false) }]]),
      settingsWith(),
    );
    const { nodes, relationships } = graph.finished([]);
    return {
      problems,
      nodes: nodes.filter(({ label }) => label === "NetboxVM").length,
      described: relationships.map(({ from }) => from.id),
    };
  };

  it("are nodes by their ids, whatever their names", () => {
    expect(inventory([1, 1])).toEqual({ problems: [], nodes: 2, described: ["1", "2"] });
  });

  it("of two clusters of one name describe no guest, which is told", () => {
    expect(inventory([1, 2])).toMatchObject({ nodes: 2, described: [] });
    expect(inventory([1, 2]).problems.join()).toMatch(
      /^Cluster "pve" is in NetBox 2 times \(https:\/\/nb\/virtualization\/clusters\/1\/ and https:\/\/nb\/virtualization\/clusters\/2\/\)/,
    );
  });

  it("carry their addresses by interface and the prefix of their own VRF", () => {
    const graph = new GraphBuilder();
    const prefixes = [
      [1, undefined],
      [2, 7],
    ].map(([id, vrf]) =>
      prefix.parse({
        ...{ id, prefix: "10.0.0.0/24", vrf: vrfOf(vrf), vlan: null, role: null },
        ...{ status: { value: "active" }, tags: [], custom_fields: {} },
      }),
    );
    const interfaces = [1, 2].map((id) =>
      vmInterface.parse({
        ...{ id, name: "net0", virtual_machine: { id }, enabled: true, mtu: null, mode: null, untagged_vlan: null },
        ...{ tagged_vlans: [], mac_address: null, custom_fields: {} },
      }),
    );
    const addresses = [address(11, "10.0.0.5/24", undefined, "", 1), address(12, "10.0.0.5/24", 7, "", 2)];
    addNetbox(
      graph,
      { url: "https://nb", machines: [machine(1, 1), machine(2, 1)], interfaces, addresses, prefixes, vlans: [] },
      new Map(),
      settingsWith(),
    );
    const { nodes, relationships } = graph.finished([]);
    expect(relationships.map(({ type, from, to }) => `${type} ${from.id} ${to.id}`).sort()).toEqual([
      "ASSIGNED_TO 11 1",
      "ASSIGNED_TO 12 2",
      "IN_PREFIX 11 1",
      "IN_PREFIX 12 2",
    ]);
    expect(nodes.filter(({ label }) => label === "NetboxIPAddress").map(({ properties }) => properties.vrf)).toEqual([
      null,
      "vrf-7",
    ]);
  });
});
