import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { undocumented } from "../../bench/undocumented";
import { printMark } from "../../providers/ownership/mark";
import { containerHandler } from "../../providers/proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../../providers/proxmox/nodes/qemu/vm.handler";
import { Discovering } from "../harness/discovering";
import { planOf } from "../harness/plan";
import { demoSeed, seedWith, TestSystems } from "../harness/systems";

// Earlier releases of Proxmox VE give the same as the newest: on the lab, which answers as they do (lab/proxmox/releases.ts).

const newest = "9.2.11";
const earlier = ["7.4-20", "8.0.9", "8.4.14", "9.0.11"];
let systems: TestSystems | undefined;
async function close(): Promise<void> {
  await systems?.close();
  systems = undefined;
}
afterEach(close);

async function opened(version: string, seed = demoSeed()): Promise<TestSystems> {
  systems = await TestSystems.open(seed, {}, "lab");
  systems.lab.set({ setup: "release", version });
  return systems;
}

/** The demo's guests as they are planned, without what differs from run to run. */
async function planned(release: string): Promise<string> {
  const there = await opened(release);
  const { guests, warnings, notes } = await planOf(there);
  const { url } = there.endpoints.netbox;
  await close();
  return JSON.stringify({ guests, warnings, notes }).replaceAll(url, "NETBOX");
}

/** What discovery says of guests that NetBox knows nothing of; its second run agrees with the first. */
async function discovered(release: string): Promise<string> {
  const there = await opened(release, undocumented(6));
  const discovering = await Discovering.open(there, { discovery: { site: "Lab" } });
  const { report, warnings } = await discovering.run();
  const second = await discovering.plan();
  expect(second.report.filter(({ change }) => change !== "same")).toEqual([]);
  const { url } = there.endpoints.netbox;
  await close();
  return JSON.stringify({ report, warnings }).replaceAll(url, "NETBOX");
}

let wanted: { planned: string; discovered: string };
beforeAll(async () => {
  wanted = { planned: await planned(newest), discovered: await discovered(newest) };
}, 60_000);

describe.each(earlier)("Proxmox VE %s", (version) => {
  it("is planned for as the newest is", async () => {
    expect(await planned(version)).toBe(wanted.planned);
  });

  it.runIf(version.startsWith("7") || version.startsWith("8.0"))("is discovered as the newest is", async () => {
    expect(await discovered(version)).toBe(wanted.discovered);
  });

  it("makes, changes and deletes guests of both kinds, with their pools and HA", async () => {
    const there = await opened(version, seedWith("[]"));
    there.context({}, {}, there.endpoints);
    await there.clients.proxmox("POST", "/pools", { poolid: "web" });
    await there.clients.proxmox("POST", "/pools", { poolid: "db" });
    const inputs = (vmid: number) => {
      const mark = { stack: "netbox-proxmox/test", netboxUrl: there.endpoints.netbox.url, netboxId: vmid };
      return {
        ...{ cluster: "pve-lab", vmid, name: `g${vmid}`, mark, description: printMark(mark), tags: [], node: "pve1" },
        ...{ fullClone: true, storage: "ceph", power: "stopped", pool: "web", ha: "managed" },
      };
    };
    const vm = {
      ...inputs(501),
      ...{ template: 9000, cloudInit: { ipconfig: {} }, networks: { net0: { model: "virtio", bridge: "vmbr0" } } },
    };
    const container = {
      ...inputs(502),
      ...{ type: "lxc", placement: "pve1", template: 9100, networks: { net0: { name: "eth0", bridge: "vmbr0" } } },
    };
    for (const [handler, given] of [
      [vmHandler, vm],
      [containerHandler, container],
    ] as const) {
      const { id, state } = await handler.create(given);
      expect(state).toMatchObject({ pool: "web", ha: "managed" });
      const moved = await handler.update(id, { ...state }, { ...given, pool: "db", ha: "none", memory: 1024 });
      expect(moved).toMatchObject({ pool: "db", ha: "none", memory: 1024 });
      expect((await handler.read(id, { ...moved }))?.state).toEqual(moved);
      await handler.delete(id, { ...moved });
      expect(await handler.read(id, { ...moved })).toBeUndefined();
    }
  });
});
