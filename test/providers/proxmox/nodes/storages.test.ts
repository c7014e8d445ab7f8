import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { printMark } from "../../../../providers/ownership/mark";
import { containerHandler } from "../../../../providers/proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../../../../providers/proxmox/nodes/qemu/vm.handler";
import { formatOfNewDisk, keepsSnapshots } from "../../../../providers/proxmox/nodes/storage/storages";
import { seedWith, TestSystems } from "../../../harness/systems";

describe("a new disk", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"), {}, "lab");
    systems.context();
    const storages = systems.lab.proxmox.get("pve-lab")?.cluster.storages ?? expect.unreachable("the seed has it");
    storages.get("local").content += ",rootdir";
  });
  afterAll(() => systems.close());

  const inputs = (vmid: number, changes: Record<string, unknown> = {}) => {
    const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: vmid };
    return {
      ...{ cluster: "pve-lab", vmid, mark, template: 9000, fullClone: true, name: `g${vmid}`, tags: [] },
      ...{ description: printMark(mark), networks: { net0: { model: "virtio", bridge: "vmbr0" } } },
      ...{ cloudInit: { ipconfig: {} }, power: "stopped", ...changes },
    };
  };
  const disks = (extra: object = {}) => ({ scsi0: { size: "4G" }, ...extra });
  const of = (vmid: number, slot: string) =>
    String(systems.lab.proxmox.get("pve-lab")?.cluster.guests.get(vmid)?.config.get(slot));

  it("of a virtual machine is qcow2 on a directory, so that a snapshot keeps it, and as Proxmox VE has it elsewhere", async () => {
    const more = {
      scsi1: { size: "1G", storage: "local" },
      scsi2: { size: "1G", storage: "ceph" },
      efidisk0: { storage: "local" },
      tpmstate0: { storage: "local" },
    };
    const { id, state } = await vmHandler.create(inputs(700, { storage: "local", disks: disks(more) }));
    expect(of(700, "scsi0")).toMatch(/^local:700\/vm-700-disk-\d\.qcow2/);
    expect(of(700, "scsi1")).toMatch(/^local:700\/vm-700-disk-\d\.qcow2/);
    expect(of(700, "scsi2")).toMatch(/^ceph:vm-700-disk-\d,/);
    for (const slot of ["efidisk0", "tpmstate0"]) expect(of(700, slot)).toMatch(/^local:700\/vm-700-disk-\d\.raw/);
    const again = inputs(700, { storage: "local", disks: disks(more) });
    expect(vmHandler.diff({ ...state }, again).changes).toBe(false);
    const { scsi1, scsi2 } = more;
    const bare = inputs(701, { storage: "local", disks: disks({ scsi1, scsi2 }) });
    await vmHandler.create(bare);
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu/701/snapshot", { snapname: "one" });
    await vmHandler.delete(id, { ...state });
  });

  it("that is there keeps its format, and that is no difference", async () => {
    const { id, state } = await vmHandler.create(inputs(702, { storage: "ceph", disks: disks() }));
    await systems.clients.proxmox("PUT", "/nodes/pve1/qemu/702/config", { scsi1: "local:1" });
    expect(of(702, "scsi1")).toMatch(/\.raw/);
    const wanted = disks({ scsi1: { size: "1G", storage: "local" } });
    const both = inputs(702, { storage: "ceph", disks: wanted });
    const read = await vmHandler.read(id, { ...state, disks: wanted });
    expect(vmHandler.diff({ ...read?.state }, both).changes).toBe(false);
    await vmHandler.update(id, { ...read?.state }, { ...both, name: "renamed" });
    expect(of(702, "scsi1")).toMatch(/\.raw/);
  });

  const container = () => {
    const { sockets: _sockets, cloudInit: _init, ...shared } = { ...inputs(703), sockets: 1 };
    return {
      ...{
        ...shared,
        type: "lxc",
        placement: "pve1",
        storage: "local",
        networks: { net0: { name: "eth0", bridge: "vmbr0" } },
      },
      template: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
      disks: { rootfs: { size: "2G" }, mp0: { size: "1G", options: { mp: "/srv" } } },
    };
  };
  it("of a container is as Proxmox VE makes it", async () => {
    await containerHandler.create(container());
    for (const slot of ["rootfs", "mp0"]) expect(of(703, slot)).toMatch(/^local:703\/vm-703-disk-\d\.raw/);
  });

  it("that is gone is told of as what keeps a container from starting", async () => {
    const guest = systems.lab.proxmox.get("pve-lab")?.cluster.guests.get(703) ?? expect.unreachable("it was made");
    const volume = of(703, "mp0").split(",")[0] ?? "";
    systems.lab.proxmox.get("pve-lab")?.cluster.storages.free(guest.node, volume);
    await expect(
      containerHandler.update("pve-lab/703", { ...container() }, { ...container(), power: "running" }),
    ).rejects.toThrow(
      /startup for container '703' failed \(task log: volume 'local:703\/vm-703-disk-\d\.raw' does not exist \| Script exited with status 2 \| Failed to run lxc\.hook\.pre-start for container "703"\); `pct start 703 --debug` on pve1 prints all of it/,
    );
  });

  it.each([
    ["dir", "qcow2", true, false],
    ["nfs", "qcow2", true, false],
    ["cifs", "qcow2", true, false],
    ["btrfs", undefined, true, true],
    ["lvmthin", undefined, true, true],
    ["zfspool", undefined, true, true],
    ["rbd", undefined, true, true],
    ["lvm", undefined, false, false],
    ["iscsidirect", undefined, false, false],
    ["of-a-plugin", undefined, undefined, undefined],
    [undefined, undefined, undefined, undefined],
  ])("on storage %s has the format %s, and a snapshot keeps it: %s, a container's: %s", (type, format, vm, ct) => {
    expect(formatOfNewDisk(type)).toBe(format);
    expect([keepsSnapshots(type, "qemu", false), keepsSnapshots(type, "lxc", false)]).toEqual([vm, ct]);
  });

  it("on LVM is kept where the storage is set to keep snapshots as a chain of volumes", () => {
    expect([keepsSnapshots("lvm", "qemu", true), keepsSnapshots("lvm", "lxc", true)]).toEqual([true, false]);
  });
});
