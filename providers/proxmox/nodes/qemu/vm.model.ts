import { z } from "zod";
import { sameValue, withoutUndefined } from "../../../values";
import { parsePropertyString, printPropertyString } from "../../propertystring";
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
  sshKeysFrom,
  tagsFrom,
  takeAway,
  tidyTags,
} from "../guest.model";
import { diskOptions, efiOptions, guestOptions, networkOptions, type OptionTable, tpmOptions } from "../options";

const network = nic.extend({ model: z.string() });

const cloudInit = z.object({
  /** It has no drive for that, as it was taken over so: nothing of it is looked at or written. */
  unmanaged: z.boolean().optional(),
  user: z.string().optional(),
  /** The name of the password among the stack's secrets, and what changes when its value does. */
  password: z.object({ name: z.string(), version: z.string() }).optional(),
  sshKeys: z.array(z.string()).optional(),
  /** By the slot's number: `ip=10.0.0.5/24,gw=10.0.0.1,ip6=…`. */
  ipconfig: z.record(z.string(), z.string()),
  nameservers: z.array(z.string()).optional(),
  searchDomain: z.string().optional(),
});

/** What a QEMU guest should be. */
export const vmInputs = guestInputs.extend({
  /** The VMID of the template that it is cloned from; left out for one that is there already. */
  template: z.number().optional(),
  sockets: z.number().optional(),
  /** By slot (`net0`). */
  networks: z.record(z.string(), network),
  cloudInit,
});

/** What is kept of a guest in state: the inputs as observed, and what was found out besides. */
export const vmState = vmInputs.extend(found.shape);

export type VmInputs = z.infer<typeof vmInputs>;
export type VmState = z.infer<typeof vmState>;
export type Network = z.infer<typeof network>;

/** Compared between state and inputs; everything else is creation's business or the mark's. */
export const managedOfVm = [
  ...managedOfGuest,
  "sockets",
  "networks",
  "cloudInit",
] as const satisfies readonly (keyof VmInputs)[];

export const changedVmFields = (state: object, inputs: object): (typeof managedOfVm)[number][] =>
  changedFields(managedOfVm, { ...state }, { ...inputs });

export const vmDiff = guestDiff(changedVmFields);

const netSlot = /^net\d+$/;
/** Models of a NIC that PVE knows. */
export const nicModels = [
  ...["virtio", "e1000", "e1000e", "vmxnet3", "rtl8139", "ne2k_pci", "i82551", "pcnet"],
  ...["e1000-82540em", "e1000-82544gc", "e1000-82545em", "i82557b", "i82559er", "ne2k_isa"],
];
const special: Readonly<Record<string, OptionTable>> = { efidisk0: efiOptions, tpmstate0: tpmOptions };

