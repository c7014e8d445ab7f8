import { guestTitle, guestUrl } from "../../../providers/ownership/mark";
import { parseAllocation } from "../../../providers/ownership/netbox";
import { groupBy } from "../../../providers/values";
import { canonical } from "../../netbox/address";
import { vmidOf } from "../../netbox/identity";
import type { Vrf } from "../../netbox/ipam";
import { isConfigurable } from "../../netbox/roles";
import { knownOfGuests } from "./kept";
import type { DesiredGuest, GuestProblem, Site } from "./types";

/** What no two guests of a stack may have both. */
interface Claim {
  id: number;
  title: string;
  /** The cluster and the VMID; cluster, tenant and name; the VRF and the host. */
  vmid: string[];
  name: string[];
  address: string[];
}

const kinds = [
  { kind: "vmid", what: "VMID", remedy: "change one in NetBox" },
  { kind: "name", what: "name", remedy: "rename one in NetBox" },
  { kind: "address", what: "address", remedy: "take it off one in NetBox" },
] as const;

/** One address in two VRFs is two. */
const inVrf = (vrf: Vrf, address: string): string => `${vrf ?? ""}\0${canonical(address)}`;
const within = (cluster: string | undefined, what: string | number): string => `${cluster ?? ""}\0${what}`;
/** NetBox's own rule: guests of two tenants may have one name in a cluster, and Proxmox VE takes as many as one likes. */
const named = (cluster: string | undefined, tenant: string | undefined, name: string): string =>
  within(cluster, `${tenant ?? ""}\0${name.toLowerCase()}`);

/**
 * Guests that would have the same VMID, name or address. One that has it already keeps it, and only the others have a problem.
 * @param left guests that are left out: what they have, or would get, is given to nobody else
 */
export function clashes(site: Site, guests: DesiredGuest[], left: ReadonlySet<number>): GuestProblem[] {
  const tenants = new Map(site.netbox.guests.map(({ id, tenant }) => [id, tenant]));
  const claims = [...guests.map((guest) => claimOf(guest, tenants.get(guest.id))), ...leftClaims(site, left)];
  const having = new Map<string, Claim[]>();
  for (const claim of claims)
    for (const { kind } of kinds)
      for (const key of new Set(claim[kind])) {
        const found = having.get(`${kind}\0${key}`);
        if (found === undefined) having.set(`${kind}\0${key}`, [claim]);
        else found.push(claim);
      }
  const contested = [...having].filter(([, list]) => list.length > 1);
  if (contested.length === 0) return [];
  const before = new Map(stateClaims(site).map((claim) => [claim.id, claim]));
  return contested.flatMap(([key, list]): GuestProblem[] => {
    const [kind = "", ...rest] = key.split("\0");
    const meaning = kinds.find((each) => each.kind === kind);
    if (meaning === undefined) return [];
    const holders = list.filter(({ id }) => before.get(id)?.[meaning.kind].includes(rest.join("\0")));
    const others = holders.length === 1 ? list.filter((each) => !holders.includes(each)) : list;
    const toTell = others.filter(({ id }) => !left.has(id)).map(({ id }) => id);
    const titles = list.map(({ title }) => title).join(" and ");
    return toTell.length === 0
      ? []
      : [{ guests: toTell, text: `${titles} have the same ${meaning.what} ${rest.at(-1)}; ${meaning.remedy}` }];
  });
}

function claimOf(
  { id, name, mark, machine: { inputs }, nics, allocations }: DesiredGuest,
  tenant: string | undefined,
): Claim {
  // What stays as Proxmox VE has it is nobody's claim.
  const given = nics.flatMap(({ v4, v6, kept = [] }) =>
    [kept.includes(4) ? undefined : v4, kept.includes(6) ? undefined : v6].flatMap((ref) =>
      ref && "address" in ref ? [canonical(ref.address)] : [],
    ),
  );
  return {
    id,
    title: guestTitle({ name, mark }),
    vmid: [within(inputs.cluster, inputs.vmid)],
    // NetBox's: a guest that is NAME (VMID) there may share NAME on Proxmox VE.
    name: [named(inputs.cluster, tenant, name)],
    address: allocations.flatMap(({ isConfigurable: mayBeGiven, vrfId, inputs: { address } }) =>
      mayBeGiven && address !== undefined && given.includes(canonical(address)) ? [inVrf(vrfId, address)] : [],
    ),
  };
}

/** What the guests of the state have. */
function stateClaims({ state, netbox }: Site): Claim[] {
  const known = knownOfGuests(state.resources);
  const tenants = new Map(netbox.guests.map(({ id, tenant }) => [id, tenant]));
  return [...state.guests].map(([id, { name, cluster, vmid }]) => ({
    id,
    title: `${name} (${guestUrl({ netboxUrl: netbox.url, netboxId: id })})`,
    vmid: [within(cluster, vmid)],
    name: [named(cluster, tenants.get(id), name)],
    address: (known.get(id) ?? []).flatMap(({ type, properties: { address, addressId, vrfId } }) =>
      type === "NetboxIpAllocation" && typeof address === "string"
        ? [
            inVrf(
              netbox.ipam.address(Number(addressId))?.vrfId ?? (typeof vrfId === "number" ? vrfId : undefined),
              address,
            ),
          ]
        : [],
    ),
  }));
}

/** What guests that are left out have by the state, or, where they were never made, would get by NetBox. */
function leftClaims(site: Site, left: ReadonlySet<number>): Claim[] {
  if (left.size === 0) return [];
  const { netbox, settings } = site;
  const made = stateClaims(site).filter(({ id }) => left.has(id));
  const isMade = new Set(made.map(({ id }) => id));
  const interfaces = groupBy(netbox.interfaces, ({ guestId }) => guestId);
  const planned = netbox.guests.filter(({ id }) => left.has(id) && !isMade.has(id));
  return [
    ...made,
    ...planned.map((guest): Claim => {
      const vmid = vmidOf(guest, settings)?.vmid;
      const addresses = (interfaces.get(guest.id) ?? []).flatMap(({ id }) => netbox.ipam.onInterface(id));
      return {
        id: guest.id,
        title: `${guest.name} (${guestUrl({ netboxUrl: netbox.url, netboxId: guest.id })})`,
        vmid: vmid === undefined ? [] : [within(guest.clusterName, vmid)],
        name: [named(guest.clusterName, guest.tenant, guest.name)],
        address: addresses.flatMap((each) =>
          isConfigurable(each) && parseAllocation(each.description) === undefined
            ? [inVrf(each.vrfId, each.address)]
            : [],
        ),
      };
    }),
  ];
}
