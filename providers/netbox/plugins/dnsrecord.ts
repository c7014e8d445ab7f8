import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { DnsRecordInputs } from "./dnsrecord.model";

/** A guest's record in netbox-dns. */
export class NetboxDnsRecord extends DynamicResource {
  constructor(
    name: string,
    inputs: { [K in keyof DnsRecordInputs]: pulumi.Input<DnsRecordInputs[K]> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super("netbox", "NetboxDnsRecord", "netbox-dns-record", name, inputs, options);
  }
}
