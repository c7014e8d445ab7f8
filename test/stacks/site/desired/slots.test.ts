import { describe, expect, it } from "vitest";
import { othersAt } from "../../../../providers/proxmox/nodes/guest.model";
import { volumes } from "../../../../providers/proxmox/nodes/lxc/container.model";
import { drives } from "../../../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestConfig } from "../../../../providers/proxmox/schemas";
import { needsLook } from "../../../../stacks/site/desired/slots";
import { documented, planOf } from "./siteworld";

/** What is said of guest 5, which is built with scsi0 and net0, and whose configuration is this, once NetBox lists more. */
function said(config: GuestConfig, more: Parameters<typeof documented>[1]): string {
  const seen = { vmid: 100_005, type: "qemu" as const, name: "g5", making: false, addresses: {}, config };
  const whole = { scsi0: "ceph:vm-100005-disk-0,size=8G", net0: "virtio=BC:24:11:00:00:05,bridge=vmbr0", ...config };
  const plan = planOf({ guests: [documented(5, more), documented(6)], built: [documented(5), documented(6)] }, [], {
    seen: new Map([[100_005, { ...seen, config: whole }]]),
  });
  expect(plan.changes.filter(({ name }) => name === "g6")).toEqual([]);
  return plan.left.get(5)?.join("\n") ?? "";
}
const disks = (...all: [name: string, size: number][]) => ({
  disks: [["scsi0", 8192] as const, ...all].map(([name, size]) => ({ name, size })),
});

describe("a slot where something else stands", () => {
  it.each<[string, GuestConfig, string, RegExp]>([
    ["the cloud-init drive", { ide2: "ceph:vm-100005-cloudinit,media=cdrom" }, "ide2", /has its cloud-init drive/],
    ["a CD", { sata0: "local:iso/x.iso,media=cdrom,size=4M" }, "sata0", /has a CD drive with local:iso\/x\.iso/],
    ["an empty CD drive", { ide0: "none,media=cdrom" }, "ide0", /has a CD drive on/],
    [
      "a disk of the node",
      { scsi1: "/dev/disk/by-id/x,size=10G" },
      "scsi1",
      /a disk of its node \(\/dev\/disk\/by-id\/x\)/,
    ],
    ["a disk by hand", { scsi1: "ceph:vm-100005-disk-1,size=5G" }, "scsi1", /a disk of 5G on ceph that this stack/],
  ])("is refused to a virtual disk, with a free one: %s", (_, config, slot, words) => {
    const text = said(config, disks([slot, 10_240]));
    expect(text).toMatch(words);
    const bus = slot.replace(/\d+$/, "");
    const free = /rename it in NetBox to ([a-z]+\d+), which is free/.exec(text)?.[1] ?? "";
    expect(free).toMatch(new RegExp(`^${bus}\\d+$`));
    expect(["scsi0", slot, ...Object.keys(config)]).not.toContain(free);
  });

  it("is none where NetBox means just what is there, or nothing is", () => {
    expect(said({ scsi1: "ceph:vm-100005-disk-1,size=5G" }, disks(["scsi1", 5120]))).toBe("");
    expect(said({ ide2: "ceph:vm-100005-cloudinit,media=cdrom" }, disks(["scsi1", 5120]))).toBe("");
    expect(said({ unused0: "ceph:vm-100005-disk-1" }, disks(["scsi1", 5120]))).toBe("");
  });

  it("is refused to an interface, unless it is that device", () => {
    const [first] = documented(5).interfaces;
    const nics = (name: string) => ({
      interfaces: [first, { name, mode: null, address: undefined, allocated: false }].filter(
        (each) => each !== undefined,
      ),
    });
    const config = { net1: "virtio=BC:24:11:00:00:99,bridge=vmbr7" };
    expect(said(config, nics("net1"))).toMatch(
      /interface net1 stands where guest 100005 has .*\(net1, BC:24:11:00:00:99, bridge vmbr7\); name it net2 in NetBox, which is free/,
    );
    expect(said({ net1: "virtio=BC:24:11:00:00:99,bridge=vmbr0" }, nics("net1"))).toBe("");
    expect(said(config, nics("net2"))).toBe("");
  });

  it("of a template is refused, too", () => {
    const template = {
      name: "t",
      node: "a",
      type: "qemu" as const,
      disks: { scsi0: { size: "3G", storage: "ceph" } },
      storages: ["ceph"],
      hasCloudInitDrive: true,
      others: { ide2: "its cloud-init drive" },
    };
    const plan = planOf({ guests: [documented(5, disks(["ide2", 1024]))], built: [] }, [], {
      templates: new Map([[9000, template]]),
    });
    expect(plan.left.get(5)?.join()).toMatch(
      /virtual disk ide2 stands where template 9000 t has its cloud-init drive on Proxmox VE; rename it in NetBox to ide0/,
    );
  });

  it("is told of both kinds of guest", () => {
    expect(
      othersAt(
        {
          scsi0: "ceph:vm-1-disk-0,size=1G",
          ide2: "local:1/vm-1-cloudinit.qcow2,media=cdrom",
          ide0: "cdrom,media=cdrom",
        },
        drives,
      ),
    ).toEqual({ ide2: "its cloud-init drive", ide0: "a CD drive" });
    expect(othersAt({ rootfs: "ceph:vm-1-disk-0,size=1G", mp0: "/srv,mp=/srv" }, volumes)).toEqual({
      mp0: "a directory of its node (/srv)",
    });
  });
});

describe("a guest of the state", () => {
  const disk = (name: string) => ({ id: 1, name, guestId: 5, size: 1, customFields: new Map() });
  const last = { disks: { scsi0: { size: "1G" }, scsi1: {} }, networks: { net0: {} } };

  it.each([
    [["scsi0"], false],
    [[], false],
    [["scsi0", "scsi1"], false],
    [["scsi0", "scsi2"], true],
    [["scsi1"], true],
  ])("is looked at where disks come or go: %j", (names, expected) => {
    expect(needsLook(last, { disks: names.map(disk), nics: [] })).toBe(expected);
  });

  it("is looked at where the state has no disks", () => {
    expect(needsLook({ networks: {} }, { disks: [disk("scsi0")], nics: [] })).toBe(true);
    expect(needsLook({ networks: {} }, { disks: [], nics: [] })).toBe(false);
  });
});
