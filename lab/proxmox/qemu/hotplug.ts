import type { Value } from "../schema/parameters";
import { parseVmOption } from "./vm";

// What a running virtual machine takes at once (qemu-server's vmconfig_hotplug_pending); all else waits for its next start.

type Config = ReadonlyMap<string, Value>;

/** Written at once, whatever the machine does. */
const fast =
  /^(description|hookscript|lock|migrate_downtime|migrate_speed|name|onboot|protection|shares|startup|tags|vmstatestorage|unused\d+|cicustom|cipassword|citype|ciupgrade|ciuser|ipconfig\d+|nameserver|searchdomain|sshkeys)$/;

/** Keys of a disk that QEMU can't change while it has it open. */
const fixedOfDisk = ["aio", "discard", "iothread", "queues", "product", "cache", "ssd", "vendor", "ro"];

function features(config: Config): Set<string> {
  const text = String(config.get("hotplug") ?? "1");
  if (text === "0") return new Set();
  return new Set((text === "1" ? "network,disk,usb" : text).split(/[;,\s]+/));
}

const differ = (keys: string[], before: Record<string, string>, after: Record<string, string>): boolean =>
  keys.some((key) => (before[key] ?? "") !== (after[key] ?? ""));

/** Does it take an option's next value, or its removal (null), while it runs? */
export function vmTakesAtOnce(config: Config, key: string, next: Value | null): boolean {
  if (fast.test(key)) return true;
  const has = features(config);
  const now = config.get(key);
  if (/^net\d+$/.test(key)) {
    if (next === null || now === undefined) return has.has("network");
    const [before, after] = [parseVmOption("net0", String(now)), parseVmOption("net0", String(next))];
    const isReplugged = differ(["model", "macaddr", "queues", "mtu"], before, after);
    return isReplugged || !before.bridge || !after.bridge ? has.has("network") : true;
  }
  if (/^(scsi|virtio|sata|ide|efidisk|tpmstate)\d+$/.test(key)) return takesDrive(has.has("disk"), key, now, next);
  switch (key) {
    case "hotplug":
      return !/cpu|memory/.test(`${now ?? ""} ${next ?? ""}`);
    case "tablet":
      return has.has("usb");
    case "balloon":
      // The device itself can't be plugged.
      return next === null ? now !== 0 : (now !== 0) === (next !== 0);
    case "memory":
      return has.has("memory");
    case "vcpus":
      return has.has("cpu");
    case "cpulimit":
    case "cpuunits":
      return true;
    case "agent": {
      if (next === null || now === undefined) return false;
      const [before, after] = [parseVmOption(key, String(now)), parseVmOption(key, String(next))];
      return !differ(["enabled", "freeze-fs", "type"], before, after);
    }
    default:
      return /^usb\d+$/.test(key) && has.has("usb") && /^(l26|win8|win1\d)$/.test(String(config.get("ostype") ?? ""));
  }
}

function takesDrive(plugs: boolean, slot: string, now: Value | undefined, next: Value | null): boolean {
  const isFixed = /^(efidisk|tpmstate)/.test(slot);
  const isPluggable = plugs && !isFixed && !/^(ide|sata)/.test(slot);
  if (next === null || now === undefined) return isPluggable;
  if (isFixed) return false;
  const [before, after] = [parseVmOption(slot, String(now)), parseVmOption(slot, String(next))];
  if (before.media === "cdrom") return true;
  return before.file === after.file ? !differ(fixedOfDisk, before, after) : isPluggable;
}
