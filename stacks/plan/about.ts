import { anyMark, type Mark, markUrl } from "../../providers/ownership/mark";
import { printAcl } from "../../providers/proxmox/access/acl.model";
import { isRecord } from "../../providers/values";
import type { System } from "./change";

// What a resource is to a person, by its properties: of one that is declared, and of one that only the state has.

type Properties = Record<string, unknown>;

/** A resource as reports name it. */
export interface About {
  /** `VM`, `address`, … */
  object: string;
  name: string;
  url?: string;
  system: System;
  /** NetBox's id of the guest that it is of. */
  guest?: number;
}

/** What descriptions need besides. */
export interface AboutFacts {
  /** `project/stack`. */
  stack: string;
  netboxUrl: string;
  /** Names of guests by NetBox id. */
  guests: ReadonlyMap<number, string>;
}

const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));

const isGuestMark = (mark: ReturnType<typeof anyMark.parse>): mark is Mark => "netboxId" in mark;

/** The page and the guest that a mark tells of. */
function ofMark({ mark }: Properties): Pick<About, "url" | "guest"> {
  const { data } = anyMark.safeParse(mark);
  if (data === undefined) return {};
  return { url: markUrl(data), ...(isGuestMark(data) ? { guest: data.netboxId } : {}) };
}

const ofGuest = (properties: Properties, { guests }: AboutFacts): { name: string } & Pick<About, "url" | "guest"> => {
  const of = ofMark(properties);
  return { name: (of.guest === undefined ? undefined : guests.get(of.guest)) ?? text(of.guest), ...of };
};

const guestsOf = ({ owner, adoptedGuests }: Properties): number[] => {
  const found = isRecord(owner) && Array.isArray(owner.guests) ? owner.guests : adoptedGuests;
  return Array.isArray(found) ? found.map(Number) : [];
};

type Describe = (properties: Properties, facts: AboutFacts) => About;

const onCluster = (name: string, { cluster }: Properties): string => `${name} on ${text(cluster)}`;

const kinds: Record<string, Describe> = {
  ProxmoxVm: (all) => ({ object: "VM", name: text(all.name), ...ofMark(all), system: "Proxmox VE" }),
  ProxmoxContainer: (all) => ({ object: "container", name: text(all.name), ...ofMark(all), system: "Proxmox VE" }),
  ProxmoxSnapshot: (all) => ({
    object: "snapshot",
    name: `snapshots of ${text(all.name)}`,
    ...ofMark(all),
    system: "Proxmox VE",
  }),
  NetboxGuest: (all, facts) => ({ object: "NetBox object", ...ofGuest(all, facts), system: "NetBox" }),
  NetboxPromotion: (all) => ({ object: "NetBox status", name: text(all.name), ...ofMark(all), system: "NetBox" }),
  NetboxIpAllocation: (all) => {
    const parts = [all.address, all.label].filter((part) => part !== undefined && part !== "");
    return { object: "address", name: parts.join(" of "), ...ofMark(all), system: "NetBox" };
  },
  NetboxDnsRecord: (all) => ({
    object: "netbox-dns record",
    name: `${text(all.name)} ${text(all.type)}`,
    system: "NetBox",
  }),
  Bind9Record: (all, { netboxUrl }) => {
    const [guest] = guestsOf(all);
    const of = guest === undefined ? {} : { guest, url: markUrl({ netboxUrl, netboxId: guest }) };
    return { object: "name", name: text(all.name).replace(/\.$/, ""), ...of, system: "DNS" };
  },
  SiteAnchor: () => ({ object: "anchor", name: "the stack's anchor", system: "Proxmox VE" }),
  ProxmoxRole: (all) => ({ object: "role", name: onCluster(text(all.roleid), all), system: "Proxmox VE" }),
  ProxmoxGroup: (all) => ({ object: "group", name: onCluster(text(all.groupid), all), system: "Proxmox VE" }),
  ProxmoxUser: (all) => ({ object: "user", name: onCluster(text(all.userid), all), system: "Proxmox VE" }),
  ProxmoxToken: (all) => ({
    object: "token",
    name: onCluster(`${text(all.userid)}!${text(all.tokenid)}`, all),
    system: "Proxmox VE",
  }),
  ProxmoxAcl: (all) => ({ object: "right", name: onCluster(aclText(all), all), system: "Proxmox VE" }),
  NetboxToken: (all) => ({ object: "token", name: `${text(all.name)} of ${text(all.username)}`, system: "NetBox" }),
  SecretSink: (all) => ({ object: "secret", name: `${text(all.title)}`, system: "files" }),
  AccessAudit: () => ({ object: "record of changes", name: "the record of changes", system: "files" }),
  ProxmoxTemplate: (all) => ({
    object: "template",
    name: `${text(all.title)} (${text(all.vmid)}) on ${text(all.cluster)}/${text(all.node)}`,
    system: "Proxmox VE",
  }),
  ProxmoxFile: (all) => ({
    object: "file",
    name: `${text(all.storage)}:${text(all.content)}/${text(all.file)} on ${text(all.cluster)}/${text(all.node)}`,
    system: "Proxmox VE",
  }),
  NetboxChoices: (all) => ({ object: "choices", name: text(all.set), system: "NetBox" }),
  ProxmoxNetwork: (all) => ({ object: text(all.kind), name: onCluster(text(all.name), all), system: "Proxmox VE" }),
  ProxmoxFirewall: (all) => ({
    object: "firewall",
    name: onCluster(`container ${text(all.vmid)}`, all),
    system: "Proxmox VE",
  }),
  ContainerService: (all) => ({
    object: "service",
    name: onCluster(`${text(all.service)} in container ${text(all.vmid)}`, all),
    system: "Proxmox VE",
  }),
  GeneratedSecret: () => ({ object: "secret", name: "a generated secret", system: "files" }),
  PlatformCheck: () => ({ object: "check", name: "the check of the platform", system: "NetBox" }),
};

const aclText = ({ roleid, type, ugid, path, propagate }: Properties): string =>
  printAcl({
    roleid: text(roleid),
    type: type === "group" || type === "token" ? type : "user",
    ugid: text(ugid),
    path: text(path),
    propagate: propagate !== false,
  });

/** `virtualMachine` as people write it: `virtual machine`. */
const words = (type: string): string =>
  type
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/^ip\b/, "IP");

/** @param type the last part of the type token @param name the logical name, where nothing better is known */
export function aboutOf(type: string, name: string, properties: Properties, facts: AboutFacts): About {
  const describe = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  const about = describe?.(properties, facts) ?? aboutObject(type, name, properties);
  return about.name === "" ? { ...about, name } : about;
}

/** An object of NetBox of any type. */
function aboutObject(type: string, name: string, { fields }: Properties): About {
  const all = isRecord(fields) ? fields : {};
  const own = [all.name, all.address, all.prefix, all.model, all.slug].find((each) => each !== undefined);
  return { object: words(type), name: own === undefined ? name : text(own), system: "NetBox" };
}
