import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

const guests = `
- { name: web1, status: offline, vcpus: 1, memory: 512, disks: [{ name: scsi0, size: 8192 }], interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan@4 } }] }
- { name: ct1, vcpus: 1, memory: 512, customFields: { proxmox_vm_type: lxc, proxmox_vm_storage: ceph, proxmox_lxc_templates: "9100" }, disks: [{ name: rootfs, size: 8192 }], interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.41/24 }] }] }
- { name: plain1, vcpus: 1, memory: 512, localContext: { proxmox: { snapshotBefore: [] } }, interfaces: [{ name: net0, vlan: 71 }] }
`;

/** `snapshotBefore` through the real CLI. */
describe("safety snapshots", { timeout: 120_000 }, () => {
  let systems: TestSystems;
  let stack: Stack;
  const withDays = (snapshotDays: number) => ({
    site: { protect: false },
    defaults: { ...defaults, snapshotBefore: ["cpu", "memory", "disks"], snapshotDays },
  });
  let defaults: Record<string, unknown> = {};
  const held = (name: string) => {
    const all = [...(systems.lab.proxmox.get("pve-lab")?.cluster.guests.values() ?? [])];
    const guest = all.find((each) => each.config.get("name") === name || each.config.get("hostname") === name);
    return guest ?? expect.unreachable(`there is no ${name}`);
  };
  const snapshots = (name: string) => [...held(name).snapshots.values()];
  const patch = async (name: string, body: object) =>
    systems.clients.netbox("PATCH", `virtualization/virtual-machines/${(await systems.clients.vm(name)).id}/`, body);
  const steps = (run: { steps: { op: string; type: string }[] }) =>
    run.steps.map(({ op, type }) => `${op} ${type}`).sort();

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(guests));
    defaults = systems.config().defaults as Record<string, unknown>;
    stack = await systems.stack(withDays(7));
    const made = await stack.up();
    expect(made.errors).toEqual([]);
  });
  afterAll(() => systems.close());

  it("aren't taken of new guests, and a run without changes has none", async () => {
    expect(["web1", "ct1", "plain1"].flatMap(snapshots)).toEqual([]);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("are taken before the guest is changed, once though the change fails, and say so in the preview", async () => {
    for (const name of ["web1", "ct1", "plain1"]) await patch(name, { memory: 1024 });
    const preview = await stack.preview();
    expect(preview.output).toMatch(/A snapshot is taken before the change of: web1 \(memory\), ct1 \(memory\)\./);
    expect(steps(preview)).toEqual([
      ...["update ProxmoxContainer", "update ProxmoxSnapshot", "update ProxmoxSnapshot"],
      ...["update ProxmoxVm", "update ProxmoxVm"],
    ]);
    expect(["web1", "ct1"].flatMap(snapshots)).toEqual([]);

    const { vmid } = held("web1");
    systems.lab.set({
      setup: "call",
      system: "proxmox",
      call: `PUT .*/qemu/${vmid}/config`,
      how: "status",
      status: 500,
      times: 9,
    });
    const failed = await stack.up();
    expect(failed.code).not.toBe(0);
    expect(held("web1").config.get("memory")).toBe("512");
    systems.lab.set({ setup: "clear" });
    expect((await stack.up()).errors).toEqual([]);

    for (const name of ["web1", "ct1"]) {
      expect([name, snapshots(name).map(({ config }) => Number(config.get("memory")))]).toEqual([name, [512]]);
      expect(Number(held(name).config.get("memory"))).toBe(1024);
    }
    expect(snapshots("plain1")).toEqual([]);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("are taken before drift is mended, too", async () => {
    const { vmid, node } = held("web1");
    await systems.clients.proxmox("PUT", `/nodes/${node}/qemu/${vmid}/config`, { cores: 3 });
    await stack.refresh();
    const mended = await stack.up();
    expect(mended.errors).toEqual([]);
    expect(steps(mended)).toEqual(["update ProxmoxSnapshot", "update ProxmoxVm"]);
    expect(snapshots("web1").map(({ config }) => Number(config.get("cores")))).toEqual([1, 3]);
    expect(Number(held("web1").config.get("cores"))).toBe(1);
  });

  it("go when their time is over, and a person's stay", async () => {
    const { vmid, node } = held("ct1");
    await systems.clients.proxmox("POST", `/nodes/${node}/lxc/${vmid}/snapshot`, { snapname: "mine" });
    const short = await systems.stack(withDays(0.000_001), "test");
    const over = await short.up();
    expect(over.errors).toEqual([]);
    expect(steps(over)).toEqual(["update ProxmoxSnapshot", "update ProxmoxSnapshot"]);
    expect([...held("ct1").snapshots.keys()]).toEqual(["mine"]);
    expect(snapshots("web1")).toEqual([]);
    expect((await short.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("go with their guests", async () => {
    await patch("web1", { memory: 2048 });
    expect((await stack.up()).errors).toEqual([]);
    await patch("web1", { status: "decommissioning" });
    const gone = await stack.up();
    expect(gone.errors).toEqual([]);
    expect(steps(gone)).toContain("delete ProxmoxSnapshot");
    expect((await stack.destroy()).errors).toEqual([]);
    expect(await systems.ourGuests()).toEqual([]);
  });
});
