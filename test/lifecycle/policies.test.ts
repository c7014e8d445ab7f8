import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// What policies refuse and what is held, by Pulumi itself.

describe("a stack with policies", () => {
  let systems: TestSystems;
  let stack: Stack;
  let file: string;
  const guest = async (method: "PATCH" | "DELETE", body?: object) =>
    systems.clients.netbox(method, `virtualization/virtual-machines/${(await systems.clients.vm("web")).id}/`, body);

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith(
        "- { name: web, memory: 2048, interfaces: [{ name: net0, vlan: 71 }] }\n- { name: later, status: planned }",
      ),
      {},
      "lab",
    );
    file = join(systems.folder, "policies.yml");
    stack = await systems.stack({ site: { protect: false }, policies: { file } });
  });
  afterAll(() => systems.close());

  it("makes nothing while one refuses", async () => {
    writeFileSync(
      file,
      "policies: [{ name: small, what: guest.memory < 2048, message: '{guest.memory} MiB', then: refuse }]\n",
    );
    const before = await systems.inventory();
    const up = await stack.up();
    expect(up.code).not.toBe(0);
    expect(up.output.replace(/\s+/g, " ")).toMatch(
      /the policy small \(\S+policies\.yml:1:12\) does not hold for web \(\S+\): 2048 MiB/,
    );
    expect(await systems.inventory()).toBe(before);
  });

  it("keeps a guest that is held through a change and its decommissioning, and from a destroy", async () => {
    writeFileSync(file, "policies: []\n");
    expect((await stack.up()).errors).toEqual([]);
    await systems.clients.netbox("POST", "extras/tags/", { name: "Proxmox hold", slug: "proxmox-hold" });
    await guest("PATCH", { tags: [{ slug: "proxmox-hold" }], memory: 4096, status: "decommissioning" });
    const before = await systems.inventory();
    const held = await stack.up();
    expect(held.errors).toEqual([]);
    expect(held.steps).toEqual([]);
    expect(held.output.replace(/\s+/g, " ")).toMatch(
      /web \(\S+\) is held by the tag proxmox-hold.*neither changed nor removed, though/,
    );
    expect(await systems.inventory()).toBe(before);
    const destroyed = await stack.destroy();
    expect(destroyed.output.replace(/\s+/g, " ")).toMatch(
      /a destroy would remove web \(\S+\), which is held by the tag proxmox-hold/,
    );
    await guest("PATCH", { tags: [] });
    const gone = await stack.up();
    expect(gone.errors).toEqual([]);
    expect(gone.steps.map(({ op, type }) => `${op} ${type}`)).toContain("delete ProxmoxVm");
  });
});