/** A virtual machine's disks. */
export const drives: Disks = {
  isSlot: (key) => /^((scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0)$/.test(key),
  table: (slot) => special[slot] ?? diskOptions,
  fixedSize: (slot) => slot in special,
  stays: (slot) => slot in special,
};

// ---- from PVE

/** A NIC's property string. */
export function networkFrom(value: string): Network {
  const { head, options } = parsePropertyString(value);
  const model = options.get("model") ?? nicModels.find((each) => options.has(each)) ?? head ?? "virtio";
  return { model, ...nicFrom(options), mac: (options.get(model) ?? options.get("macaddr"))?.toUpperCase() };
}

export const uuidFrom = (config: GuestConfig): string | undefined =>
  parsePropertyString(configText(config, "smbios1") ?? "").options.get("uuid");

/** The guest in the form of its inputs, as far as these manage it. */
export function vmFromApi(config: GuestConfig, { power, pool, ha }: Observed, wanted: VmInputs): VmInputs {
  const nets = Object.keys(config).filter((key) => netSlot.test(key));
  const networks = Object.fromEntries(
    nets.map((slot) => {
      const value = configText(config, slot) ?? "";
      const { mac, ...seen } = networkFrom(value);
      const known = wanted.networks[slot];
      const options = optionsIn(value, known?.options, networkOptions);
      return [slot, withoutUndefined({ ...seen, mac: only(known, "mac", mac), options })];
    }),
  );
  const ipconfig = Object.fromEntries(
    Object.keys(config).flatMap((key) =>
      key.startsWith("ipconfig") ? [[key.slice(8), sortedOptions(configText(config, key) ?? "")]] : [],
    ),
  );
  const { cloudInit: init } = wanted;
  return {
    ...wanted,
    name: configText(config, "name") ?? "",
    description: descriptionFrom(config),
    tags: tagsFrom(config),
    cores: only(wanted, "cores", Number(config.cores ?? 1)),
    sockets: only(wanted, "sockets", Number(config.sockets ?? 1)),
    memory: only(wanted, "memory", memoryFrom(config)),
    options: optionsFrom(config, wanted.options, guestOptions),
    pool: only(wanted, "pool", pool ?? ""),
    ha: only(wanted, "ha", ha ?? "none"),
    disks: disksAs(config, wanted.disks, drives),
    networks,
    cloudInit: init.unmanaged
      ? init
      : withoutUndefined({
          user: only(init, "user", configText(config, "ciuser") ?? ""),
          // PVE shows that there is a password, and never which.
          password: config.cipassword === undefined ? undefined : init.password,
          sshKeys: only(init, "sshKeys", sshKeysFrom(config)),
          ipconfig,
          nameservers: only(init, "nameservers", splitWords(configText(config, "nameserver"), /[ ,;]+/)),
          searchDomain: only(init, "searchDomain", configText(config, "searchdomain") ?? ""),
        }),
    power,
  };
}

const ipconfigOrder = ["ip", "gw", "ip6", "gw6"];

/** An `ipconfigN` value in one order, since PVE keeps the one it was given. */
export const sortedOptions = (value: string): string => {
  const rank = (option: string) => ipconfigOrder.indexOf(option.split("=")[0] ?? "");
  return splitWords(value, /,/)
    .sort((a, b) => rank(a) - rank(b))
    .join(",");
};

// ---- to PVE

/** A NIC's property string; what it has and we don't manage (MAC, firewall, rate, queues) stays. */
function networkTo(wanted: Network, before: string | undefined): string {
  const { options } = parsePropertyString(before ?? "");
  const seen = before === undefined ? undefined : networkFrom(before);
  const mac = wanted.mac ?? seen?.mac;
  for (const key of ["model", "macaddr", ...nicModels, "bridge", "tag", "trunks", "mtu", "link_down"])
    options.delete(key);
  for (const [key, value] of Object.entries(nicTo(wanted))) if (value !== undefined) options.set(key, String(value));
  return printPropertyString({ head: mac === undefined ? wanted.model : `${wanted.model}=${mac}`, options });
}

/** A public key list as PVE wants it: URL-encoded, blanks as %20. */
const encodeKeys = (keys: string[]) => encodeURIComponent(keys.join("\n"));

/**
 * The way from a guest's configuration to its inputs. Power, pool and HA are not part of it.
 * @param config as it will be when it is started anew
 * @param known as it was last seen: PVE does not say which password there is
 * @param current as it is, where something waits for its start
 */
export function vmChanges(config: GuestConfig, wanted: VmInputs, known?: VmInputs, current = config): Changes {
  const seen = vmFromApi(config, { power: "stopped", pool: wanted.pool, ha: wanted.ha }, wanted);
  const changes = noChanges();
  if (seen.name !== wanted.name) changes.set.name = wanted.name;
  if (seen.description !== wanted.description) changes.set.description = wanted.description;
  if (!sameValue(seen.tags, tidyTags(wanted.tags)))
    setOrRemove(config, changes, "tags", tidyTags(wanted.tags).join(";"));
  for (const key of ["cores", "sockets", "memory"] as const)
    if (wanted[key] !== undefined && seen[key] !== wanted[key]) changes.set[key] = wanted[key];
  for (const [name, value] of Object.entries(wanted.options ?? {}))
    if (seen.options?.[name] !== value) changes.set[name] = value;
  for (const [slot, network] of Object.entries(wanted.networks))
    if (!sameValue(seen.networks[slot], network))
      changes.set[slot] = networkTo(network, configText(config, slot) ?? configText(current, slot));
  for (const slot of Object.keys(seen.networks)) if (!(slot in wanted.networks)) takeAway(current, changes, slot);
  diskChanges({ config, current }, wanted, drives, changes);
  cloudInitChanges(config, seen, wanted, known, changes);
  return changes;
}

function cloudInitChanges(
  config: GuestConfig,
  seen: VmInputs,
  { cloudInit: wanted }: VmInputs,
  known: VmInputs | undefined,
  changes: Changes,
): void {
  if (wanted.unmanaged) return;
  const put = (key: string, value: string) => setOrRemove(config, changes, key, value);
  const before = JSON.stringify([changes.set, changes.remove]);
  const have = seen.cloudInit;
  if (wanted.user !== undefined && have.user !== wanted.user) put("ciuser", wanted.user);
  if (wanted.sshKeys !== undefined && !sameValue(have.sshKeys, wanted.sshKeys))
    put("sshkeys", encodeKeys(wanted.sshKeys));
  if (wanted.nameservers !== undefined && !sameValue(have.nameservers, wanted.nameservers))
    put("nameserver", wanted.nameservers.join(" "));
  if (wanted.searchDomain !== undefined && have.searchDomain !== wanted.searchDomain)
    put("searchdomain", wanted.searchDomain);
  for (const [n, value] of Object.entries(wanted.ipconfig))
    if (have.ipconfig[n] !== sortedOptions(value)) changes.set[`ipconfig${n}`] = value;
  changes.remove.push(
    ...Object.keys(have.ipconfig)
      .filter((n) => !(n in wanted.ipconfig))
      .map((n) => `ipconfig${n}`),
  );
  changes.password = wanted.password !== undefined && !sameValue(wanted.password, known?.cloudInit.password);
  const named = changes.set.name !== undefined;
  const settings = Object.keys(changes.set).some((key) => /^ci/.test(key));
  changes.cloudInit = named || settings || changes.password || before !== JSON.stringify([changes.set, changes.remove]);
}

/** What can't be changed in a virtual machine that is there. */
export function vmSettledProblem(state: Partial<VmState>, wanted: VmInputs): string | undefined {
  for (const slot of Object.keys(special)) {
    const [before, after] = [state.disks?.[slot]?.options, wanted.disks?.[slot]?.options];
    const changed = Object.keys(after ?? {}).find((key) => before?.[key] !== undefined && before[key] !== after?.[key]);
    if (changed !== undefined && wanted.rebuild === state.rebuild)
      return `${changed} of ${slot} is settled when it is made; set it back, or remove the virtual disk, \`up\`, and add it again`;
  }
  return undefined;
}

/** The bus of the disk that a guest boots from can't change under its feet. */
export function bootProblem(state: Partial<VmState>, wanted: VmInputs): string | undefined {
  const boot = String(wanted.options?.boot ?? "");
  const first = /^order=([^;]+)/.exec(boot)?.[1] ?? Object.keys(state.disks ?? {}).sort()[0];
  if (first === undefined || state.disks?.[first]?.size === undefined || wanted.disks === undefined) return undefined;
  if (first in wanted.disks || wanted.rebuild !== state.rebuild) return undefined;
  const size = state.disks[first]?.size;
  const twin = Object.entries(wanted.disks).find(
    ([slot, disk]) => !(slot in (state.disks ?? {})) && disk.size === size,
  );
  return twin === undefined
    ? undefined
    : `its boot disk ${first} would be detached and an empty ${twin[0]} put in its place: a disk can't change its bus; name the virtual disk ${first} again in NetBox`;
}
