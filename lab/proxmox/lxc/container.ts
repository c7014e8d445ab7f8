import type { Cluster } from "../cluster";
import { die } from "../errors";
import { Guest } from "../guest";
import { lxcOptions, volumeSlots } from "../schema/lxc";
import type { Value, Values } from "../schema/parameters";
import { parseProperties, printProperties } from "../schema/properties";
import { ext4Capacity, parseBytes } from "../sizes";

/** Processors of the lab's nodes: what a container without `cores` has. */
export const nodeCpus = 2;

/** How long a running container's processes had to wait, as texts. */
const noPressure = Object.fromEntries(
  ["cpu", "io", "memory"].flatMap((what) => ["full", "some"].map((how) => [`pressure${what}${how}`, "0.00"])),
);

/** A container. */
export class Container extends Guest {
  readonly type = "lxc";
  /** What root can log in with: written into its files when it is made, and in no configuration. */
  readonly access: { password?: string; keys?: string } = {};
  readonly noun = "CT";
  /** The version of systemd in it, where its template has one. */
  systemd?: number;

  get name(): string {
    return this.text("hostname") ?? `CT${this.vmid}`;
  }

  /** The root file system and all mount points. */
  get mountPoints(): [slot: string, keys: Record<string, string>][] {
    return volumeSlots.flatMap((slot) => {
      const text = this.text(slot);
      return text === undefined
        ? []
        : [[slot, parseContainerOption(slot, text)] satisfies [string, Record<string, string>]];
    });
  }

  /** Those of them that are volumes. */
  get volumes(): [slot: string, volume: Record<string, string>][] {
    return this.mountPoints.filter(([, { volume }]) => !volume?.startsWith("/"));
  }

  private get rootSize(): number {
    return parseBytes(parseContainerOption("rootfs", this.text("rootfs") ?? "").size ?? "0");
  }

  /** Its file keeps a description with a line's end behind it. */
  protected override masked(values: Map<string, Value>): Values {
    const { description, ...options } = super.masked(values);
    return description === undefined
      ? options
      : { ...options, description: `${String(description).replace(/\n$/, "")}\n` };
  }

  /** As a node's list of containers shows it. */
  status(cluster: Cluster): Values {
    const tags = this.text("tags");
    return {
      vmid: this.vmid,
      name: this.name,
      type: "lxc",
      status: this.running ? "running" : "stopped",
      cpus: Number(this.config.get("cores") ?? nodeCpus),
      maxmem: Number(this.config.get("memory") ?? 512) * 1024 ** 2,
      maxswap: Number(this.config.get("swap") ?? 512) * 1024 ** 2,
      maxdisk: this.running ? ext4Capacity(this.rootSize) : this.rootSize,
      mem: 0,
      swap: 0,
      cpu: 0,
      disk: 0,
      diskread: 0,
      diskwrite: 0,
      netin: 0,
      netout: 0,
      ...(this.running ? { pid: this.pid, ...noPressure } : {}),
      uptime: cluster.uptime(this),
      ...(this.template ? { template: 1 } : {}),
      ...(this.lock === undefined ? {} : { lock: this.lock }),
      ...(tags === undefined || tags === " " ? {} : { tags }),
    };
  }
}

export function parseContainerOption(option: string, text: string): Record<string, string> {
  const parsed = parseProperties(lxcOptions[option]?.properties ?? { keys: {} }, text);
  return typeof parsed === "string" ? die(parsed.trim()) : parsed;
}

export const printContainerOption = (option: string, values: Record<string, string>): string =>
  printProperties(lxcOptions[option]?.properties ?? { keys: {} }, values);
