import { die } from "../errors";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";

/** What an object of a type must and may have beside its id. */
interface TypeOptions {
  required: string[];
  optional: string[];
}

const named = (dns: string) => words(`nodes mtu ${dns} ipam`);
const dns = "dns reversedns dnszone";
const options = (required: string, optional: string): TypeOptions => ({
  required: words(required),
  optional: words(optional),
});

/** The kinds of objects in the SDN's files, each with its types. */
export const sdnTypes = {
  zones: {
    simple: options("", `${named(dns)} dhcp`),
    vlan: options("bridge", `${named(dns)} bridge-disable-mac-learning`),
    qinq: options("bridge tag", `${named(dns)} bridge-disable-mac-learning vlan-protocol`),
    vxlan: options("", `${named(dns)} peers fabric vxlan-port`),
    evpn: options(
      "controller vrf-vxlan",
      `${named(dns)} mac exitnodes exitnodes-local-routing exitnodes-primary advertise-subnets disable-arp-nd-suppression
      bridge-disable-mac-learning rt-import vxlan-port`,
    ),
    faucet: options("controller dp-id", `nodes ${dns} ipam`),
  },
  vnets: { vnet: options("zone", "tag alias vlanaware isolate-ports") },
  subnets: { subnet: options("vnet", "gateway snat dnszoneprefix dhcp-range dhcp-dns-server") },
  controllers: {
    evpn: options("asn", "peers fabric"),
    bgp: options("asn node peers", "bgp-multipath-as-path-relax ebgp ebgp-multihop loopback"),
    isis: options("isis-domain isis-ifaces isis-net node", "loopback"),
    faucet: options("", ""),
  },
  ipams: {
    pve: options("", ""),
    netbox: options("token url", "fingerprint"),
    phpipam: options("section token url", "fingerprint"),
  },
  dns: { powerdns: options("key url", "fingerprint reversemaskv6 reversev6mask ttl") },
} satisfies Record<string, Record<string, TypeOptions>>;

export type SdnKind = keyof typeof sdnTypes;

function optionsOf(kind: SdnKind, type: Value | undefined): TypeOptions {
  const known: Record<string, TypeOptions> = sdnTypes[kind];
  return known[String(type)] ?? die(`unknown section type '${type}'`);
}

/** @throws where a value is none of the type's, or one that it must have is missing */
export function checkSdnOptions(kind: SdnKind, values: Values, isNew: boolean): void {
  const { type, ...rest } = values;
  const { required, optional } = optionsOf(kind, type);
  for (const key of Object.keys(rest))
    if (!required.includes(key) && !optional.includes(key)) die(`unexpected property '${key}'`);
  const missing = isNew ? required.find((key) => rest[key] === undefined) : undefined;
  if (missing !== undefined) die(`missing value for required option '${missing}'`);
}

/** An object with what a request sets and takes away. */
export function changedSdnObject(kind: SdnKind, object: Values, changes: Values, remove: Value | undefined): Values {
  const { required, optional } = optionsOf(kind, object.type);
  checkSdnOptions(kind, { type: object.type ?? "", ...changes }, false);
  const changed = { ...object };
  for (const key of words(remove)) {
    if (required.includes(key)) die(`unable to delete required option '${key}'`);
    if (!optional.includes(key)) die(`no such option '${key}'`);
    if (changes[key] !== undefined) die(`cannot set and delete property '${key}' at the same time!`);
    delete changed[key];
  }
  return { ...changed, ...changes };
}
