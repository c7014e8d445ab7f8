import { createHash } from "node:crypto";
import { die, parameterErrors } from "./errors";
import type { Values } from "./schema/parameters";
import { words } from "./schema/words";

export interface StorageConfig {
  storage: string;
  type: string;
  /** Comma list of content types. */
  content: string;
  shared?: boolean;
  path?: string;
  /** The nodes that have it; all where it is left out. */
  nodes?: string[];
  /** Bytes. */
  total?: number;
  disable?: boolean;
  /** Settings that the lab only keeps. */
  more?: Values;
}

export interface Volume {
  volid: string;
  storage: string;
  /** The node that holds it; every node does where the storage is shared. */
  node?: string;
  vmid?: number;
  /** Bytes that it offers. */
  size: number;
  /** Of an image that can be imported: bytes that a disk made of it offers. */
  virtual?: number;
  /** Bytes of data in it: what a copy takes time for. */
  filled: number;
  format: string;
  content: string;
  /** The base volume of a linked clone. */
  parent?: string;
  /** Unix seconds. */
  ctime: number;
  /** Of an archive: what somebody wrote to it, whether it may not go, and what is in it. */
  notes?: string;
  protected?: boolean;
  saved?: SavedInArchive;
}

/** A guest as a back-up archive has it. */
export interface SavedInArchive {
  type: "qemu" | "lxc";
  config: Values;
  /** By slot. */
  volumes: Record<string, { size: number; filled: number; format: string; storage: string }>;
}

type Log = (line: string) => void;

const folders: Record<string, string> = {
  iso: "template/iso",
  vztmpl: "template/cache",
  snippets: "snippets",
  import: "import",
  backup: "dump",
};
const extensions: Record<string, RegExp> = {
  iso: /\.(iso|img)$/i,
  vztmpl: /\.tar\.(gz|xz|zst|bz2)$/i,
  import: /\.(ova|ovf|qcow2|raw|vmdk)$/i,
};
const formatNames: Record<string, string> = { gz: "tgz", xz: "txz", zst: "tzst", bz2: "tbz2" };

/** The format of a file, as its name says it. */
function formatOf(content: string, filename: string): string {
  if (content === "iso" || content === "snippets") return content === "iso" ? "iso" : "snippet";
  const [, archive] = /\.((?:vma|tar)(?:\.(?:gz|lzo|zst))?|tgz)$/.exec(filename) ?? [];
  if (content === "backup" && archive !== undefined) return archive;
  const extension = filename.split(".").pop() ?? "";
  return formatNames[extension] ?? extension;
}

/** Room on the lab's disks. */
export const space = { total: 270553174016, used: 30469484544, avail: 67323809792 };

/** The storages of a cluster and everything on them. */
export class Storages {
  readonly configs = new Map<string, StorageConfig>();
  /** By their ids, with the node before where it is a node's own. */
  private readonly volumes = new Map<string, Volume>();
  /** The disk names that are taken, by their storage: `105-disk-0`. */
  private readonly names = new Map<string, number>();
  /** The failure switch: storages without room. */
  readonly full = new Set<string>();

  constructor(private readonly now: () => number = Date.now) {}

  get(id: string): StorageConfig {
    return this.configs.get(id) ?? die(`storage '${id}' does not exist`);
  }

