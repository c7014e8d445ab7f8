import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useContext } from "../../../../providers/context";
import { printMark } from "../../../../providers/ownership/mark";
import { vmHandler } from "../../../../providers/proxmox/nodes/qemu/vm.handler";
import { type Grant, siteGrants } from "../../../../stacks/access/privileges";
import { limitedToken } from "../../../harness/rights";
import { seedWith, TestSystems } from "../../../harness/systems";

// What a token may not see is unknown: no drift is found in it, and nothing is written because of it.

describe("a guest's pool", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"), {}, "lab");
    for (const poolid of ["red", "blue"]) await systems.clients.proxmox("POST", "/pools", { poolid });
  });
  afterAll(() => systems.close());

  const withoutPools = siteGrants.filter(({ only }) => only !== "pools");
  /** The handler works with a token that may do this. */
  const hold = (grants: Grant[]) => {
    limitedToken(systems.lab, grants);
    useContext(systems.context());
  };
  const inputs = (vmid: number, changes: Record<string, unknown> = {}) => {
    const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: vmid };
    return {
      ...{ cluster: "pve-lab", vmid, mark, template: 9000, fullClone: false, name: `g${vmid}`, tags: [] },
      ...{ description: printMark(mark), networks: { net0: { model: "virtio", bridge: "vmbr0" } } },
      ...{ cloudInit: { ipconfig: {} }, power: "stopped", pool: "red", ...changes },
    };
  };
  const poolOf = (vmid: number) => systems.lab.proxmox.get("pve-lab")?.cluster.pools.of(vmid)?.poolid ?? "none";

  it("is the one that it is made in, though the token may not see pools: no drift, and no second try", async () => {
    hold([...withoutPools, { path: "/pool", privileges: ["Pool.Allocate"] }]);
    const { id, state } = await vmHandler.create(inputs(700));
    expect(state).toMatchObject({ pool: "red" });
    expect(poolOf(700)).toBe("red");
    const read = await vmHandler.read(id, { ...state });
    expect(read?.state).toEqual(state);
    expect(vmHandler.diff({ ...read?.state }, inputs(700)).changes).toBe(false);
    // Another change of it leaves the pool alone.
    const named = await vmHandler.update(id, { ...state }, inputs(700, { name: "other" }));
    expect(named).toMatchObject({ name: "other", pool: "red" });
  });

  it("is not changed where the token may not see which one it is", async () => {
    hold([...withoutPools, { path: "/pool", privileges: ["Pool.Allocate"] }]);
    const { id, state } = await vmHandler.create(inputs(701));
    for (const pool of ["blue", ""])
      await expect(vmHandler.update(id, { ...state }, inputs(701, { pool }))).rejects.toThrow(
        /may not see which pool it is in: give it Pool\.Audit on \/pool/,
      );
    expect(poolOf(701)).toBe("red");
  });

  it("is drift once it may be seen, and then put right", async () => {
    hold(siteGrants);
    const { id, state } = await vmHandler.create(inputs(702));
    await systems.clients.proxmox("PUT", "/pools", { poolid: "red", vms: 702, delete: 1 });
    await expect.poll(async () => (await vmHandler.read(id, { ...state }))?.state).toMatchObject({ pool: "" });
    await vmHandler.update(id, { ...state, pool: "" }, inputs(702));
    expect(poolOf(702)).toBe("red");
  });
});
