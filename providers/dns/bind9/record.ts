import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../../resource";
import type { RecordInputs } from "./record.model";

/** One name on a BIND 9 name server: its RRsets, and the PTRs of its addresses. */
export class Bind9Record extends DynamicResource {
  constructor(
    name: string,
    inputs: { [K in keyof RecordInputs]: pulumi.Input<RecordInputs[K]> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super("bind9", "Bind9Record", "bind9-record", name, inputs, options);
  }
}
