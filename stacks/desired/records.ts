import { absolute, isDnsName } from "../../providers/bind9/names";
import { guestUrl } from "../../providers/mark";
import type { NetboxAddress } from "../../providers/netbox/schemas";
import type { Site } from "./guests";
import type { AddressRef, DesiredGuest, DesiredRecord, Problem } from "./types";

/** Finds the name server that keeps a name's zone. */
export type ServerOf = (name: string) => string | undefined;

interface Entry {
  addresses: AddressRef[];
  cname: string[];
  txt: string[];
  guests: Set<number>;
  holders: string[];
}

/** The names of the built guests: NetBox's `dns_name`s with all their addresses, their aliases and texts. */
export function desiredRecords(
  site: Site,
  guests: DesiredGuest[],
  serverOf: ServerOf,
): { records: DesiredRecord[]; problems: Problem[]; elsewhere: string[] } {
  const entries = new Map<string, Entry>();
  const problems: Problem[] = [];
  const byId = new Map(site.netbox.addresses.map((address) => [address.id, address]));
  const entry = (name: string, guest: DesiredGuest): Entry | undefined => {
    if (!isDnsName(name)) {
      problems.push(`${title(guest)}: "${name}" is no valid DNS name; correct it in NetBox`);
      return undefined;
    }
    const found = entries.get(absolute(name)) ?? { addresses: [], cname: [], txt: [], guests: new Set(), holders: [] };
    entries.set(absolute(name), found);
    found.guests.add(guest.id);
    found.holders.push(title(guest));
    return found;
  };
  for (const guest of guests)
    for (const { key, inputs } of guest.allocations) {
      const known = inputs.addressId === undefined ? undefined : byId.get(inputs.addressId);
      const name = known?.dnsName ?? inputs.dnsName ?? "";
      if (name === "") continue;
      entry(name, guest)?.addresses.push(
        inputs.address === undefined ? { allocation: key } : { address: inputs.address },
      );
      if (known) extras(site, guest, known, name, entry);
    }
  const elsewhere: string[] = [];
  const records = [...entries].flatMap(([name, found]): DesiredRecord[] => {
    const server = serverOf(name);
    if (server === undefined) elsewhere.push(name.replace(/\.$/, ""));
    const { addresses, cname, txt, guests: owners, holders } = found;
    if (cname.length > 0 && (addresses.length > 0 || new Set(cname).size > 1))
      problems.push(
        `${[...new Set(holders)].join(" and ")}: ${name} can't be an alias of ${cname.join(" and ")} and something else besides; keep one in NetBox`,
      );
    const owner = { stack: site.stack, guests: [...owners].sort((a, b) => a - b) };
    const texts = {
      ...(cname.length > 0 ? { CNAME: [...new Set(cname)] } : {}),
      ...(txt.length > 0 ? { TXT: [...new Set(txt)] } : {}),
    };
    return server === undefined
      ? []
      : [
          {
            key: `dns-${server}-${name.replace(/\.$/, "")}`,
            server,
            name,
            ttl: site.settings.dns.ttl,
            addresses,
            texts,
            owner,
          },
        ];
  });
  return { records, problems, elsewhere };
}

const title = ({ name, mark }: DesiredGuest) => `${name} (${guestUrl(mark)})`;

/** Aliases (comma-separated) and a text from the address's custom fields. */
function extras(
  { settings }: Site,
  guest: DesiredGuest,
  address: NetboxAddress,
  name: string,
  entry: (name: string, guest: DesiredGuest) => Entry | undefined,
): void {
  const { dnsAliases, dnsTxt } = settings.site.customFields;
  const aliases = (address.customFields.get(dnsAliases) ?? "").split(/[\s,;]+/).filter((alias) => alias !== "");
  for (const alias of aliases) entry(alias, guest)?.cname.push(absolute(name));
  const text = address.customFields.get(dnsTxt);
  if (text !== undefined) entry(name, guest)?.txt.push(text);
}
