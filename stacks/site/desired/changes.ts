import { recordDiff } from "../../../providers/dns/bind9/record.model";
import { canonicalAddress } from "../../../providers/dns/names";
import { allocationDiff } from "../../../providers/netbox/ipam/ipallocation.model";
import { dnsRecordDiff } from "../../../providers/netbox/plugins/dnsrecord.model";
import { netboxGuestDiff } from "../../../providers/netbox/virtualization/guest.model";
import type { Orphan } from "../../../providers/ownership/anchor.model";
import { guestUrl, type Mark, mark } from "../../../providers/ownership/mark";
import { containerDiff, managedOfContainer } from "../../../providers/proxmox/nodes/lxc/container.model";
import { managedOfVm, vmDiff } from "../../../providers/proxmox/nodes/qemu/vm.model";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { unknown } from "../../../providers/unknown";
import { isRecord } from "../../../providers/values";
import type { KnownResource } from "../../known";
import { hostOf } from "../../netbox/address";
import type { Change, Effect } from "../../plan/change";
import { changesBetween, type DeclaredItem, type Existing, type Pair } from "../../plan/compare";
import { guestEffects } from "./effects";
import { withAddresses } from "./machines";
import type { ZoneServer } from "./pluginindex";
import { recordValues } from "./recordvalues";
import type { AddressRef, DesiredGuest, DesiredPluginRecord, DesiredRecord, Site } from "./types";

/** What a run of the site program declares, and what it removes besides. */
export interface Desired {
  guests: DesiredGuest[];
  records: DesiredRecord[];
  plugin: DesiredPluginRecord[];
  orphans: Orphan[];
}

/** Everything that a run is about to change on guests, addresses, names and NetBox's objects. */
export function siteChanges(
  site: Pick<Site, "stack" | "netbox" | "proxmox" | "state">,
  desired: Desired,
  servers: ZoneServer[],
): Change[] {
  const existing = [
    ...site.state.resources.flatMap(({ type, properties }) => existingOf(type, properties, site.netbox.url)),
    ...desired.orphans.flatMap(({ kind, state }) => existingOf(orphanTypes[kind], state, site.netbox.url)),
  ];
  const declared = [
    ...desired.guests.flatMap(declaredOfGuest),
    ...desired.plugin.map((record) => declaredOfPlugin(site, record)),
    ...desired.records.map((record) => declaredOfRecord(site, record, servers)),
  ];
  const staying = new Set(desired.guests.map(({ id }) => id));
  const kept = new Set(declared.map(({ key }) => key));
  const released = new Set(
    existing
      .filter((each) => !kept.has(each.key) && isReleased(each, staying))
      .map(({ state }) => hostOf(`${state.address}`)),
  );
  const nodeOf = ({ cluster, vmid }: Record<string, unknown>) =>
    site.proxmox.get(String(cluster))?.guests.get(Number(vmid))?.node;
  const effectsOf = (pair: Pair): Effect[] => {
    const { action, existing: before, declared: after } = pair;
    if (before === undefined || action === "create") return [];
    const type = guestTypes[before.object];
    if (action === "delete") {
      if (type !== undefined) return ["removes"];
      if (isReleased(before, staying)) return ["releases"];
      return isLostName(before, staying) ? ["removesNames"] : [];
    }
    if (type === undefined || after === undefined) return [];
    if (action === "replace") return ["removes", "rebuilds"];
    return guestEffects(before.state, after.inputs, { type, node: nodeOf(before.state), released });
  };
  return changesBetween(existing, declared, effectsOf, unknown);
}

/** How many there are of what effects are counted in. @param guests built ones, whether this run declares them or not */
export function totalsOf(
  { state }: Pick<Site, "state">,
  guests: number,
): { guests: number; addresses: number; names: number } {
  const of = (type: string) => state.resources.filter((each) => each.type === type);
  return {
    guests,
    addresses: of("NetboxIpAllocation").filter(({ properties }) => properties.given !== true).length,
    names: of("Bind9Record").length,
  };
}

const guestTypes: Record<string, GuestType> = { VM: "qemu", container: "lxc" };

/** An address that we allocated, of a guest that stays. */
const isReleased = ({ object, state }: Existing, staying: ReadonlySet<number>): boolean =>
  object === "address" &&
  state.given !== true &&
  state.address !== undefined &&
  staying.has(markIn(state)?.netboxId ?? -1);

/** A name of no guest, or of one that stays: one goes with its guests, which are counted themselves. */
function isLostName({ object, state }: Existing, staying: ReadonlySet<number>): boolean {
  if (object !== "name") return false;
  const guests = guestsOf(state);
  return guests.length === 0 || guests.some((id) => staying.has(id));
}

const guestsOf = ({ owner }: Record<string, unknown>): number[] =>
  isRecord(owner) && Array.isArray(owner.guests) ? owner.guests.map(Number) : [];

// ---- what is there

const orphanTypes: Record<Orphan["kind"], string> = {
  "bind9-record": "Bind9Record",
  "netbox-dns-record": "NetboxDnsRecord",
  "proxmox-vm": "ProxmoxVm",
  "proxmox-container": "ProxmoxContainer",
  "netbox-ip-allocation": "NetboxIpAllocation",
  "netbox-guest": "NetboxGuest",
};

