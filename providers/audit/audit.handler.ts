import { hostname, userInfo } from "node:os";
import { handle } from "../resource";
import { accessAudit } from "./audit";
import { type AuditState, recorded, runOf } from "./audit.model";

/** Stands in no system. What a run changed is added to what there is, and nothing is ever taken out but by its length. */
export const auditHandler = handle(accessAudit, {
  create: async ({ changes, earlier = [] }) => ({ id: "audit", state: added(earlier, changes) }),
  read: async (known) => known,
  update: async ({ lines }, { changes }) => added(lines, changes),
  delete: async () => {},
});

const added = (lines: readonly string[], changes: string[]): AuditState => ({
  changes,
  lines: recorded(lines, changes, runOf(process.env, userInfo().username, hostname()), new Date()),
});
