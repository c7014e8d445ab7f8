import { randomBytes, randomUUID } from "node:crypto";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import { Guest, normalizeTags } from "../guest";
import type { DatacenterOptions } from "../options";
import type { Value, Values } from "../schema/parameters";
import { parseProperties, printProperties } from "../schema/properties";
import { driveSlots, qemuOptions } from "../schema/qemu";
import { parseBytes } from "../sizes";

/** A QEMU guest. */
export class Vm extends Guest {
  readonly type = "qemu";
  readonly noun = "VM";
  /** Cloud-init settings and networks as the drive has them since it was last written. */
  seeded = new Map<string, Value>();
  /** Programs that the agent ran, by process id. */
  readonly executed = new Map<number, Values>();
  /** Files that the agent wrote, a character a byte. */
  readonly files = new Map<string, string>();

  get name(): string {
    return this.text("name") ?? `VM ${this.vmid}`;
  }

  /** Slots with a drive and their texts, in the order in which PVE goes through them. */
  get drives(): [slot: string, text: string][] {
    const slots = driveSlots.filter((slot) => this.config.has(slot)).sort(byName);
    return slots.map((slot) => [slot, String(this.config.get(slot))]);
  }

  get disks(): [slot: string, drive: Record<string, string>][] {
    return this.drives
      .map(([slot, text]): [string, Record<string, string>] => [slot, parseVmOption(slot, text)])
      .filter(([, drive]) => drive.media !== "cdrom");
  }

  get agentEnabled(): boolean {
    return parseVmOption("agent", this.text("agent") ?? "0").enabled === "1";
  }

  private get shownDisk(): Record<string, string> | undefined {
    const disks = new Map(this.disks);
    const order = /order=([^;]+)/.exec(this.text("boot") ?? "")?.[1];
    return (
      (order === undefined ? undefined : disks.get(order)) ?? this.disks.find(([slot]) => !/^(efi|tpm)/.test(slot))?.[1]
    );
  }

  /** As a node's list of guests shows it. */
  status(cluster: Cluster): Values {
    const maxmem = Number(this.config.get("memory") ?? 512) * 1024 ** 2;
    const zeros = { mem: 0, cpu: 0, disk: 0, netin: 0, netout: 0, memhost: 0 };
    const pressure = {
      pressurecpufull: 0,
      pressurecpusome: 0,
      pressureiofull: 0,
      pressureiosome: 0,
      pressurememoryfull: 0,
      pressurememorysome: 0,
    };
    return {
      vmid: this.vmid,
      name: this.name,
      status: this.running ? "running" : "stopped",
      cpus: Number(
        this.config.get("vcpus") ?? Number(this.config.get("cores") ?? 1) * Number(this.config.get("sockets") ?? 1),
      ),
      maxmem,
      maxdisk: parseBytes(this.shownDisk?.size ?? "0"),
      ...zeros,
      ...(this.running ? { mem: Math.round(maxmem / 4), memhost: maxmem, pid: this.pid, ...pressure } : {}),
      uptime: cluster.uptime(this),
      ...(this.config.has("serial0") ? { serial: 1 } : {}),
      ...(this.template ? { template: 1 } : {}),
      ...(this.lock === undefined ? {} : { lock: this.lock }),
      ...(this.config.has("tags") && this.config.get("tags") !== " " ? { tags: String(this.config.get("tags")) } : {}),
    };
  }

  /** The devices on the node's side of a running guest's cards, in its full status. */
  get nics(): { nics?: Record<string, Values> } {
    const cards = this.running ? [...this.config.keys()].filter((key) => /^net\d+$/.test(key)) : [];
    if (cards.length === 0) return {};
    return {
      nics: Object.fromEntries(cards.map((key) => [`tap${this.vmid}i${key.slice(3)}`, { netin: 0, netout: 0 }])),
    };
  }

  get qmpstatus(): string {
    return this.running ? (this.paused ? "paused" : "running") : "stopped";
  }
}

/** Family, then number: `scsi2` before `scsi10`. */
export function byName(a: string, b: string): number {
  const split = (name: string) => /^(.*?)(\d*)$/.exec(name) ?? ["", name, ""];
  const [, familyA = "", numberA = ""] = split(a);
  const [, familyB = "", numberB = ""] = split(b);
  return familyA === familyB ? Number(numberA) - Number(numberB) : familyA < familyB ? -1 : 1;
}

/** The keys of an option that is a property string. */
export function parseVmOption(option: string, text: string): Record<string, string> {
  const parsed = parseProperties(qemuOptions[option]?.properties ?? { keys: {} }, text);
  return typeof parsed === "string" ? die(parsed.trim()) : parsed;
}

export const printVmOption = (option: string, values: Record<string, string>): string =>
  printProperties(qemuOptions[option]?.properties ?? { keys: {} }, values);

export function newMac(prefix: string): string {
  const bytes = [...randomBytes(5)].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  return [...prefix.toUpperCase().split(":").filter(Boolean), ...bytes].slice(0, 6).join(":");
}

/** A NIC as PVE stores it, with a new MAC where the text has none. */
export function normalizeNet(text: string, macPrefix: string): string {
  const parsed = parseVmOption("net0", text);
  return printVmOption("net0", { ...parsed, macaddr: (parsed.macaddr ?? newMac(macPrefix)).toUpperCase() });
}

/** Whether an ssh key's data is what its type says: fields with their lengths before them, to the last byte. */
function isSshKey(kind: string, data: Buffer): boolean {
  const fields: Buffer[] = [];
  let at = 0;
  while (at + 4 <= data.length) {
    const end = at + 4 + data.readUInt32BE(at);
    if (end > data.length) return false;
    fields.push(data.subarray(at + 4, end));
    at = end;
  }
  const rightLength = kind !== "ssh-ed25519" || fields[1]?.length === 32;
  return at === data.length && fields.length >= 2 && fields[0]?.toString() === kind && rightLength;
}

/** An ssh public key list is validated line by line, as `ssh-keygen -l` would. */
export function checkSshKeys(encoded: string): void {
  const lines = decodeURIComponent(encoded)
    .split("\n")
    .filter((line) => line.trim() !== "");
  for (const line of lines) {
    const [kind = "", data = ""] = line.split(/\s+/);
    if (!isSshKey(kind, Buffer.from(data, "base64"))) die("SSH public key validation error");
  }
}

/** Options of a request that are not drives, in the form they are stored. */
export function storedOption(key: string, value: Value, { mac_prefix, tagStyle }: DatacenterOptions): Value {
  if (/^net\d+$/.test(key)) return normalizeNet(String(value), mac_prefix);
  if (key === "tags") return normalizeTags(String(value), tagStyle);
  if (key === "memory") return parseVmOption("memory", String(value)).current ?? value;
  return value;
}

/** What PVE writes into every new guest. */
export const identity = (seconds: number): Values => ({
  smbios1: `uuid=${randomUUID()}`,
  vmgenid: randomUUID(),
  meta: `creation-qemu=10.0.13,ctime=${seconds}`,
});

/** Whether an option is a drive. */
export const isDrive = (key: string): boolean => driveSlots.includes(key);
