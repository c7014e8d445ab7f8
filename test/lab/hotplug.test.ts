import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Guest } from "../../lab/proxmox/guest";
import { seedWith, TestSystems } from "../harness/systems";

// What a running guest takes at once, and what waits: the answers are those of genuine nodes (04b-power-agent and
// 18-lxc-running of the recordings), and of qemu-server's and pve-container's sources where none was recorded.

describe("a guest that runs", () => {
  let systems: TestSystems;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
  });
  afterAll(() => systems.close());

  const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
  const guest = (vmid: number): Guest => cluster().guests.get(vmid) ?? expect.unreachable("it was made");
  const remove = (vmid: number) => {
    const there = cluster().guests.get(vmid);
    if (there !== undefined) cluster().remove(there);
  };
  const put = (type: string, vmid: number, params: Record<string, string | number>) =>
    systems.clients.proxmox("PUT", `/nodes/pve1/${type}/${vmid}/config`, params);
  const waits = ({ pending }: Guest) => Object.fromEntries(pending);

  describe("a virtual machine", () => {
    const vmid = 800;
    beforeEach(async () => {
      remove(vmid);
      await systems.clients.proxmox("POST", "/nodes/pve1/qemu", {
        ...{ vmid, memory: 512, ostype: "l26", scsihw: "virtio-scsi-single", agent: "enabled=1", boot: "order=scsi0" },
        ...{ scsi0: "ceph:1", virtio1: "ceph:1", sata1: "ceph:1", net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0" },
      });
      await expect.poll(() => guest(vmid).lock).toBeUndefined();
      guest(vmid).running = true;
    });

    it.each([
      ["cores", { cores: 2 }, { cores: 2 }],
      ["memory", { memory: 1024 }, { memory: "1024" }],
      ["name, notes, tags", { name: "n", description: "d", tags: "a" }, {}],
      ["protection and start on boot", { protection: 1, onboot: 1 }, {}],
      ["CPU limit and units", { cpulimit: 1, cpuunits: 200 }, {}],
      ["cloud-init settings", { ciuser: "u", ipconfig0: "ip=dhcp", nameserver: "192.0.2.1" }, {}],
      ["a disk of a bus that can be plugged", { scsi2: "ceph:1" }, {}],
      ["a disk of one that can't", { sata2: "ceph:1" }, { sata2: "ceph:vm-800-disk-3,size=1G" }],
      ["a disk that goes", { delete: "virtio1" }, {}],
      ["one that can't be unplugged", { delete: "sata1" }, { sata1: null }],
      ["an option that QEMU has open", { scsi0: "ceph:vm-800-disk-1,cache=unsafe" }, { scsi0: expect.anything() }],
      ["a limit of a disk", { scsi0: "ceph:vm-800-disk-1,mbps_rd=5" }, {}],
      ["a network device", { net1: "virtio,bridge=vmbr0" }, {}],
      ["another model", { net0: "e1000=BC:24:11:00:00:01,bridge=vmbr0" }, {}],
      ["ballooning off", { balloon: 0 }, { balloon: 0 }],
      ["less of it", { balloon: 256 }, {}],
      ["the agent", { agent: "enabled=0" }, { agent: "enabled=0" }],
      ["its trim", { agent: "enabled=1,fstrim_cloned_disks=1" }, {}],
      ["the order in which it boots", { boot: "order=scsi0;net0" }, { boot: "order=scsi0;net0" }],
      ["what is booted from", { delete: "scsi0" }, { boot: " " }],
      ["hot plug of memory", { hotplug: "disk,memory" }, { hotplug: "disk,memory" }],
    ])("takes or lets wait: %s", async (_what, params: Record<string, string | number>, pending) => {
      await put("qemu", vmid, params);
      expect(waits(guest(vmid))).toEqual(pending);
    });

    it("has what waited when it is started anew, and what it lost as unused", async () => {
      await put("qemu", vmid, { delete: "sata1", sata2: "ceph:1", cores: 4 });
      expect(guest(vmid).text("sata1")).toBe("ceph:vm-800-disk-0,size=1G");
      await systems.clients.proxmox("POST", `/nodes/pve1/qemu/${vmid}/status/stop`);
      expect(Object.fromEntries(guest(vmid).config)).toMatchObject({
        cores: 4,
        sata2: "ceph:vm-800-disk-3,size=1G",
        unused0: "ceph:vm-800-disk-0",
      });
      expect(guest(vmid).config.has("sata1")).toBe(false);
    });

    it("plugs nothing that its option hotplug leaves out", async () => {
      await put("qemu", vmid, { hotplug: 0 });
      await put("qemu", vmid, { scsi2: "ceph:1", net1: "virtio,bridge=vmbr0", delete: "virtio1" });
      expect(Object.keys(waits(guest(vmid))).sort()).toEqual(["net1", "scsi2", "virtio1"]);
    });

    it("is judged by the protection that it has, not by the one that comes with the request", async () => {
      await put("qemu", vmid, { protection: 1 });
      const refused = "can't remove drive 'virtio1' - protection mode enabled";
      await expect(put("qemu", vmid, { protection: 0, delete: "virtio1" })).rejects.toThrow(refused);
      expect(guest(vmid).config.get("protection")).toBe(1);
      await put("qemu", vmid, { protection: 0 });
      await put("qemu", vmid, { protection: 1, delete: "virtio1" });
      expect(guest(vmid).config.has("virtio1")).toBe(false);
    });

    it("keeps a network device waiting that can't be plugged, with the MAC that it will have, until that is taken back", async () => {
      await expect(put("qemu", vmid, { net1: "virtio,bridge=vmbr77", onboot: 1 })).rejects.toThrow(
        /hotplug problem - bridge 'vmbr77' does not exist/,
      );
      expect(waits(guest(vmid))).toEqual({ net1: expect.stringMatching(/^virtio=BC:24:11.*,bridge=vmbr77$/) });
      expect(guest(vmid).config.get("onboot")).toBe(1);
      await put("qemu", vmid, { revert: "net1" });
      expect(waits(guest(vmid))).toEqual({});
    });
  });

  describe("a virtual machine's MTU", () => {
    const vmid = 801;
    const made = async (net0: string) => {
      remove(vmid);
      await systems.clients.proxmox("POST", "/nodes/pve1/qemu", { vmid, memory: 512, net0 });
      await expect.poll(() => guest(vmid).lock).toBeUndefined();
    };
    const start = () => systems.clients.proxmox("POST", `/nodes/pve1/qemu/${vmid}/status/start`);

    it.each([
      ["9000", "netdev net0: MTU '9000' is bigger than the bridge MTU '1500'"],
      ["500", "netdev net0: MTU '500' is smaller than the IP minimum MTU '576'"],
    ])("of %s is taken while it is stopped, keeps it from starting, and can't be plugged", async (mtu, refused) => {
      await made(`virtio,bridge=vmbr0,mtu=${mtu}`);
      await expect(start()).rejects.toThrow(refused);
      await put("qemu", vmid, { net0: "virtio,bridge=vmbr0,mtu=1" });
      await start();
      const plugged = put("qemu", vmid, { net1: `virtio,bridge=vmbr0,mtu=${mtu}` });
      await expect(plugged).rejects.toThrow(`hotplug problem - ${refused.replace("net0", "net1")}`);
    });
  });

  describe("a container", () => {
    const vmid = 810;
    const net0 = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,type=veth";
    beforeEach(async () => {
      remove(vmid);
      await systems.clients.proxmox("POST", "/nodes/pve1/lxc", {
        ...{ vmid, ostemplate: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", rootfs: "ceph:1" },
        ...{ hostname: "run1", memory: 128, net0, mp1: "ceph:1,mp=/srv" },
      });
      await expect.poll(() => guest(vmid).lock).toBeUndefined();
      guest(vmid).running = true;
    });

    it.each([
      ["cores, hostname, notes", { cores: 2, hostname: "renamed", description: "d" }, {}],
      ["memory and swap", { memory: 256, swap: 0 }, {}],
      ["a name server", { nameserver: "192.0.2.54" }, { nameserver: "192.0.2.54" }],
      ["features", { features: "nesting=1" }, { features: "nesting=1" }],
      ["a mount point", { mp2: "ceph:1,mp=/more" }, {}],
      [
        "an option of one that is there",
        { mp1: "ceph:vm-810-disk-1,mp=/srv,ro=1" },
        { mp1: "ceph:vm-810-disk-1,mp=/srv,ro=1" },
      ],
      ["one that goes", { delete: "mp1" }, { mp1: null }],
      ["a network device", { net1: "name=eth1,bridge=vmbr0" }, {}],
      ["one that goes, by its number", { delete: "net0" }, {}],
    ])("takes or lets wait: %s", async (_what, params: Record<string, string | number>, pending) => {
      await put("lxc", vmid, params);
      expect(waits(guest(vmid))).toEqual(pending);
    });

    it("loses a network device that is replaced by one that can't be plugged, and keeps that one without its MAC", async () => {
      await put("lxc", vmid, { net1: "name=eth1,bridge=vmbr0" });
      const refused = "unable to hotplug net1: bridge 'vmbr77' does not exist";
      await expect(put("lxc", vmid, { net1: "name=eth1,bridge=vmbr77" })).rejects.toThrow(refused);
      expect(guest(vmid).config.has("net1")).toBe(false);
      expect(waits(guest(vmid))).toEqual({ net1: "name=eth1,bridge=vmbr77" });
      await put("lxc", vmid, { net2: "name=eth1,bridge=vmbr0" });
      await expect(put("lxc", vmid, { delete: "net1" })).rejects.toThrow(refused);
      await put("lxc", vmid, { revert: "net1" });
      expect(waits(guest(vmid))).toEqual({});
      // With its MAC nothing is unplugged.
      await expect(put("lxc", vmid, { net0: net0.replace("vmbr0", "vmbr77") })).rejects.toThrow(/hotplug net0/);
      expect(guest(vmid).text("net0")).toBe(net0);
      expect(waits(guest(vmid))).toEqual({});
    });

    it("keeps a mount point as it was asked for, where it can't be mounted and something else was written", async () => {
      systems.lab.set({ setup: "mounts", node: "pve1", refused: true });
      try {
        const both = { mp2: "ceph:0.5,mp=/more", net1: "name=eth1,bridge=vmbr0,ip=dhcp" };
        await expect(put("lxc", vmid, { mp3: "ceph:1,mp=/x" })).rejects.toThrow("unable to hotplug mp3");
        expect(waits(guest(vmid))).toEqual({});
        await expect(put("lxc", vmid, both)).rejects.toThrow("unable to hotplug mp2");
        expect(waits(guest(vmid))).toEqual(both);
      } finally {
        systems.lab.set({ setup: "clear" });
      }
      await systems.clients.proxmox("POST", `/nodes/pve1/lxc/${vmid}/status/shutdown`);
      expect(guest(vmid).text("mp2")).toMatch(/^ceph:vm-810-disk-\d,mp=\/more,size=512M$/);
    });

    it("that is protected has no volume changed, added or removed", async () => {
      await put("lxc", vmid, { protection: 1 });
      await expect(put("lxc", vmid, { delete: "mp1", protection: 0 })).rejects.toThrow(
        "can't remove CT 810 drive 'mp1' - protection mode enabled",
      );
      await expect(put("lxc", vmid, { mp2: "ceph:1,mp=/more", protection: 0 })).rejects.toThrow(
        "can't update CT 810 drive 'mp2' - protection mode enabled",
      );
    });
  });
});
