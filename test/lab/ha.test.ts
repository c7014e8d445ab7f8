import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

// HA's rules and what it makes of requests, as a genuine cluster of two was recorded and as PVE's sources have them.

let systems: TestSystems;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
  for (const vmid of [650, 651]) {
    await call("POST", "/nodes/pve1/qemu", { vmid });
    await idle();
    await call("POST", "/cluster/ha/resources", { sid: String(vmid), state: "stopped" });
  }
});
afterAll(() => systems.close());

type Row = Record<string, unknown>;
const call = <T = Row>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Row = {}) =>
  systems.clients.proxmox<T>(method, path, params as Record<string, string | number>);
const cluster = () => [...systems.lab.proxmox.values()][0]?.cluster ?? expect.unreachable("the lab has a cluster");
const idle = () => cluster().tasks.idle(5000);
const rules = "/cluster/ha/rules";
const both = "vm:650,vm:651";
const together = { type: "resource-affinity", resources: both, affinity: "positive" };

describe("rules of HA", () => {
  it("are refused where they can't be kept beside the others", async () => {
    const place = { type: "node-affinity", resources: "vm:650", nodes: "pve1:2,pve2:1" };
    await call("POST", rules, { rule: "first", ...place });
    const refused = (params: Row, text: RegExp) => expect(call("POST", rules, params)).rejects.toThrow(text);
    await refused({ rule: "first", ...place }, /HA rule 'first' already defined/);
    await refused({ rule: "other", ...place, nodes: "pve2" }, /400 Rule 'other' is invalid/);
    await refused({ rule: "other", ...place, resources: "vm:999" }, /cannot use unmanaged resource\(s\) vm:999/);
    await refused({ rule: "other", ...place, nodes: "pve9" }, /cannot use non-existent node\(s\) pve9/);
    await refused({ rule: "other", ...together }, /400 Rule 'other' is invalid/);
    await refused(
      { rule: "other", type: "node-affinity", resources: "vm:650" },
      /oneOf\[node-affinity\]\.nodes\W+property is missing/,
    );
    await expect(call("PUT", `${rules}/first`, { type: "resource-affinity" })).rejects.toThrow(
      /unexpected property 'type'/,
    );
    await call("DELETE", `${rules}/first`);
    await call("DELETE", `${rules}/first`);
  });

  it("keep resources together or apart where one is to move", async () => {
    await call("POST", rules, { rule: "pair", ...together });
    expect(await call("POST", "/cluster/ha/resources/vm:650/migrate", { node: "pve2" })).toEqual({
      sid: "vm:650",
      "requested-node": "pve2",
      "comigrated-resources": ["vm:651"],
    });
    expect([650, 651].map((vmid) => cluster().guests.get(vmid)?.node)).toEqual(["pve2", "pve2"]);
    await call("DELETE", `${rules}/pair`);
    await call("POST", "/cluster/ha/resources/vm:651/migrate", { node: "pve1" });
    await call("POST", rules, { rule: "apart", ...together, affinity: "negative" });
    const blocking = [{ sid: "vm:651", cause: "resource-affinity" }];
    expect(await call("GET", "/nodes/pve2/qemu/650/migrate")).toMatchObject({
      allowed_nodes: [],
      not_allowed_nodes: { pve1: { "blocking-ha-resources": blocking } },
    });
    await expect(call("POST", "/nodes/pve2/qemu/650/migrate", { target: "pve1" })).rejects.toThrow(
      /hamigrate:650:.*command 'ha-manager migrate vm:650 pve1' failed: exit code 2/,
    );
    await call("DELETE", `${rules}/apart`);
  });
});

it("starts and stops by request, says the state, ignores who is ignored, and has no groups", async () => {
  const ha = async () => (await call("GET", "/nodes/pve2/qemu/650/status/current")).ha;
  await call("POST", "/nodes/pve2/qemu/650/status/start");
  await idle();
  expect(await ha()).toEqual({ managed: 1, state: "started" });
  await call("PUT", "/cluster/ha/resources/vm:650", { state: "ignored" });
  expect(await ha()).toEqual({ managed: 0 });
  await expect(call("DELETE", "/nodes/pve2/qemu/650")).rejects.toThrow(/used in HA resources/);
  await expect(call("GET", "/cluster/ha/groups")).rejects.toThrow(/ha groups have been migrated to rules/);
  await expect(call("PUT", "/cluster/ha/resources/vm:651", { group: "east" })).rejects.toThrow(
    /invalid parameter 'group'/,
  );
});
