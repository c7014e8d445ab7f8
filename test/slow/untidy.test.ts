import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  discoveryGrants,
  discoveryPermissions,
  intentPermissions,
  inventoryGrants,
  inventoryPermissions,
} from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { untidySeed } from "../../tools/seeds";
import type { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { limitPages } from "../harness/pages";
import { isReal } from "../harness/services";
import { TestSystems } from "../harness/systems";

// The programs over the untidy seed, in a NetBox of small pages.

describe("over the untidy seed", () => {
  let systems: TestSystems;
  let site: Stack;
  let discovery: Stack;
  beforeAll(async () => {
    systems = await TestSystems.open(untidySeed());
    limitPages(systems, 250, isReal ? "real" : "lab");
    site = await systems.stack({ site: { adopt: true }, defaults: { template: 9000, bridge: "vmbr0" } });
    const reach = await systems.reachAs("discovery", discoveryGrants, discoveryPermissions);
    const netbox = { url: reach.netbox.url, customFields: { cost_centre: "0" } };
    discovery = await systems.stack({ program: "discovery", netbox }, "discovery", { env: labEnvironment(reach) });
  });
  afterAll(() => systems.close());

  it("the site says which guests it can't have, each by its own page, and changes nothing", {
    timeout: 120_000,
  }, async () => {
    const before = await systems.inventory();
    const { output } = await site.preview();
    for (const name of ["bare", "on-a-node"])
      expect(output).toMatch(new RegExp(`${name} \\(http://[^)]*/virtual-machines/\\d+/\\)`));
    for (const name of ["esx-guest", "retired"]) expect(output).not.toContain(`- ${name} (`);
    expect(await systems.inventory()).toBe(before);
  });

  it("the site plans what is in order beside what is not", { timeout: 120_000 }, async () => {
    const { code, output } = await site.preview();
    expect(code, output).toBe(0);
  });

  it("discovery reads all guests of both clusters", { timeout: 120_000 }, async () => {
    const { code, output } = await discovery.preview();
    expect(code).toBe(0);
    for (const guest of [
      "docker.lab.example",
      "Windows-11",
      "no-nics",
      "diskless",
      "pihole",
      "privileged",
      "offline-ct",
    ])
      expect(output).toContain(guest);
  });

  it("discovery gives a documented eth0 no second interface", { timeout: 120_000 }, async () => {
    const { output } = await discovery.preview();
    expect(output).toMatch(/202\s+DB01\.Lab\.Example/);
    expect(output).not.toMatch(/202\s+DB01\.Lab\.Example[^\n]*net0 added/);
  });

  it("discovery writes each guest to the node of its own cluster, and agrees with itself", {
    timeout: 200_000,
  }, async () => {
    const made = await discovery.up();
    expect(made.errors).toEqual([]);
    const again = await discovery.preview("--expect-no-changes");
    expect([again.code, again.errors]).toEqual([0, []]);
  });

  it("the inventory has every VM as a node of its own, with its cluster's guest", { timeout: 200_000 }, async () => {
    const folder = join(systems.folder, "graph");
    const reach = await systems.reachAs("inventory", inventoryGrants, inventoryPermissions);
    const inventory = await systems.stack({ program: "inventory", inventory: { folder } }, "inventory", {
      env: labEnvironment(reach),
    });
    const run = await inventory.up();
    expect(run.errors).toEqual([]);
    const { nodes, relationships } = graphFile.parse(JSON.parse(readFileSync(join(folder, "graph.json"), "utf8")));
    const machines = nodes.filter(({ label }) => label === "NetboxVM");
    expect(machines).toHaveLength((await systems.clients.all("virtualization/virtual-machines")).length);
    const named = machines
      .filter(({ properties }) => properties.name === "web01")
      .map(({ properties }) => properties.id);
    const described = relationships
      .filter(({ type, from }) => type === "DESCRIBES" && from.label === "NetboxVM" && named.includes(from.id))
      .map(({ to }) => to.id);
    expect(described.sort()).toEqual(["berlin/pve1:201", "berlin/pve2:305", "hamburg/pve2:201"]);
  });

  it("a vms.yml that is written from it is taken over by intent without a write", { timeout: 200_000 }, async () => {
    const file = join(systems.folder, "vms.yml");
    const { netbox } = await systems.reachAs("intent", [], intentPermissions);
    const env = { NETBOX_API_TOKEN: netbox.token };
    const exported = await runOps(["vms", "export", "--out", file], { ...env, NETBOX_SERVER_URL: netbox.url });
    expect(exported).toMatchObject({ code: 0 });
    const intent = await systems.stack(
      { program: "intent", proxmox: undefined, bind9: undefined, intent: { file } },
      "intent",
      { env },
    );
    systems.lab.log.clear();
    const taken = await intent.up();
    expect(taken.errors).toEqual([]);
    expect(systems.lab.log.calls.filter(({ system, method }) => system === "netbox" && method !== "GET")).toEqual([]);
  });

  it("guests that are handed over keep all that they have, and the next plan has just what is documented otherwise", {
    timeout: 300_000,
  }, async () => {
    const rows = await systems.clients.all<{ id: number; tags: { slug: string }[] }>("virtualization/virtual-machines");
    await systems.clients.netbox("POST", "extras/tags/", { name: "adopt", slug: "adopt" });
    const handed = rows.map(({ id, tags }) => ({
      ...{ id, tags: [...tags.map(({ slug }) => ({ slug })), { slug: "adopt" }], custom_fields: { cost_centre: "IT" } },
    }));
    await systems.clients.netbox("PATCH", "virtualization/virtual-machines/", handed);
    const before = await configs();
    const stack = await systems.stack({ defaults: { template: 9000, bridge: "vmbr0" } }, "handed");
    const taken = await stack.up();
    expect(taken.errors).toEqual([]);
    expect(await configs()).toEqual(before);
    const marked = await systems.ourGuests();
    expect(marked.length).toBeGreaterThan(6);
    // What people documented otherwise than it is: a tag of web01, the VLAN of DB01, and an address that ns01 has by itself.
    const again = await stack.preview();
    expect(again.errors).toEqual([]);
    expect(again.steps.map(({ name }) => name).sort(), again.output).toEqual(["DB01.Lab.Example", "ns01", "web01"]);
  });

  /** What guests are configured with, but for their notes. */
  const configs = async () =>
    (await systems.clients.guests())
      .map(({ vmid, node, config: { digest: _digest, description: _notes, ...config } }) => ({ vmid, node, config }))
      .sort((a, b) => a.vmid - b.vmid || a.node.localeCompare(b.node));
});

const end = z.object({ label: z.string(), id: z.string() });
const graphFile = z.object({
  nodes: z.array(z.object({ label: z.string(), properties: z.record(z.string(), z.unknown()) })),
  relationships: z.array(z.object({ type: z.string(), from: end, to: end })),
});
