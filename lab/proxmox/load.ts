import type { Seed } from "../seed";
import { Cluster } from "./cluster";
import { Guest, identity, normalizeNet } from "./guest";
import { parsePropertyString, parseSize, printPropertyString } from "./propertystring";
import { driveSlots } from "./schema";

/** A cluster in the state that a seed describes; a drive is written `STORAGE:SIZE` or `STORAGE:cloudinit`. */
export function loadCluster(name: string, seed: Seed["proxmox"][string]): Cluster {
  const cluster = new Cluster(name);
  for (const node of seed.nodes) cluster.nodes.set(node.node, node);
  for (const storage of seed.storages) cluster.storages.configs.set(storage.storage, storage);
  for (const { vmid, node, config, template, running } of seed.guests) {
    const guest = new Guest(vmid, node);
    for (const [key, value] of Object.entries({ ...identity(), ...config })) {
      if (/^net\d+$/.test(key)) guest.config.set(key, normalizeNet(String(value)));
      else if (driveSlots.includes(key)) guest.config.set(key, drive(cluster, vmid, String(value), template));
      else guest.config.set(key, value);
    }
    if (template) guest.config.set("template", 1);
    guest.running = running;
    guest.startedAt = Date.now();
    cluster.guests.set(vmid, guest);
  }
  return cluster;
}

function drive(cluster: Cluster, vmid: number, text: string, template: boolean): string {
  const { head = "", options } = parsePropertyString(text);
  const [storage = "", size = ""] = head.split(":");
  if (size === "cloudinit")
    return printPropertyString({
      head: cluster.storages.allocateCloudInit(storage, vmid).volid,
      options: { ...options, media: "cdrom" },
    });
  const { volid } = cluster.storages.allocate(storage, vmid, parseSize(size), "qcow2");
  const named = template ? cluster.storages.toBase(volid) : volid;
  return printPropertyString({ head: named, options: { ...options, size } });
}
