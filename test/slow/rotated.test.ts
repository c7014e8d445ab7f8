import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pulumiFolder } from "../../cli/pulumi";
import { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// What the engine hands a provider on refresh and destroy is the configuration of the last `up`, old tokens and all: the
// environment and `--run-program` must win over it.

const guest =
  "- { name: one, interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.50/24, dnsName: one.lab.example }] }] }";

describe("tokens that were all rotated after an up", () => {
  let systems: TestSystems;
  let stack: Stack;
  const site = { protect: false };

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(guest));
    const first = await systems.stack({ site }, "rotated");
    expect((await first.up()).errors).toEqual([]);

    const { access } = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    const [id = ""] = (systems.reach.proxmox["pve-lab"]?.token ?? "").split("=");
    const secret = "1ab00000-0000-4000-8000-00000000beef";
    access.addToken(id, secret, 1);
    const { clients } = systems;
    for (const each of await clients.all<{ id: number }>("users/tokens", "&user=site"))
      await clients.netbox("DELETE", `users/tokens/${each.id}/`);
    const body = { user: { username: "site" }, version: 2 };
    const made = (await clients.netbox("POST", "users/tokens/", body)) as { key: string; token: string };
    const netboxToken = `nbt_${made.key}.${made.token}`;
    expect((await first.preview()).output).toMatch(/refuses the (API )?token/);

    stack = new Stack({
      cli: await pulumiFolder(),
      name: "rotated",
      folder: join(systems.folder, "rotated"),
      config: systems.config({ site }),
      secrets: {},
      env: { NETBOX_API_TOKEN: netboxToken, PROXMOX_VE_API_TOKEN: `${id}=${secret}` },
    });
  });
  afterAll(() => systems.close());

  it("are used by preview, refresh and destroy, though the state still has the old ones", async () => {
    const unchanged = await stack.preview("--refresh", "--expect-no-changes");
    expect(unchanged.errors).toEqual([]);
    expect(unchanged.code).toBe(0);
    const refreshed = await stack.refresh();
    expect(refreshed.errors).toEqual([]);
    expect(refreshed.changes).not.toHaveProperty("update");
    const gone = await stack.destroy();
    expect(gone.errors).toEqual([]);
    const { guests } = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    expect([...guests.values()].map(({ name }) => name)).not.toContain("one");
    expect(await systems.newRecords()).toEqual([]);
  });
});
