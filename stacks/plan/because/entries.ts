import type { ChangelogEntry } from "../../../providers/netbox/schemas";
import { isRecord, sameValue } from "../../../providers/values";
import type { Because, NetboxRef } from "../change";

// Entries of NetBox's change log, as reasons.

const nouns: Record<string, string> = {
  "virtualization.virtualmachine": "VM",
  "dcim.device": "device",
  "virtualization.vminterface": "interface",
  "virtualization.virtualdisk": "virtual disk",
  "ipam.ipaddress": "address",
  "ipam.prefix": "prefix",
  "ipam.iprange": "range",
  "ipam.vlan": "VLAN",
  "ipam.vrf": "VRF",
  "dcim.macaddress": "MAC address",
  "extras.configcontext": "config context",
  "extras.tag": "tag",
  "dcim.devicerole": "role",
  "dcim.platform": "platform",
  "dcim.site": "site",
  "tenancy.tenant": "tenant",
  "virtualization.cluster": "cluster",
  "virtualization.clustertype": "cluster type",
  "netbox_dns.record": "netbox-dns record",
  "netbox_dns.zone": "zone",
  "netbox_dns.view": "view",
};

/** Which of several entries of one request is told: the first of these kinds. */
const order = Object.keys(nouns);
const rank = ({ type }: ChangelogEntry): number => (order.includes(type) ? order.indexOf(type) : order.length);

// The change log names kinds as Django does, by two words with a dot between.
const isRef = (text: string): text is NetboxRef => /^[a-z_]+\.[a-z_]+\/\d+$/.test(text);

/** An object by its kind and id. @throws where that is no kind of NetBox's */
export function netboxRef(type: string, id: number): NetboxRef {
  const text = `${type}/${id}`;
  if (!isRef(text)) throw new Error(`${text} names no object of NetBox`);
  return text;
}

export const refParts = (ref: NetboxRef): { type: string; id: number } => {
  const [type = "", id = ""] = ref.split("/");
  return { type, id: Number(id) };
};

/** The fields that an entry changed, with a dot for each level: `memory`, `custom_fields.proxmox_node`, `data.proxmox.storage`. */
export const changedPaths = ({ before, after }: ChangelogEntry): string[] => pathsBetween(before, after);

function pathsBetween(before: Record<string, unknown>, after: Record<string, unknown>, prefix = ""): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const [was, is] = [before[key], after[key]];
    if (sameValue(was, is)) return [];
    if (!isRecord(was) && !isRecord(is)) return [prefix + key];
    return pathsBetween(isRecord(was) ? was : {}, isRecord(is) ? is : {}, `${prefix}${key}.`);
  });
}

/** The reasons that entries are, the latest first; of one request's entries only one is told. */
export function toldOnce(entries: readonly ChangelogEntry[], netboxUrl: string): Because[] {
  const byRequest = new Map<string, ChangelogEntry>();
  for (const entry of entries) {
    const told = byRequest.get(entry.request);
    if (told === undefined || rank(entry) < rank(told) || (rank(entry) === rank(told) && entry.id > told.id))
      byRequest.set(entry.request, entry);
  }
  return [...byRequest.values()].sort((a, b) => b.id - a.id).map((entry) => reasonOf(entry, netboxUrl));
}

const reasonOf = (entry: ChangelogEntry, netboxUrl: string): Because => ({
  reason: "netbox",
  user: entry.user,
  time: entry.time,
  action: entry.action,
  object: `${nouns[entry.type] ?? entry.type.split(".")[1]} ${entry.text}`,
  ...(entry.message === "" ? {} : { message: entry.message }),
  request: entry.request,
  url: entry.page ?? `${netboxUrl}/core/changelog/${entry.id}/`,
});
