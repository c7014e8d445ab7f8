import { type BulkAction, bulkAction, migrateAll, type NodeAction, nodeAction } from "../bulk";
import * as schema from "../schema/bulk";
import { none } from "../schema/cluster";
import type { MethodParameters } from "../schema/parameters";
import { anybody, type Route, type RouteCall, route } from "./route";

const actions: [BulkAction, MethodParameters][] = [
  ["start", schema.bulkStartParameters],
  ["shutdown", schema.bulkShutdownParameters],
  ["migrate", schema.bulkMigrateParameters],
  ["suspend", schema.bulkSuspendParameters],
];
const nodeActions: [NodeAction, MethodParameters][] = [
  ["startall", schema.startAllParameters],
  ["stopall", schema.stopAllParameters],
  ["suspendall", schema.suspendAllParameters],
];

export const bulkRoutes: Route[] = [
  route("GET", "/cluster/bulk-action", none, anybody, () => [{ name: "guest" }]),
  route("GET", "/cluster/bulk-action/guest", none, anybody, () => actions.map(([name]) => ({ name }))),
  ...actions.map(([action, parameters]) =>
    route(
      "POST",
      `/cluster/bulk-action/guest/${action}`,
      parameters,
      anybody,
      ({ cluster, params, caller }: RouteCall) => bulkAction(cluster, action, params, caller),
    ),
  ),
  ...nodeActions.map(([action, parameters]) =>
    route("POST", `/nodes/{node}/${action}`, parameters, anybody, ({ cluster, node, params, caller }: RouteCall) =>
      nodeAction(cluster, action, { node, params }, caller),
    ),
  ),
  route("POST", "/nodes/{node}/migrateall", schema.migrateAllParameters, anybody, ({ cluster, node, params, caller }) =>
    migrateAll(cluster, { node, params }, caller),
  ),
];
