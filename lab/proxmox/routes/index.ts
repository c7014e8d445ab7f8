import { setImmediate as nextTurn } from "node:timers/promises";
import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { forbidden, PveError } from "../errors";
import { hasMethod } from "../releases";
import { checkParameters, required } from "../schema/parameters";
import { vmid } from "../schema/qemu";
import { accessRoutes } from "./access";
import { agentRoutes } from "./agent";
import { backupRoutes } from "./backup";
import { bulkRoutes } from "./bulk";
import { clusterRoutes } from "./cluster";
import { corosyncRoutes } from "./corosync";
import { datacenterRoutes } from "./datacenter";
import { firewallRoutes } from "./firewall";
import { haRoutes } from "./ha";
import { jobRoutes } from "./jobs";
import { lxcRoutes } from "./lxc";
import { mappingRoutes } from "./mappings";
import { qemuRoutes } from "./qemu";
import type { Route, RouteCall } from "./route";
import { sdnRoutes } from "./sdn";
import { storageRoutes } from "./storage";

export const routes: readonly Route[] = [
  ...accessRoutes,
  ...clusterRoutes,
  ...datacenterRoutes,
  ...mappingRoutes,
  ...backupRoutes,
  ...jobRoutes,
  ...bulkRoutes,
  ...storageRoutes,
  ...sdnRoutes,
  ...firewallRoutes,
  ...haRoutes,
  ...corosyncRoutes,
  ...qemuRoutes,
  ...agentRoutes,
  ...lxcRoutes,
];

export interface Match {
  route: Route;
  /** Values of the path's names. */
  values: Record<string, string>;
}

/** Finds the method for a path below /api2/json; anything else is PVE's 501. */
export function match(method: string, path: string): Match {
  for (const route of routes) {
    const found = route.method === method ? route.pattern.exec(path) : null;
    if (!found) continue;
    const values = route.names.map((name, n) => [name, decodeURIComponent(found[n + 1] ?? "")] as const);
    return { route, values: Object.fromEntries(values) };
  }
  throw new PveError(501, `Method '${method} ${path}' not implemented`);
}

/** Runs a matched method: rights first, then parameters, then the method itself. */
export async function invoke(
  cluster: Cluster,
  caller: ProxmoxCaller,
  { route, values }: Match,
  sent: Record<string, string>,
  file?: Buffer,
): Promise<unknown> {
  if (!hasMethod(cluster, route)) throw new PveError(501, `Method '${route.method} ${route.path}' not implemented`);
  const { node = "", vmid: inPath, ...named } = values;
  if (values.node !== undefined) cluster.node(node);
  if (caller.byToken && !route.byToken)
    forbidden(`URI '${route.path}' not available with API token, need proper ticket.\n`);
  await nextTurn();
  const raw = { ...sent, ...values };
  const call: RouteCall = { cluster, caller, node, vmid: Number(inPath), params: {}, raw, file };
  route.needs(call);
  const parameters = inPath === undefined ? route.parameters : { ...route.parameters, vmid: required(vmid) };
  const checked = checkParameters(
    parameters,
    { ...sent, ...named, ...(inPath === undefined ? {} : { vmid: inPath }) },
    route.variants,
  );
  if (inPath !== undefined) delete checked.vmid;
  return route.handle({ ...call, params: checked });
}
