import type { RecordInputs } from "../../../providers/dns/bind9/record.model";
import { canonicalAddress, takesPointers } from "../../../providers/dns/names";
import { familyOf } from "../../netbox/address";
import type { DesiredRecord } from "./types";

/** A name's values once its addresses are known. @param hasPointer does a zone of the name's server hold an address's PTR? */
export function recordValues(
  { name, texts, withoutPtr }: Pick<DesiredRecord, "name" | "texts" | "withoutPtr">,
  addresses: string[],
  hasPointer: (address: string) => boolean,
): Pick<RecordInputs, "records" | "reverse"> {
  const hosts = [...new Set(addresses.map(canonicalAddress))].sort();
  const of = (family: 4 | 6) => hosts.filter((host) => familyOf(host) === family);
  return {
    records: { ...texts, ...(of(4).length > 0 ? { A: of(4) } : {}), ...(of(6).length > 0 ? { AAAA: of(6) } : {}) },
    reverse: takesPointers(name) ? hosts.filter((host) => !withoutPtr.includes(host) && hasPointer(host)) : [],
  };
}
