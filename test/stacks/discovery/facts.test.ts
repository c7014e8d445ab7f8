import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Context } from "../../../providers/context";
import { discoveryGrants, discoveryPermissions } from "../../../stacks/access/privileges";
import { readCluster } from "../../../stacks/discovery/facts";
import { seedWith, TestSystems } from "../../harness/systems";

const many = 60;

describe("the agents of many guests", () => {
  let systems: TestSystems;
  let context: Context;
  beforeAll(async () => {
    const seed = seedWith("- { name: one }");
    const nodes = ["pve1", "pve2"];
    seed.proxmox = {
      "pve-lab": {
        nodes: nodes.map((node) => ({ node, bridges: ["vmbr0"] })),
        storages: [{ storage: "ceph", type: "rbd", content: "images", shared: true }],
        osTemplates: {},
        guests: Array.from({ length: many }, (_, n) => ({
          vmid: 1000 + n,
          type: "qemu" as const,
          node: nodes[n % 2] ?? "",
          template: false,
          running: true,
          config: { name: `g${n}`, agent: "1", memory: 512, net0: "virtio,bridge=vmbr0" },
        })),
      },
    };
    systems = await TestSystems.open(seed, {}, "lab");
    context = systems.context({}, {}, await systems.reachAs("discovery", discoveryGrants, discoveryPermissions));
  });
  afterEach(() => {
    systems.lab.set({ setup: "clear" });
    systems.lab.set({ setup: "latency", agent: 0 });
  });
  afterAll(() => systems.close());

  /** VMIDs of those that were heard. */
  const heard = async (agentTimeout: number): Promise<number[]> => {
    const view = await readCluster(context.cluster("pve-lab"), { syncAgent: true }, agentTimeout, []);
    if ("unreachable" in view) return expect.fail(view.unreachable);
    return view.machines.flatMap(({ vmid, agent }) => (agent === undefined ? [] : [vmid])).sort((a, b) => a - b);
  };

  it("are all heard, however long their answers take together", async () => {
    systems.lab.set({ setup: "latency", agent: 100 });
    expect(await heard(1)).toHaveLength(many);
  }, 30_000);

  it("are in nobody's way while they hang, and are given up together", async () => {
    systems.lab.set({ setup: "latency", agent: 6000 });
    const hanging = heard(4);
    await sleep(300);
    const inventory = context.cluster("pve-lab").inventory();
    const first = await Promise.race([inventory.then(() => "the inventory"), hanging.then(() => "the agents")]);
    expect(first).toBe("the inventory");
    expect((await inventory).guests).toHaveLength(many);
    expect(await hanging).toEqual([]);
  }, 30_000);

  it("that hang leave the others their time", async () => {
    const hung = [1000, 1001, 1002, 1003];
    for (const vmid of hung) systems.lab.set({ setup: "agent", vmid, missing: false, answersAfter: 6000 });
    const all = Array.from({ length: many }, (_, n) => 1000 + n);
    expect(await heard(10)).toEqual(all.filter((vmid) => !hung.includes(vmid)));
  }, 30_000);
});
