import type { ZoneContent } from "../../../providers/dns/bind9/nameserver";
import { ownedNames, type RecordInputs } from "../../../providers/dns/bind9/record.model";
import { Zones } from "../../../providers/dns/zones";
import type { Orphan } from "../../../providers/ownership/anchor.model";
import { parseAllocation, parseRecord } from "../../../providers/ownership/netbox";
import { vmidOf } from "../../netbox/identity";
import { markOf } from "./identity";
import type { NamedRecords } from "./records";
import type { Undeclared } from "./removals";

import type { DesiredGuest, DesiredPluginRecord, DesiredRecord, PluginFacts, Site } from "./types";
import { isUnread } from "./unread";

/** A zone of a name server as it is. */
export interface ServerZone {
  server: string;
  zone: string;
  content: ZoneContent;
}

/**
 * What carries our mark and is neither declared nor in state: what a run made that was killed before it could write down
 * what it did. What is in state, the engine takes away by itself.
 * @param left NetBox ids of guests that are left out: what they have waits until they are not
 */
export function orphans(
  site: Site,
  guests: DesiredGuest[],
  removals: Undeclared[],
  zones: ServerZone[],
  { records, plugin, facts }: Pick<NamedRecords, "records" | "plugin"> & { facts: PluginFacts | undefined },
  left: ReadonlySet<number> = new Set(),
): Orphan[] {
  const marked = markedAddresses(site).filter(({ guestId }) => !left.has(guestId));
  const objects = leftNetboxGuests(site, removals, marked).filter(({ id }) => !left.has(Number(id)));
  // An object takes its addresses along: were they to go first, nothing would tell a run after that one whose it is.
  const going = new Set(objects.map(({ id }) => Number(id)));
  return [
    ...leftGuests(site, removals),
    ...leftAddresses(
      site,
      guests,
      marked.filter(({ guestId }) => !going.has(guestId)),
    ),
    ...objects,
    ...leftRecords(site, zones, records)
      .filter(({ guests: own }) => !own.some((id) => left.has(id)))
      .map(({ orphan }) => orphan),
    ...leftPluginRecords(site, plugin, facts, left),
  ];
}

function leftGuests(site: Site, removals: Undeclared[]): Orphan[] {
  return removals
    .filter(
      ({ netboxId, cluster, vmid }) => !site.state.guests.has(netboxId) && site.proxmox.get(cluster)?.seen.has(vmid),
    )
    .map(({ netboxId, cluster, vmid, name, type }): Orphan => {
      const state = {
        cluster,
        vmid,
        mark: markOf(site, netboxId),
        fullClone: true,
        name,
        description: "",
        tags: [],
        networks: {},
        power: "stopped",
      };
      const id = `${cluster}/${vmid}`;
      return type === "qemu"
        ? { kind: "proxmox-vm", id, state: { ...state, cloudInit: { ipconfig: {} } } }
        : { kind: "proxmox-container", id, state: { ...state, type } };
    });
}

/** An address that this stack allocated, by its mark. */
interface MarkedAddress {
  id: number;
  address: string;
  guestId: number;
  onInterface: number;
  family: 4 | 6;
  ordinal: number;
}

function markedAddresses({ stack, netbox }: Site): MarkedAddress[] {
  const interfaces = new Map(netbox.interfaces.map((each) => [each.id, each.guestId]));
  return netbox.addresses.flatMap(({ id, address, description, interfaceId }) => {
    const mark = parseAllocation(description);
    const guestId = interfaceId === undefined ? undefined : interfaces.get(interfaceId);
    if (mark?.stack !== stack || guestId === undefined) return [];
    const { interfaceId: onInterface, family, ordinal } = mark;
    return [{ id, address, guestId, onInterface, family, ordinal }];
  });
}

/** Addresses with our mark that no declared guest asks for any more. */
function leftAddresses(site: Site, guests: DesiredGuest[], marked: MarkedAddress[]): Orphan[] {
  const known = new Set(site.state.addresses.values());
  const wanted = new Set(guests.flatMap(({ allocations }) => allocations.map(({ inputs }) => inputs.addressId)));
  return marked.flatMap(({ id, address, guestId, onInterface, family, ordinal }): Orphan[] => {
    if (wanted.has(id) || known.has(id)) return [];
    const state = {
      mark: markOf(site, guestId),
      label: "",
      interfaceId: onInterface,
      family,
      ordinal,
      given: false,
      addressId: id,
      address,
      from: [],
      primary: false,
    };
    return [{ kind: "netbox-ip-allocation", id: `${onInterface}/v${family}-${ordinal}`, state }];
  });
}

