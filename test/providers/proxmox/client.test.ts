import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ProxmoxCluster } from "../../../providers/proxmox/client";
import { seedWith, TestSystems } from "../../harness/systems";

const vmid = 400;
const path = `/nodes/pve1/qemu/${vmid}`;

describe("a request to Proxmox VE", () => {
  let systems: TestSystems;
  let cluster: ProxmoxCluster;
  beforeAll(async () => {
    const seed = seedWith("- { name: one }");
    seed.proxmox["pve-lab"]?.guests.push({
      vmid,
      type: "qemu",
      node: "pve1",
      template: false,
      running: false,
      config: { name: "g", memory: 512 },
    });
    systems = await TestSystems.open(seed, {}, "lab");
    cluster = systems.context({}, {}, systems.endpoints).cluster("pve-lab");
  });
  afterEach(async () => {
    systems.lab.set({ setup: "clear" });
    await cluster.task("POST", `${path}/status/stop`, {});
    systems.lab.log.clear();
  });
  afterAll(() => systems.close());
  const start = () => cluster.task("POST", `${path}/status/start`, {});
  const calls = (method: string, ending: string) =>
    systems.lab.log.calls.filter((call) => call.method === method && call.path.endsWith(ending)).length;

  it("whose task found a lock that others held is sent again, and another failure is not", async () => {
    const lock = `can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`;
    systems.lab.set({ setup: "task", type: "qmstart", fails: lock, times: 2 });
    await start();
    expect(calls("POST", "/status/start")).toBe(3);
    systems.lab.set({ setup: "task", type: "qmstart", fails: "start failed: QEMU exited with code 1" });
    await expect(start()).rejects.toThrow(/^start failed/);
    expect(calls("POST", "/status/start")).toBe(4);
  });

  it("that a node's proxy could not pass on is sent again, and one that it may have passed on is not", async () => {
    systems.lab.set({ setup: "call", system: "proxmox", call: "POST .*/status/start$", how: "status", status: 595 });
    await start();
    expect(calls("POST", "/status/start")).toBe(2);
    await cluster.task("POST", `${path}/status/stop`, {});
    const broken = { system: "proxmox", call: "POST .*/status/start$", how: "status", status: 596 } as const;
    systems.lab.set({ setup: "call", ...broken });
    await expect(start()).rejects.toThrow(/596/);
    expect(calls("POST", "/status/start")).toBe(3);
    // Where it was passed on and done, the guest tells.
    await start();
    systems.lab.set({ setup: "call", ...broken });
    await start();
    expect(calls("POST", "/status/start")).toBe(5);
  });

  it("reaches the cluster by another node where one is away", async () => {
    const { url } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const away = systems.context({ url: "https://127.0.0.1:1", urls: [url] }, {}, systems.endpoints);
    expect(await away.cluster("pve-lab").version()).toBe("9.2.11");
    await away.cluster("pve-lab").task("POST", `${path}/status/start`, {});
    expect(calls("POST", "/status/start")).toBe(1);
  });

  it("that deletes a rule by its number is not sent twice, as the next rule has that number then", async () => {
    const rules = `${path}/firewall/rules`;
    systems.lab.set({ setup: "call", system: "proxmox", call: "DELETE .*/rules/0$", how: "drop after" });
    await expect(cluster.write("DELETE", `${rules}/0`, {})).rejects.toThrow();
    expect(calls("DELETE", "/rules/0")).toBe(1);
  });
});
