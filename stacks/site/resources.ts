import { bind9Record } from "../../providers/dns/bind9/record";
import { canonicalAddress } from "../../providers/dns/names";
import { netboxDnsRecord } from "../../providers/netbox/plugins/dnsrecord";
import { proxmoxContainer } from "../../providers/proxmox/nodes/lxc/container";
import { proxmoxVm } from "../../providers/proxmox/nodes/qemu/vm";
import { tokensOf } from "../../providers/resource";
import { withoutUndefined } from "../../providers/values";
import { type DeclaredOptions, type DeclaredResource, declared, Later } from "../declared";
import { ipconfigText, nicAddresses } from "./desired/machines";
import type { MachineName } from "./desired/names";
import type { ZoneServer } from "./desired/pluginindex";
import { recordValues } from "./desired/recordvalues";
import type { AddressRef, DesiredGuest, DesiredPluginRecord, DesiredRecord, Machine, Site } from "./desired/types";

// How single resources of the site are declared.

/** The text of an address, which an allocation of this run may still have to give. */
export type Text = (ref: AddressRef) => string | Later<string>;

/** What belongs to a virtual machine or container. */
export type MachineResource = DeclaredResource<{ pending?: string[] | undefined }>;

/** A virtual machine or container. One that was the other before is the same resource to the engine, which replaces it. */
export function declareMachine(
  { machine, nics }: DesiredGuest,
  text: Text,
  named: MachineName,
  after: DeclaredResource[],
): MachineResource {
  const { name } = named;
  const options = optionsOf(named, after);
  if (machine.type === "qemu") {
    if (machine.inputs.cloudInit.unmanaged) return declared(proxmoxVm, name, machine.inputs, options);
    const given = nics.filter(({ v4, v6 }) => v4 ?? v6);
    const ipconfig = Object.fromEntries(
      given.map((nic) => [String(nic.slot), whenKnown({ ...nicAddresses(nic, text) }, ipconfigText)]),
    );
    return declared(
      proxmoxVm,
      name,
      { ...machine.inputs, cloudInit: { ...machine.inputs.cloudInit, ipconfig } },
      options,
    );
  }
  const networks = Object.fromEntries(
    Object.entries(machine.inputs.networks).map(([slot, network]) => {
      const nic = nics.find((each) => `net${each.slot}` === slot);
      return [slot, { ...network, ...(nic ? nicAddresses(nic, text) : {}) }];
    }),
  );
  return declared(proxmoxContainer, name, { ...machine.inputs, networks }, options);
}

/** One whose inputs hold its addresses. */
export function declareMachineAsItIs(machine: Machine, named: MachineName, after: DeclaredResource[]): MachineResource {
  const options = optionsOf(named, after);
  return machine.type === "qemu"
    ? declared(proxmoxVm, named.name, machine.inputs, options)
    : declared(proxmoxContainer, named.name, machine.inputs, options);
}

function optionsOf({ alias }: MachineName, after: DeclaredResource[]): DeclaredOptions {
  if (alias === undefined) return { after };
  const [token = ""] = tokensOf(alias.type === "qemu" ? proxmoxVm : proxmoxContainer);
  return { after, alias: { name: alias.name, token } };
}

/** A plain value where all of its parts are known: an output would be unknown to the plan whenever its resource changes. */
function whenKnown<T>(parts: Record<string, string | Later<string>>, make: (known: object) => T): T | Later<T> {
  const known = Object.values(parts).every((part) => typeof part === "string");
  return known ? make(parts) : Later.all<Record<string, string>>(parts).map(make);
}

/** NetBox ids of a name's guests that were adopted, where there are any. */
interface OfAdopted {
  adoptedGuests?: number[];
}

export function declareRecord(
  servers: ZoneServer[],
  logicalName: string,
  { server, name, ttl, ttls, addresses, texts, withoutPtr, owner, adopt, adoptedGuests }: DesiredRecord & OfAdopted,
  text: Text,
  after: DeclaredResource[],
): DeclaredResource {
  const hasPointer = servers.find((each) => each.name === server)?.hasPointer ?? (() => false);
  const split = (all: string[]) => recordValues({ name, texts, withoutPtr }, all, hasPointer);
  const values = addresses.map(text);
  const known = values.filter((value) => typeof value === "string");
  const common = withoutUndefined({ server, name, ttl, owner, ttls, adopt: adopt || undefined, adoptedGuests });
  if (known.length === values.length)
    return declared(bind9Record, logicalName, { ...common, ...split(known) }, { after });
  const later = Later.all<Record<string, string>>(Object.fromEntries(values.map((value, n) => [n, value]))).map((all) =>
    split(values.map((_, n) => all[n] ?? "")),
  );
  const records = later.map((all) => all.records);
  const reverse = later.map((all) => all.reverse);
  return declared(bind9Record, logicalName, { ...common, records, reverse }, { after });
}

export function declarePluginRecord(
  { stack, netbox }: Pick<Site, "stack" | "netbox">,
  logicalName: string,
  { key, zoneId, zone, name, type, value, adoptedGuests }: DesiredPluginRecord & OfAdopted,
  text: Text,
  after: DeclaredResource[],
): DeclaredResource {
  const written = typeof value === "string" ? value : text(value);
  const plain = typeof written === "string" ? bare(type, written) : written.map((each) => bare(type, each));
  const inputs = {
    stack,
    netboxUrl: netbox.url,
    key,
    zoneId,
    zone,
    name,
    type,
    value: plain,
    ...(adoptedGuests ? { adoptedGuests } : {}),
  };
  return declared(netboxDnsRecord, logicalName, inputs, { after });
}

/** An address without its prefix length. */
const bare = (type: string, value: string): string =>
  type === "A" || type === "AAAA" ? canonicalAddress(value) : value;
