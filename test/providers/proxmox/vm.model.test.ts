import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shrinkProblem, tidyTags } from "../../../providers/proxmox/guest.model";
import { parseSize, printSize } from "../../../providers/proxmox/propertystring";
import { changedVmFields, changesTo, fromApi, type VmInputs } from "../../../providers/proxmox/vm.model";

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
    expect(changesTo(config, wanted())).toEqual({
      set: {},
      remove: [],
      resize: [],
      move: [],
      password: false,
      cloudInit: false,
    });
    expect(changedVmFields(fromApi(config, observed, wanted()), wanted())).toEqual([]);
  });

  it("may have what is not managed: a MAC, a rate, a firewall flag, a memory that NetBox doesn't name", () => {
    const { memory: _memory, ...unmanaged } = wanted();
    expect(changedVmFields(fromApi({ ...config, memory: "512" }, observed, unmanaged), unmanaged)).toEqual([]);
  });
});

describe("a change", () => {
  it("of a NIC keeps its MAC and what we don't manage", () => {
    const changes = changesTo(config, wanted({ networks: { net0: { model: "virtio", bridge: "vmbr1", mtu: 1400 } } }));
    expect(changes.set).toEqual({ net0: "virtio=BC:24:11:00:00:01,firewall=1,rate=5,bridge=vmbr1,mtu=1400" });
  });

  it("of a disk grows, adds, moves and detaches by slot", () => {
    const more = { ...config, scsi3: "ceph:vm-100017-disk-3,size=1G" };
    const changes = changesTo(
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
    const changes = changesTo(
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
          const { set, remove } = changesTo(config, asked);
          const after = Object.fromEntries(
            Object.entries({ ...config, ...set }).filter(([key]) => !remove.includes(key)),
          );
          expect(changesTo(after, asked)).toMatchObject({ set: {}, remove: [], resize: [], move: [] });
        },
      ),
    );
  });
});
