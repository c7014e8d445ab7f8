import ipaddr from "ipaddr.js"; // networks of both families
import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { tagSlugs } from "../../../providers/netbox/objects/object.model";
import { holds } from "../../netbox/address";
import type { Prerequisites } from "../../netbox/prerequisites";
import type { NetboxView } from "../../netbox/view";
import type { Settings } from "../../settings";
import { gatewaysOf } from "./guest";
import { customFieldOf } from "./merge";
import type { SeenMachine } from "./types";

/** The network of an address with its prefix length; nothing of a single host's. */
export function prefixOf(address: string): string | undefined {
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

/**
 * Prefixes that NetBox lacks for a guest's addresses, and the gateways that its configuration names and NetBox doesn't.
 * @returns the custom fields that this needs
 */
export function declarePrefixes(
  {
    netbox,
    site,
    knownObjects,
  }: { netbox: NetboxView; site: Settings["site"]; knownObjects: { has: (name: string) => boolean } },
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
      const network = prefixOf(address);
      if (network === undefined) continue;
      const gateway = gateways.find((each) => each.address === address)?.gateway;
      const there = netbox.prefixes.filter((each) => holds(String(each.prefix), address));
      const own = there.find(({ prefix }) => prefix === network);
      const key = `prefix-${network}`;
      const isOurs = knownObjects.has(key);
      const lacksGateway =
        gateway !== undefined &&
        own !== undefined &&
        customFieldOf(own, field) === undefined &&
        !hasTaggedGateway(netbox, site, network);
      if (there.length > 0 && !lacksGateway && !isOurs) continue;
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

const hasTaggedGateway = ({ addresses }: NetboxView, { gatewayTag }: Settings["site"], network: string): boolean =>
  addresses.some((each) => tagSlugs(each).includes(gatewayTag) && holds(network, String(each.address)));
