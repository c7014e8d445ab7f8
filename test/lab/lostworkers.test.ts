import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

// Tasks whose worker was killed before it ran anything, as a genuine node answered them (facts/proxmox-more.md).

let systems: TestSystems;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
});
afterEach(() => systems.lab.set({ setup: "clear" }));
afterAll(() => systems.close());

type Row = Record<string, unknown>;
const call = <T = Row>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Row = {}) =>
  systems.clients.proxmox<T>(method, path, params as Record<string, string | number>);
const refused = "got no worker upid - start worker failed";
const lost = async () =>
  (await call<Row[]>("GET", "/nodes/pve1/tasks", { limit: 500 })).filter(
    ({ status }) => status === "unexpected status",
  );

it("does nothing, stands in the list and has neither a status nor a log", async () => {
  systems.lab.set({ setup: "lost-workers", share: 1, type: "qmstart", times: 1 });
  await call("POST", "/nodes/pve1/qemu", { vmid: 640 });
  await systems.lab.proxmox.values().next().value?.cluster.tasks.idle(5000);
  await expect(call("POST", "/nodes/pve1/qemu/640/status/start")).rejects.toThrow(refused);
  expect(await call("GET", "/nodes/pve1/qemu/640/status/current")).toMatchObject({ status: "stopped" });
  const [row] = await lost();
  expect(row).toMatchObject({ type: "qmstart", id: "640" });
  const task = `/nodes/pve1/tasks/${encodeURIComponent(String(row?.upid))}`;
  await expect(call("GET", `${task}/status`)).rejects.toThrow(/no such task/);
  expect(await call("GET", `${task}/log`)).toEqual([{ n: 1, t: "unable to open file - No such file or directory" }]);
  await call("POST", "/nodes/pve1/qemu/640/status/start");
});

it("leaves the id that a creation took", async () => {
  systems.lab.set({ setup: "lost-workers", share: 1, type: "qmcreate", times: 1 });
  await expect(call("POST", "/nodes/pve1/qemu", { vmid: 641, name: "half" })).rejects.toThrow(refused);
  const { digest: _digest, ...left } = await call("GET", "/nodes/pve1/qemu/641/config");
  expect(left).toEqual({ lock: "create" });
  await expect(call("POST", "/nodes/pve1/qemu", { vmid: 641 })).rejects.toThrow(/VM 641 already exists/);
});

it("picks the same tasks for the same seed, and its share of them", () => {
  const [cluster] = [...systems.lab.proxmox.values()].map((server) => server.cluster);
  const outcomes = (seed: number) => {
    systems.lab.set({ setup: "lost-workers", share: 0.05, seed });
    return Array.from({ length: 1000 }, (_, n) => cluster?.tasks.loses("qmstart", String(n)) ?? false);
  };
  const first = outcomes(3);
  expect(outcomes(3)).toEqual(first);
  expect(outcomes(4)).not.toEqual(first);
  const lost = first.filter(Boolean).length;
  expect(lost).toBeGreaterThan(25);
  expect(lost).toBeLessThan(80);
});
