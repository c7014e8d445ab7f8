import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discoveryGrants, type Grant } from "../../../stacks/access/privileges";
import { readCluster } from "../../../stacks/discovery/facts";
import type { ClusterChoices } from "../../../stacks/discovery/settings";
import { limitedToken } from "../../harness/rights";
import { seedWith, TestSystems } from "../../harness/systems";

// Proxmox VE leaves a guest's pool out where the token may not see it, as if there were none.

describe("the pools of guests that discovery reads", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"), {}, "lab");
    const { clients } = systems;
    await clients.proxmox("POST", "/pools", { poolid: "team" });
    for (const [vmid, pool] of [
      [700, { pool: "team" }],
      [701, {}],
    ] as const)
      await clients.proxmox("POST", "/nodes/pve1/qemu", { vmid, ...pool });
  });
  afterAll(() => systems.close());

  /** Pools of the guests that are read, by VMID, or why none is. */
  async function read(grants: Grant[], chosen: ClusterChoices, known: { vmid: number; pool?: string }[]) {
    limitedToken(systems.lab, grants);
    const view = await readCluster(systems.context().cluster("pve-lab"), { ...chosen, syncAgent: false }, 1, known);
    return view.unreachable ?? Object.fromEntries(view.machines.map(({ vmid, pool }) => [vmid, pool]));
  }
  const blind = discoveryGrants.filter(({ only }) => only !== "pools");

  it("stay what they were when they were last seen, where the token may not see them", async () => {
    expect(await read(discoveryGrants, {}, [])).toEqual({ 700: "team", 701: undefined });
    expect(await read(blind, {}, [{ vmid: 700, pool: "team" }])).toEqual({ 700: "team", 701: undefined });
  });

  it("choose no guests where the token may not see them: the cluster counts as unread, and nobody as gone", async () => {
    expect(await read(discoveryGrants, { pools: ["te*"] }, [])).toEqual({ 700: "team" });
    const sees = { path: "/pool/team", privileges: ["Pool.Audit"] };
    expect(await read([...blind, sees], { pools: ["team"] }, [])).toEqual({ 700: "team" });
    for (const grants of [blind, [...blind, sees]])
      expect(await read(grants, { pools: ["te*"] }, [{ vmid: 700, pool: "team" }])).toMatch(
        /chosen by the pool te\*, and pulumi@pve!site may not see which are in it: give it Pool\.Audit on \/pool/,
      );
  });
});
