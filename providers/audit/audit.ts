import { defineResource } from "../resource";
import { auditInputs, auditState } from "./audit.model";

export const accessAudit = defineResource({
  kind: "access-audit",
  type: "access:AccessAudit",
  about: "The record of who was granted what, by which run: the last hundred lines, kept in the state alone.",
  inputs: auditInputs,
  state: auditState,
  diff: (_state, { changes }) => Array.isArray(changes) && changes.length > 0,
});
