import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

// The SDN's rules, as a genuine cluster of two was recorded (facts/proxmox-more.md) and as PVE's sources have them.

let systems: TestSystems;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
});
afterAll(() => systems.close());

type Row = Record<string, unknown>;
const call = <T = Row[]>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Row = {}) =>
  systems.clients.proxmox<T>(method, path, params as Record<string, string | number>);
const states = async (path: string) =>
  (await call("GET", path, { pending: 1 })).map(({ zone, vnet, state, pending }) => ({
    id: vnet ?? zone,
    state,
    pending,
  }));

describe("what is written", () => {
  it("is new, in force once it is applied, changed or deleted from then on, and comes back by a rollback", async () => {
    await call("POST", "/cluster/sdn/zones", { zone: "zone1", type: "simple", nodes: "pve1" });
    await call("POST", "/cluster/sdn/vnets", { vnet: "net1", zone: "zone1", alias: "first" });
    expect(await states("/cluster/sdn/vnets")).toEqual([
      { id: "net1", state: "new", pending: { zone: "zone1", alias: "first" } },
    ]);
    expect(await call("GET", "/cluster/sdn/vnets", { running: 1 })).toEqual([]);
    await call("PUT", "/cluster/sdn");
    const cluster = [...systems.lab.proxmox.values()][0]?.cluster;
    await cluster?.tasks.idle(5000);
    expect(await states("/cluster/sdn/vnets")).toEqual([{ id: "net1", state: undefined, pending: undefined }]);
    expect([...(cluster?.nodes.values() ?? [])].map(({ bridges }) => bridges.includes("net1"))).toEqual([true, false]);
    await call("PUT", "/cluster/sdn/vnets/net1", { delete: "alias" });
    await call("PUT", "/cluster/sdn/zones/zone1", { mtu: 1400 });
    expect(await states("/cluster/sdn/vnets")).toMatchObject([{ state: "changed", pending: { alias: "deleted" } }]);
    expect(await states("/cluster/sdn/zones")).toMatchObject([{ state: "changed", pending: { mtu: 1400 } }]);
    await call("POST", "/cluster/sdn/rollback");
    expect(await states("/cluster/sdn/vnets")).toMatchObject([{ id: "net1", state: undefined }]);
  });

  it("is refused with PVE's inner errors", async () => {
    const refused = (path: string, params: Row, text: RegExp) =>
      expect(call("POST", `/cluster/sdn/${path}`, params)).rejects.toThrow(text);
    await call("POST", "/cluster/sdn/zones", { zone: "vlans", type: "vlan", bridge: "vmbr0" });
    await refused(
      "zones",
      { zone: "zone2", type: "vlan" },
      /^(?!.*object failed).*missing value for required option 'bridge'/,
    );
    await refused("zones", { zone: "zone2", type: "simple", bridge: "vmbr0" }, /unexpected property 'bridge'/);
    await refused(
      "zones",
      { zone: "zone2", type: "simple", ipam: "none" },
      /create sdn zone object failed: 400 Parameter/,
    );
    await refused("vnets", { vnet: "net2", zone: "none" }, /cannot lookup undefined type! at .*Vnets\.pm line 326/);
    await refused("vnets", { vnet: "net2", zone: "vlans" }, /create sdn vnet object failed/);
    await refused("vnets", { vnet: "net1", zone: "zone1" }, /'net1' already defined/);
    await refused("vnets/none/subnets", { subnet: "10.0.0.0/24", type: "subnet" }, /sdn vnet 'none' does not exist/);
    await expect(call("DELETE", "/cluster/sdn/zones/zone1")).rejects.toThrow(/zone zone1 is used by vnet net1 at /);
  });
});

it("gives a lock whose token every change then needs", async () => {
  await expect(call("POST", "/cluster/sdn/lock")).rejects.toThrow(/configuration has pending changes/);
  const token = await call<string>("POST", "/cluster/sdn/lock", { "allow-pending": 1 });
  const zone = { zone: "zone3", type: "simple" };
  await expect(call("POST", "/cluster/sdn/zones", zone)).rejects.toThrow(/invalid lock token provided!/);
  await call("POST", "/cluster/sdn/zones", { ...zone, "lock-token": token });
  await call("PUT", "/cluster/sdn", { "lock-token": token, "release-lock": 1 });
  await call("POST", "/cluster/sdn/zones", { ...zone, zone: "zone4" });
});
