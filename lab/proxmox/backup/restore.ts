import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, PveError } from "../errors";
import { Container, parseContainerOption, printContainerOption } from "../lxc/container";
import { isDrive, newMac, parseVmOption, printVmOption, storedOption, Vm } from "../qemu/vm";
import type { Values } from "../schema/parameters";
import { shortestSize } from "../sizes";
import type { SavedInArchive } from "../storage";

type Log = (line: string) => void;

/** What an archive holds. @throws where it is not there, or holds nothing that could be read */
export function archiveContent(cluster: Cluster, node: string, volid: string): SavedInArchive {
  return cluster.storages.need(node, volid).saved ?? die("ERROR: archive contains no configuration file");
}

/** The configuration in an archive, as its file has it: the description first, then the options by name. */
export function archivedConfig(cluster: Cluster, node: string, volid: string): string {
  const { type, config, volumes } = archiveContent(cluster, node, volid);
  const { description, ...options } = config;
  const described = String(description ?? "").replace(/\n$/, "");
  const notes =
    description === undefined ? [] : described.split("\n").map((line) => `#${encodeURI(line).replace(/%20/g, " ")}`);
  const lines = Object.keys(options)
    .sort()
    .map((option) => `${option}: ${options[option]}`);
  const drives =
    type === "qemu"
      ? Object.entries(volumes).map(
          ([slot, { storage, format }]) =>
            `#qmdump#map:${slot}:drive-${slot}:${storage}:${format === "raw" ? "" : format}:`,
        )
      : [];
  return `${[...notes, ...lines, ...drives].join("\n")}\n`;
}

/** A request to restore a guest: what is given beside the archive counts more than what is in it. */
export interface Restore {
  vmid: number;
  volid: string;
  storage?: string;
  unique: boolean;
  options: Values;
}

/** @throws what speaks against writing over a guest, before anything is done */
export function refuseOverwrite(
  cluster: Cluster,
  { vmid, noun, force }: { vmid: number; noun: "VM" | "CT"; force: boolean },
): void {
  const taken = cluster.guests.get(vmid);
  if (taken === undefined) return;
  if (!force || taken.noun !== noun) {
    const exists = `${taken.noun} ${vmid} already exists on node '${taken.node}'`;
    die(noun === "CT" ? exists : `unable to restore VM ${vmid} - ${exists}`);
  }
  if (taken.config.get("protection") === 1) die(`unable to restore ${noun} ${vmid} - protection mode enabled`);
  if (noun === "VM" && taken.running) die(`unable to restore VM ${vmid} - vm is running`);
}

/** The guest's volumes from before go, once those from the archive are there. */
function release(cluster: Cluster, guest: Container | Vm, old: string[]): void {
  for (const volid of old) cluster.storages.free(guest.node, volid);
}

const owned = (cluster: Cluster, { vmid, node }: Container | Vm): string[] =>
  cluster.storages
    .owned(vmid)
    .filter((volume) => volume.content !== "backup" && (volume.node === undefined || volume.node === node))
    .map(({ volid }) => volid);

/** The volumes of a restored container: as the archive has them, or as they are given. */
function makeVolumes(
  cluster: Cluster,
  container: Container,
  { storage, options }: Restore,
  { config, volumes }: SavedInArchive,
  log: Log,
): Values {
  const given = Object.entries(options).filter(([key]) => /^(rootfs|mp\d+)$/.test(key));
  const made: Values = {};
  if (given.length > 0) {
    if (options.rootfs === undefined) die("mount points configured, but 'rootfs' not set - aborting");
    for (const [slot, text] of given) {
      const keys = parseContainerOption(slot, String(text));
      const [on = "", gibibytes = "0"] = (keys.volume ?? "").split(":");
      const size = Math.round(Number(gibibytes) * 1024 ** 3);
      const { volid } = cluster.storages.allocate(container.node, { storage: on, vmid: container.vmid, size }, log);
      made[slot] = printContainerOption(slot, { ...keys, volume: volid, size: shortestSize(size) });
    }
    return made;
  }
  for (const slot of Object.keys(config).filter((key) => /^(rootfs|mp\d+)$/.test(key))) {
    const keys = parseContainerOption(slot, String(config[slot]));
    const size = volumes[slot]?.size ?? die(`unable to detect disk size - please specify ${slot} (size)`);
    const wanted = { storage: storage ?? "local", vmid: container.vmid, size, filled: volumes[slot]?.filled };
    const { volid } = cluster.storages.allocate(container.node, wanted, log);
    log(`Creating filesystem with ${size / 4096} 4k blocks and ${size / 16384} inodes`);
    made[slot] = printContainerOption(slot, { ...keys, volume: volid, size: shortestSize(size) });
  }
  return made;
}

