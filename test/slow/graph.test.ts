import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inventoryGrants, inventoryPermissions } from "../../stacks/access/privileges";
import { labels, relationships } from "../../stacks/inventory/desired/schema";
import { labEnvironment } from "../../tools/labstack";
import { runOps } from "../harness/cli";
import { addRecords, inventorySeed } from "../harness/inventory";
import { TestSystems } from "../harness/systems";

interface Row {
  label: string;
  properties: Record<string, unknown>;
}
interface Edge {
  type: string;
  from: { label: string; id: string };
  to: { label: string; id: string };
}
interface Graph {
  nodes: Row[];
  relationships: Edge[];
}

describe("ops graph on files", { timeout: 60_000 }, () => {
  let systems: TestSystems;
  let graph: Graph;
  let env: NodeJS.ProcessEnv;
  let folder: string;
  let stack: string[];
  const ops = (...words: string[]) => runOps(["graph", "--out", folder, ...stack, ...words], env);
  const read = (): Graph => JSON.parse(readFileSync(join(folder, "graph.json"), "utf8"));
  const of = (label: string, id: string, from: Graph = graph) =>
    from.nodes.find((node) => node.label === label && node.properties.id === id)?.properties;
  const edges = (type: string) =>
    graph.relationships
      .filter((edge) => edge.type === type)
      .map(({ from, to }) => `${from.id} → ${to.id}`)
      .sort();
  const named = (label: string, name: string) =>
    graph.nodes.find((node) => node.label === label && node.properties.name === name)?.properties ?? {};
  const address = (text: string) =>
    graph.nodes.find((node) => node.properties.address === text)?.properties.id ?? expect.unreachable(text);

  beforeAll(async () => {
    systems = await TestSystems.open(inventorySeed(), { statistics: 0 });
    await addRecords(systems);
    folder = join(systems.folder, "graph");
    const limited = await systems.reachAs("inventory", inventoryGrants, inventoryPermissions);
    const { reach } = await systems.stack({}, "test", { env: labEnvironment(limited) });
    stack = reach.args;
    env = reach.env;
    const { code, err } = await ops();
    expect(err).toBe("");
    expect(code).toBe(0);
    graph = read();
  });
  afterAll(() => systems.close());
  beforeEach(() => systems.lab.set({ setup: "clear" }));

  it("has exactly the documented properties, and relationships between the documented labels", () => {
    expect(new Set(graph.nodes.map(({ label }) => label))).toEqual(new Set(Object.keys(labels)));
    for (const { label, properties } of graph.nodes)
      expect([label, Object.keys(properties).sort()]).toEqual([
        label,
        Object.keys(labels[label as keyof typeof labels]).sort(),
      ]);
    expect(new Set(graph.relationships.map(({ type }) => type))).toEqual(new Set(Object.keys(relationships)));
    for (const { type, from, to } of graph.relationships)
      expect(relationships[type as keyof typeof relationships].map(String)).toContain(`${from.label},${to.label}`);
  });

  it("describes the cluster and its nodes", () => {
    expect(of("ProxmoxCluster", "pve-lab")).toEqual({
      id: "pve-lab",
      name: "pve-lab",
      version: "9.2.11",
      quorate: true,
      nodes_online: 2,
    });
    expect(of("ProxmoxNode", "pve1")).toEqual({
      id: "pve1",
      name: "pve1",
      ip: "192.0.2.11",
      status: "online",
      cpu_count: 2,
      cpu_usage: 0,
      memory_total: 24 * 1024 ** 3,
      memory_used: 4 * 1024 ** 3,
      disk_total: 270553174016,
      disk_used: 30469484544,
    });
    expect(edges("CONTAINS_NODE")).toEqual(["pve-lab → pve1", "pve-lab → pve2"]);
  });

  it("describes virtual machines and containers", () => {
    expect(of("ProxmoxVM", "pve1:201")).toEqual({
      id: "pve1:201",
      vmid: 201,
      name: "web1",
      node: "pve1",
      type: "qemu",
      status: "running",
      cpu_cores: 2,
      cpu_sockets: 2,
      memory: 2 * 1024 ** 3,
      tags: ["web", "front"],
    });
    expect(of("ProxmoxVM", "pve2:202")).toEqual({
      id: "pve2:202",
      vmid: 202,
      name: "ct1",
      node: "pve2",
      type: "lxc",
      status: "running",
      cpu_cores: 2,
      cpu_sockets: 1,
      memory: 512 * 1024 ** 2,
      tags: ["small"],
    });
    expect(edges("HOSTS_VM")).toEqual([
      ...["pve1 → pve1:201", "pve1 → pve1:9000", "pve2 → pve2:202", "pve2 → pve2:203", "pve2 → pve2:204"],
    ]);
  });

  it("describes disks, and not the cloud-init drive", () => {
    const gibibyte = 1024 ** 3;
    expect(of("ProxmoxDisk", "201:scsi0")).toEqual({
      id: "201:scsi0",
      disk_id: "scsi0",
      storage: "ceph",
      size: 10 * gibibyte,
      backup: true,
    });
    expect(of("ProxmoxDisk", "201:scsi1")).toMatchObject({ storage: "local-lvm", size: 2 * gibibyte, backup: false });
    expect(of("ProxmoxDisk", "201:efidisk0")).toMatchObject({ storage: "local-lvm", size: 4 * 1024 ** 2 });
    expect(of("ProxmoxDisk", "201:ide2")).toBeUndefined();
    expect(of("ProxmoxDisk", "202:rootfs")).toMatchObject({ size: 2 * gibibyte, backup: true });
    expect(of("ProxmoxDisk", "202:mp0")).toMatchObject({ size: gibibyte, backup: false });
    expect(of("ProxmoxDisk", "202:mp1")).toMatchObject({ size: 3 * gibibyte, backup: true });
    expect(edges("HAS_DISK")).toContain("pve1:201 → 201:scsi0");
    expect(edges("STORED_ON")).toEqual(
      expect.arrayContaining(["201:scsi0 → ceph", "201:scsi1 → pve1:local-lvm", "202:mp0 → pve2:local-lvm"]),
    );
  });

  it("describes network interfaces", () => {
    expect(of("ProxmoxNetworkInterface", "201:net0")).toEqual({
      id: "201:net0",
      net_id: "net0",
      bridge: "vmbr0",
      mac_address: "BC:24:11:00:00:31",
      model: "virtio",
      vlan_tag: 71,
    });
    expect(of("ProxmoxNetworkInterface", "201:net1")).toMatchObject({ model: "e1000", vlan_tag: null });
    expect(of("ProxmoxNetworkInterface", "202:net0")).toMatchObject({ model: "veth", vlan_tag: 72 });
    expect(edges("HAS_NETWORK_INTERFACE")).toEqual([
      "pve1:201 → 201:net0",
      "pve1:201 → 201:net1",
      "pve2:202 → 202:net0",
    ]);
  });

  it("describes storages: a shared one once, another one of each node", () => {
    expect(of("ProxmoxStorage", "ceph")).toEqual({
      id: "ceph",
      name: "ceph",
      type: "rbd",
      content_types: ["images", "rootdir"],
      shared: true,
      total: 270553174016,
      used: 30469484544,
      available: 240083689472,
    });
    expect(of("ProxmoxStorage", "pve2:local-lvm")).toMatchObject({ name: "local-lvm", type: "lvmthin", shared: false });
    expect(edges("AVAILABLE_ON")).toEqual([
      ...["ceph → pve1", "ceph → pve2", "pve1:local → pve1", "pve1:local-lvm → pve1"],
      ...["pve2:local → pve2", "pve2:local-lvm → pve2"],
    ]);
  });

  it("leads from a name of DNS to the disk that it lives on", () => {
    const id = String(address("10.71.0.31/24"));
    const web1 = named("NetboxVM", "web1");
    expect(edges("RESOLVES_TO")).toEqual([
      `ns1 web1.lab.example. A 10.71.0.31 → ${id}`,
      "ns1 www.lab.example. CNAME web1.lab.example. → ns1 web1.lab.example. A 10.71.0.31",
    ]);
    expect(edges("DESCRIBES")).toEqual(
      [
        `${String(web1.id)} → pve1:201`,
        `${String(named("NetboxVM", "ct1").id)} → pve2:202`,
        `${String(named("NetboxVM", "late1").id)} → pve2:203`,
        `ns1 31.0.71.10.in-addr.arpa. PTR web1.lab.example. → ${id}`,
        `ns1 2.3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.7.d.f.ip6.arpa. PTR ct1.lab.example. → ${String(address("fd71::32/64"))}`,
      ].sort(),
    );
    expect(edges("ASSIGNED_TO")).toContain(`${id} → ${String(web1.id)}`);
    expect(edges("CARRIED_BY")).toEqual(
      [
        `${id} → 201:net0`,
        `${String(address("10.71.8.32/24"))} → 202:net0`,
        `${String(address("fd71::32/64"))} → 202:net0`,
      ].sort(),
    );
    const prefix = graph.nodes.find(({ properties }) => properties.prefix === "10.71.0.0/24")?.properties;
    expect(edges("IN_PREFIX")).toContain(`${id} → ${String(prefix?.id)}`);
    const vlan = named("NetboxVLAN", "servers");
    expect(vlan).toMatchObject({ vid: 71 });
    expect(edges("ON_VLAN")).toEqual(
      expect.arrayContaining([`${String(prefix?.id)} → ${String(vlan.id)}`, `201:net0 → ${String(vlan.id)}`]),
    );
  });

  it("says in what NetBox and Proxmox VE differ", () => {
    expect(named("NetboxVM", "web1").drift).toEqual([]);
    expect(named("NetboxVM", "ct1").drift).toEqual([]);
    expect(named("NetboxVM", "soon1").drift).toEqual([]);
    expect(named("NetboxVM", "lost1").drift).toEqual(["is not there"]);
    expect(named("NetboxVM", "late1").drift).toEqual([
      ...["name: late-one, not late1", "status: stopped, not running", "node: pve2, not pve1"],
      ...["vcpus: 2, not 1", "memory: 2048, not 4096"],
    ]);
  });

  it("tells what could not be read, and keeps to the rest", async () => {
    systems.lab.set({ setup: "node", node: "pve2", offline: true });
    const { code, err } = await ops();
    expect(err).toMatch(/^3 guests of pve-lab could not be read: 202, 203, 204 \(pve2 is offline\)\./);
    expect(code).toBe(1);
    const now = read();
    expect(of("ProxmoxNode", "pve2", now)).toMatchObject({ status: "offline", cpu_usage: null, memory_total: null });
    expect(of("ProxmoxVM", "pve2:202", now)).toMatchObject({ status: "unknown" });
    expect(of("ProxmoxDisk", "202:rootfs", now)).toBeUndefined();
  });
});
