import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../../resource";
import { type RecordInputs, recordDiff, recordInputs, recordState } from "./record.model";

export const bind9Record = defineResource({
  kind: "bind9-record",
  type: "bind9:Bind9Record",
  about: "One name on a BIND 9 name server: its RRsets, and the PTRs of its addresses.",
  inputs: recordInputs,
  state: recordState,
  diff: recordDiff,
});

/** One name on a BIND 9 name server: its RRsets, and the PTRs of its addresses. */
export class Bind9Record extends DynamicResource {
  constructor(
    name: string,
    inputs: { [K in keyof RecordInputs]: pulumi.Input<RecordInputs[K]> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(bind9Record, name, inputs, options);
  }
}
