import { z } from "zod";
import { parseSize } from "../../../providers/proxmox/propertystring";
import { isRecord } from "../../../providers/values";
import type { PolicyDisk } from "../../plan/policies/objects";
import type { Machine, ProxmoxFacts, Site } from "./types";

/** What a guest takes of its cluster once the run is done. */
export interface GuestSize {
  /** Empty where Proxmox VE chooses it. */
  node: string;
  /** MiB. */
  memory: number;
  cores: number;
  disks: PolicyDisk[];
}

/** PVE's own, where nobody says. */
const usualMemory = 512;

const knownDisks = z.record(z.string(), z.object({ size: z.string().optional(), storage: z.string().optional() }));

/** By its inputs, and by what is there of what these leave alone. */
export function sizeOf({ proxmox, state }: Pick<Site, "proxmox" | "state">, id: number, machine: Machine): GuestSize {
  const { inputs } = machine;
  const facts = proxmox.get(inputs.cluster);
  const there = facts?.guests.get(inputs.vmid);
  const last = state.guests.get(id)?.last ?? {};
  const sockets = machine.type === "qemu" ? (machine.inputs.sockets ?? Number(last.sockets ?? 1)) : 1;
  const cores = inputs.cores ?? (typeof last.cores === "number" ? last.cores : undefined);
  const template = typeof inputs.template === "number" ? facts?.templates.get(inputs.template) : undefined;
  return {
    node: inputs.node ?? there?.node ?? inputs.placement ?? "",
    memory: inputs.memory ?? (there === undefined ? usualMemory : Math.round(there.memory / 1024 ** 2)),
    cores: cores === undefined ? (there?.cpus ?? 1) : cores * sockets,
    disks: disksOf(machine, knownDisks.safeParse(last.disks).data, template?.disks),
  };
}

const knownGuest = z.object({
  disks: knownDisks,
  storage: z.string().optional(),
  template: z.unknown(),
});

/** GiB by disk, as a guest was last seen; undefined where that doesn't say. @param templates of its cluster, by VMID */
export function diskSizes(
  last: Record<string, unknown>,
  templates: ProxmoxFacts["templates"] | undefined,
): { storage: string; size: number }[] | undefined {
  const { data } = knownGuest.safeParse(last);
  if (data === undefined) return undefined;
  const ofTemplate = typeof data.template === "number" ? templates?.get(data.template)?.disks : undefined;
  return Object.entries(data.disks).map(([name, { storage, size = "0" }]) => ({
    // As a plan of the same guest looks it up.
    storage: storage ?? data.storage ?? ofTemplate?.[name]?.storage ?? "",
    size: parseSize(size) / 1024,
  }));
}

function disksOf(
  { type, inputs }: Machine,
  last: z.infer<typeof knownDisks> | undefined,
  ofTemplate: Record<string, { size: string; storage: string }> | undefined,
): PolicyDisk[] {
  const listed = inputs.disks ?? last ?? ofTemplate ?? {};
  return Object.entries(listed).map(([name, disk]) => {
    const size = disk.size ?? last?.[name]?.size ?? ofTemplate?.[name]?.size;
    const storage = disk.storage ?? last?.[name]?.storage ?? inputs.storage ?? ofTemplate?.[name]?.storage ?? "";
    const backup = "options" in disk && isRecord(disk.options) ? disk.options.backup : undefined;
    // A container's mount points are left out of backups unless somebody says otherwise.
    const usual = type === "qemu" || name === "rootfs";
    const isBackedUp = backup === undefined ? usual : /^(1|on|yes|true)$/.test(String(backup));
    return { name, size: size === undefined ? 0 : parseSize(size), storage, isBackedUp };
  });
}
