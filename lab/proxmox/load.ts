import type { Seed } from "../seed";
import { Cluster } from "./cluster";
import { isCard } from "./qemu/net";
import { identity, isDrive, normalizeNet, parse, print, Vm } from "./qemu/vm";
import { parseSize } from "./sizes";

const silent = () => {};

/** A cluster in the state that a seed describes; a drive is written `STORAGE:SIZE` or `STORAGE:cloudinit`. */
export function loadCluster(name: string, seed: Seed["proxmox"][string]): Cluster {
  const cluster = new Cluster(name);
  for (const node of seed.nodes) cluster.nodes.set(node.node, node);
  for (const storage of seed.storages)
    cluster.storages.configs.set(
      storage.storage,
      storage.type === "dir" ? { path: "/var/lib/vz", ...storage } : storage,
    );
  for (const { vmid, node, config, template, running } of seed.guests) {
    const vm = cluster.add(new Vm(vmid, node));
    for (const [key, value] of Object.entries({ ...identity(Math.floor(cluster.now() / 1000)), ...config })) {
      if (isCard(key)) vm.config.set(key, normalizeNet(String(value), cluster.options.mac_prefix));
      else if (isDrive(key)) vm.config.set(key, drive(cluster, vm, key, String(value), template));
      else vm.config.set(key, value);
    }
    if (template) vm.config.set("template", 1);
    vm.running = running;
    vm.startedAt = cluster.now();
    vm.pid = cluster.newPid();
  }
  return cluster;
}

function drive(cluster: Cluster, vm: Vm, slot: string, text: string, template: boolean): string {
  const { file = "", ...options } = parse(slot, text);
  const [storage = "", size = ""] = file.split(":");
  if (size === "cloudinit") {
    const { volid } = cluster.storages.allocateCloudInit(vm.node, storage, vm.vmid, silent);
    return print(slot, { ...options, file: volid, media: "cdrom" });
  }
  const wanted = { storage, vmid: vm.vmid, size: parseSize(size), format: "qcow2" };
  const { volid } = cluster.storages.allocate(vm.node, wanted, silent);
  return print(slot, { ...options, file: template ? cluster.storages.toBase(vm.node, volid) : volid, size });
}
