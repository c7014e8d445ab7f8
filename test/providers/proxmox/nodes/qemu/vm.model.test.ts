import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replacing, shrinkProblem, tagLike, tidyTags } from "../../../../../providers/proxmox/nodes/guest.model";
import { waitsForStart } from "../../../../../providers/proxmox/nodes/inforce";
import {
  bootProblem,
  changedVmFields,
  managedOfVm,
  type VmInputs,
  vmChanges,
  vmFromApi,
  vmSettledProblem,
} from "../../../../../providers/proxmox/nodes/qemu/vm.model";
import { parseSize, printSize } from "../../../../../providers/proxmox/propertystring";

const wanted = (changes: Partial<VmInputs> = {}): VmInputs => ({
  cluster: "pve",
  vmid: 100017,
  mark: { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: 17 },
  template: 9000,
  fullClone: true,
  name: "web01",
  description: "d",
  tags: ["a", "b"],
  cores: 2,
  sockets: 1,
  memory: 2048,
  disks: { scsi0: { size: "10G" } },
  networks: { net0: { model: "virtio", bridge: "vmbr0", tag: 71 } },
  cloudInit: { user: "admin", ipconfig: { "0": "ip=10.0.0.5/24,gw=10.0.0.1" } },
  power: "running",
  ...changes,
});

const config = {
  name: "web01",
  description: "d\n",
  tags: "a;b",
  cores: 2,
  memory: "2048",
  scsi0: "local-lvm:vm-100017-disk-0,size=10G",
  ide2: "local-lvm:vm-100017-cloudinit,media=cdrom",
  net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,rate=5,tag=71",
  ciuser: "admin",
  ipconfig0: "gw=10.0.0.1,ip=10.0.0.5/24",
  digest: "x",
};

const observed = { power: "running", pool: undefined, ha: undefined } as const;

describe("a guest that is as it should be", () => {
  it("needs no change", () => {
    expect(vmChanges(config, wanted())).toEqual({
      set: {},
      remove: [],
      revert: [],
      resize: [],
      move: [],
      password: false,
      cloudInit: false,
    });
    expect(changedVmFields(vmFromApi(config, observed, wanted()), wanted())).toEqual([]);
  });

  it("may have what is not managed: a MAC, a rate, a firewall flag, a memory that NetBox doesn't name", () => {
    const { memory: _memory, ...unmanaged } = wanted();
    expect(changedVmFields(vmFromApi({ ...config, memory: "512" }, observed, unmanaged), unmanaged)).toEqual([]);
  });
});