  digest(): string {
    const lines = [...this.configs.values()].map((config) =>
      Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    return createHash("sha1").update(JSON.stringify(lines)).digest("hex");
  }

  on(node: string, config: StorageConfig): boolean {
    return config.nodes === undefined || config.nodes.includes(node);
  }

  /** The storage, if it can hold such content on that node. */
  usable(node: string, id: string, content: "images" | "rootdir"): StorageConfig {
    const config = this.enabled(node, id);
    if (!config.content.split(",").includes(content)) {
      const what = content === "images" ? "vm images" : "container directories";
      parameterErrors({ storage: `storage '${id}' does not support ${what}` });
    }
    return config;
  }

  enabled(node: string, id: string): StorageConfig {
    const config = this.get(id);
    if (config.disable) die(`storage '${id}' is disabled`);
    if (!this.on(node, config)) die(`storage '${id}' is not available on node '${node}'`);
    return config;
  }

  // ---- volumes

  private key(node: string | undefined, volid: string): string {
    return this.configs.get(volid.split(":")[0] ?? "")?.shared ? volid : `${node} ${volid}`;
  }

  private nameKey(node: string | undefined, storage: string, name: string): string {
    return `${this.key(node, `${storage}:`)} ${name}`;
  }

  private count({ node, storage, volid }: Volume, by: 1 | -1): void {
    const name = /(?:vm|base)-(\d+-disk-\d+)(?:\.\w+)?$/.exec(volid)?.[1];
    if (name === undefined) return;
    const key = this.nameKey(node, storage, name);
    const left = (this.names.get(key) ?? 0) + by;
    if (left === 0) this.names.delete(key);
    else this.names.set(key, left);
  }

  private put(key: string, volume: Volume): void {
    this.drop(key);
    this.volumes.set(key, volume);
    this.count(volume, 1);
  }

  private drop(key: string): void {
    const volume = this.volumes.get(key);
    if (volume === undefined) return;
    this.volumes.delete(key);
    this.count(volume, -1);
  }

  /** Every volume with its key. */
  dump(): { key: string; volume: Volume }[] {
    return [...this.volumes].map(([key, volume]) => ({ key, volume }));
  }

  restore(volumes: { key: string; volume: Volume }[]): void {
    for (const { key, volume } of volumes) this.put(key, volume);
  }

  find(node: string, volid: string): Volume | undefined {
    return this.volumes.get(this.key(node, volid));
  }

  need(node: string, volid: string): Volume {
    const [id = ""] = volid.split(":");
    this.get(id);
    return this.find(node, volid) ?? die(`volume '${volid}' does not exist`);
  }

  list(node: string, storage: string): Volume[] {
    const shared = this.get(storage).shared ?? false;
    return [...this.volumes.values()].filter(
      (volume) => volume.storage === storage && (shared || volume.node === node),
    );
  }

  owned(vmid: number): Volume[] {
    return [...this.volumes.values()].filter((volume) => volume.vmid === vmid);
  }

  clonesOf(volid: string): Volume[] {
    return [...this.volumes.values()].filter((volume) => volume.parent === volid);
  }

  free(node: string, volid: string): void {
    this.drop(this.key(node, volid));
  }

  add(node: string, volume: Omit<Volume, "ctime" | "node">): Volume {
    const shared = this.get(volume.storage).shared ?? false;
    const added = { ...volume, ...(shared ? {} : { node }), ctime: Math.floor(this.now() / 1000) };
    this.put(this.key(node, volume.volid), added);
    return added;
  }

  /** Allocates a disk of a guest, named as PVE names it. */
  allocate(
    node: string,
    {
      storage,
      vmid,
      size,
      format = "raw",
      parent,
      filled = 0,
    }: Pick<Volume, "storage" | "size"> &
      Partial<Pick<Volume, "filled">> & { vmid: number; format?: string; parent?: Volume },
    log: Log,
  ): Volume {
    const config = this.enabled(node, storage);
    const kind = config.type === "dir" ? (parent ? "qcow2" : format) : "raw";
    const volid = this.freeName(node, config, vmid, kind, parent);
    return this.format(
      node,
      { volid, storage, vmid, size, filled, format: kind, content: "images", parent: parent?.volid },
      log,
    );
  }

  /** Allocates a guest's cloud-init drive (4 MiB). */
  allocateCloudInit(node: string, storage: string, vmid: number, log: Log): Volume {
    const config = this.enabled(node, storage);
    const format = config.type === "dir" ? "qcow2" : "raw";
    const name = `vm-${vmid}-cloudinit`;
    const volid = config.type === "dir" ? `${storage}:${vmid}/${name}.qcow2` : `${storage}:${name}`;
    return this.format(node, { volid, storage, vmid, size: 4 * 1024 ** 2, filled: 0, format, content: "images" }, log);
  }

  private format(node: string, wanted: Omit<Volume, "ctime" | "node">, log: Log): Volume {
    const volume = this.add(node, wanted);
    const config = this.get(volume.storage);
    const path = this.path(volume);
    if (this.full.has(volume.storage)) {
      this.free(node, volume.volid);
      log(`qemu-img: ${path}: Could not write qcow2 header: No space left on device`);
      die(
        `unable to create image: command '/usr/bin/qemu-img create -f ${volume.format} ${path} ${volume.size}' failed: exit code 1`,
      );
    }
    const qcow = "compression_type=zlib";
    const end = "lazy_refcounts=off refcount_bits=16";
    if (config.type === "lvmthin") log(`  Logical volume "${volume.volid.split(":")[1]}" created.`);
    if (config.type !== "dir") return volume;
    if (volume.parent !== undefined) {
      const base = `../${volume.parent.split(":")[1]}`;
      log(
        `clone ${base.slice(3)}: images, ${path.split("/").pop()}, ${volume.vmid} to ${path.split("/").pop()} (base=${base})`,
      );
      log(
        `Formatting '${path}', fmt=qcow2 cluster_size=131072 extended_l2=on preallocation=metadata ${qcow} size=${volume.size} backing_file=${base} backing_fmt=qcow2 ${end}`,
      );
    } else if (volume.format === "qcow2")
      log(
        `Formatting '${path}', fmt=qcow2 cluster_size=65536 extended_l2=off preallocation=metadata ${qcow} size=${volume.size} ${end}`,
      );
    else log(`Formatting '${path}', fmt=${volume.format} size=${volume.size} preallocation=off`);
    return volume;
  }

  private freeName(node: string, config: StorageConfig, vmid: number, format: string, parent?: Volume): string {
    let n = 0;
    while (this.names.has(this.nameKey(node, config.storage, `${vmid}-disk-${n}`))) n++;
    const name = `vm-${vmid}-disk-${n}`;
    if (config.type === "dir") return `${parent ? `${parent.volid}/` : `${config.storage}:`}${vmid}/${name}.${format}`;
    return parent && config.type === "rbd" ? `${parent.volid}/${name}` : `${config.storage}:${name}`;
  }

  /** Whether clones of a volume can share its data. */
  linkable(volid: string): boolean {
    return /:(?:.*\/)?base-\d+-disk-\d+(\.qcow2)?$/.test(volid);
  }

  /** Whether a volume can keep snapshots. */
  snapshots({ storage, format }: Volume): boolean {
    return this.get(storage).type !== "dir" || format === "qcow2";
  }

  /** Renames a template's volume to its base name. */
  toBase(node: string, volid: string): string {
    return this.rename(node, volid, volid.replace(/vm-(\d+)-disk-(\d+(?:\.\w+)?)$/, "base-$1-disk-$2"));
  }

  /** Gives a volume to another guest, under a name of that guest's. */
  reassign(node: string, volid: string, vmid: number): string {
    const volume = this.need(node, volid);
    const to = this.freeName(node, this.get(volume.storage), vmid, volume.format);
    this.rename(node, volid, to);
    this.need(node, to).vmid = vmid;
    return to;
  }

  private rename(node: string, volid: string, to: string): string {
    const volume = this.need(node, volid);
    this.drop(this.key(node, volid));
    this.put(this.key(node, to), { ...volume, volid: to });
    return to;
  }

  /** Carries a local volume over to another node. */
  carry(from: string, to: string, volid: string): void {
    const volume = this.need(from, volid);
    if (volume.node === undefined) return;
    this.drop(this.key(from, volid));
    this.put(this.key(to, volid), { ...volume, node: to });
  }

  /** Copies a local volume to another node's storage and removes it here. @returns its id there */
  migrate(from: string, to: string, volid: string, storage: string): string {
    const { node: _node, ctime: _ctime, ...volume } = this.need(from, volid);
    const config = this.get(storage);
    const wanted = `${storage}:${volid.slice(volume.storage.length + 1)}`;
    const isSame = config.type === this.get(volume.storage).type;
    const format = config.type === "dir" ? volume.format : "raw";
    const isFree = isSame && this.find(to, wanted) === undefined;
    const made = isFree ? wanted : this.freeName(to, config, volume.vmid ?? 0, format);
    this.drop(this.key(from, volid));
    this.add(to, { ...volume, volid: made, storage, format });
    return made;
  }

  /** Where a volume lies on its node. */
  path({ storage, volid, content }: Pick<Volume, "storage" | "volid" | "content">): string {
    const config = this.get(storage);
    const name = volid.slice(storage.length + 1);
    if (config.type === "lvmthin") return `/dev/${storage}/${name}`;
    if (config.type === "rbd") return `rbd:${storage}/${name}`;
    const last = name.split("/").slice(-1)[0] ?? "";
    if (content === "images") return `${config.path}/images/${name.split("/").slice(-2).join("/")}`;
    return `${config.path}/${folders[content] ?? content}/${last}`;
  }

  // ---- files: ISO images, container templates, disk images to import

  /** The volume that a file of such content will be. @throws PVE's refusals of a wrong extension or storage */
  fileName(
    node: string,
    storage: string,
    content: string,
    filename: string,
  ): Pick<Volume, "volid" | "storage" | "content" | "format"> {
    const name = (filename.split("/").pop() ?? "").replace(/[^a-zA-Z0-9+._-]/g, "_");
    if (!(extensions[content]?.test(name) ?? true))
      parameterErrors({
        filename: content === "import" ? "invalid filename or wrong extension" : "wrong file extension",
      });
    const config = this.enabled(node, storage);
    if (!config.content.split(",").includes(content)) die(`storage '${storage}' does not support '${content}' content`);
    return { volid: `${storage}:${content}/${name}`, storage, content, format: formatOf(content, name) };
  }

  /** The volume that a file on a node's disk is, if a storage has its folder. */
  fileAt(node: string, path: string): Pick<Volume, "volid" | "storage" | "content" | "format"> | undefined {
    for (const config of this.configs.values()) {
      if (config.path === undefined || !this.on(node, config)) continue;
      for (const [content, folder] of Object.entries(folders)) {
        const name = path.startsWith(`${config.path}/${folder}/`)
          ? path.slice(config.path.length + folder.length + 2)
          : "";
        if (name === "" || name.includes("/")) continue;
        const { storage } = config;
        return { volid: `${storage}:${content}/${name}`, storage, content, format: formatOf(content, name) };
      }
    }
    return undefined;
  }

  // ---- definitions

  create({ storage, type, path, content, shared, nodes, disable, ...more }: Values): Values {
    const id = String(storage);
    if (this.configs.has(id)) die(`create storage failed: storage ID '${id}' already defined`);
    if (type === "dir" && path === undefined) die("missing value for required option 'path'");
    this.configs.set(id, {
      storage: id,
      type: String(type),
      content: String(content ?? "images,rootdir"),
      ...(path === undefined ? {} : { path: String(path) }),
      ...(shared === 1 ? { shared: true } : {}),
      ...(nodes === undefined ? {} : { nodes: String(nodes).split(",") }),
      ...(disable === 1 ? { disable: true } : {}),
      more,
    });
    return { storage: id, type: String(type) };
  }

  update({ storage, content, shared, nodes, disable, digest, delete: remove, ...more }: Values): Values {
    const failed = (why: string) => die(`update storage failed: ${why}`);
    const config = this.configs.get(String(storage)) ?? failed(`storage '${storage}' does not exist`);
    if (digest !== undefined && digest !== this.digest())
      failed("detected modified configuration - file changed by other user? Try again.");
    if (content !== undefined) config.content = String(content);
    if (shared !== undefined) config.shared = shared === 1;
    if (disable !== undefined) config.disable = disable === 1;
    if (nodes !== undefined) config.nodes = String(nodes).split(",");
    config.more = { ...config.more, ...more };
    for (const key of words(remove)) {
      if (key === "nodes") config.nodes = undefined;
      if (key === "disable") config.disable = undefined;
      delete config.more[key];
    }
    return { storage: config.storage, type: config.type };
  }

  delete(id: string): void {
    if (!this.configs.delete(id)) die(`delete storage failed: storage '${id}' does not exist`);
  }

  /** A definition as `/storage` shows it. */
  shown({ storage, type, content, path, shared, nodes, disable, more }: StorageConfig): Values {
    return {
      storage,
      type,
      content,
      digest: this.digest(),
      ...(path === undefined ? {} : { path }),
      ...(shared ? { shared: 1 } : {}),
      ...(nodes ? { nodes: nodes.join(",") } : {}),
      ...(disable ? { disable: 1 } : {}),
      ...more,
    };
  }

  /** Room and state, as a node's `/storage/{storage}/status` shows them. */
  status({ type, content, shared, disable, total = space.total }: StorageConfig): Values {
    const { used, avail } = space;
    const room = disable
      ? { active: 0, enabled: 0, total: 0, used: 0, avail: 0 }
      : { active: 1, enabled: 1, total, used, avail };
    return { type, content, shared: shared ? 1 : 0, ...room };
  }
}
