import type { Cluster } from "../cluster";
import { die } from "../errors";
import { Guest } from "../guest";
import { lxcOptions, volumeSlots } from "../schema/lxc";
import type { Values } from "../schema/parameters";
import { parseProperties, printProperties } from "../schema/properties";
import { parseBytes } from "../sizes";

/** Processors of the lab's nodes: what a container without `cores` has. */
export const nodeCpus = 2;

/** A container. */
export class Container extends Guest {
  readonly type = "lxc";
  /** What root can log in with: written into its files when it is made, and in no configuration. */
  readonly access: { password?: string; keys?: string } = {};
  readonly noun = "CT";

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
      maxdisk: parseBytes(parseContainerOption("rootfs", this.text("rootfs") ?? "").size ?? "0"),
      mem: 0,
      swap: 0,
      cpu: 0,
      disk: 0,
      diskread: 0,
      diskwrite: 0,
      netin: 0,
      netout: 0,
      ...(this.running ? { pid: this.pid } : {}),
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
