import type { Cluster } from "../cluster";
import { shortestSize } from "../sizes";
import { type Container, parseContainerOption, printContainerOption } from "./container";

export type Log = (line: string) => void;

/** A volume that is to be made: storage and gibibytes. */
export const allocation = /^([^/:\s]+):(\d+(?:\.\d+)?)$/;
export const isVolume = (key: string): boolean => /^(rootfs|mp\d+)$/.test(key);

/** A volume in the form that the configuration has: `storage:SIZE` allocates, one that is there is mounted as it is. */
export function makeVolume(cluster: Cluster, container: Container, slot: string, text: string, log: Log): string {
  const { size: _size, ...keys } = parseContainerOption(slot, text);
  const [, storage, gibibytes] = allocation.exec(keys.volume ?? "") ?? [];
  if (storage === undefined) {
    if (keys.volume?.startsWith("/")) return printContainerOption(slot, keys);
    const found = cluster.storages.need(container.node, keys.volume ?? "");
    return printContainerOption(slot, { ...keys, size: shortestSize(found.size) });
  }
  const size = Math.round(Number(gibibytes) * 1024 ** 3);
  const { volid } = cluster.storages.allocate(container.node, { storage, vmid: container.vmid, size }, log);
  log(`Creating filesystem with ${size / 4096} 4k blocks and ${size / 16384} inodes`);
  return printContainerOption(slot, { ...keys, volume: volid, size: shortestSize(size) });
}

/** Takes a volume out of the configuration: it stays with its container. */
export function detachVolume(container: Container, slot: string): void {
  const volume = parseContainerOption(slot, container.text(slot) ?? "").volume ?? "";
  container.config.delete(slot);
  if (volume !== "" && !volume.startsWith("/")) container.keepUnused(volume);
}

/** Puts a volume, as `makeVolume` made it, in the place of what the slot had. */
export function attachVolume(container: Container, slot: string, text: string): void {
  const old = parseContainerOption(slot, container.text(slot) ?? "").volume;
  const { volume } = parseContainerOption(slot, text);
  if (container.config.has(slot) && old !== volume) detachVolume(container, slot);
  for (const [key, value] of [...container.config])
    if (/^unused\d+$/.test(key) && value === volume) container.config.delete(key);
  container.config.set(slot, text);
}
