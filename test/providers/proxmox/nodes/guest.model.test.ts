import { describe, expect, it } from "vitest";
import { disksFrom, hasAgent, hasCloudInitDrive } from "../../../../providers/proxmox/nodes/guest.model";
import { drives } from "../../../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestConfig } from "../../../../providers/proxmox/schemas";

// Things are what their place says, not what a word in them says.

describe("a cloud-init drive", () => {
  it.each<[string, GuestConfig]>([
    ["of a block storage", { ide2: "ceph:vm-300-cloudinit,media=cdrom,size=4M" }],
    ["that is a file", { scsi1: "local:300/vm-300-cloudinit.qcow2,media=cdrom" }],
    ["that is about to be made", { ide2: "ceph:cloudinit" }],
    ["whose volume has its key", { sata5: "media=cdrom,file=local:9000/vm-9000-cloudinit.qcow2" }],
    ["of an old release's key", { virtio3: "volume=lvm:vm-300-cloudinit,media=cdrom" }],
  ])("%s is one", (_, config) => expect(hasCloudInitDrive(config)).toBe(true));

  it.each<[string, GuestConfig]>([
    ["notes", { description: "made from local:cloudinit, see the wiki" }],
    ["a tag", { tags: "cloudinit;web" }],
    ["a name", { name: "cloudinit" }],
    ["a drive that is attached to nothing", { unused0: "local-lvm:vm-300-cloudinit" }],
    ["another image's name", { ide2: "local:iso/my-cloudinit-tools.iso,media=cdrom" }],
    ["a snippet", { cicustom: "user=local:snippets/cloudinit" }],
    ["a disk's serial", { scsi0: "ceph:vm-300-disk-0,serial=cloudinit" }],
  ])("in %s is none", (_, config) => expect(hasCloudInitDrive(config)).toBe(false));

  it("is no disk, though nothing calls it a CD drive, and neither is the node's own CD drive", () => {
    const config = { ide0: "lvm:vm-300-cloudinit,size=4M", ide2: "cdrom", scsi0: "lvm:vm-300-disk-0,size=8G" };
    expect(disksFrom(config, drives)).toEqual({ scsi0: { size: "8G", storage: "lvm" } });
  });
});

describe("a guest agent", () => {
  it.each([
    ["1", true],
    ["enabled=1", true],
    ["type=isa,enabled=1", true],
    ["enabled=yes,fstrim_cloned_disks=0", true],
    ["0,fstrim_cloned_disks=1", false],
    ["enabled=0,type=virtio", false],
    [undefined, false],
  ])("is set by %s: %s", (agent, enabled) => expect(hasAgent(agent === undefined ? {} : { agent })).toBe(enabled));
});
