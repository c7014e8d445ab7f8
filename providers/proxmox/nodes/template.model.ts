import { z } from "zod";
import { findTemplate, printTemplate } from "../../ownership/proxmox";
import { sameValue, withoutUndefined } from "../../values";
import { parsePropertyString, parseSize, printPropertyString } from "../propertystring";
import type { GuestConfig } from "../schemas";
import { configText, descriptionFrom, hasAgent, tagsFrom, tidyTags } from "./guest.model";

/** Where a template's disk comes from. */
const image = z.object({
  /** What a person calls it: its URL, or the volume or file that is there. */
  source: z.string(),
  /** Its name on the storage or the node, which changes with its content. */
  file: z.string(),
  /** By `ssh`: where the node downloads it from. */
  url: z.string().optional(),
  /** By `api` the volume that holds it; by `ssh` a file on the node, where there is one. */
  path: z.string().optional(),
  checksum: z.string().optional(),
  algorithm: z.enum(["md5", "sha1", "sha256", "sha512"]).optional(),
});
export type Image = z.infer<typeof image>;

/** What a template should be. What it is made of changes nothing afterwards: another recipe is another template. */
export const templateInputs = z.object({
  cluster: z.string(),
  node: z.string(),
  vmid: z.number(),
  /** `project/stack`. */
  owner: z.string(),
  /** Its name in the file: those of several nodes and builds share it. */
  title: z.string(),
  /** A digest of what it is made of. */
  recipe: z.string(),
  method: z.enum(["api", "ssh"]),
  image,
  storage: z.string(),
  /** Where disks are files: of another format than this one there are no linked clones. */
  format: z.literal("qcow2").optional(),
  /** As PVE prints it: `10G`. The image's own size where it is left out or larger. */
  size: z.string().optional(),
  ostype: z.string(),
  bios: z.enum(["seabios", "ovmf"]).optional(),
  machine: z.string().optional(),
  tpm: z.boolean().optional(),
  serial: z.boolean(),
  /** By `ssh`: what is installed in the image, and run in it. */
  packages: z.array(z.string()),
  commands: z.array(z.string()),
  /** May its identity (machine id, host keys, logs) be wiped? */
  sysprep: z.boolean(),
  // ---- what can change in place
  name: z.string(),
  cores: z.number(),
  /** MiB. */
  memory: z.number(),
  cpu: z.string().optional(),
  bridge: z.string(),
  tag: z.number().optional(),
  /** Does the image have the QEMU guest agent? */
  agent: z.boolean(),
  tags: z.array(z.string()),
  notes: z.string().optional(),
});

/** What was found out besides. */
export const templateState = templateInputs.extend({
  /** `2026-11-26`. */
  builtAt: z.string(),
  system: z.string(),
  /** An interrupted run left it half-built. */
  unfinished: z.boolean().optional(),
});

export type TemplateInputs = z.infer<typeof templateInputs>;
export type TemplateState = z.infer<typeof templateState>;

/** What makes another template. */
export const settled = ["cluster", "node", "vmid", "recipe"] as const satisfies readonly (keyof TemplateInputs)[];
/** What can change in place. */
export const changeable = [
  "name",
  "cores",
  "memory",
  "cpu",
  "bridge",
  "tag",
  "agent",
  "tags",
  "notes",
] as const satisfies readonly (keyof TemplateInputs)[];

export const templateDiffers = (state: Record<string, unknown>, inputs: Record<string, unknown>): boolean =>
  state.unfinished === true ||
  state.owner !== inputs.owner ||
  changeable.some((key) => !sameValue(state[key], inputs[key]));

// ---- notes

const builtLine = /^Built: (\d{4}-\d{2}-\d{2})/m;

/** Whose template it is, as its notes say. */
export interface TemplateOwner {
  owner: string;
  title: string;
  recipe: string;
  /** Undefined where somebody wrote over it. */
  builtAt: string | undefined;
}

export function findTemplateOwner(description: string): TemplateOwner | undefined {
  const mark = findTemplate(description);
  if (mark === undefined) return undefined;
  const { stack, title, recipe } = mark;
  return { owner: stack, title, recipe, builtAt: builtLine.exec(description)?.[1] };
}

/** A template's notes: what it is made of, when, and whose it is. @param builtAt `2026-11-26` */
export function printNotes({ notes, image, owner, title, recipe, packages }: TemplateInputs, builtAt: string): string {
  const { source, checksum, algorithm } = image;
  return [
    ...(notes === undefined ? [] : [notes, ""]),
    `Image: ${source}`,
    ...(checksum === undefined ? [] : [`Checksum: ${algorithm}:${checksum}`]),
    ...(packages.length === 0 ? [] : [`Packages: ${packages.join(", ")}`]),
    `Built: ${builtAt}`,
    "",
    printTemplate({ stack: owner, title, recipe }),
  ].join("\n");
}

