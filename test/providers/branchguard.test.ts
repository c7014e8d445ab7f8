import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Context } from "../../providers/context";
import { definitions, get } from "../../providers/registry";
import { TestBranch } from "../harness/branches";
import { seedWith, TestSystems } from "../harness/systems";

// While a branch of NetBox is read, nothing is written to any system, whoever asks.

describe("while a branch is planned", () => {
  let systems: TestSystems;
  let context: Context;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("- { name: one, memory: 512, disks: [] }"), {}, "branching");
    await TestBranch.make(systems, "bigger");
    const { ssh } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    context = systems.context({ ssh }, {}, systems.reach, { NETBOX_PROXMOX_BRANCH: "bigger" });
  });
  afterAll(() => systems.close());
  beforeEach(() => systems.lab.log.clear());

  const refusal = (what: string | RegExp) =>
    expect.objectContaining({
      message: expect.stringMatching(
        new RegExp(
          `^Nothing is written for the branch bigger of NetBox, so that ${typeof what === "string" ? what : what.source} is refused: a branch is planned and never applied; merge it in NetBox, then run without --branch and NETBOX_PROXMOX_BRANCH\\.$`,
        ),
      ),
    });
  const writes = () => systems.lab.log.calls.filter(({ method }) => method !== "GET" && method !== "OPTIONS");

  it.each(definitions.map(({ kind }) => kind))("no %s is created, updated or deleted", async (kind) => {
    const provider = get(kind);
    const properties = fc.dictionary(fc.string(), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(properties, properties, fc.string(), async (state, inputs, id) => {
        const known = { ...state, __provider: "" };
        await expect(provider.create(inputs)).rejects.toEqual(refusal(`the creation of a ${kind}`));
        await expect(provider.update?.(id, known, inputs)).rejects.toEqual(refusal(`the update of a ${kind}`));
        await expect(provider.delete?.(id, known)).rejects.toEqual(refusal(`the deletion of a ${kind}`));
      }),
      { numRuns: 5 },
    );
    expect(systems.lab.log.calls).toEqual([]);
  });

  it("NetBox gets reads alone", async () => {
    const { netbox } = context;
    const row = z.object({ id: z.number(), memory: z.number() });
    const machines = "virtualization/virtual-machines";
    const id = systems.lab.guestIds.get("one") ?? expect.unreachable("the seed has it");
    await expect(netbox.create(machines, row, { name: "two" })).rejects.toEqual(refusal(/a POST to \S+/));
    await expect(netbox.createAll(machines, row, [{ name: "two" }], () => {})).rejects.toEqual(
      refusal(/a POST to \S+/),
    );
    const change = (wanted: object | "delete" | undefined) =>
      netbox.change(machines, id, row, "id,memory", () => wanted);
    await expect(change({ memory: 1 })).rejects.toEqual(refusal(/a PATCH to \S+/));
    await expect(change("delete")).rejects.toEqual(refusal(/a DELETE to \S+/));
    // To look and leave it is no write.
    expect(await change(undefined)).toMatchObject({ memory: 512 });
    expect(writes()).toEqual([]);
  });

  it("neither Proxmox VE nor DNS nor a node gets anything", async () => {
    const cluster = context.cluster("pve-lab");
    const path = "/nodes/pve1/qemu/100/config";
    await expect(cluster.write("PUT", path, { memory: 1 })).rejects.toEqual(refusal(/a PUT to \S+/));
    await expect(cluster.task("POST", "/nodes/pve1/qemu", { vmid: 100 })).rejects.toEqual(refusal(/a POST to \S+/));
    await expect(cluster.write("DELETE", path, {})).rejects.toEqual(refusal(/a DELETE to \S+/));
    const [server] = context.nameServers;
    const zone = server?.zones[0] ?? expect.unreachable("the lab has one");
    await expect(
      server?.change(zone, { prerequisites: [], updates: [`update add x.${zone} 60 A 10.0.0.1`] }),
    ).rejects.toEqual(refusal(/an update of \S+ on name server \S+/));
    const [node] = context.sshNodes("pve-lab");
    const shell = context.shell("pve-lab", node ?? expect.unreachable("the lab has one"));
    await expect(shell.run({ title: "make a file", script: "touch /tmp/made" })).rejects.toEqual(
      refusal(/the step “make a file” on .*/),
    );
    expect(systems.lab.log.calls).toEqual([]);
  });

  it("what is read is read, on every system", async () => {
    expect(await context.netbox.count("virtualization/virtual-machines")).toBe(1);
    expect(await context.cluster("pve-lab").version()).toMatch(/^9\./);
    const [server] = context.nameServers;
    expect((await server?.content(server.zones[0] ?? ""))?.size).toBeGreaterThan(0);
    expect(writes().filter(({ system }) => system !== "bind9")).toEqual([]);
  });
});
