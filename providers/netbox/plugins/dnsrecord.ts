import { defineResource } from "../../resource";
import { dnsRecordDiff, dnsRecordInputs, dnsRecordState } from "./dnsrecord.model";

export const netboxDnsRecord = defineResource({
  kind: "netbox-dns-record",
  type: "netbox:NetboxDnsRecord",
  about: "A guest's record in netbox-dns.",
  inputs: dnsRecordInputs,
  state: dnsRecordState,
  diff: dnsRecordDiff,
});
