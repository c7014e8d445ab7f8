import { randomBytes } from "node:crypto";
import { parsePropertyString } from "../propertystring";
import { GuestConfig, GuestType } from "../schemas";
import { configText } from "./guest.model";
import { networkFrom } from "./qemu/vm.model";

/** A NIC as its property string says it. */
export interface Card {
  model: string | undefined;
  mac: string | undefined;
  keys: Map<string, string>;
}

/** The numbers of a guest's NICs. */
export const slotsOf = (config: GuestConfig): number[] =>
  Object.keys(config)
    .flatMap((key) => /^net(\d+)$/.exec(key)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

/** What a NIC's property string says, of either kind of guest. */
export function cardOf(config: GuestConfig, slot: number, type: GuestType): Card {
  const value = configText(config, `net${slot}`) ?? "";
  const { options: keys } = parsePropertyString(value);
  if (type === "lxc") return { model: undefined, mac: keys.get("hwaddr")?.toUpperCase(), keys };
  const { model, mac } = networkFrom(value);
  return { model, mac, keys };
}

/** A MAC as Proxmox VE makes one up. @param prefix of the cluster, one byte or more */
export const madeUpMac = (prefix: string): string => {
  const bytes = [...randomBytes(6)].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  return [
    ...prefix
      .toUpperCase()
      .split(":")
      .filter((byte) => byte !== ""),
    ...bytes,
  ]
    .slice(0, 6)
    .join(":");
};
