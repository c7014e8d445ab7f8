import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { killTree } from "../../cli/processes";
import { demoSeed, TestSystems } from "../harness/systems";

// SIGKILL to the CLI's whole process tree in the middle of `up`; then `up` again. What the systems hold decides.

describe("an up that is killed", () => {
  let systems: TestSystems | undefined;
  afterEach(() => systems?.close());

  /** Kills once so many calls of a kind have reached Proxmox. */
  async function killedAfter(calls: number, fits: (path: string) => boolean) {
    systems = await TestSystems.open(demoSeed(), { clone: 300, start: 100 });
    const stack = await systems.stack();
    const { pid, done } = stack.start("up", ["--yes", "--skip-preview"]);
    const { log } = systems.lab;
    while (
      log.calls.filter(({ system, method, path }) => system === "proxmox" && method === "POST" && fits(path)).length <
      calls
    )
      await sleep(5);
    killTree(pid);
    expect((await done).code).not.toBe(0);
    const refused = await stack.up();
    expect(refused.output).toContain("the stack is currently locked");
    expect(stack.clearDeadLocks()).toBe(1);
    return { systems, stack };
  }

  async function expectWhole(own: TestSystems): Promise<void> {
    const guests = await own.ourGuests();
    expect(guests.map(({ name }) => name)).toEqual([
      "app01",
      "app02",
      "app03",
      "archive01",
      "batch01",
      "db01",
      "db02",
      "mon01",
      "ns01",
      "web01",
      "web02",
      "www",
    ]);
    expect(guests.filter(({ status }) => status === "running")).toHaveLength(10);
    const allocated = await own.ourAddresses();
    expect(
      new Set(allocated.map(({ assigned_object_id, address }) => `${assigned_object_id}/${address.includes(":")}`))
        .size,
    ).toBe(allocated.length);
    expect(allocated).toHaveLength(9);
    const addresses = (await own.clients.addresses()).map(({ address }) => address.split("/")[0]);
    expect(new Set(addresses).size).toBe(addresses.length);
    const records = await own.newRecords();
    expect(new Set(records).size).toBe(records.length);
    expect(records.filter((line) => / A /.test(line))).toHaveLength(12);
    expect(records.filter((line) => / PTR /.test(line))).toHaveLength(17);
  }

  it("while it clones is finished by the next one: nothing doubled, nothing orphaned", async () => {
    const { systems: own, stack } = await killedAfter(3, (path) => path.endsWith("/clone"));
    expect((await stack.up()).errors).toEqual([]);
    await expectWhole(own);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("leaves nothing of a guest that is decommissioned before the next one", async () => {
    const { systems: own, stack } = await killedAfter(2, (path) => path.endsWith("/status/start"));
    await sleep(700); // the clones that were under way end by themselves
    const made = (await own.ourGuests()).map(({ name }) => name);
    const [first = "", second = ""] = made;
    await own.clients.netbox("PATCH", `virtualization/virtual-machines/${(await own.clients.vm(first)).id}/`, {
      status: "decommissioning",
    });
    await own.clients.netbox("DELETE", `virtualization/virtual-machines/${(await own.clients.vm(second)).id}/`);
    expect((await stack.up()).errors).toEqual([]);
    const left = (await own.ourGuests()).map(({ name }) => name);
    expect(left).toHaveLength(10);
    expect(left).not.toContain(first);
    expect(left).not.toContain(second);
    expect(
      (await own.newRecords()).filter((line) => line.includes(`${first}.`) || line.includes(`${second}.`)),
    ).toEqual([]);
    expect(await own.clients.all("virtualization/virtual-machines", `&name=${first}`)).toEqual([]);
    const held = await own.clients.all<{ address: string; assigned_object_id: number | null; description: string }>(
      "ipam/ip-addresses",
    );
    expect(
      held.filter(
        ({ description, assigned_object_id }) => description.startsWith("Managed") && assigned_object_id === null,
      ),
    ).toEqual([]);
    const again = await stack.preview("--expect-no-changes");
    expect(again.steps).toEqual([]);
    expect(again.code, again.output).toBe(0);
  });
});
