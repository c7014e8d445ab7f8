import { describe, expect, it } from "vitest";
import {
  type ContainerInputs,
  changedContainerFields,
  containerChanges,
  containerFromApi,
  containerSettledProblem,
  creation,
} from "../../../../../providers/proxmox/nodes/lxc/container.model";

const wanted = (changes: Partial<ContainerInputs> = {}): ContainerInputs => ({
  type: "lxc",
  cluster: "pve",
  vmid: 100017,
  mark: { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: 17 },
  fullClone: true,
  name: "ns01",
  description: "d",
  tags: ["a"],
  cores: 1,
  memory: 512,
  storage: "ceph",
  disks: { rootfs: { size: "4G" }, mp0: { size: "2G", options: { mp: "/srv", backup: 1 } } },
  networks: { net0: { name: "eth0", bridge: "vmbr0", tag: 71, ip: "10.0.0.5/24", gw: "10.0.0.1" } },
  nameservers: ["10.0.0.53"],
  power: "running",
  ...changes,
});

const config = {
  hostname: "ns01",
  description: "d\n",
  tags: "a",
  cores: 1,
  memory: 512,
  swap: 512,
  unprivileged: 1,
  rootfs: "ceph:vm-100017-disk-0,size=4G",
  mp0: "ceph:vm-100017-disk-1,mp=/srv,backup=1,size=2G",
  mp1: "/mnt/bind,mp=/bind",
  net0: "name=eth0,bridge=vmbr0,gw=10.0.0.1,hwaddr=BC:24:11:00:00:01,ip=10.0.0.5/24,rate=5,tag=71,type=veth",
  nameserver: "10.0.0.53",
  digest: "x",
};
const observed = { power: "running", pool: undefined, ha: undefined } as const;

describe("a container", () => {
  it("that is as it should be needs no change; its bind mount, rate and MAC are not ours", () => {
    expect(changedContainerFields(containerFromApi(config, observed, wanted()), wanted())).toEqual([]);
    const none = { set: {}, remove: [], revert: [], resize: [], move: [], password: false, cloudInit: false };
    expect(containerChanges(config, wanted())).toEqual(none);
  });

  it("keeps a NIC's MAC and what is not managed, grows, adds and detaches volumes, and never its root file system", () => {
    const changes = containerChanges(
      config,
      wanted({
        disks: { mp2: { size: "1G", options: { mp: "/new" } } },
        networks: { net0: { name: "eth0", bridge: "vmbr1", ip: "dhcp" } },
        nameservers: [],
      }),
    );
    expect(changes.set).toEqual({
      mp2: "ceph:1,mp=/new",
      net0: "rate=5,name=eth0,bridge=vmbr1,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth",
    });
    expect(changes.remove).toEqual(["mp0", "nameserver"]);
    const grown = containerChanges(
      config,
      wanted({ disks: { rootfs: { size: "5G", storage: "local-lvm" }, mp0: {} } }),
    );
    expect(grown).toMatchObject({
      resize: [{ disk: "rootfs", size: "5G" }],
      move: [{ disk: "rootfs", storage: "local-lvm" }],
    });
  });

  it("is created with its mark, its root file system and keys in one call, and unprivileged unless said otherwise", () => {
    const made = creation(wanted({ options: { features: "nesting=1" }, sshKeys: ["ssh-ed25519 AAAA a"], pool: "red" }));
    expect(made).toEqual({
      vmid: 100017,
      hostname: "ns01",
      description: "d",
      unprivileged: 1,
      rootfs: "ceph:4",
      storage: "ceph",
      features: "nesting=1",
      "ssh-public-keys": "ssh-ed25519 AAAA a",
      pool: "red",
    });
    expect(creation(wanted({ unprivileged: false })).unprivileged).toBe(0);
  });

  it("can't become privileged in place", () => {
    expect(containerSettledProblem({ unprivileged: true }, wanted({ unprivileged: false }))).toMatch(
      /^it can't become privileged in place; set unprivileged back, or raise its rebuild counter/,
    );
    expect(containerSettledProblem({ unprivileged: true }, wanted())).toBeUndefined();
  });
});
