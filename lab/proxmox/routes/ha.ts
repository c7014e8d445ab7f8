import { die } from "../errors";
import { haStatus, managerStatus } from "../ha/status";
import { none } from "../schema/cluster";
import * as schema from "../schema/ha";
import type { Values } from "../schema/parameters";
import { anybody, perm, type Route, type RouteCall, route } from "./route";

const reads = perm("/", "Sys.Audit");
const writes = perm("/", "Sys.Console");
const names = (key: string, list: string) => () => list.split(" ").map((name) => ({ [key]: name }));

const done =
  (work: (call: RouteCall) => void) =>
  (call: RouteCall): null => {
    work(call);
    return null;
  };

const hasGroups = ({ cluster }: RouteCall): boolean => Number(cluster.version.version.split(".")[0]) < 9;

/** Groups became rules with PVE 9. The lab has none of PVE 8's, whose names resources may carry. */
const migrated = (what: string) => (call: RouteCall) =>
  hasGroups(call) && what === "index groups" ? [] : die(`cannot ${what}: ha groups have been migrated to rules`);

/** The settings of a resource, if they are this release's. */
function settings(call: RouteCall): Values {
  if (call.params.group !== undefined && !hasGroups(call))
    die("invalid parameter 'group': ha groups have been migrated to rules");
  return call.params;
}

const base = "/cluster/ha";
const resource = `${base}/resources/{sid}`;
const rule = `${base}/rules/{rule}`;
const sid = ({ params }: RouteCall) => String(params.sid);

export const haRoutes: Route[] = [
  route("GET", base, none, reads, names("id", "status resources groups rules")),

  // ---- resources
  route("GET", `${base}/resources`, schema.haListParameters, reads, ({ cluster, params }) =>
    cluster.ha.list(params.type === undefined ? undefined : String(params.type)),
  ),
  route(
    "POST",
    `${base}/resources`,
    schema.haCreateParameters,
    writes,
    done((call) => call.cluster.ha.create(settings(call))),
  ),
  route("GET", resource, schema.haGetParameters, reads, (call) => call.cluster.ha.get(sid(call))),
  route(
    "PUT",
    resource,
    schema.haUpdateParameters,
    writes,
    done((call) => call.cluster.ha.update(settings(call))),
  ),
  route(
    "DELETE",
    resource,
    schema.haDeleteParameters,
    writes,
    done((call) => call.cluster.ha.delete(sid(call), call.params.purge !== 0)),
  ),
  ...["migrate", "relocate"].map((action) =>
    route("POST", `${resource}/${action}`, schema.haMigrateParameters, writes, (call) =>
      call.cluster.ha.migrate(sid(call), String(call.params.node)),
    ),
  ),

  // ---- groups, as PVE 9 answers for them
  route("GET", `${base}/groups`, none, reads, migrated("index groups")),
  route("POST", `${base}/groups`, schema.haGroupCreateParameters, writes, migrated("create group")),
  route("GET", `${base}/groups/{group}`, schema.haGroupParameters, reads, migrated("read group")),
  route("PUT", `${base}/groups/{group}`, schema.haGroupUpdateParameters, writes, migrated("update group")),
  route("DELETE", `${base}/groups/{group}`, schema.haGroupParameters, writes, migrated("delete group")),

  // ---- rules
  route("GET", `${base}/rules`, schema.haRuleListParameters, reads, ({ cluster, params }) =>
    cluster.ha.rules.list(params),
  ),
  route(
    "POST",
    `${base}/rules`,
    schema.haRuleCreateParameters,
    writes,
    done(({ cluster, params }) => cluster.ha.rules.create(params)),
    { variants: schema.haRuleCreateVariants },
  ),
  route("GET", rule, schema.haRuleGetParameters, reads, ({ cluster, params }) =>
    cluster.ha.rules.get(String(params.rule)),
  ),
  route(
    "PUT",
    rule,
    schema.haRuleUpdateParameters,
    writes,
    done(({ cluster, params }) => cluster.ha.rules.update(params)),
    { variants: schema.haRuleUpdateVariants },
  ),
  route(
    "DELETE",
    rule,
    schema.haRuleGetParameters,
    writes,
    done(({ cluster, params }) => cluster.ha.rules.delete(String(params.rule))),
  ),

  // ---- status
  route("GET", `${base}/status`, none, anybody, names("name", "current manager_status disarm-ha arm-ha")),
  route("GET", `${base}/status/current`, none, reads, ({ cluster }) => haStatus(cluster)),
  route("GET", `${base}/status/manager_status`, none, reads, ({ cluster }) => managerStatus(cluster)),
  route(
    "POST",
    `${base}/status/disarm-ha`,
    schema.haDisarmParameters,
    writes,
    done(({ cluster, params }) => {
      cluster.ha.disarmed = params["resource-mode"] === "ignore" ? "ignore" : "freeze";
    }),
  ),
  route(
    "POST",
    `${base}/status/arm-ha`,
    none,
    writes,
    done(({ cluster }) => {
      cluster.ha.disarmed = undefined;
    }),
  ),
];
