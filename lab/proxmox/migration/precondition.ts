import type { Cluster } from "../cluster";
import { die } from "../errors";
import type { Guest } from "../guest";
import { sidOf } from "../ha/ha";
import { isCloudInit } from "../qemu/drives";
import { parseVmOption, type Vm } from "../qemu/vm";
import type { Values } from "../schema/parameters";

type Reasons = Record<string, unknown>;

/** What keeps a guest from each other node. */
function reasonsByNode(cluster: Cluster, guest: Guest, reasonsOf: (node: string) => Reasons): Map<string, Reasons> {
  const others = [...cluster.nodes.keys()].filter((node) => node !== guest.node);
  return new Map(
    others.map((node) => {
      const { blocking } = cluster.ha.motion(sidOf(guest), node);
      const ha =
        blocking.length === 0
          ? {}
          : { "blocking-ha-resources": blocking.map((sid) => ({ sid, cause: "resource-affinity" })) };
      return [node, { ...reasonsOf(node), ...ha }];
    }),
  );
}

/** HA resources that go with a guest that HA manages. */
const dependents = (cluster: Cluster, guest: Guest): Reasons =>
  cluster.ha.manages(guest) ? { "dependent-ha-resources": cluster.ha.motion(sidOf(guest), "").comigrated } : {};

const free = (reasons: Map<string, Reasons>): string[] =>
  [...reasons].filter(([, each]) => Object.keys(each).length === 0).map(([node]) => node);

/** A VM's devices that have a name on every node. */
function mappedDevices(vm: Vm): { option: string; kind: "pci" | "usb"; id: string }[] {
  return [...vm.config].flatMap(([option, value]) => {
    const kind = /^(hostpci|usb)\d+$/.exec(option)?.[1];
    const id = /(?:^|,)mapping=([^,]+)/.exec(String(value))?.[1];
    return kind === undefined || id === undefined
      ? []
      : [{ option, kind: kind === "usb" ? "usb" : "pci", id } as const];
  });
}

/** GET …/qemu/{vmid}/migrate: it says the same whatever the target is. */
export function vmMigration(cluster: Cluster, vm: Vm): unknown {
  vm.checkLock();
  const drives = vm.drives.map(([slot, text]) => ({ slot, drive: parseVmOption(slot, text) }));
  const storages = new Set(
    drives.flatMap(({ drive: { file = "" } }) => (/^[^/:]+:/.test(file) ? [file.split(":")[0] ?? ""] : [])),
  );
  const mapped = mappedDevices(vm);
  if (mapped.some(({ kind, id }) => cluster.mappings.on(kind, id, vm.node) === undefined))
    die("Can't use an undefined value as an ARRAY reference at /usr/share/perl5/PVE/QemuMigrate/Helpers.pm line 63.");
  const reasons = reasonsByNode(cluster, vm, (node) => {
    const lacking = [...storages].filter((storage) => !cluster.storages.on(node, cluster.storages.get(storage)));
    const unmapped = mapped.filter(({ kind, id }) => cluster.mappings.on(kind, id, node)?.length === 0);
    return {
      ...(lacking.length === 0 ? {} : { unavailable_storages: lacking }),
      ...(unmapped.length === 0 ? {} : { "unavailable-resources": unmapped.map(({ option }) => option) }),
    };
  });
  return {
    running: vm.running ? 1 : 0,
    ...dependents(cluster, vm),
    allowed_nodes: free(reasons),
    // An allowed node stands here too, with nothing against it.
    not_allowed_nodes: Object.fromEntries(reasons),
    local_disks: localDisks(cluster, vm, drives),
    local_resources: [...vm.config].flatMap(([key, value]) => {
      const isLocal = /^(hostpci|usb)\d+$/.test(key) && !/mapping=|^spice/.test(String(value));
      return isLocal || /^(parallel|ivshmem)/.test(key) ? [key] : [];
    }),
    "mapped-resources": mapped.map(({ option }) => option),
    "mapped-resource-info": Object.fromEntries(mapped.map(({ option, id }) => [option, { name: id }])),
    "has-dbus-vmstate": 1,
  };
}

function localDisks(cluster: Cluster, vm: Vm, drives: { slot: string; drive: Record<string, string> }[]): Values[] {
  const attached = drives.flatMap(({ slot, drive }) => {
    const { file = "", media, shared, replicate = "1" } = drive;
    const volume = cluster.storages.find(vm.node, file);
    const isShared = cluster.storages.configs.get(file.split(":")[0] ?? "")?.shared ?? shared === "1";
    if (file === "none" || isShared) return [];
    return [
      {
        volid: file,
        drivename: slot,
        cdrom: media === "cdrom" ? 1 : 0,
        is_attached: 1,
        is_cloudinit: isCloudInit(file) ? 1 : 0,
        is_tpmstate: slot === "tpmstate0" ? 1 : 0,
        is_unused: 0,
        is_vmstate: 0,
        replicate: Number(replicate),
        shared: 0,
        ...(volume === undefined
          ? {}
          : { size: media === "cdrom" && !isCloudInit(file) ? sectors(volume.size) : volume.size }),
      },
    ];
  });
  const unused = [...vm.config].flatMap(([key, value]) => {
    const volume = /^unused\d+$/.test(key) ? cluster.storages.find(vm.node, String(value)) : undefined;
    if (volume === undefined || cluster.storages.get(volume.storage).shared) return [];
    const flags = { cdrom: 0, is_attached: 0, is_cloudinit: 0, is_tpmstate: 0, is_unused: 1, is_vmstate: 0 };
    return [{ volid: volume.volid, ...flags, replicate: 1, shared: 0, size: volume.size }];
  });
  return [...attached, ...unused];
}

/** qemu-img sees any file as a raw image, whole 512-byte sectors long. */
const sectors = (size: number): number => Math.ceil(size / 512) * 512;

/** GET …/lxc/{vmid}/migrate. */
export function containerMigration(cluster: Cluster, guest: Guest): unknown {
  guest.checkLock();
  const reasons = reasonsByNode(cluster, guest, () => ({}));
  const against = [...reasons].filter(([, each]) => Object.keys(each).length > 0);
  return {
    running: guest.running ? 1 : 0,
    ...dependents(cluster, guest),
    "allowed-nodes": free(reasons),
    "not-allowed-nodes": Object.fromEntries(against),
  };
}
