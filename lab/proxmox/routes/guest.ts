import type { Guest } from "../guest";
import * as schema from "../schema/cluster";
import { flag, type MethodParameters, required } from "../schema/parameters";
import { snapname } from "../schema/qemu";
import {
  createSnapshot,
  describeSnapshot,
  removeSnapshot,
  rollbackSnapshot,
  SnapshotKind,
  snapshotRows,
} from "../snapshots";
import { anybody, perm, permAny, type Route, type RouteCall, route } from "./route";

const takes = perm("/vms/{vmid}", "VM.Snapshot");
const audit = perm("/vms/{vmid}", "VM.Audit");
const named: MethodParameters = { snapname: required(snapname) };

/** `…/snapshot` of either kind of guest. */
export function snapshotRoutes<T extends Guest>(
  base: string,
  create: MethodParameters,
  kindOf: (call: RouteCall) => SnapshotKind<T>,
): Route[] {
  const guest = (call: RouteCall): Guest => kindOf(call).find(call.node, call.vmid);
  return [
    route("GET", `${base}/snapshot`, schema.none, audit, (call) => snapshotRows(guest(call))),
    route("POST", `${base}/snapshot`, create, takes, (call) =>
      createSnapshot(call.cluster, kindOf(call), call.node, call.vmid, call.params, call.caller),
    ),
    route("GET", `${base}/snapshot/{snapname}`, named, anybody, () => [{ cmd: "rollback" }, { cmd: "config" }]),
    route("DELETE", `${base}/snapshot/{snapname}`, { ...named, force: flag }, takes, (call) =>
      removeSnapshot(call.cluster, kindOf(call), call.node, call.vmid, call.params, call.caller),
    ),
    route(
      "GET",
      `${base}/snapshot/{snapname}/config`,
      named,
      permAny("/vms/{vmid}", "VM.Snapshot VM.Snapshot.Rollback VM.Audit"),
      (call) => guest(call).shownSnapshot(String(call.params.snapname)),
    ),
    route("PUT", `${base}/snapshot/{snapname}/config`, { ...named, description: { type: "string" } }, takes, (call) => {
      describeSnapshot(guest(call), call.params);
      return null;
    }),
    route(
      "POST",
      `${base}/snapshot/{snapname}/rollback`,
      { ...named, start: flag },
      permAny("/vms/{vmid}", "VM.Snapshot VM.Snapshot.Rollback"),
      (call) => rollbackSnapshot(call.cluster, kindOf(call), call.node, call.vmid, call.params, call.caller),
    ),
  ];
}
