import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discoveryGrants, discoveryPermissions } from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { untidySeed } from "../../tools/seeds";
import type { Stack } from "../../tools/stack";
import { TestSystems } from "../harness/systems";

// The programs over the untidy seed.

describe("over the untidy seed", () => {
  let systems: TestSystems;
  let site: Stack;
  let discovery: Stack;
  beforeAll(async () => {
    systems = await TestSystems.open(untidySeed(), {}, "lab");
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
});
