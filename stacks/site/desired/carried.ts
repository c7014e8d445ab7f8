import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { type Mark, printMark } from "../../../providers/ownership/mark";
import { defaultName, type Nic, tagLike, tidyTags, vlansOf } from "../../../providers/proxmox/nodes/guest.model";
import { parseSize } from "../../../providers/proxmox/propertystring";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { sameValue } from "../../../providers/values";
import { canonical } from "../../netbox/address";
import { slugLike } from "../../netbox/tags";
import { toMegabytes } from "../../netbox/units";
import type { PresentGuest, PresentNic } from "./present";

// What a guest has is told in Proxmox VE's words where NetBox says the same in others: nothing is changed for a way of writing.

/** NetBox has a name once in a cluster, and not every one: a guest whose name it can't hold is NAME (VMID) there. */
export function nameOnProxmox(
  { name }: Pick<NetboxVirtualMachine, "name">,
  { vmid, type }: { vmid: number; type: GuestType },
  present: PresentGuest | undefined,
): string {
  const suffix = ` (${vmid})`;
  if (name.endsWith(suffix)) return present?.name ?? name.slice(0, -suffix.length);
  return present?.name === "" && name === defaultName(vmid, type) ? "" : name;
}

const tidyNotes = (notes: string): string => notes.replace(/\r\n?/g, "\n").trim();

/** The notes with the mark behind them. */
export function describe(notes: string, mark: Mark, adopted: boolean, present: PresentGuest | undefined): string {
  const printed = printMark(mark, adopted);
  const isMarked = present?.description.endsWith(printed) === true;
  const own = isMarked ? present.description.slice(0, -printed.length) : present?.description;
  if (own !== undefined && tidyNotes(own) === tidyNotes(notes))
    return isMarked ? (present?.description ?? printed) : own === "" ? printed : `${own}\n\n${printed}`;
  return [tidyNotes(notes), printed].filter((part) => part !== "").join("\n\n");
}

/**
 * NetBox's slugs as tags of PVE, where a tag may hold dots and plus signs: one that the guest has and that has this slug stays.
 * @param isNetboxs a tag that says something in NetBox, and so isn't written there from Proxmox VE
 */
export function tagsOnProxmox(
  slugs: string[],
  present: PresentGuest | undefined,
  isNetboxs: (tag: string) => boolean,
): string[] {
  const has = present?.tags ?? [];
  const tags = slugs
    .filter((slug) => !isNetboxs(slug))
    .flatMap((slug) => {
      const wanted = tagLike(slug);
      const spellings = [slug, wanted].map((each) => each.toLowerCase());
      const same = has.filter((tag) => spellings.includes(slugLike(tag).toLowerCase()));
      return same.length > 0 ? same : [wanted];
    });
  return tidyTags([...tags, ...has.filter((tag) => isNetboxs(slugLike(tag)))]).filter((tag) => tag !== "");
}

/** MiB or a disk's size: NetBox's megabytes are rounded. @param present in MiB */
export function sizeOnProxmox(
  megabytes: number,
  present: number | undefined,
  baseUnit: 1000 | 1024,
): number | undefined {
  if (present === undefined || present === 0) return undefined;
  return Math.max(1, toMegabytes(present, baseUnit)) === megabytes ? present : undefined;
}

/** The same of a disk, in PVE's text. */
export const diskSizeOnProxmox = (
  megabytes: number,
  size: string | undefined,
  baseUnit: 1000 | 1024,
): string | undefined =>
  size !== undefined && sizeOnProxmox(megabytes, parseSize(size), baseUnit) !== undefined ? size : undefined;

export function keysOnProxmox(keys: string[] | undefined, present: PresentGuest | undefined): string[] | undefined {
  const tidy = (lines: string[]) => [...new Set(lines.map((line) => line.trim()).filter((line) => line !== ""))];
  const has = present?.sshKeys;
  return keys !== undefined && has !== undefined && sameValue(tidy(has), tidy(keys)) ? has : keys;
}

/** A NIC's VLANs and MTU. */
export function nicOnProxmox<T extends Nic>(nic: T, present: PresentNic | undefined): T {
  if (present === undefined) return nic;
  const { trunks, mtu } = present;
  const isSame = trunks !== undefined && nic.trunks !== undefined && sameValue(vlansOf(trunks), vlansOf(nic.trunks));
  return {
    ...nic,
    ...(isSame ? { trunks } : {}),
    // PVE's MTU of 1 is the bridge's own, which nobody needs to name.
    ...(mtu === 1 && nic.mtu === undefined ? { mtu } : {}),
  };
}

/** An address in the guest's own way of writing, where it is the same. */
export function addressOnProxmox(address: string, present: string | undefined): string {
  if (present === undefined) return address;
  const [host = "", length] = address.split("/");
  const [hostThere = "", lengthThere] = present.split("/");
  if (length !== lengthThere || !/^[\da-f.:]+$/i.test(hostThere)) return address;
  return canonical(host) === canonical(hostThere) ? present : address;
}
