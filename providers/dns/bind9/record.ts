import { defineResource } from "../../resource";
import { recordDiff, recordInputs, recordState } from "./record.model";

export const bind9Record = defineResource({
  kind: "bind9-record",
  type: "bind9:Bind9Record",
  about: "One name on a BIND 9 name server: its RRsets, and the PTRs of its addresses.",
  inputs: recordInputs,
  state: recordState,
  diff: recordDiff,
});