const notesFrom = (description: string): string | undefined => {
  const end = description.search(/^Image: /m);
  const own = end < 0 ? "" : description.slice(0, end).trim();
  return own === "" ? undefined : own;
};

// ---- from PVE

/** What a configuration says of what can change in place. */
export function changeableFrom(config: GuestConfig): Pick<TemplateInputs, (typeof changeable)[number]> {
  const { options } = parsePropertyString(configText(config, "net0") ?? "");
  const tag = options.get("tag");
  return withoutUndefined({
    name: configText(config, "name") ?? "",
    cores: Number(config.cores ?? 1),
    memory: Number(config.memory ?? 512),
    cpu: configText(config, "cpu"),
    bridge: options.get("bridge") ?? "",
    tag: tag === undefined ? undefined : Number(tag),
    agent: hasAgent(config),
    tags: tagsFrom(config),
    notes: notesFrom(descriptionFrom(config)),
  });
}

/** Bytes don't matter here: MiB of the disk that a template boots from; nothing where it has none. */
export const templateDiskSize = (config: GuestConfig): number | undefined => {
  const disk = configText(config, "scsi0");
  return disk === undefined ? undefined : parseSize(parsePropertyString(disk).options.get("size") ?? "0");
};

// ---- to PVE

type Options = Record<string, string | number>;

const networkTo = ({ bridge, tag }: TemplateInputs, before?: string): string => {
  const { options } = parsePropertyString(before ?? "virtio");
  const model = before === undefined ? { head: "virtio" } : {};
  options.set("bridge", bridge);
  if (tag === undefined) options.delete("tag");
  else options.set("tag", String(tag));
  return printPropertyString({ ...model, options });
};

/** The machine without its disks. */
export function machineTo(wanted: TemplateInputs, builtAt: string): Options {
  const { name, cores, memory, cpu, ostype, bios, machine, tpm, storage, serial, agent, tags } = wanted;
  return withoutUndefined({
    name,
    description: printNotes(wanted, builtAt),
    cores,
    memory,
    ostype,
    net0: networkTo(wanted),
    scsihw: "virtio-scsi-single",
    tags: tidyTags(tags).join(";"),
    ...(cpu === undefined ? {} : { cpu }),
    ...(bios === undefined ? {} : { bios }),
    ...(machine === undefined ? {} : { machine }),
    ...(bios === "ovmf" ? { efidisk0: `${storage}:1,efitype=4m,pre-enrolled-keys=1` } : {}),
    ...(tpm ? { tpmstate0: `${storage}:1,version=v2.0` } : {}),
    // Cloud images write to the serial console, and some don't boot without one.
    ...(serial ? { serial0: "socket", vga: "serial0" } : {}),
    ...(agent ? { agent: "enabled=1" } : {}),
  });
}

/** Its disk, its cloud-init drive, and what it boots from. @param volume what `scsi0` begins with */
export const disksTo = ({ storage }: TemplateInputs, volume: string): Options => ({
  scsi0: `${volume},discard=on`,
  ide2: `${storage}:cloudinit`,
  boot: "order=scsi0",
});

/** PUT …/config of a template that is there; nothing where it is as it should be. */
export function templateChanges(config: GuestConfig, wanted: TemplateInputs, builtAt: string): Options | undefined {
  const seen = changeableFrom(config);
  const set: Options = {};
  const remove: string[] = [];
  for (const key of ["name", "cores", "memory"] as const) if (seen[key] !== wanted[key]) set[key] = wanted[key];
  if (wanted.cpu === undefined && seen.cpu !== undefined) remove.push("cpu");
  else if (wanted.cpu !== undefined && seen.cpu !== wanted.cpu) set.cpu = wanted.cpu;
  if (seen.bridge !== wanted.bridge || seen.tag !== wanted.tag)
    set.net0 = networkTo(wanted, configText(config, "net0"));
  if (seen.agent !== wanted.agent) set.agent = wanted.agent ? "enabled=1" : "enabled=0";
  if (!sameValue(seen.tags, tidyTags(wanted.tags))) set.tags = tidyTags(wanted.tags).join(";");
  const description = printNotes(wanted, builtAt);
  if (descriptionFrom(config).trim() !== description) set.description = description;
  if (remove.length > 0) set.delete = remove.join(",");
  return Object.keys(set).length === 0 ? undefined : set;
}

/** The tag of a template that another build has taken the place of. */
export const supersededTag = "superseded";
