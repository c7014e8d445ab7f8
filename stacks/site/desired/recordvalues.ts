import type { RecordInputs } from "../../../providers/dns/bind9/record.model";
import { canonicalAddress, reverseName } from "../../../providers/dns/names";
import { familyOf } from "../../netbox/address";
import type { DesiredRecord } from "./types";

/** A name's values once its addresses are known. @param zoneOf the zone of the name's server that holds a name */
export function recordValues(
  { texts, withoutPtr }: Pick<DesiredRecord, "texts" | "withoutPtr">,
  addresses: string[],
  zoneOf: (name: string) => string | undefined,
): Pick<RecordInputs, "records" | "reverse"> {
  const hosts = [...new Set(addresses.map(canonicalAddress))].sort();
  const of = (family: 4 | 6) => hosts.filter((host) => familyOf(host) === family);
  return {
    records: { ...texts, ...(of(4).length > 0 ? { A: of(4) } : {}), ...(of(6).length > 0 ? { AAAA: of(6) } : {}) },
    reverse: hosts.filter((host) => !withoutPtr.includes(host) && zoneOf(reverseName(host)) !== undefined),
  };
}
