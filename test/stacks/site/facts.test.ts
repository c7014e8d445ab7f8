import { describe, expect, it } from "vitest";
import { templateFrom } from "../../../stacks/site/facts";

const template = (config: Record<string, string>) =>
  templateFrom(
    {
      ...{ vmid: 9000, type: "qemu", node: "pve1", name: "t", status: "stopped", template: true, pool: undefined },
      ...{ tags: [], memory: 0, hasHa: false },
    },
    config,
  );

describe("a template", () => {
  it("has no cloud-init drive because its notes speak of one, and no storage either", () => {
    const seen = template({ description: "backup:cloudinit goes here", scsi0: "ceph:base-9000-disk-0,size=2G" });
    expect([seen.hasCloudInitDrive, seen.storages]).toEqual([false, ["ceph"]]);
  });

  it("needs the storage of its cloud-init drive, whatever its notes say of others", () => {
    const notes = { description: "slow:cloudinit was its first", tags: "cloudinit" };
    const seen = template({
      ...notes,
      scsi0: "ceph:base-9000-disk-0,size=2G",
      ide2: "local:9000/vm-9000-cloudinit.qcow2",
    });
    expect([seen.hasCloudInitDrive, seen.storages]).toEqual([true, ["ceph", "local"]]);
  });
});
