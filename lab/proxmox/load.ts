import type { Seed } from "../seed";
import { Cluster } from "./cluster";
import { haManager } from "./ha/manager";
import { Container, parseContainerOption, printContainerOption } from "./lxc/container";
import { isCard } from "./qemu/net";
import { identity, isDrive, normalizeNet, parseVmOption, printVmOption, Vm } from "./qemu/vm";
import { parseBytes } from "./sizes";

const silent = () => {};

/** A cluster in the state that a seed describes; a drive is written `STORAGE:SIZE`, `STORAGE:cloudinit`, or with `media=cdrom` as it is. */
export function loadCluster(name: string, seed: Seed["proxmox"][string]): Cluster {
  const cluster = new Cluster(name);
  // Copies: what happens to the cluster is not the seed's.
  for (const node of seed.nodes) cluster.nodes.set(node.node, { ...node, network: networkOf(node) });
  for (const storage of seed.storages)
    cluster.storages.configs.set(storage.storage, {
      ...(storage.type === "dir" ? { path: "/var/lib/vz" } : {}),
      ...storage,
    });
  if (seed.nodes.length > 1) cluster.ha.manager = haManager(cluster);
  for (const [storage, names] of Object.entries(seed.osTemplates))
    for (const { node } of seed.nodes)
      for (const name of names) {
        const volid = `${storage}:vztmpl/${name}`;
        cluster.storages.add(node, { volid, storage, content: "vztmpl", format: "tzst", size: 126_515_062, filled: 0 });
      }
  for (const { vmid, type, node, config, template, running } of seed.guests) {
    if (type === "lxc") {
      loadContainer(cluster, { vmid, node, config, template, running });
      continue;
    }
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

/** A bridge of which the seed says no more is VLAN aware. */
const networkOf = ({ bridges, network = [] }: Seed["proxmox"][string]["nodes"][number]) => [
  ...network,
  ...bridges
    .filter((iface) => !network.some((each) => each.iface === iface))
    .map((iface) => ({ iface, bridge_vlan_aware: 1 })),
];

/** A container; a volume is written `STORAGE:SIZE`. */
function loadContainer(
  cluster: Cluster,
  { vmid, node, config, template, running }: Omit<Seed["proxmox"][string]["guests"][number], "type">,
): void {
  const container = cluster.add(new Container(vmid, node));
  for (const [key, value] of Object.entries({ arch: "amd64", unprivileged: 1, ...config })) {
    if (!/^(rootfs|mp\d+)$/.test(key)) {
      container.config.set(key, value);
      continue;
    }
    const { volume = "", ...options } = parseContainerOption(key, String(value));
    const [storage = "", size = ""] = volume.split(":");
    const { volid } = cluster.storages.allocate(node, { storage, vmid, size: parseBytes(size) }, silent);
    const held = template ? cluster.storages.toBase(node, volid) : volid;
    container.config.set(key, printContainerOption(key, { ...options, volume: held, size }));
  }
  if (template) container.config.set("template", 1);
  container.running = running;
  container.startedAt = cluster.now();
}

function drive(cluster: Cluster, vm: Vm, slot: string, text: string, template: boolean): string {
  const { file = "", ...options } = parseVmOption(slot, text);
  // An empty drive and an ISO image stand as they are.
  if (options.media === "cdrom") return text;
  const [storage = "", size = ""] = file.split(":");
  if (size === "cloudinit") {
    const { volid } = cluster.storages.allocateCloudInit(vm.node, storage, vm.vmid, silent);
    return printVmOption(slot, { ...options, file: volid, media: "cdrom" });
  }
  const wanted = { storage, vmid: vm.vmid, size: parseBytes(size), format: "qcow2" };
  const { volid } = cluster.storages.allocate(vm.node, wanted, silent);
  return printVmOption(slot, { ...options, file: template ? cluster.storages.toBase(vm.node, volid) : volid, size });
}
