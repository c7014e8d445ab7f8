import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type DnsRecordInputs, dnsRecordDiff, dnsRecordInputs, dnsRecordState } from "./dnsrecord.model";

export const netboxDnsRecord = defineResource({
  kind: "netbox-dns-record",
  type: "netbox:NetboxDnsRecord",
  about: "A guest's record in netbox-dns.",
  inputs: dnsRecordInputs,
  state: dnsRecordState,
  diff: dnsRecordDiff,
});

/** A guest's record in netbox-dns. */
export class NetboxDnsRecord extends DynamicResource {
  constructor(
    name: string,
    inputs: { [K in keyof DnsRecordInputs]: pulumi.Input<DnsRecordInputs[K]> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(netboxDnsRecord, name, inputs, options);
  }
}
