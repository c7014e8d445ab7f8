import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack, StackRun } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// Logical names by the real engine, which matches a URN before any alias.

const steps = (run: StackRun) => run.steps.map(({ op, type, name }) => `${op} ${type} ${name}`).sort();

describe("guests in the plan", () => {
  let systems: TestSystems;
  let stack: Stack;
  const guest = (name: string, host: number) =>
    `- { name: ${name}, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, addresses: [10.71.0.${host}/24] }] }`;

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith([guest("alpha", 91), guest("beta", 92), guest("gamma", 93)].join("\n")));
    stack = await systems.stack();
  });
  afterAll(() => systems.close());

  const idOf = async (name: string) => (await systems.clients.vm(name)).id;
  const rename = (id: number, name: string) =>
    systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { name });
  const logicalNames = () =>
    stack
      .resources()
      .filter(({ type }) => type.endsWith(":ProxmoxVm"))
      .map(({ urn }) => urn.split("::").pop());

  it("are called as they are in NetBox", async () => {
    const made = await stack.up();
    expect(made.errors).toEqual([]);
    expect(steps(made)).toEqual(
      ["alpha", "beta", "gamma"]
        .flatMap((name) => [`create NetboxGuest ${name}`, `create ProxmoxVm ${name}`])
        .concat(
          ["alpha", "beta", "gamma"].map((name) => `create NetboxIpAllocation ${name} net0 IPv4`),
          ["create SiteAnchor anchor"],
        )
        .sort(),
    );
  });

  it("of a state with the former names are the same resources, and get their own name by the next up", async () => {
    let text = readFileSync(stack.stateFile, "utf8");
    for (const name of ["alpha", "beta", "gamma"]) {
      const id = await idOf(name);
      text = text
        .replaceAll(`:ProxmoxVm::${name}"`, `:ProxmoxVm::vm-${id}"`)
        .replaceAll(`:NetboxGuest::${name}"`, `:NetboxGuest::guest-${id}"`);
    }
    writeFileSync(stack.stateFile, text);
    expect(logicalNames().every((name) => name?.startsWith("vm-"))).toBe(true);
    const before = await systems.inventory();
    const plan = await stack.preview("--refresh", "--expect-no-changes");
    expect(plan.errors).toEqual([]);
    expect(plan.code).toBe(0);
    expect(plan.changes).toEqual({ same: 11 });
    const renamed = await stack.up();
    expect(renamed.errors).toEqual([]);
    expect(renamed.changes).toEqual({ same: 11 });
    expect(logicalNames()).toEqual(["alpha", "beta", "gamma"]);
    expect(await systems.inventory()).toBe(before);
  });

  it("swap their names, and leave one to a new guest, by changes of properties alone", async () => {
    const vmids = new Map((await systems.ourGuests()).map(({ vmid, name }) => [vmid, name]));
    const [alpha, beta, gamma] = [await idOf("alpha"), await idOf("beta"), await idOf("gamma")];
    await rename(alpha, "on-its-way");
    await rename(beta, "alpha");
    await rename(alpha, "beta");
    await rename(gamma, "delta");
    const [cluster] = await systems.clients.all<{ id: number }>("virtualization/clusters", "&name=pve-lab");
    await systems.clients.netbox("POST", "virtualization/virtual-machines/", {
      name: "gamma",
      status: "active",
      cluster: cluster?.id,
      vcpus: 1,
      memory: 512,
    });
    const late = await idOf("gamma");
    await systems.clients.netbox("POST", "virtualization/interfaces/", { virtual_machine: late, name: "net0" });
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect(steps(run).filter((step) => step.includes("ProxmoxVm"))).toEqual([
      `create ProxmoxVm gamma-${late}`,
      "update ProxmoxVm alpha",
      "update ProxmoxVm beta",
      "update ProxmoxVm gamma",
    ]);
    const after = new Map((await systems.ourGuests()).map(({ vmid, name }) => [vmid, name]));
    const swapped = { alpha: "beta", beta: "alpha", gamma: "delta" };
    for (const [vmid, name] of vmids) expect(after.get(vmid)).toBe(swapped[name as keyof typeof swapped]);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("go with all that they have", async () => {
    expect((await stack.destroy()).errors).toEqual([]);
    expect(await systems.ourGuests()).toEqual([]);
  });
});
