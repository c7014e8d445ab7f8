import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

const count = 8;
const numbers = Array.from({ length: count }, (_, n) => n + 1);

/** Two guests a stack, told apart by its tag; all take their addresses from one prefix and their names from one zone. */
const guests = numbers
  .flatMap((n) =>
    ["a", "b"].map(
      (part) =>
        `- { name: s${n}${part}, vcpus: 1, memory: 512, tags: [stack-${n}], interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan } }] }`,
    ),
  )
  .join("\n");

describe("eight stacks at once on one NetBox, one cluster and one zone", () => {
  let systems: TestSystems;
  let stacks: Stack[];

  beforeAll(async () => {
    const seed = seedWith(guests);
    seed.netbox.tags.push(...numbers.map((n) => `stack-${n}`));
    systems = await TestSystems.open(seed, { clone: 100 });
    stacks = await Promise.all(
      numbers.map((n) => systems.stack({ site: { protect: false, scope: { tags: [`stack-${n}`] } } }, `together${n}`)),
    );
  });
  afterAll(() => systems.close());

  it("end well without a VMID, address or name twice, and people's work meanwhile is kept", async () => {
    const { clients } = systems;
    let isOver = false;
    const people = (async () => {
      for (let n = 0; !isOver; n++) {
        await clients.nsupdate("lab.example.", [`update add person${n}.lab.example. 300 TXT "by hand"`]);
        await clients.proxmox("PUT", "/nodes/pve1/qemu/100/config", { description: `by hand ${n}` });
        const [router] = await clients.all<{ id: number }>("ipam/ip-addresses", "&address=10.71.0.1");
        await clients.netbox("PATCH", `ipam/ip-addresses/${router?.id}/`, { comments: `by hand ${n}` });
        await sleep(500);
      }
    })();
    const runs = await Promise.all(stacks.map((stack) => stack.up()));
    isOver = true;
    await people;
    expect(runs.flatMap(({ errors }) => errors)).toEqual([]);

    const made = await systems.ourGuests();
    expect(made.map(({ name }) => name)).toEqual(numbers.flatMap((n) => [`s${n}a`, `s${n}b`]));
    expect(new Set(made.map(({ vmid }) => vmid)).size).toBe(2 * count);
    const addresses = (await systems.ourAddresses()).map(({ address }) => address);
    expect(new Set(addresses).size).toBe(4 * count); // one of each family
    expect(addresses).toHaveLength(4 * count);
    const records = (await systems.newRecords()).filter((line) => !line.startsWith("_netbox-proxmox."));
    expect(records.filter((line) => / (A|AAAA) /.test(line))).toHaveLength(4 * count);
    expect(records.filter((line) => line.includes(" PTR "))).toHaveLength(4 * count);
    expect(records.filter((line) => line.startsWith("person")).length).toBeGreaterThan(0);
    expect((await clients.guest("firewall")).config.description).toMatch(/^by hand \d+/);
  });

  it("each see nothing to do afterwards, and one's teardown touches no other", async () => {
    for (const stack of stacks.slice(0, 2)) {
      const again = await stack.preview("--refresh", "--expect-no-changes");
      expect(again.steps.map(({ op, name }) => `${op} ${name}`)).toEqual([]);
    }
    const others = async () => (await systems.ourGuests()).filter(({ name }) => !name.startsWith("s1"));
    const before = JSON.stringify(await others());
    expect((await stacks[0]?.destroy())?.errors).toEqual([]);
    expect(JSON.stringify(await others())).toBe(before);
    expect((await systems.ourGuests()).some(({ name }) => name.startsWith("s1"))).toBe(false);
  });
});