/** Decommissioned objects whose guest we built, or began to: its mark on Proxmox, an address of ours, the VMID that only we compute. */
function leftNetboxGuests(site: Site, removals: Undeclared[], marked: MarkedAddress[]): Orphan[] {
  return site.netbox.guests.flatMap((guest): Orphan[] => {
    if (guest.status !== "decommissioning" || site.state.netboxGuests.has(guest.id)) return [];
    if (isOfAnother(site, guest.id)) return [];
    // Another stack's mark may stand on what nobody could look at.
    const vmid = vmidOf(guest, site.settings)?.vmid;
    if (vmid !== undefined && isUnread(site, guest.clusterName, vmid)) return [];
    const written =
      guest.customFields.get(site.settings.site.customFields.vmid) !== undefined &&
      vmidOf(guest, site.settings)?.derived === true;
    const hasAddress = marked.some(({ guestId }) => guestId === guest.id);
    if (!written && !hasAddress && !removals.some(({ netboxId }) => netboxId === guest.id)) return [];
    return [{ kind: "netbox-guest", id: String(guest.id), state: { mark: markOf(site, guest.id), derived: false } }];
  });
}

/** Does another stack's mark stand on the guest on Proxmox VE, or on one of its addresses? */
function isOfAnother({ proxmox, self, netbox }: Site, guestId: number): boolean {
  const marks = [...proxmox.values()].flatMap(({ seen }) => [...seen.values()].flatMap(({ mark }) => mark ?? []));
  const interfaces = new Set(netbox.interfaces.flatMap((each) => (each.guestId === guestId ? [each.id] : [])));
  return (
    marks.some((mark) => mark.netboxId === guestId && self.isHere(mark.netboxUrl) && !self.isOurs(mark)) ||
    netbox.addresses.some(({ interfaceId, description }) => {
      const owner = interfaceId !== undefined && interfaces.has(interfaceId) ? parseAllocation(description) : undefined;
      return owner !== undefined && !self.owns(owner.stack);
    })
  );
}

/** Names whose owner is this stack, and that it neither declares nor knows. */
function leftRecords(
  site: Site,
  zones: ServerZone[],
  records: DesiredRecord[],
): { orphan: Orphan; guests: readonly number[] }[] {
  const declared = new Set(records.map(({ server, name }) => `${server}/${name}`));
  const isReverse = (name: string) => name.endsWith(".arpa.");
  const pointers = (of: string) =>
    new Zones(zones.flatMap(({ server, zone, content }) => (server === of ? [[zone, content] as const] : [])));
  return zones.flatMap(({ server, content }) =>
    ownedNames(content)
      .filter(
        ({ name, owner }) =>
          site.self.owns(owner.stack) &&
          !isReverse(name) &&
          !declared.has(`${server}/${name}`) &&
          !site.state.records.has(`${server}/${name}`),
      )
      .map(({ name, owner }) => {
        const rrsets = content.get(name);
        const addresses = ["A", "AAAA"].flatMap((type) => rrsets?.get(type)?.values ?? []);
        const held = pointers(server);
        const reverse = addresses.filter((address) => {
          const pointer = held.pointer(address);
          return pointer?.kept.has(pointer.name);
        });
        const state: RecordInputs = {
          server,
          name,
          ttl: 0,
          records: {},
          reverse,
          owner: { stack: owner.stack, guests: owner.guests },
        };
        const orphan: Orphan = { kind: "bind9-record", id: `${server}/${name}`, state };
        return { orphan, guests: owner.guests };
      }),
  );
}

/** Records in netbox-dns with our mark that no guest wants any more. */
function leftPluginRecords(
  { stack, netbox, state }: Site,
  wanted: DesiredPluginRecord[],
  facts: PluginFacts | undefined,
  left: ReadonlySet<number>,
): Orphan[] {
  const interfaces = new Set(netbox.interfaces.flatMap(({ id, guestId }) => (left.has(guestId) ? [String(id)] : [])));
  const keys = new Set(wanted.map(({ key }) => key));
  return (facts?.records ?? []).flatMap(({ id, zoneId, name, type, value, description }): Orphan[] => {
    const mark = parseRecord(description);
    const key = mark?.stack === stack ? mark.key : undefined;
    if (key === undefined || keys.has(key) || state.pluginRecords.has(id)) return [];
    // Whose an alias or a text is, its key doesn't say.
    const ofInterface = /^ip-(\d+)-/.exec(key)?.[1];
    if (ofInterface === undefined ? left.size > 0 : interfaces.has(ofInterface)) return [];
    const zone = facts?.zones.find((each) => each.id === zoneId)?.name ?? "";
    const found = { stack, netboxUrl: netbox.url, key, zoneId, zone, name, type, value, recordId: id };
    return [{ kind: "netbox-dns-record", id: `${zone}/${key}`, state: found }];
  });
}
