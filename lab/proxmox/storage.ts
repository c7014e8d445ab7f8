import { die } from "./errors";
import { printSize } from "./propertystring";

export interface StorageConfig {
  storage: string;
  type: "dir" | "lvmthin" | "rbd";
  content: string;
  shared?: boolean;
  path?: string;
  /** The nodes that have it; all where it is left out. */
  nodes?: string[];
  /** Bytes. */
  total?: number;
}

export interface Volume {
  volid: string;
  storage: string;
  vmid: number;
  /** Bytes. */
  size: number;
  format: "raw" | "qcow2";
  content: "images";
  /** The base volume of a linked clone. */
  parent?: string;
}

/** The storages of a cluster and the guests' volumes on them. */
export class Storages {
  readonly configs = new Map<string, StorageConfig>();
  readonly volumes = new Map<string, Volume>();

  get(id: string): StorageConfig {
    return this.configs.get(id) ?? die(`storage '${id}' does not exist`);
  }

  /** Allocates a disk of a guest, named as PVE names it. */
  allocate(storage: string, vmid: number, size: number, wanted?: string, parent?: Volume): Volume {
    const config = this.get(storage);
    if (!config.content.split(",").includes("images"))
      die(`storage '${storage}' does not support content-type 'images'`);
    const format = config.type === "dir" && (wanted === "qcow2" || parent) ? "qcow2" : "raw";
    const volid = this.freeName(config, vmid, (n) => `vm-${vmid}-disk-${n}`, format, parent);
    return this.add({ volid, storage, vmid, size, format, content: "images", parent: parent?.volid });
  }

  /** Allocates a guest's cloud-init drive (4 MiB). */
  allocateCloudInit(storage: string, vmid: number): Volume {
    const config = this.get(storage);
    const format = config.type === "dir" ? "qcow2" : "raw";
    const volid =
      config.type === "dir" ? `${storage}:${vmid}/vm-${vmid}-cloudinit.qcow2` : `${storage}:vm-${vmid}-cloudinit`;
    return this.add({ volid, storage, vmid, size: 4 * 1024 ** 2, format, content: "images" });
  }

  private add(volume: Volume): Volume {
    this.volumes.set(volume.volid, volume);
    return volume;
  }

  private freeName(
    config: StorageConfig,
    vmid: number,
    name: (n: number) => string,
    format: string,
    parent?: Volume,
  ): string {
    const base = parent && config.type === "dir" ? `${parent.volid}/` : `${config.storage}:`;
    for (let n = 0; ; n++) {
      const volid = config.type === "dir" ? `${base}${vmid}/${name(n)}.${format}` : `${base}${name(n)}`;
      if (!this.volumes.has(volid)) return volid;
    }
  }

  /** Renames a template's volume to its base name. */
  toBase(volid: string): string {
    const volume = this.volumes.get(volid) ?? die(`unable to find volume '${volid}'`);
    const base = volid.replace(/vm-(\d+)-disk-/, "base-$1-disk-");
    this.volumes.delete(volid);
    this.volumes.set(base, { ...volume, volid: base });
    return base;
  }

  clonesOf(volid: string): Volume[] {
    return [...this.volumes.values()].filter((volume) => volume.parent === volid);
  }

  free(volid: string): void {
    this.volumes.delete(volid);
  }

  size(volid: string): string {
    return printSize(this.volumes.get(volid)?.size ?? 0);
  }
}
