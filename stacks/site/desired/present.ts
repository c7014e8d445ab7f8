import { z } from "zod";
import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import {
  configText,
  descriptionFrom,
  disksFrom,
  memoryFrom,
  sshKeysFrom,
  tagsFrom,
} from "../../../providers/proxmox/nodes/guest.model";
import { cardOf, slotsOf } from "../../../providers/proxmox/nodes/nics";
import { parsePropertyString } from "../../../providers/proxmox/propertystring";
import type { GuestConfig, GuestType } from "../../../providers/proxmox/schemas";
import { withoutUndefined } from "../../../providers/values";

/** A network device as the guest has it, in Proxmox VE's own words. */
export interface PresentNic {
  mac?: string | undefined;
  /** Inside a container. */
  name?: string | undefined;
  trunks?: string | undefined;
  mtu?: number | undefined;
  ip?: string | undefined;
  gw?: string | undefined;
  ip6?: string | undefined;
  gw6?: string | undefined;
}

/** A guest as it is, by its configuration or by the state: what is wanted is told in its words where it says the same. */
export interface PresentGuest {
  /** Empty where it has none. */
  name: string;
  description: string;
  tags: string[];
  /** MiB. */
  memory?: number | undefined;
  sshKeys?: string[] | undefined;
  disks: Record<string, { size?: string | undefined }>;
  /** By slot number. */
  nics: Map<number, PresentNic>;
}

const addressKeys = ["ip", "gw", "ip6", "gw6"] as const;
const addresses = (keys: Map<string, string>): PresentNic =>
  Object.fromEntries(addressKeys.map((key) => [key, keys.get(key)]));

/** A guest whose configuration was read. */
export function presentFrom(config: GuestConfig, type: GuestType): PresentGuest {
  const nics = slotsOf(config).map((slot): [number, PresentNic] => {
    const { mac, keys } = cardOf(config, slot, type);
    const told = type === "lxc" ? keys : parsePropertyString(configText(config, `ipconfig${slot}`) ?? "").options;
    const mtu = keys.has("mtu") ? Number(keys.get("mtu")) : undefined;
    const own = { mac, name: type === "lxc" ? keys.get("name") : undefined, trunks: keys.get("trunks"), mtu };
    return [slot, withoutUndefined({ ...own, ...addresses(told) })];
  });
  return {
    name: configText(config, type === "lxc" ? "hostname" : "name") ?? "",
    description: descriptionFrom(config),
    tags: tagsFrom(config),
    memory: memoryFrom(config),
    sshKeys: type === "lxc" ? undefined : sshKeysFrom(config),
    disks: disksFrom(config, diskKinds[type]),
    nics: new Map(nics),
  };
}

const texts = z.string().optional();
const properties = z.object({
  name: z.string().default(""),
  description: z.string().default(""),
  tags: z.array(z.string()).default([]),
  memory: z.number().optional(),
  disks: z.record(z.string(), z.object({ size: texts })).default({}),
  networks: z
    .record(
      z.string(),
      z.object({
        ...{ mac: texts, name: texts, trunks: texts, mtu: z.number().optional() },
        ...{ ip: texts, gw: texts, ip6: texts, gw6: texts },
      }),
    )
    .default({}),
  cloudInit: z
    .object({ ipconfig: z.record(z.string(), z.string()).default({}), sshKeys: z.array(z.string()).optional() })
    .optional(),
});

/** A guest as the state has it; undefined where that can't be read. */
export function presentIn(state: Record<string, unknown>): PresentGuest | undefined {
  const parsed = properties.safeParse(state);
  if (!parsed.success) return undefined;
  const { networks, cloudInit, ...guest } = parsed.data;
  const nics = Object.entries(networks).map(([slot, nic]): [number, PresentNic] => {
    const number = Number(slot.slice("net".length));
    const told = cloudInit?.ipconfig[String(number)];
    return [number, { ...nic, ...(told === undefined ? {} : addresses(parsePropertyString(told).options)) }];
  });
  return { ...guest, sshKeys: cloudInit?.sshKeys, nics: new Map(nics.sort(([a], [b]) => a - b)) };
}
