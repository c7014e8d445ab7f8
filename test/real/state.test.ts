import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killTree } from "../../cli/processes";
import { projectRoot } from "../../tools/root";
import type { Stack } from "../../tools/stack";
import { realServices } from "../harness/services";
import { seedWith, TestSystems } from "../harness/systems";

// The state in a real PostgreSQL, as docs/scale.md says how to keep it.

const guests = ["east", "west"]
  .flatMap((part) =>
    [1, 2, 3].map(
      (n) =>
        `- { name: ${part}${n}, vcpus: 1, memory: 512, tags: [${part}], interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan } }] }`,
    ),
  )
  .join("\n");

describe("state in PostgreSQL", () => {
  let systems: TestSystems;
  let stacks: Stack[];
  beforeAll(async () => {
    const seed = seedWith(guests);
    seed.netbox.tags.push("east", "west");
    systems = await TestSystems.open(seed, { clone: 400 });
    const [[, { token }] = ["", { token: "" }]] = Object.entries(systems.reach.proxmox);
    const env = {
      PULUMI_BACKEND_URL: realServices().postgres,
      NETBOX_API_TOKEN: systems.reach.netbox.token,
      PROXMOX_VE_API_TOKEN: token,
    };
    stacks = [];
    for (const tag of ["east", "west"])
      stacks.push(await systems.stack({ site: { protect: false, scope: { tags: [tag] } } }, `state-${tag}`, { env }));
  });
  afterAll(() => systems.close());
  const [east, west] = [() => stacks[0] as Stack, () => stacks[1] as Stack];

  it("is kept for two stacks that run at once, each with a lock of its own", async () => {
    const first = east().start("up", ["--yes", "--skip-preview"]);
    const other = west().up();
    await sleep(4000);
    const second = await east().up();
    expect(second.output).toContain("the stack is currently locked");
    expect((await first.done).errors).toEqual([]);
    expect((await other).errors).toEqual([]);
    expect((await systems.ourGuests()).map(({ name }) => name)).toEqual([
      "east1",
      "east2",
      "east3",
      "west1",
      "west2",
      "west3",
    ]);
    for (const stack of stacks) {
      const again = await stack.preview("--refresh", "--expect-no-changes");
      expect(again.errors).toEqual([]);
    }
  });

  it("of a killed run is cleared by `pulumi cancel`, and the next run finds what was made", async () => {
    expect((await west().destroy()).errors).toEqual([]);
    systems.lab.log.clear();
    const { pid, done } = west().start("up", ["--yes", "--skip-preview"]);
    while (!systems.lab.log.calls.some(({ method, path }) => method === "POST" && /clone$/.test(path))) await sleep(20);
    killTree(pid);
    await done;
    expect((await west().up()).output).toContain("the stack is currently locked");
    const options = { cwd: projectRoot(), env: west().reach.env };
    const cleared = spawnSync("pulumi", ["cancel", "--yes", "--non-interactive", "--stack", "state-west"], options);
    expect(cleared.status).toBe(0);
    expect((await west().up()).errors).toEqual([]);
    expect((await systems.ourGuests()).filter(({ name }) => name.startsWith("west"))).toHaveLength(3);
    for (const stack of stacks) expect((await stack.destroy()).errors).toEqual([]);
    expect(await systems.ourGuests()).toEqual([]);
    expect(await systems.newRecords()).toEqual([]);
  });
});
