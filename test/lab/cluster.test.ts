import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setSwitch } from "../../lab/switches";
import { seedWith, TestSystems } from "../harness/systems";

// The rules of a cluster of several nodes, as a genuine one of two was recorded (facts and golden/proxmox2).

let systems: TestSystems;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
});
afterAll(() => systems.close());
beforeEach(() => setSwitch(systems.lab, { setup: "clear" }));

type Params = Record<string, string | number>;
const call = <T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Params = {}) =>
  systems.clients.proxmox<T>(method, path, params);

describe("a clone to another node", () => {
  it("can only be on a storage that both have, whatever its source is on", async () => {
    const clone = (params: Params) =>
      call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 620, target: "pve2", ...params });
    await expect(clone({ full: 1, storage: "local-lvm" })).rejects.toThrow(
      /can't clone to non-shared storage 'local-lvm'/,
    );
    await expect(clone({ full: 1, storage: "local-lvm", target: "pve1", newid: 621 })).resolves.toBeDefined();
    await clone({ full: 1, storage: "ceph" });
    await clone({ newid: 622 });
    const source = (params: Params) =>
      call("POST", "/nodes/pve2/qemu/9001/clone", { newid: 623, target: "pve1", ...params });
    for (const params of [{}, { full: 1 }, { full: 1, storage: "ceph" }])
      await expect(source(params as Params)).rejects.toThrow(/can't clone VM to node 'pve1' \(VM uses local storage\)/);
    const container = { newid: 624, target: "pve2", full: 1, storage: "local-lvm" };
    await expect(call("POST", "/nodes/pve1/lxc/9100/clone", container)).rejects.toThrow(
      /non-shared storage 'local-lvm'/,
    );
  });

  it("finds an id that is taken on another node only in its task", async () => {
    await call("POST", "/nodes/pve2/qemu", { vmid: 630 });
    const failed = call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 630 });
    await expect(failed).rejects.toThrow(/close \(rename\) atomic file .*630\.conf' failed: File exists/);
    await expect(call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 100 })).rejects.toThrow(
      /config file already exists/,
    );
  });
});

describe("a node in HA maintenance", () => {
  const states = async () => {
    const nodes = await call<Params[]>("GET", "/cluster/resources", { type: "node" });
    return Object.fromEntries(nodes.map(({ node, status, hastate }) => [node, `${status} ${hastate}`]));
  };

  it("is online everywhere, and in maintenance to HA", async () => {
    expect(await states()).toEqual({ pve1: "online online", pve2: "online online" });
    setSwitch(systems.lab, { setup: "node-maintenance", node: "pve2", enable: true });
    expect(await states()).toEqual({ pve1: "online online", pve2: "online maintenance" });
    const current = await call<Params[]>("GET", "/cluster/ha/status/current");
    expect(current.find(({ id }) => id === "lrm:pve2")?.status).toMatch(/^pve2 \(maintenance mode, watchdog standby, /);
    expect(await call("GET", "/cluster/ha/status/manager_status")).toMatchObject({
      lrm_status: { pve1: { mode: "active" }, pve2: { mode: "maintenance" } },
      manager_status: {
        node_request: { pve1: {}, pve2: { maintenance: 1 } },
        node_status: { pve1: "online", pve2: "maintenance" },
      },
    });
    expect(await call<Params[]>("GET", "/nodes")).toMatchObject([{ status: "online" }, { status: "online" }]);
  });

  it("gives a managed guest that is asked to be started to another node, gets it back, and takes others", async () => {
    await call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 640, full: 1, storage: "ceph", target: "pve2" });
    await call("POST", "/cluster/ha/resources", { sid: "vm:640", state: "started" });
    setSwitch(systems.lab, { setup: "node-maintenance", node: "pve2", enable: true });
    expect(await call("GET", "/nodes/pve1/qemu/640/status/current")).toMatchObject({ status: "running" });
    await call("POST", "/nodes/pve1/qemu/9000/clone", { newid: 641, target: "pve2" });
    expect(await call("GET", "/nodes/pve2/qemu/641/status/current")).toMatchObject({ status: "stopped" });
    setSwitch(systems.lab, { setup: "node-maintenance", node: "pve2", enable: false });
    expect(await call("GET", "/nodes/pve2/qemu/640/status/current")).toMatchObject({ status: "running" });
  });
});
