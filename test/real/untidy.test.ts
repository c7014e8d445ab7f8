import { afterEach, describe, expect, it } from "vitest";
import { untidySeed } from "../../tools/seeds";
import { Discovering } from "../harness/discovering";
import { limitPages } from "../harness/pages";
import { planOf } from "../harness/plan";
import { TestSystems } from "../harness/systems";

// The untidy seed on a real NetBox with MAX_PAGE_SIZE = 250: the site's plan and discovery say of it what they say on the lab.

let systems: TestSystems | undefined;
afterEach(async () => {
  await systems?.close();
  systems = undefined;
});

/** More addresses than a page has, which nobody uses. */
const others = Array.from({ length: 300 }, (_, n) => ({
  address: `100.64.${Math.floor(n / 200)}.${1 + (n % 200)}/32`,
}));

async function opened(where: "lab" | "given"): Promise<TestSystems> {
  systems = await TestSystems.open(untidySeed(), {}, where);
  await systems.clients.netbox("POST", "ipam/ip-addresses/", others);
  limitPages(systems, 250, where === "lab" ? "lab" : "real");
  return systems;
}

/** Without what differs from one NetBox to another: where it is, and its ids. */
const plain = (texts: string[], { url }: { url: string }): string[] =>
  texts
    .map((text) =>
      text
        .replaceAll(url, "NETBOX")
        .replace(/\/\d+\//g, "/N/")
        .replace(/\((\d+)\) #\d+/g, "($1) #N"),
    )
    .sort();

/** What the site's plan and two runs of discovery say. */
async function said(where: "lab" | "given") {
  const there = await opened(where);
  const sections = { site: { adopt: true, maxLeftOut: "all" }, defaults: { template: 9000, bridge: "vmbr0" } };
  const plan = await planOf(there, sections);
  const discovering = await Discovering.open(there, {
    netbox: { customFields: { cost_centre: "0" } },
  });
  const first = await discovering.run();
  const second = await discovering.plan();
  const rowsOf = ({ report }: typeof first) =>
    report.map(({ change, cluster, vmid, name, details }) => [change, cluster, vmid, name, ...details].join(" | "));
  const { netbox } = there.endpoints;
  const result = {
    guests: plan.guests.map(({ name, machine }) => `${machine.inputs.cluster} ${name}`).sort(),
    warnings: plain(plan.warnings, netbox),
    names: plan.named.records.map(({ name }) => name).sort(),
    first: plain(rowsOf(first), netbox),
    second: plain(rowsOf(second), netbox),
  };
  await there.close();
  systems = undefined;
  return result;
}

describe("the untidy seed on a real NetBox with pages of 250", () => {
  it("is planned and discovered as it is on the lab, and the second run agrees with the first", async () => {
    const real = await said("given");
    expect(real.guests.length).toBeGreaterThan(0);
    expect(real.first.length).toBeGreaterThan(0);
    expect(real.second.filter((row) => /^(new|merged|changed|gone)/.test(row))).toEqual([]);
    expect(real).toEqual(await said("lab"));
  });
});