const markIn = (state: Record<string, unknown>): Mark | undefined => mark.safeParse(state.mark).data;

/** A resource of state; nothing of kinds that only serve others. */
function existingOf(type: KnownResource["type"], state: Record<string, unknown>, netboxUrl: string): Existing[] {
  const owner = markIn(state);
  const page = owner === undefined ? {} : { url: guestUrl(owner) };
  const name = (text: unknown) => String(text ?? "");
  switch (type) {
    case "ProxmoxVm":
    case "ProxmoxContainer": {
      const object = type === "ProxmoxVm" ? "VM" : "container";
      return owner === undefined
        ? []
        : [{ key: `guest/${owner.netboxId}`, object, name: name(state.name), ...page, system: "Proxmox VE", state }];
    }
    case "NetboxGuest":
      return owner === undefined
        ? []
        : [
            {
              key: `object/${owner.netboxId}`,
              object: "NetBox object",
              name: name(owner.netboxId),
              ...page,
              system: "NetBox",
              state,
            },
          ];
    case "NetboxIpAllocation": {
      const label = [state.address, state.label].filter((part) => part !== undefined && part !== "").join(" of ");
      return [{ key: allocationKey(state), object: "address", name: label, ...page, system: "NetBox", state }];
    }
    case "NetboxDnsRecord":
      return [
        {
          key: `record/${state.key}`,
          object: "netbox-dns record",
          name: `${state.name} ${state.type}`,
          system: "NetBox",
          state,
        },
      ];
    case "Bind9Record": {
      const [guest] = guestsOf(state);
      const whose = guest === undefined ? {} : { url: guestUrl({ netboxUrl, netboxId: guest }) };
      const text = name(state.name).replace(/\.$/, "");
      return [
        { key: `name/${state.server}/${state.name}`, object: "name", name: text, ...whose, system: "DNS", state },
      ];
    }
    default:
      return [];
  }
}

const allocationKey = ({ interfaceId, family, ordinal, given }: Record<string, unknown>): string =>
  `address/${interfaceId}/v${family}-${given === true ? "given-" : ""}${ordinal}`;

// ---- what is declared

/** An address as the engine sees it before the run: one to be allocated is not known. */
const known = (ref: AddressRef): string => ("address" in ref ? ref.address : unknown);

function declaredOfGuest(guest: DesiredGuest): DeclaredItem[] {
  const { id, name } = guest;
  const url = guestUrl(guest.mark);
  const { type, inputs } = withAddresses(guest, known);
  return [
    {
      key: `object/${id}`,
      object: "NetBox object",
      name,
      url,
      system: "NetBox",
      inputs: { ...guest.netbox },
      diff: netboxGuestDiff,
      compared: ["vmid"],
    },
    ...guest.allocations.map(
      ({ inputs: address }): DeclaredItem => ({
        key: allocationKey(address),
        object: "address",
        name: `${address.address === undefined ? "" : `${address.address} of `}${address.label}`,
        url,
        system: "NetBox",
        inputs: { ...address },
        diff: allocationDiff,
        compared: ["address", "addressId", "primary"],
      }),
    ),
    {
      key: `guest/${id}`,
      object: type === "qemu" ? "VM" : "container",
      name,
      url,
      system: "Proxmox VE",
      inputs: { ...inputs },
      diff: type === "qemu" ? vmDiff : containerDiff,
      compared: ["type", "rebuild", ...(type === "qemu" ? managedOfVm : managedOfContainer)],
    },
  ];
}

function declaredOfRecord(
  { netbox }: Pick<Site, "netbox">,
  record: DesiredRecord,
  servers: ZoneServer[],
): DeclaredItem {
  const { server, name, ttl, ttls, owner } = record;
  const addresses = record.addresses.map(known);
  const zoneOf = servers.find((each) => each.name === server)?.zoneOf ?? (() => undefined);
  const values = addresses.includes(unknown)
    ? { records: unknown, reverse: unknown }
    : recordValues(record, addresses, zoneOf);
  const [guest] = owner.guests;
  return {
    key: `name/${server}/${name}`,
    object: "name",
    name: name.replace(/\.$/, ""),
    ...(guest === undefined ? {} : { url: guestUrl({ netboxUrl: netbox.url, netboxId: guest }) }),
    system: "DNS",
    inputs: { server, name, ttl, owner, ...(ttls ? { ttls } : {}), ...values },
    diff: recordDiff,
    compared: ["ttl", "ttls", "records", "reverse", "owner"],
  };
}

function declaredOfPlugin(
  { stack, netbox }: Pick<Site, "stack" | "netbox">,
  record: DesiredPluginRecord,
): DeclaredItem {
  const { key, zoneId, zone, name, type, value } = record;
  const text = typeof value === "string" ? value : known(value);
  const plain = (type === "A" || type === "AAAA") && text !== unknown ? canonicalAddress(text) : text;
  return {
    key: `record/${key}`,
    object: "netbox-dns record",
    name: `${name} ${type}`,
    system: "NetBox",
    inputs: { stack, netboxUrl: netbox.url, key, zoneId, zone, name, type, value: plain },
    diff: dnsRecordDiff,
    compared: ["zoneId", "name", "type", "value"],
  };
}
