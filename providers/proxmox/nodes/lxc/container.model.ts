import { z } from "zod";
import { sameValue, withoutUndefined } from "../../../values";
import { parsePropertyString, parseSize, printPropertyString } from "../../propertystring";
import type { GuestConfig } from "../../schemas";
import {
  type Changes,
  changedFields,
  configText,
  type Disks,
  descriptionFrom,
  diskChanges,
  disksAs,
  found,
  guestDiff,
  guestInputs,
  isTrue,
  managedOfGuest,
  memoryFrom,
  nic,
  nicFrom,
  nicTo,
  noChanges,
  type Observed,
  only,
  optionsFrom,
  optionsIn,
  setOrRemove,
  splitWords,
  tagsFrom,
  takeAway,
  tidyTags,
} from "../guest.model";
import { containerNetworkOptions, containerOptions, volumeOptions } from "../options";

const network = nic.extend({
  /** Its name inside the container. */
  name: z.string(),
  /** `10.0.0.5/24`, `dhcp` or `manual`. */
  ip: z.string().optional(),
  gw: z.string().optional(),
  ip6: z.string().optional(),
  gw6: z.string().optional(),
});

/** What a container should be. */
export const containerInputs = guestInputs.extend({
  type: z.literal("lxc"),
  /** The VMID of the container that it is cloned from, or an OS template (`local:vztmpl/debian-12….tar.zst`). */
  template: z.union([z.number(), z.string()]).optional(),
  /** Settled when it is made from an OS template. */
  unprivileged: z.boolean().optional(),
  /** By slot (`net0`). */
  networks: z.record(z.string(), network),
  nameservers: z.array(z.string()).optional(),
  searchDomain: z.string().optional(),
  /** root's, written when it is made from an OS template. */
  sshKeys: z.array(z.string()).optional(),
  /** root's, of the stack's secrets, written when it is made from an OS template. */
  password: z.object({ name: z.string(), version: z.string() }).optional(),
});

/** What is kept of a container in state: the inputs as observed, and what was found out besides. */
export const containerState = containerInputs.extend(found.shape);

export type ContainerInputs = z.infer<typeof containerInputs>;
export type ContainerState = z.infer<typeof containerState>;
export type ContainerNetwork = z.infer<typeof network>;

/** Compared between state and inputs; everything else is creation's business or the mark's. */
export const managedOfContainer = [
  ...managedOfGuest,
  "networks",
  "nameservers",
  "searchDomain",
] as const satisfies readonly (keyof ContainerInputs)[];

export const changedContainerFields = (state: object, inputs: object): (typeof managedOfContainer)[number][] =>
  changedFields(managedOfContainer, { ...state }, { ...inputs });

export const containerDiff = guestDiff(changedContainerFields);

const netSlot = /^net\d+$/;

/** A container's disks: its root file system and mount points. */
export const volumes: Disks = {
  isSlot: (key) => /^(rootfs|mp\d+)$/.test(key),
  table: () => volumeOptions,
  fixedSize: () => false,
  stays: (slot) => slot === "rootfs",
};

// ---- from PVE

function networkFrom(value: string): ContainerNetwork {
  const { options } = parsePropertyString(value);
  return {
    name: options.get("name") ?? "",
    ...nicFrom(options),
    mac: options.get("hwaddr")?.toUpperCase(),
    ip: options.get("ip"),
    gw: options.get("gw"),
    ip6: options.get("ip6"),
    gw6: options.get("gw6"),
  };
}

/** The MAC of a container's first NIC: PVE gives a container no other identity. */
export const macFrom = (config: GuestConfig): string | undefined => {
  const [first] = Object.keys(config)
    .filter((key) => netSlot.test(key))
    .sort();
  return first === undefined ? undefined : networkFrom(configText(config, first) ?? "").mac;
};

/** The container in the form of its inputs, as far as these manage it. */
export function containerFromApi(
  config: GuestConfig,
  { power, pool, ha }: Observed,
  wanted: ContainerInputs,
): ContainerInputs {
  const networks = Object.fromEntries(
    Object.keys(config)
      .filter((key) => netSlot.test(key))
      .map((slot) => {
        const value = configText(config, slot) ?? "";
        const { mac, ...seen } = networkFrom(value);
        const known = wanted.networks[slot];
        const options = optionsIn(value, known?.options, containerNetworkOptions);
        return [slot, withoutUndefined({ ...seen, mac: only(known, "mac", mac), options })];
      }),
  );
  return {
    ...wanted,
    name: configText(config, "hostname") ?? "",
    description: descriptionFrom(config),
    tags: tagsFrom(config),
    unprivileged: only(wanted, "unprivileged", isTrue(config.unprivileged)),
    cores: only(wanted, "cores", Number(config.cores ?? 0)),
    memory: only(wanted, "memory", memoryFrom(config)),
    options: optionsFrom(config, wanted.options, containerOptions),
    pool: only(wanted, "pool", pool ?? ""),
    ha: only(wanted, "ha", ha ?? "none"),
    disks: disksAs(config, wanted.disks, volumes),
    networks,
    nameservers: only(wanted, "nameservers", splitWords(configText(config, "nameserver"), /[ ,;]+/)),
    searchDomain: only(wanted, "searchDomain", configText(config, "searchdomain") ?? ""),
    power,
  };
}

