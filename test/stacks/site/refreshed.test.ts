import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { proxmoxVm } from "../../../providers/proxmox/nodes/qemu/vm";
import { vmHandler } from "../../../providers/proxmox/nodes/qemu/vm.handler";
import { vmState } from "../../../providers/proxmox/nodes/qemu/vm.model";
import { tokensOf } from "../../../providers/resource";
import { withAddresses } from "../../../stacks/site/desired/machines";
import type { InState } from "../../../stacks/site/desired/types";
import { siteStateIn } from "../../../stacks/state";
import { planOf } from "../../harness/plan";
import { seedWith, TestSystems } from "../../harness/systems";

// Limits count what a plan does after its refresh: what people changed by hand since the last run is in it.

const names = Array.from({ length: 7 }, (_, n) => `g${n + 1}`);
const seed = () =>
  seedWith(
    names
      .map(
        (name, n) =>
          `- { name: ${name}, status: offline, interfaces: [{ name: net0, address: 10.71.0.${50 + n}/24 }] }`,
      )
      .join("\n"),
  );

let systems: TestSystems;
let state: InState;
let nodes: Map<number, string>;
beforeAll(async () => {
  systems = await TestSystems.open(seed(), {}, "lab");
  const plan = await planOf(systems);
  expect(plan.guests.map(({ name }) => name)).toEqual(names);
  systems.context();
  const made = await Promise.all(
    plan.guests.map(async (guest) => {
      const created = await vmHandler.create({ ...withAddresses(guest).inputs });
      return vmState.parse(created.state);
    }),
  );
  const [token = ""] = tokensOf(proxmoxVm);
  const resources = made.map(({ name, ...properties }) => ({
    type: "ProxmoxVm",
    token,
    name,
    id: "",
    properties: { name, ...properties },
  }));
  state = siteStateIn({ resources, outputs: undefined });
  const ours = await systems.ourGuests();
  nodes = new Map(ours.map(({ vmid, node }) => [vmid, node]));
});
afterAll(() => systems.close());
afterEach(() => {
  vi.unstubAllEnvs();
  systems.lab.set({ setup: "clear" });
});

const refreshed = (site: object = {}) => {
  vi.stubEnv("NETBOX_PROXMOX_REFRESH", "true");
  return planOf(systems, { site }, state);
};

describe("guests that were changed by hand since the last run", () => {
  it("count for nothing while they are as they were", async () => {
    expect((await refreshed()).guests).toHaveLength(7);
  });

  it("are counted as what the refreshed plan does to them", async () => {
    for (const [vmid, node] of nodes) await systems.clients.proxmox("POST", `/nodes/${node}/qemu/${vmid}/status/start`);
    expect((await planOf(systems, {}, state)).guests).toHaveLength(7);
    await expect(refreshed()).rejects.toThrow(/7 guests would be stopped, and 5 are allowed at once: g1 .*g7/);
    expect((await refreshed({ limits: { stops: "all" } })).guests).toHaveLength(7);
  });

  it("are counted as they were where they can't be read", async () => {
    systems.lab.set({
      setup: "call",
      system: "proxmox",
      call: "^GET .*/pending",
      how: "status",
      status: 500,
      times: 99,
    });
    expect((await refreshed()).guests).toHaveLength(7);
  });

  it("are renumbered and lose disks by the plan that follows", async () => {
    for (const [vmid, node] of nodes) {
      const path = `/nodes/${node}/qemu/${vmid}`;
      await systems.clients.proxmox("POST", `${path}/status/stop`);
      await systems.clients.proxmox("PUT", `${path}/config`, { ipconfig0: `ip=10.71.0.${200 + (vmid % 50)}/24` });
    }
    await expect(refreshed()).rejects.toThrow(/7 guests would get another address, or lose one, and 5 are allowed/);
  });
});
