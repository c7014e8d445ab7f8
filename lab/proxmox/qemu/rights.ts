import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import type { Value, Values } from "../schema/parameters";
import { requireVolume, volumeName } from "../volumes";
import { isDrive, parseVmOption } from "./vm";

// Which option takes which right (PVE::API2::Qemu).

/** A guest as its rights are asked for: by its id, or by the pool that a new one goes into. */
export interface OptionPlace {
  vmid: number;
  pool?: unknown;
}

const words = (text: string) => text.split(" ");
const privileges: [options: string[], needed: string[]][] = [
  [words("cores cpu runningcpu cpulimit cpuunits numa smp sockets vcpus"), ["VM.Config.CPU"]],
  [words("memory balloon shares allow-ksm"), ["VM.Config.Memory"]],
  [
    words("acpi hotplug kvm machine runningmachine scsihw smbios1 tablet vga watchdog audio0 rng0"),
    ["VM.Config.HWType"],
  ],
  [
    words(
      "agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype protection reboot startdate startup tdf template",
    ),
    ["VM.Config.Options"],
  ],
  [["freeze"], ["VM.PowerMgmt"]],
  [words("boot bootdisk vmstatestorage"), ["VM.Config.Disk"]],
  [
    words("cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys"),
    ["VM.Config.Cloudinit", "VM.Config.Network"],
  ],
];
const needed = new Map(privileges.flatMap(([options, names]) => options.map((option) => [option, names] as const)));

function privilegesOf(option: string): string[] | undefined {
  if (/^net\d+$/.test(option)) return ["VM.Config.Network"];
  if (/^numa\d+$/.test(option)) return ["VM.Config.CPU"];
  if (/^ipconfig\d+$/.test(option)) return ["VM.Config.Cloudinit", "VM.Config.Network"];
  return needed.get(option);
}

/** Options whose right depends on their value: it is asked for where they are written. */
const byValue = (option: string): boolean =>
  isDrive(option) || ["cdrom", "tags"].includes(option) || /^(unused|serial|usb|hostpci|virtiofs)\d+$/.test(option);

/** Any of these privileges on a guest, or on its pool. */
function requireOn({ access }: Cluster, { authId }: ProxmoxCaller, { vmid, pool }: OptionPlace, names: string[]): void {
  if (pool !== undefined && access.may(authId, `/pool/${pool}`, names, true)) return;
  access.require(authId, `/vms/${vmid}`, names, names.length > 1);
}

/** @throws PVE's refusals of options that the caller may not set or delete */
export function requireVmOptions(cluster: Cluster, caller: ProxmoxCaller, place: OptionPlace, options: string[]): void {
  if (caller.authId === "root@pam") return;
  for (const option of options.filter((each) => !byValue(each))) {
    const names = privilegesOf(option) ?? die(`only root can set '${option}' config`);
    requireOn(cluster, caller, place, names);
    if (option === "startup") cluster.access.require(caller.authId, "/", ["Sys.Modify"]);
  }
}

/** Devices of the node: real ones are root's, mapped ones take a right on their mapping. */
export function requireDevice(
  cluster: Cluster,
  caller: ProxmoxCaller,
  place: OptionPlace,
  [option, value]: [string, Value],
): void {
  const { authId } = caller;
  if (authId === "root@pam") return;
  const [, kind] = /^(serial|usb|hostpci|virtiofs|rng)\d+$/.exec(option) ?? [];
  if (kind === undefined) return;
  const text = String(value);
  if (kind === "serial") {
    if (text !== "socket") die(`only root can set '${option}' config for real devices`);
    requireOn(cluster, caller, place, ["VM.Config.HWType"]);
    return;
  }
  if (kind === "virtiofs") {
    requireOn(cluster, caller, place, ["VM.Config.Disk"]);
    cluster.access.require(authId, `/mapping/dir/${parseVmOption(option, text).dirid}`, ["Mapping.Use"]);
    return;
  }
  if (kind === "rng") {
    requireOn(cluster, caller, place, ["VM.Config.HWType"]);
    if (text.includes("/dev/hwrng")) cluster.access.require(authId, "/mapping/hwrng", ["Mapping.Use"]);
    return;
  }
  const mapping = /(?:^|,)mapping=([^,]+)/.exec(text)?.[1];
  if (kind === "usb") requireOn(cluster, caller, place, ["VM.Config.HWType"]);
  if (mapping !== undefined)
    cluster.access.require(authId, `/mapping/${kind === "usb" ? "usb" : "pci"}/${mapping}`, ["Mapping.Use"]);
  else if (kind === "hostpci" || !/^(host=)?spice/i.test(text))
    die(`only root can set '${option}' config for ${kind === "usb" ? "real" : "non-mapped"} devices`);
  if (kind === "hostpci") requireOn(cluster, caller, place, ["VM.Config.HWType"]);
}