/** A container from an archive, in a worker. */
export function restoreContainer(cluster: Cluster, container: Container, restore: Restore, log: Log): void {
  const { volid, options, unique } = restore;
  if (container.running) die("can't overwrite running container");
  log(`recovering backed-up configuration from '${volid}'`);
  const content = archiveContent(cluster, container.node, volid);
  if (content.type !== "lxc") die("ERROR: archive contains no configuration file");
  const old = owned(cluster, container);
  const volumes = makeVolumes(cluster, container, restore, content, log);
  log(`restoring '${volid}' now..`);
  log(`extracting archive '${cluster.storages.path(cluster.storages.need(container.node, volid))}'`);
  log("merging backed-up and given configuration..");
  const kept = Object.entries(content.config).filter(([key]) => !/^(rootfs|mp\d+|unused\d+|template|lock)$/.test(key));
  const config: Values = { ...Object.fromEntries(kept), ...options, ...volumes };
  container.config.clear();
  container.pending.clear();
  for (const [key, value] of Object.entries(config)) {
    if (!/^net\d+$/.test(key)) {
      container.config.set(key, value);
      continue;
    }
    const { hwaddr, ...card } = parseContainerOption("net0", String(value));
    const own = unique ? undefined : hwaddr;
    const mac = own ?? newMac(cluster.options.mac_prefix);
    container.config.set(key, printContainerOption("net0", { ...card, hwaddr: mac, type: "veth" }));
  }
  if (container.config.get("unprivileged") === 0) container.config.delete("unprivileged");
  release(cluster, container, old);
}

/** A VM from an archive, in a worker. */
export function restoreVm(cluster: Cluster, vm: Vm, { volid, storage, options, unique }: Restore, log: Log): void {
  const { config, volumes, type } = archiveContent(cluster, vm.node, volid);
  if (type !== "qemu") die("ERROR: archive contains no configuration file");
  const old = owned(cluster, vm);
  log(`restore vma archive: ${cluster.storages.path(cluster.storages.need(vm.node, volid))}`);
  const made: Values = {};
  for (const [slot, { size, filled, format, storage: on }] of Object.entries(volumes)) {
    const wanted = { storage: storage ?? on, vmid: vm.vmid, size, filled, format };
    const volume = cluster.storages.allocate(vm.node, wanted, log);
    log(`new volume ID is '${volume.volid}'`);
    const drive = parseVmOption(slot, String(config[slot] ?? ""));
    made[slot] = printVmOption(slot, { ...drive, file: volume.volid, size: shortestSize(size) });
  }
  vm.config.clear();
  vm.pending.clear();
  for (const [key, value] of Object.entries(config)) {
    if (/^(lock|unused\d+|template|parent|vmstate)$/.test(key)) continue;
    if (!isDrive(key)) vm.config.set(key, value);
    else if (made[key] !== undefined) vm.config.set(key, made[key]);
    else if (/media=cdrom/.test(String(value)))
      vm.config.set(key, freshSeed(cluster, vm, { key, value: String(value), storage }, log));
  }
  for (const [key, value] of Object.entries(options)) vm.config.set(key, storedOption(key, value, cluster.options));
  if (unique)
    for (const [key, value] of [...vm.config])
      if (/^net\d+$/.test(key)) {
        const { macaddr: _macaddr, ...card } = parseVmOption("net0", String(value));
        vm.config.set(key, storedOption(key, printVmOption("net0", card), cluster.options));
      }
  release(cluster, vm, old);
}

/** A cloud-init drive is made anew; any other CD-ROM stands as it was. */
function freshSeed(
  cluster: Cluster,
  vm: Vm,
  { key, value, storage }: { key: string; value: string; storage?: string },
  log: Log,
): string {
  const drive = parseVmOption(key, value);
  if (!/vm-\d+-cloudinit/.test(drive.file ?? "")) return value;
  const { volid } = cluster.storages.allocateCloudInit(
    vm.node,
    storage ?? drive.file?.split(":")[0] ?? "",
    vm.vmid,
    log,
  );
  return printVmOption(key, { ...drive, file: volid });
}

/** Runs a restore's work; what fails says which guest it was. */
export function restoring(noun: string, vmid: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof PveError) die(`unable to restore ${noun} ${vmid} - ${error.message}`);
    throw error;
  }
}

/** Who restores over a guest of its own needs no more than VM.Backup on it. */
export const mayRestoreOver = (cluster: Cluster, { authId }: ProxmoxCaller, vmid: number, force: boolean): boolean =>
  force && cluster.guests.has(vmid) && cluster.access.may(authId, `/vms/${vmid}`, ["VM.Backup"]);
