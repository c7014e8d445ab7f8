import ipaddr from "ipaddr.js"; // networks of both families
import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { hostOf } from "../../netbox/address";
import { Prefixes } from "../../netbox/ipam";
import type { Prerequisites } from "../../netbox/prerequisites";
import type { Settings } from "../../settings";
import { gatewaysOf } from "./guest";
import { customFieldOf, type Documented } from "./merge";
import type { SeenMachine } from "./types";

/** The network of an address with its prefix length; nothing of a single host's. */
export function prefixOfAddress(address: string): string | undefined {
  const [host = "", length = ""] = address.split("/");
  if (!ipaddr.isValid(host) || !/^\d+$/.test(length)) return undefined;
  const parsed = ipaddr.parse(host);
  if (Number(length) === 0 || Number(length) >= (parsed.kind() === "ipv4" ? 32 : 128)) return undefined;
  const network =
    parsed.kind() === "ipv4"
      ? ipaddr.IPv4.networkAddressFromCIDR(address)
      : ipaddr.IPv6.networkAddressFromCIDR(address);
  return `${network.toString()}/${length}`;
}

/** The gateways of prefixes, those that NetBox has and those that this run makes. */
export class Gateways {
  private readonly prefixes: Prefixes<{ prefix: string; gateway: string | undefined }>;

  constructor(documented: Documented, prerequisites: Prerequisites, { customFields, gatewayTag }: Settings["site"]) {
    const made = new Map(
      prerequisites.all.flatMap(({ kind, args }) => {
        if (kind !== "object" || args.type !== "prefix") return [];
        const gateway = args.customFields?.[customFields.gateway];
        return [[String(args.fields?.prefix), gateway === undefined ? undefined : String(gateway)] as const];
      }),
    );
    const there = documented.view.prefixes.map((row): [string, string | undefined] => {
      const own = customFieldOf(row, customFields.gateway) ?? documented.taggedGateway(row, gatewayTag);
      return [String(row.prefix), own ?? made.get(String(row.prefix))];
    });
    const all = new Map([...made, ...there]);
    this.prefixes = new Prefixes([...all].map(([prefix, gateway]) => ({ prefix, gateway })));
  }

  /** That of the narrowest prefix which holds the address. */
  of(address: string): string | undefined {
    const found = this.prefixes.narrowest(address, undefined)?.gateway;
    return found === undefined ? undefined : hostOf(found);
  }
}

/**
 * Prefixes that NetBox lacks for a guest's addresses, and the gateways that its configuration names and NetBox doesn't.
 * @returns the custom fields that this needs
 */
export function declarePrefixes(
  documented: Documented,
  { site, knownObjects }: { site: Settings["site"]; knownObjects: { has: (name: string) => boolean } },
  seen: SeenMachine,
  args: Pick<MachineArgs, "interfaces">,
  prerequisites: Prerequisites,
): string[] {
  const gateways = gatewaysOf(seen);
  const field = site.customFields.gateway;
  const used: string[] = [];
  for (const { addresses = [], fields } of Object.values(args.interfaces ?? {}))
    for (const asked of addresses) {
      const address = asked.split(" ")[0] ?? "";
      const network = prefixOfAddress(address);
      if (network === undefined) continue;
      const gateway = gateways.find((each) => each.address === address)?.gateway;
      const isInPrefix = documented.prefixes.narrowest(address, undefined) !== undefined;
      const own = documented.prefixes.at(network, undefined)?.row;
      const key = `prefix-${network}`;
      const isOurs = knownObjects.has(key);
      const lacksGateway =
        gateway !== undefined &&
        own !== undefined &&
        customFieldOf(own, field) === undefined &&
        documented.taggedGateway(own, site.gatewayTag) === undefined;
      if (isInPrefix && !lacksGateway && !isOurs) continue;
      if (gateway !== undefined) used.push(field);
      const vid = /\((\d+)\)$/.exec(String(fields?.untaggedVlan ?? ""))?.[1];
      const vlan = fields?.untaggedVlan === undefined ? {} : { vlan: fields.untaggedVlan };
      prerequisites.declare(
        key,
        "prefix",
        {
          fields: { prefix: network, ...(own === undefined || isOurs ? { status: "active", ...vlan } : {}) },
          ...(gateway === undefined ? {} : { customFields: { [field]: gateway } }),
        },
        [...(vid === undefined ? [] : [`vlan-${vid}`]), `custom-field-${field}`],
      );
    }
  return used;
}
