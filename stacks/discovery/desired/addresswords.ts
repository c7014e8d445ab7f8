import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { readAsked } from "../../../providers/netbox/objects/machine.model";
import { nestedId, type ObjectRow } from "../../../providers/netbox/objects/object.model";
import { hasCloudInitDrive } from "../../../providers/proxmox/nodes/guest.model";
import { canonical, type Family, familyOf } from "../../netbox/address";
import { keptWord } from "../../netbox/interfaces";
import type { Vrf } from "../../netbox/ipam";
import { toldAddresses } from "../../netbox/nics";
import { isConfigurable } from "../../netbox/roles";
import { interfaceNames } from "./guest";
import type { Documented } from "./merge";
import { roleOf } from "./parts";
import type { SeenMachine } from "./types";

// What an interface's addresses don't say of how the guest gets them: DHCP, SLAAC, and what NetBox can't hold.

/** An address of NetBox, or one that it will have. */
export interface DocumentedAddress {
  /** With prefix length. */
  address: string;
  vrfId: Vrf;
}

/** An interface as it is about to be documented. */
interface DocumentedInterface {
  slot: number;
  name: string;
  /** Those that the site program may configure the network device with. */
  addresses: (DocumentedAddress & { role: string | undefined })[];
}

export interface AddressWords {
  /** Words of `allocate_from`, by interface. */
  words: Map<string, string>;
  /** What stays on Proxmox VE alone, for the report. */
  notes: string[];
}

const automatic: Readonly<Record<Family, Readonly<Record<string, string>>>> = {
  4: { dhcp: "dhcp" },
  6: { dhcp: "dhcp6", auto: "slaac" },
};

/**
 * How a guest gets its addresses. @param args with the addresses that each interface gets, and the objects that they are merged with
 * @param gatewayOf the gateway that NetBox has, or will have, for an address
 */
export function addressWords(
  { config, type }: SeenMachine,
  args: Pick<MachineArgs, "interfaces">,
  there: ObjectRow | undefined,
  documented: Documented,
  gatewayOf: (address: DocumentedAddress) => string | undefined,
): AddressWords {
  const found: AddressWords = { words: new Map(), notes: [] };
  // Without a drive nobody tells a virtual machine its addresses.
  if (type === "qemu" && !hasCloudInitDrive(config)) return found;
  const all = [...interfaceNames({ config, type })].map(([slot, name]): DocumentedInterface => {
    const each = args.interfaces?.[name];
    const rows = each?.objectId === undefined ? [] : documented.addressesOn("vmInterface", each.objectId);
    const has = rows.map((row) => ({ address: String(row.address), vrfId: nestedId(row.vrf), role: roleOf(row) }));
    // What is in a state may lack its VRF: NetBox has it.
    const isThere = (address: string) => has.some((row) => canonical(row.address) === canonical(address));
    const asked = (each?.addresses ?? []).map(readAsked).filter(({ address }) => !isThere(address));
    const toCome = asked.map(({ address, vrfId }) => {
      const [row] = documented.addressesOf(address, vrfId);
      return { address, vrfId, role: row && roleOf(row) };
    });
    const told = toldAddresses(config, slot, type);
    const given = [told.get("ip"), told.get("ip6")].flatMap((text) => (text?.includes("/") ? [text] : []));
    const isGiven = ({ address }: DocumentedAddress) => given.some((text) => sameAddress(text, address));
    const addresses = [...has, ...toCome].filter((one) => isConfigurable(one, isGiven(one)));
    return { slot, name, addresses };
  });
  const routes = { 4: routed(all, 4, there, documented), 6: routed(all, 6, there, documented) };
  for (const each of all) {
    const told = toldAddresses(config, each.slot, type);
    const words = ([4, 6] as const).flatMap((family) => {
      const [ip, gw] = family === 4 ? [told.get("ip"), told.get("gw")] : [told.get("ip6"), told.get("gw6")];
      const word = wordFor(each, family, { ip, gw }, routes[family] === each.slot ? gatewayOf : () => undefined);
      if (word === keptWord[family] && (ip?.includes("/") === true || gw !== undefined))
        found.notes.push(
          `${each.name}: ${[ip, gw === undefined ? undefined : `gateway ${gw}`].filter(Boolean).join(", ") || "no address"} stays on Proxmox VE alone`,
        );
      return word ?? [];
    });
    if (words.length > 0) found.words.set(each.name, words.join(" "));
  }
  return found;
}

function wordFor(
  { addresses }: DocumentedInterface,
  family: Family,
  { ip, gw }: { ip: string | undefined; gw: string | undefined },
  gatewayOf: (address: DocumentedAddress) => string | undefined,
): string | undefined {
  const kept = keptWord[family];
  const own = addresses.filter(({ address }) => familyOf(address) === family);
  if (ip?.includes("/")) {
    const same = own.find(({ address }) => sameAddress(address, ip));
    const gateway = same === undefined ? undefined : gatewayOf(same);
    const isSame = gateway === undefined || gw === undefined ? gateway === gw : canonical(gateway) === canonical(gw);
    return same !== undefined && isSame ? undefined : kept;
  }
  const word = ip === undefined ? undefined : automatic[family][ip];
  if (word !== undefined) return gw === undefined ? word : kept;
  return own.length > 0 || gw !== undefined ? kept : undefined;
}

const sameAddress = (a: string, b: string): boolean =>
  a.split("/")[1] === b.split("/")[1] && canonical(a) === canonical(b);

const documentedAddress = ({ address, vrf }: ObjectRow): DocumentedAddress => ({
  address: String(address),
  vrfId: nestedId(vrf),
});

/** The slot whose address brings the default route: that of the primary address, else the first with one that isn't secondary. */
function routed(
  all: DocumentedInterface[],
  family: Family,
  there: ObjectRow | undefined,
  documented: Documented,
): number | undefined {
  const primary = nestedId(family === 4 ? there?.primary_ip4 : there?.primary_ip6);
  const row = primary === undefined ? undefined : documented.address(primary);
  const main = row && documentedAddress(row);
  const isMain = ({ address, vrfId }: DocumentedAddress) =>
    main !== undefined && vrfId === main.vrfId && canonical(address) === canonical(main.address);
  const having = all.flatMap(({ slot, addresses }) =>
    addresses.filter(({ address }) => familyOf(address) === family).map((each) => ({ ...each, slot })),
  );
  const chosen = having.find(isMain) ?? having.find(({ role }) => role !== "secondary") ?? having[0];
  return chosen?.slot;
}
