import { createHash, randomBytes, randomUUID } from "node:crypto";
import { die, parameterErrors } from "./errors";
import type { Value, Values } from "./parameters";
import { parsePropertyString, printPropertyString } from "./propertystring";
import { driveSlots, netModels, qemuOptions } from "./schema";

/** Options that a running guest takes at once; the others wait in `pending` for its next start. */
const live =
  /^(name|description|tags|onboot|protection|startup|hotplug|agent|lock|template|boot|unused\d+|net\d+|(ide|sata|scsi|virtio)\d+|ci\w+|ipconfig\d+|nameserver|searchdomain|sshkeys|balloon|cpulimit|cpuunits)$/;

/** A QEMU guest: its configuration file, what waits for a restart, and whether it runs. */
export class Guest {
  readonly config = new Map<string, Value>();
  /** An option's next value, or null where it will be deleted. */
  readonly pending = new Map<string, Value | null>();
  running = false;
  startedAt = 0;

  constructor(
    readonly vmid: number,
    public node: string,
  ) {}

  get name(): string {
    return String(this.config.get("name") ?? `VM ${this.vmid}`);
  }

  get template(): boolean {
    return this.config.get("template") === 1;
  }

  get lock(): string | undefined {
    const lock = this.config.get("lock");
    return lock === undefined ? undefined : String(lock);
  }

  get drives(): [slot: string, text: string][] {
    return driveSlots.flatMap((slot) => {
      const text = this.config.get(slot);
      return text === undefined ? [] : [[slot, String(text)] satisfies [string, string]];
    });
  }

  digest(): string {
    const hash = createHash("sha1");
    for (const map of [this.config, this.pending])
      for (const key of [...map.keys()].sort()) hash.update(`${key}: ${map.get(key)}\n`);
    return hash.digest("hex");
  }

  /** What `…/config` answers: pending values shown as if in force, unless the current ones are asked for. */
  shown(current: boolean): Values {
    const merged = new Map(this.config);
    if (!current)
      for (const [key, value] of this.pending) {
        if (value === null) merged.delete(key);
        else merged.set(key, value);
      }
    if (merged.has("cipassword")) merged.set("cipassword", "**********");
    return { ...Object.fromEntries(merged), digest: this.digest() };
  }

  checkLock(): void {
    if (this.lock !== undefined) die(`VM is locked (${this.lock})`);
  }

  checkDigest(digest: Value | undefined): void {
    if (digest !== undefined && digest !== this.digest()) die("checksum mismatch (file change by other user?)");
  }

  /** Sets one option, at once or pending; the value must be in the form the configuration file has. */
  set(key: string, value: Value): void {
    if (this.running && !live.test(key)) {
      if (this.config.get(key) === value) this.pending.delete(key);
      else this.pending.set(key, value);
    } else {
      this.config.set(key, value);
      this.pending.delete(key);
    }
  }

  unset(key: string): void {
    if (this.running && !live.test(key)) {
      if (this.config.has(key)) this.pending.set(key, null);
    } else {
      this.config.delete(key);
      this.pending.delete(key);
    }
  }

  applyPending(): void {
    for (const [key, value] of this.pending) {
      if (value === null) this.config.delete(key);
      else this.config.set(key, value);
    }
    this.pending.clear();
  }
}

export const newMac = (): string => {
  const [a, b, c] = randomBytes(3);
  return ["BC", "24", "11", ...[a, b, c].map((byte) => (byte ?? 0).toString(16).toUpperCase().padStart(2, "0"))].join(
    ":",
  );
};

/** A NIC as PVE prints it, with a new MAC where the text has none. */
export function normalizeNet(text: string): string {
  const { head, options } = parsePropertyString(text);
  const model = options.model ?? head ?? Object.keys(options).find((key) => netModels.includes(key)) ?? "virtio";
  const { [model]: inline, macaddr, model: _, ...rest } = options;
  return printPropertyString({ head: `${model}=${(macaddr ?? inline ?? newMac()).toUpperCase()}`, options: rest });
}

/** Tags sorted, lower-cased and once each; none read back as one space. */
export function normalizeTags(text: string): string {
  const tags = [
    ...new Set(
      text
        .split(/[;, ]+/)
        .filter((tag) => tag !== "")
        .map((tag) => tag.toLowerCase()),
    ),
  ].sort();
  return tags.length === 0 ? " " : tags.join(";");
}

/** An ssh public key list is validated line by line, as `ssh-keygen -l` would. */
export function checkSshKeys(encoded: string): void {
  const keys = decodeURIComponent(encoded)
    .split("\n")
    .filter((line) => line.trim() !== "");
  for (const key of keys) {
    const [kind, blob] = key.split(/\s+/);
    const bytes = Buffer.from(blob ?? "", "base64");
    const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
    if (kind === undefined || bytes.subarray(4, 4 + length).toString() !== kind) die("SSH public key validation error");
  }
}

/** Options of a request that are not drives, in the form they are stored. */
export function storedOption(key: string, value: Value): Value {
  if (/^net\d+$/.test(key)) return normalizeNet(String(value));
  if (key === "tags") return normalizeTags(String(value));
  if (key === "memory") return String(value).replace(/^current=/, "");
  if (key === "sshkeys") checkSshKeys(String(value));
  return value;
}

/** The options that `delete` names, each a known one. */
export function deletions(text: Value | undefined, set: Values): string[] {
  const keys = String(text ?? "")
    .split(/[;, ]+/)
    .filter((key) => key !== "");
  for (const key of keys) {
    if (!(key in qemuOptions)) parameterErrors({ delete: `unknown option '${key}'` });
    if (key in set) parameterErrors({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
  }
  return keys;
}

/** What PVE writes into every new guest. */
export const identity = (): Values => ({
  smbios1: `uuid=${randomUUID()}`,
  vmgenid: randomUUID(),
  meta: `creation-qemu=10.0.13,ctime=${Math.floor(Date.now() / 1000)}`,
});
