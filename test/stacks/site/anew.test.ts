import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { printMark } from "../../../providers/ownership/mark";
import { planOf, stateWith } from "../../harness/plan";
import { seedWith, TestSystems } from "../../harness/systems";

// To make a guest anew is to delete it first: of one that was there before the stack, that takes a setting.

const vmid = 301;

describe("an adopted guest that is to be made anew", () => {
  let systems: TestSystems;
  let id: number;

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith(
        `- { name: old1, customFields: { proxmox_vmid: "${vmid}" }, disks: [{ name: scsi0, size: 8192 }], interfaces: [{ name: net0 }] }`,
      ),
      {},
      "lab",
    );
    ({ id } = await systems.clients.vm("old1"));
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu/9000/clone", { newid: vmid, name: "old1", full: 1 });
    await systems.clients.proxmox("PUT", `/nodes/pve1/qemu/${vmid}/config`, { description: mark(true) });
  });
  afterAll(() => systems.close());

  const mark = (adopted: boolean) => {
    const of = { stack: "netbox-proxmox/test", netboxUrl: systems.endpoints.netbox.url, netboxId: id };
    return printMark(of, adopted);
  };
  /** What is said of it. @param before what it was when the stack last changed it */
  async function told(before: { adopted: boolean; rebuild?: number }, site: object = {}) {
    const last = { description: mark(before.adopted), rebuild: before.rebuild, name: "old1", disks: {} };
    const known = { type: "qemu" as const, name: "old1", cluster: "pve-lab", vmid, last };
    const settings = { site: { maxLeftOut: "all", ...site } };
    return (await planOf(systems, settings, stateWith({ guests: new Map([[id, known]]) }))).warnings.join("\n");
  }
  const refused =
    /^Left out: old1 \(\S+\): it was adopted, and to make it anew deletes it; set netbox-proxmox:site\.destroyAdopted to true to allow that, or take/m;

  it.each([
    ["another rebuild counter", { local_context_data: { proxmox: { rebuild: 1 } } }, "the rebuild counter"],
    ["another kind", { custom_fields: { proxmox_vm_type: "lxc" } }, "the change of its kind"],
  ])("by %s is left out, unless a setting allows it; one that was made is not", async (_what, body, back) => {
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
    const said = await told({ adopted: true });
    expect(said).toMatch(refused);
    expect(said).toContain(`${back} back`);
    expect(await told({ adopted: true }, { destroyAdopted: true })).not.toMatch(/was adopted/);
    await systems.clients.proxmox("PUT", `/nodes/pve1/qemu/${vmid}/config`, { description: mark(false) });
    expect(await told({ adopted: false })).not.toMatch(/adopted/);
    await systems.clients.proxmox("PUT", `/nodes/pve1/qemu/${vmid}/config`, { description: mark(true) });
    const none = { local_context_data: null, custom_fields: { proxmox_vm_type: null } };
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, none);
  });
});
