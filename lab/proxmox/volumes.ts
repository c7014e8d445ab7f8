import type { ProxmoxCaller } from "./access";
import type { Cluster } from "./cluster";
import { die } from "./errors";

// What a volume's id says, and who may use it (PVE::Storage).

/** What a volume is by its name alone, whether it is there or not. */
export interface VolumeName {
  storage: string;
  /** Without the storage. */
  name: string;
  content: string;
  /** The guest that it belongs to. */
  owner?: number;
}

const kinds: [name: RegExp, content: string][] = [
  [/^(?:\d+\/\S+?\.(?:raw|qcow2|vmdk)\/)?(\d+)\/[^/\s]+$/, "images"],
  [/^iso\/[^/]+\.(?:iso|img)$/i, "iso"],
  [/^vztmpl\/[^/]+\.tar\.(?:gz|xz|zst|bz2)$/i, "vztmpl"],
  [/^rootdir\/(\d+)$/, "rootdir"],
  [/^backup\/[^/]+\.(?:tgz|(?:tar|vma)(?:\.(?:gz|zst|lzo|bz2))?)$/, "backup"],
  [/^snippets\/[^/]+$/, "snippets"],
  [/^import\/[^/]+\.(?:ova|ovf|qcow2|raw|vmdk)$/i, "import"],
];

function ownerOf(content: string, name: string, found: string | undefined): number | undefined {
  const archived = content === "backup" ? /vzdump-(?:lxc|qemu|openvz)-(\d+)-/.exec(name)?.[1] : found;
  return archived === undefined ? undefined : Number(archived);
}

/** @throws PVE's text where the name is none of that storage's kind */
export function volumeName({ storages }: Cluster, volid: string): VolumeName {
  const [, storage = "", name = ""] = /^([^:/]+):(.+)$/.exec(volid) ?? die(`unable to parse volume ID '${volid}'`);
  const config = storages.get(storage);
  if (config.path === undefined) {
    const owner = /^(?:.*\/)?(?:vm|base|subvol|basevol)-(\d+)-\S+$/.exec(name)?.[1];
    if (owner === undefined) die(`unable to parse ${config.type} volume name '${name}'`);
    return { storage, name, content: "images", owner: Number(owner) };
  }
  for (const [pattern, content] of kinds) {
    const found = pattern.exec(name);
    if (found && !name.includes("..")) {
      const owner = ownerOf(content, name, found[1]);
      return { storage, name, content, ...(owner === undefined ? {} : { owner }) };
    }
  }
  return die(`unable to parse directory volume name '${name}'`);
}

/** For whom and for what a volume is wanted. */
export interface VolumeUse {
  /** The guest that it is for; what is its own it may use. */
  vmid?: number;
  /** The content that it must be. */
  content?: string;
}

/** @throws PVE's 403, or its texts for a path and for other content */
export function requireVolume(
  cluster: Cluster,
  { authId }: ProxmoxCaller,
  volid: string,
  { vmid, content: wanted }: VolumeUse = {},
): void {
  const { access } = cluster;
  if (!/^[^:/]+:/.test(volid)) {
    if (authId !== "root@pam")
      die("Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.");
    return;
  }
  const { storage, content, owner } = volumeName(cluster, volid);
  if (wanted !== undefined && content !== wanted)
    die(`unable to use volume ${volid} - content type needs to be '${wanted}'`);
  const at = `/storage/${storage}`;
  if (access.may(authId, at, ["Datastore.Allocate"])) return;
  if (["iso", "vztmpl", "import"].includes(content))
    access.require(authId, at, ["Datastore.AllocateSpace", "Datastore.Audit"], true);
  else if (owner !== undefined && owner === vmid) return;
  else if (content === "backup" && owner !== undefined) {
    access.require(authId, at, ["Datastore.AllocateSpace"]);
    access.require(authId, `/vms/${owner}`, ["VM.Backup"]);
  } else if (owner !== undefined) {
    access.require(authId, at, ["Datastore.Audit"]);
    access.require(authId, `/vms/${owner}`, ["VM.Config.Disk"]);
  } else die(`missing privileges to access ${volid}`);
}
