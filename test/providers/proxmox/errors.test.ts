import { describe, expect, it } from "vitest";
import { says } from "../../../providers/proxmox/errors";

describe("a VMID that somebody took meanwhile", () => {
  it("is told by each text that PVE has for it, on the node that is asked and on another one", () => {
    for (const text of [
      "unable to create VM 201: config file already exists",
      "CT 340 already exists on node 'pve1'",
      "close (rename) atomic file '/etc/pve/nodes/pve1/qemu-server/201.conf' failed: File exists",
    ])
      expect(says.taken(text)).toBe(true);
    expect(says.taken("can't lock file '/var/lock/qemu-server/lock-112.conf' - got timeout")).toBe(false);
  });
});
