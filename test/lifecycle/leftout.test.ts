import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { demoSeed, TestSystems } from "../harness/systems";

// A guest that can't be declared as NetBox has it does not stop the others, and keeps what it has.

describe("a guest that can't be declared", () => {
  let systems: TestSystems;
  let stack: Stack;
  const vms = "virtualization/virtual-machines/";
  const patch = async (name: string, body: object) =>
    systems.clients.netbox("PATCH", `${vms}${(await systems.clients.vm(name)).id}/`, body);

  beforeAll(async () => {
    systems = await TestSystems.open(demoSeed());
    stack = await systems.stack();
    expect((await stack.up()).errors).toEqual([]);
  });
  afterAll(() => systems.close());

  it("is left out with a sentence, changes nothing that it has, and the others go on", async () => {
    const before = await systems.inventory();
    const { netbox } = systems.clients;
    // An interface that is deleted takes its addresses along.
    const [nic] = await systems.clients.all<{ id: number }>(
      "virtualization/interfaces",
      `&virtual_machine_id=${(await systems.clients.vm("app02")).id}`,
    );
    await netbox("DELETE", `virtualization/interfaces/${nic?.id}/`);
    await patch("web02", { local_context_data: { proxmox: { options: { bios: "efi" } } } });
    await patch("db02", { status: "planned" });
    await patch("mon01", { custom_fields: { proxmox_vmid: "300" } });
    const [cluster] = await systems.clients.all<{ id: number }>("virtualization/clusters", "&name=pve-lab");
    const half = (await netbox("POST", vms, { name: "half", status: "active", cluster: cluster?.id })) as {
      id: number;
    };

    const preview = await stack.preview("--expect-no-changes");
    expect(preview.errors).toEqual([]);
    expect(preview.code).toBe(0);
    expect(Object.keys(preview.changes)).toEqual(["same"]);
    expect(preview.output).not.toContain("Outputs:");
    const said = async (name: string, what: RegExp) => {
      const { id } = await systems.clients.vm(name);
      expect(preview.output).toMatch(
        new RegExp(`Left out: ${name} \\(${systems.endpoints.netbox.url}/${vms}${id}/[^\n]*${what.source}`),
      );
    };
    await said("app02", /it has no interface; add one in NetBox/);
    await said("web02", /"efi" won't do; write seabios, ovmf/);
    await said("db02", /is planned in NetBox, but was built already: set it to staged or offline to keep it/);
    await said("mon01", /it was built as VM 250, and its VMID is now 300; a guest can't be renumbered/);
    await said("half", /it has no interface/);
    expect(preview.output).toMatch(/5 of 13 guests are left out of this run: 4 of them are built/);

    // The others go on, and what the broken ones have is handed to nobody.
    await patch("web01", { memory: 3072 });
    const up = await stack.up();
    expect(up.errors).toEqual([]);
    expect(up.steps.map(({ op, type }) => `${op} ${type}`)).toEqual(["update ProxmoxVm"]);
    expect((await systems.clients.guest("web01")).config.memory).toBe("3072");
    await patch("web01", { memory: 2048 });
    expect((await stack.up()).errors).toEqual([]);
    const lines = (text: string) => text.split("\n").filter((line) => !/allocation/.test(line));
    expect(lines(await systems.inventory())).toEqual(lines(before));
    await netbox("DELETE", `${vms}${half.id}/`);
  });

  it("stops the run in a strict stack", async () => {
    stack.configure(systems.config({ site: { protect: false, strict: true } }));
    const refused = await stack.preview();
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/these 4 things stand in the way/);
    stack.configure(systems.config());
  });

  it("goes when it is decommissioned, and with the whole stack", async () => {
    await patch("web02", { status: "decommissioning" });
    const gone = await stack.up();
    expect(gone.errors).toEqual([]);
    expect((await systems.ourGuests()).map(({ name }) => name)).not.toContain("web02");
    expect((await systems.newRecords()).filter((line) => line.includes("web02"))).toEqual([]);
    const destroyed = await stack.destroy();
    expect(destroyed.errors).toEqual([]);
    expect(await systems.ourGuests()).toEqual([]);
    expect(await systems.newRecords()).toEqual([]);
  });
});
