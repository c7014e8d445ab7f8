import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../../providers/context";
import { Bind9Record } from "../../providers/dns/bind9/record";
import { canonicalAddress } from "../../providers/dns/names";
import { NetboxDnsRecord } from "../../providers/netbox/plugins/dnsrecord";
import { ProxmoxContainer } from "../../providers/proxmox/nodes/lxc/container";
import { ProxmoxVm } from "../../providers/proxmox/nodes/qemu/vm";
import { whenThere } from "../outputs";
import { ipconfigText, nicAddresses } from "./desired/machines";
import type { MachineName } from "./desired/names";
import { recordValues } from "./desired/recordvalues";
import type { AddressRef, DesiredGuest, DesiredPluginRecord, DesiredRecord, Machine, Site } from "./desired/types";

// How single resources of the site are declared.

/** The text of an address, which an allocation of this run may still have to give. */
export type Text = (ref: AddressRef) => pulumi.Input<string>;
export type MachineResource = ProxmoxVm | ProxmoxContainer;

const typeTokens = {
  qemu: "pulumi-nodejs:dynamic/proxmox:ProxmoxVm",
  lxc: "pulumi-nodejs:dynamic/proxmox:ProxmoxContainer",
} as const;

/** A virtual machine or container. One that was the other before is the same resource to the engine, which replaces it. */
export function declareMachine(
  { machine, nics }: DesiredGuest,
  text: Text,
  named: MachineName,
  dependsOn: pulumi.Resource[],
): MachineResource {
  const { name } = named;
  const options = optionsOf(named, dependsOn);
  if (machine.type === "qemu") {
    if (machine.inputs.cloudInit.unmanaged) return new ProxmoxVm(name, machine.inputs, options);
    const given = nics.filter(({ v4, v6 }) => v4 ?? v6);
    const ipconfig = Object.fromEntries(
      given.map((nic) => [String(nic.slot), whenKnown({ ...nicAddresses(nic, text) }, ipconfigText)]),
    );
    return new ProxmoxVm(name, { ...machine.inputs, cloudInit: { ...machine.inputs.cloudInit, ipconfig } }, options);
  }
  const networks = Object.fromEntries(
    Object.entries(machine.inputs.networks).map(([slot, network]) => {
      const nic = nics.find((each) => `net${each.slot}` === slot);
      return [slot, { ...network, ...(nic ? nicAddresses(nic, text) : {}) }];
    }),
  );
  return new ProxmoxContainer(name, { ...machine.inputs, networks }, options);
}

/** One whose inputs hold its addresses. */
export function declareMachineAsItIs(
  machine: Machine,
  named: MachineName,
  dependsOn: pulumi.Resource[],
): MachineResource {
  const options = optionsOf(named, dependsOn);
  return machine.type === "qemu"
    ? new ProxmoxVm(named.name, machine.inputs, options)
    : new ProxmoxContainer(named.name, machine.inputs, options);
}

function optionsOf({ alias }: MachineName, dependsOn: pulumi.Resource[]): pulumi.CustomResourceOptions {
  const aliases = alias === undefined ? [] : [{ name: alias.name, type: typeTokens[alias.type] }];
  return { dependsOn, aliases };
}

/** A plain value where all of its parts are known: an output would be unknown to the plan whenever its resource changes. */
function whenKnown<T>(parts: Record<string, pulumi.Input<string>>, make: (known: object) => T): pulumi.Input<T> {
  const known = Object.values(parts).every((part) => typeof part === "string");
  return known ? make(parts) : whenThere(pulumi.all(parts), make);
}

/** NetBox ids of a name's guests that were adopted, where there are any. */
interface OfAdopted {
  adoptedGuests?: number[];
}

export function declareRecord(
  context: Context,
  logicalName: string,
  { server, name, ttl, ttls, addresses, texts, withoutPtr, owner, adopt, adoptedGuests }: DesiredRecord & OfAdopted,
  text: Text,
  dependsOn: pulumi.Resource[],
): Bind9Record {
  const zones = context.nameServer(server);
  const hasPointer = (address: string) => zones.zoneOf(zones.pointerOf(address)) !== undefined;
  const split = (all: string[]) => recordValues({ name, texts, withoutPtr }, all, hasPointer);
  const values = addresses.map(text);
  const known = values.filter((value) => typeof value === "string");
  const ofAdopted = adoptedGuests ? { adoptedGuests } : {};
  const common = { server, name, ttl, owner, ...(ttls ? { ttls } : {}), ...(adopt ? { adopt } : {}), ...ofAdopted };
  if (known.length === values.length)
    return new Bind9Record(logicalName, { ...common, ...split(known) }, { dependsOn });
  const later = whenThere(pulumi.all(values), split);
  const part = <K extends keyof ReturnType<typeof split>>(name: K) => whenThere(later, (all) => all[name]);
  return new Bind9Record(logicalName, { ...common, records: part("records"), reverse: part("reverse") }, { dependsOn });
}

export function declarePluginRecord(
  { stack, netbox }: Pick<Site, "stack" | "netbox">,
  logicalName: string,
  { key, zoneId, zone, name, type, value, adoptedGuests }: DesiredPluginRecord & OfAdopted,
  text: Text,
  dependsOn: pulumi.Resource[],
): NetboxDnsRecord {
  const written = typeof value === "string" ? value : text(value);
  const plain =
    typeof written === "string" ? bare(type, written) : whenThere(pulumi.output(written), (each) => bare(type, each));
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
  return new NetboxDnsRecord(logicalName, inputs, { dependsOn });
}

/** An address without its prefix length. */
const bare = (type: string, value: string): string =>
  type === "A" || type === "AAAA" ? canonicalAddress(value) : value;