describe("a change", () => {
  it("of a NIC keeps its MAC and what we don't manage", () => {
    const changes = vmChanges(config, wanted({ networks: { net0: { model: "virtio", bridge: "vmbr1", mtu: 1400 } } }));
    expect(changes.set).toEqual({ net0: "virtio=BC:24:11:00:00:01,firewall=1,rate=5,bridge=vmbr1,mtu=1400" });
  });

  it("of a disk grows, adds, moves and detaches by slot", () => {
    const more = { ...config, scsi3: "ceph:vm-100017-disk-3,size=1G" };
    const changes = vmChanges(
      more,
      wanted({ storage: "ceph", disks: { scsi0: { size: "12G", storage: "ceph" }, scsi1: { size: "1536M" } } }),
    );
    expect(changes).toMatchObject({
      set: { scsi1: "ceph:1.5" },
      remove: ["scsi3"],
      resize: [{ disk: "scsi0", size: "12G" }],
      move: [{ disk: "scsi0", storage: "ceph" }],
    });
  });

  it("of cloud-init makes its drive anew, and empty values are deleted", () => {
    const changes = vmChanges(
      { ...config, nameserver: "9.9.9.9", ipconfig1: "ip=dhcp" },
      wanted({
        cloudInit: {
          user: "admin",
          nameservers: [],
          sshKeys: ["ssh-ed25519 AAAA me@x"],
          ipconfig: { "0": "ip=10.0.0.6/24" },
        },
      }),
    );
    expect(changes.set).toEqual({ sshkeys: "ssh-ed25519%20AAAA%20me%40x", ipconfig0: "ip=10.0.0.6/24" });
    expect(changes.remove).toEqual(["nameserver", "ipconfig1"]);
    expect(changes.cloudInit).toBe(true);
  });

  it("to an unknown value, as in a preview, is a change and no error", () => {
    const unknown = { ...wanted(), cloudInit: { ipconfig: { "0": "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } } };
    expect(changedVmFields(wanted(), unknown)).toEqual(["cloudInit"]);
  });

  it("that shrinks a disk is a problem", () => {
    expect(shrinkProblem({ scsi0: { size: "10G" } }, { scsi0: { size: "8G" } })).toMatch(
      /^scsi0 can't shrink from 10G to 8G; set the virtual disk's size in NetBox back/,
    );
    expect(shrinkProblem({ scsi0: { size: "10G" } }, { scsi0: { size: "10240M" } })).toBeUndefined();
  });
});

describe("what a guest that is there can't become", () => {
  it("is one with another EFI disk or TPM", () => {
    const state = { disks: { efidisk0: { options: { efitype: "4m" } } } };
    const next = wanted({ disks: { efidisk0: { options: { efitype: "2m" } } } });
    expect(vmSettledProblem(state, next)).toMatch(
      /^efitype of efidisk0 is settled when it is made; set it back, or remove/,
    );
    expect(vmSettledProblem({ ...state, rebuild: 1 }, { ...next, rebuild: 2 })).toBeUndefined();
    expect(vmSettledProblem({ disks: {} }, next)).toBeUndefined();
  });

  it("is one whose boot disk is on another bus", () => {
    const state = { disks: { scsi0: { size: "10G" } } };
    expect(bootProblem(state, wanted({ disks: { virtio0: { size: "10G" } } }))).toMatch(
      /^its boot disk scsi0 would be detached and an empty virtio0 put in its place.*name the virtual disk scsi0 again/,
    );
    expect(bootProblem(state, wanted({ disks: { scsi0: { size: "10G" }, virtio0: { size: "10G" } } }))).toBeUndefined();
    const named = { disks: { scsi0: { size: "5G" }, sata1: { size: "10G" } } };
    const next = wanted({ options: { boot: "order=sata1" }, disks: { scsi0: { size: "5G" }, scsi1: { size: "10G" } } });
    expect(bootProblem(named, next)).toMatch(/^its boot disk sata1/);
  });

  it("is replaced by its counter and its kind, and nothing else", () => {
    expect(replacing({}, {})).toEqual([]);
    expect(replacing({ rebuild: 1 }, { rebuild: 2 })).toEqual(["rebuild"]);
    expect(replacing({ rebuild: 1 }, {})).toEqual([]);
    expect(replacing({}, { type: "lxc" })).toEqual(["type"]);
    expect(replacing({ type: "lxc" }, {})).toEqual(["type"]);
    expect(replacing({ rebuild: 1 }, { rebuild: 2, inert: true })).toEqual([]);
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(replacing({ rebuild: 1, name: "a" }, { rebuild: unknown, name: unknown, template: unknown })).toEqual([]);
    fc.assert(
      fc.property(fc.constantFrom(...managedOfVm), fc.anything(), fc.anything(), (field, before, after) => {
        expect(replacing({ [field]: before }, { [field]: after })).toEqual([]);
      }),
    );
  });
});

describe("what takes effect at the next start", () => {
  it("is said for the plan by PVE's own rules", () => {
    const last = { ...wanted(), options: { cpu: "cputype=host", onboot: 0 } };
    const next = wanted({
      memory: 4096,
      options: { cpu: "cputype=kvm64", onboot: 1 },
      disks: { scsi0: { size: "12G" } },
      cloudInit: { user: "root", ipconfig: {} },
    });
    expect(waitsForStart("qemu", last, next)).toEqual(["cloud-init", "cpu", "memory"]);
    // A property without a value is none, as the state has it.
    const unset = { ...next, cloudInit: { ...next.cloudInit, password: undefined, sshKeys: undefined } };
    expect(waitsForStart("qemu", next, unset)).toEqual([]);
    const cached = wanted({ disks: { scsi0: { size: "10G", options: { cache: "none" } } } });
    expect(waitsForStart("qemu", wanted(), cached)).toEqual(["scsi0"]);
    expect(waitsForStart("lxc", { memory: 512, options: {} }, { memory: 1024, options: { swap: 1, tty: 4 } })).toEqual([
      "tty",
    ]);
  });
});

describe("what PVE normalises", () => {
  it("is one size in every unit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 * 1024 * 1024 }),
        (mebibytes) => parseSize(printSize(mebibytes)) === mebibytes,
      ),
    );
  });

  it("is one list of tags in every case and order", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,8}$/)), (tags) => {
        expect(tidyTags([...tags].reverse().map((tag) => tag.toUpperCase()))).toEqual(tidyTags(tags));
      }),
    );
  });

  it("is a tag of any script in the letters that PVE takes", () => {
    expect(["größe", "-x-", "prod", "データ", "a.b+c", "a b"].map(tagLike)).toEqual([
      "gro-e",
      "x",
      "prod",
      "",
      "a.b+c",
      "a-b",
    ]);
  });

  it("never drifts: whatever is wanted, a guest that has it needs no change", () => {
    const nic = fc.record({
      model: fc.constant("virtio"),
      bridge: fc.constantFrom("vmbr0", "vmbr1"),
      tag: fc.option(fc.integer({ min: 1, max: 4094 }), { nil: undefined }),
      mtu: fc.option(fc.integer({ min: 576, max: 9000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 16, max: 1 << 20 }),
        fc.dictionary(fc.constantFrom("net0", "net1", "net7"), nic),
        (cores, memory, networks) => {
          const asked = wanted({ cores, memory, networks });
          const { set, remove } = vmChanges(config, asked);
          const after = Object.fromEntries(
            Object.entries({ ...config, ...set }).filter(([key]) => !remove.includes(key)),
          );
          expect(vmChanges(after, asked)).toMatchObject({ set: {}, remove: [], resize: [], move: [] });
        },
      ),
    );
  });
});