// ---- to PVE

const ours = ["name", "bridge", "tag", "trunks", "mtu", "link_down", "hwaddr", "ip", "gw", "ip6", "gw6", "type"];

/** A NIC with a MAC that is made up, where it has none: Proxmox VE makes one up each time that a device is plugged. */
export function withMac(text: string, makeUp: () => string): string {
  const { options } = parsePropertyString(text);
  return options.has("hwaddr") ? text : printPropertyString({ options: new Map([...options, ["hwaddr", makeUp()]]) });
}

/** A NIC's property string; what it has and we don't manage stays, its MAC too. */
function networkTo(wanted: ContainerNetwork, before: string | undefined): string {
  const { options } = parsePropertyString(before ?? "");
  const mac = wanted.mac ?? options.get("hwaddr");
  for (const key of ours) options.delete(key);
  const { name, ip, gw, ip6, gw6 } = wanted;
  const entries = { name, ...nicTo(wanted), hwaddr: mac, ip, gw, ip6, gw6, type: "veth" };
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) options.set(key, String(value));
  return printPropertyString({ options });
}

/**
 * The way from a container's configuration to its inputs. Power, pool and HA are not part of it.
 * @param config as it will be when it is started anew
 * @param current as it is, where something waits for its start
 */
export function containerChanges(
  config: GuestConfig,
  wanted: ContainerInputs,
  _known?: ContainerInputs,
  current = config,
): Changes {
  const seen = containerFromApi(config, { power: "stopped", pool: wanted.pool, ha: wanted.ha }, wanted);
  const changes = noChanges();
  const put = (key: string, value: string) => setOrRemove(config, changes, key, value);
  if (seen.name !== wanted.name) changes.set.hostname = wanted.name;
  if (seen.description !== wanted.description) changes.set.description = wanted.description;
  if (!sameValue(seen.tags, tidyTags(wanted.tags))) put("tags", tidyTags(wanted.tags).join(";"));
  for (const key of ["cores", "memory"] as const)
    if (wanted[key] !== undefined && seen[key] !== wanted[key]) changes.set[key] = wanted[key];
  for (const [name, value] of Object.entries(wanted.options ?? {}))
    if (seen.options?.[name] !== value) put(name, String(value));
  for (const [slot, each] of Object.entries(wanted.networks))
    if (!sameValue(seen.networks[slot], each))
      changes.set[slot] = networkTo(each, configText(config, slot) ?? configText(current, slot));
  for (const slot of Object.keys(seen.networks)) if (!(slot in wanted.networks)) takeAway(current, changes, slot);
  diskChanges({ config, current }, wanted, volumes, changes);
  if (wanted.nameservers !== undefined && !sameValue(seen.nameservers, wanted.nameservers))
    put("nameserver", wanted.nameservers.join(" "));
  if (wanted.searchDomain !== undefined && seen.searchDomain !== wanted.searchDomain)
    put("searchdomain", wanted.searchDomain);
  return changes;
}

/** What POST …/lxc takes beside the OS template: everything that is settled then, and the mark in the very call. */
export function creation(wanted: ContainerInputs): Record<string, string | number> {
  const { size, storage, options = {} } = wanted.disks?.rootfs ?? {};
  const target = storage ?? wanted.storage;
  const rootfs = new Map(Object.entries(options).map(([key, value]): [string, string] => [key, String(value)]));
  const features = wanted.options?.features;
  return {
    vmid: wanted.vmid,
    hostname: wanted.name,
    description: wanted.description,
    unprivileged: wanted.unprivileged === false ? 0 : 1,
    ...(target !== undefined && size !== undefined
      ? { rootfs: printPropertyString({ head: `${target}:${parseSize(size) / 1024}`, options: rootfs }) }
      : {}),
    ...(target === undefined ? {} : { storage: target }),
    ...(features === undefined || features === "" ? {} : { features }),
    ...(wanted.sshKeys === undefined ? {} : { "ssh-public-keys": wanted.sshKeys.join("\n") }),
    ...(wanted.pool === undefined || wanted.pool === "" ? {} : { pool: wanted.pool }),
  };
}

/** What can't be changed in a container that is there. */
export function containerSettledProblem(state: Partial<ContainerState>, wanted: ContainerInputs): string | undefined {
  if (
    wanted.unprivileged !== undefined &&
    state.unprivileged !== undefined &&
    wanted.unprivileged !== state.unprivileged &&
    wanted.rebuild === state.rebuild
  )
    return `it can't become ${wanted.unprivileged ? "unprivileged" : "privileged"} in place; set unprivileged back, or raise its rebuild counter, which makes it anew`;
  return undefined;
}