/** A change of a drive on a guest that is there. */
export function requireDrive(cluster: Cluster, { authId }: ProxmoxCaller, vmid: number, text: string): void {
  const names = /[:/](vm-\d+-)?cloudinit\b/.test(text.split(",")[0] ?? "")
    ? ["VM.Config.Cloudinit", "VM.Config.CDROM"]
    : [/(?:^|,)media=cdrom/.test(text) ? "VM.Config.CDROM" : "VM.Config.Disk"];
  cluster.access.require(authId, `/vms/${vmid}`, names);
}

const allocation = /^([^/:\s]+):(\d+(?:\.\d+)?)$/;

/** What is wrong with a request's drives by themselves. */
export function checkDriveTexts(cluster: Cluster, options: Values): void {
  for (const slot of Object.keys(options).filter(isDrive).sort()) {
    const { file = "", media, "import-from": source } = parseVmOption(slot, String(options[slot]));
    if (source !== undefined && Number(allocation.exec(file)?.[2] ?? 1) !== 0)
      parameterErrors({ [slot]: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>" });
    if (!/^[^:/]+:/.test(file) || allocation.test(file) || file.endsWith(":cloudinit")) continue;
    if (volumeName(cluster, file).content === "iso" && media !== "cdrom")
      parameterErrors({ [slot]: "explicit 'media=cdrom' is required for iso images" });
  }
}

/** That the storages of a request's drives are there and fit, and that the caller may use them and what they copy. */
export function requireDriveStorages(
  cluster: Cluster,
  caller: ProxmoxCaller,
  { node, vmid }: { node: string; vmid: number },
  options: Values,
): void {
  const { access, storages } = cluster;
  for (const slot of Object.keys(options).filter(isDrive).sort()) {
    const { file = "", media, "import-from": source } = parseVmOption(slot, String(options[slot]));
    const storage = allocation.exec(file)?.[1];
    if (file === "cdrom") access.require(caller.authId, "/", ["Sys.Console"]);
    else if (storage !== undefined && media !== "cdrom") {
      access.require(caller.authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
      storages.usable(node, storage, "images");
    } else if (file.endsWith(":cloudinit")) storages.usable(node, file.split(":")[0] ?? "", "images");
    else if (file !== "none") {
      requireVolume(cluster, caller, file, { vmid });
      if (/^[^:/]+:/.test(file) && !["images", "iso"].includes(volumeName(cluster, file).content))
        parameterErrors({ [slot]: "content type needs to be 'images' or 'iso'" });
    }
    if (source === undefined) continue;
    const known = source.startsWith("/") ? undefined : volumeName(cluster, source);
    if (known !== undefined && known.content !== "images" && known.content !== "import")
      parameterErrors({ [slot]: `${source} has wrong type '${known.content}' - needs to be 'images' or 'import'` });
    if (known?.owner !== undefined) access.require(caller.authId, `/vms/${known.owner}`, ["VM.Clone"]);
    else requireVolume(cluster, caller, source, { vmid });
  }
  if (options.vmstatestorage !== undefined)
    access.require(caller.authId, `/storage/${options.vmstatestorage}`, ["Datastore.AllocateSpace"]);
}

/** What only root@pam itself may do, never a token of it. */
export function refuseSkipLock({ authId }: ProxmoxCaller, { skiplock }: Values): void {
  if (skiplock === 1 && authId !== "root@pam") parameterErrors({ skiplock: "Only root may use this option." });
}

/** A hook script must be there. */
export function checkHookScript(cluster: Cluster, node: string, options: Values): void {
  if (options.hookscript === undefined) return;
  const volid = String(options.hookscript);
  const failed = (why: string) => parameterErrors({ hookscript: `${why}\n` });
  if (!/^[^:]+:snippets\//.test(volid)) failed(`'${volid}' is not in the snippets directory`);
  if (cluster.storages.find(node, volid) === undefined) failed(`script '${volid}' does not exist`);
}

/** A custom CPU model takes a right on its mapping. */
export function requireCpuModel({ access }: Cluster, { authId }: ProxmoxCaller, options: Values, before?: Value): void {
  const modelOf = (text: Value | undefined) => /(?:^|,)(?:cputype=)?custom-([^,]+)/.exec(String(text ?? ""))?.[1];
  const model = modelOf(options.cpu);
  if (model !== undefined && model !== modelOf(before))
    access.require(authId, `/mapping/cpu/${model}`, ["Mapping.Use"]);
}
