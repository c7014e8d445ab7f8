import { die, parameterErrors } from "../errors";
import type { FirewallFile } from "../firewall/file";
import { objectDigest, withDigest } from "../firewall/file";
import { AddressSets, Aliases, RuleList, references } from "../firewall/firewall";
import { macros } from "../firewall/names";
import type { RuleEnvironment } from "../firewall/rule";
import { none } from "../schema/cluster";
import * as schema from "../schema/firewall";
import { vnetId as vnetGet } from "../schema/network";
import type { MethodParameters, Values } from "../schema/parameters";
import { perlLine } from "../sdn/sdn";
import { anybody, Page, perm, type RightsCheck, type Route, type RouteCall, route } from "./route";

/** A place that has firewall settings: where its routes are, whose file it is, and who may read and change it. */
interface Place {
  base: string;
  environment: RuleEnvironment;
  file: (call: RouteCall) => FirewallFile;
  reads: RightsCheck;
  changes: RightsCheck;
}

/** A method that answers nothing. */
const done =
  (work: (call: RouteCall) => void) =>
  (call: RouteCall): null => {
    work(call);
    return null;
  };
const names = (text: string) => () => text.split(" ").map((name) => ({ name }));
/** No node has a log of what its firewall did. */
const emptyLog = () => new Page([{ n: 1, t: "unable to open file - No such file or directory" }], 1);

/** Parameters that stand in a path. */
const inPath = (path: string): MethodParameters => ({
  ...(path.includes("{group}") ? schema.groupGet : {}),
  ...(path.includes("{vnet}") ? vnetGet : {}),
});

function optionRoutes({ base, file, reads, changes }: Place, known: MethodParameters, change = (sent: Values) => sent) {
  const path = `${base}/options`;
  return [
    route("GET", path, inPath(path), reads, (call) => {
      const { options } = file(call);
      return { ...options, digest: objectDigest(options) };
    }),
    route(
      "PUT",
      path,
      { ...inPath(path), ...schema.optionsChange(known) },
      changes,
      done((call) => {
        const { vnet: _vnet, ...sent } = call.params;
        file(call).setOptions(Object.keys(known), change(sent));
      }),
    ),
  ];
}

function ruleRoutes(path: string, { reads, changes }: Place, listOf: (call: RouteCall) => RuleList): Route[] {
  const parameters = inPath(path);
  const pos = ({ raw }: RouteCall) => raw.pos ?? "";
  return [
    route("GET", path, parameters, reads, (call) => listOf(call).list()),
    route(
      "POST",
      path,
      { ...parameters, ...schema.ruleCreate },
      changes,
      done((call) => listOf(call).add(call.params)),
    ),
    route("GET", `${path}/{pos}`, { ...parameters, ...schema.ruleGet }, reads, (call) => listOf(call).get(pos(call))),
    route(
      "PUT",
      `${path}/{pos}`,
      { ...parameters, ...schema.ruleUpdate },
      changes,
      done((call) => listOf(call).change(pos(call), call.params)),
    ),
    route(
      "DELETE",
      `${path}/{pos}`,
      { ...parameters, ...schema.ruleDelete },
      changes,
      done((call) => listOf(call).delete(pos(call), call.params.digest)),
    ),
  ];
}

const rulesOf =
  ({ environment, file }: Place) =>
  (call: RouteCall): RuleList =>
    new RuleList(file(call), environment, call.cluster.firewall.cluster);

function aliasRoutes({ base, file, reads, changes }: Place): Route[] {
  const path = `${base}/aliases`;
  const of = (call: RouteCall) => new Aliases(file(call));
  return [
    route("GET", path, none, reads, (call) => of(call).list()),
    route(
      "POST",
      path,
      schema.aliasCreate,
      changes,
      done((call) => of(call).add(call.params)),
    ),
    route("GET", `${path}/{name}`, schema.aliasGet, reads, (call) => of(call).get(String(call.params.name))),
    route(
      "PUT",
      `${path}/{name}`,
      schema.aliasUpdate,
      changes,
      done((call) => of(call).change(call.params)),
    ),
    route(
      "DELETE",
      `${path}/{name}`,
      schema.aliasDelete,
      changes,
      done((call) => of(call).delete(call.params)),
    ),
  ];
}

function setRoutes({ base, file, reads, changes }: Place): Route[] {
  const path = `${base}/ipset`;
  const of = (call: RouteCall) => new AddressSets(file(call), call.cluster.firewall.cluster);
  const name = ({ params }: RouteCall) => String(params.name);
  return [
    route("GET", path, none, reads, (call) => of(call).list()),
    route(
      "POST",
      path,
      schema.setCreate,
      changes,
      done((call) => of(call).create(call.params)),
    ),
    route("GET", `${path}/{name}`, schema.setGet, reads, (call) => of(call).entries(name(call))),
    route(
      "POST",
      `${path}/{name}`,
      schema.entryCreate,
      changes,
      done((call) => of(call).add(call.params)),
    ),
    route(
      "DELETE",
      `${path}/{name}`,
      schema.setDelete,
      changes,
      done((call) => of(call).delete(call.params)),
    ),
    route("GET", `${path}/{name}/{cidr*}`, schema.entryGet, reads, (call) =>
      of(call).entry(name(call), String(call.params.cidr)),
    ),
    route(
      "PUT",
      `${path}/{name}/{cidr*}`,
      schema.entryUpdate,
      changes,
      done((call) => of(call).change(call.params)),
    ),
    route(
      "DELETE",
      `${path}/{name}/{cidr*}`,
      schema.entryDelete,
      changes,
      done((call) => of(call).deleteEntry(call.params)),
    ),
  ];
}

/** `…/firewall` of either kind of guest; the guest need not be there. */
export function guestFirewallRoutes(base: string): Route[] {
  const place: Place = {
    base: `${base}/firewall`,
    environment: base.includes("/lxc/") ? "ct" : "vm",
    file: ({ cluster, vmid }) => cluster.firewall.guest(vmid),
    reads: perm("/vms/{vmid}", "VM.Audit"),
    changes: perm("/vms/{vmid}", "VM.Config.Network"),
  };
  return [
    route("GET", place.base, none, anybody, names("rules aliases ipset refs options")),
    ...optionRoutes(place, schema.guestFirewallOptions),
    ...ruleRoutes(`${place.base}/rules`, place, rulesOf(place)),
    ...aliasRoutes(place),
    ...setRoutes(place),
    route("GET", `${place.base}/refs`, schema.referenceQuery, place.reads, (call) => [
      ...references(call.cluster.firewall.cluster, "dc", call.params.type),
      ...references(place.file(call), "guest", call.params.type),
    ]),
    route("GET", `${place.base}/log`, schema.guestLog, perm("/vms/{vmid}", "VM.Console"), emptyLog),
  ];
}

const atNode: Place = {
  base: "/nodes/{node}/firewall",
  environment: "host",
  file: ({ cluster, node }) => cluster.firewall.node(node),
  reads: perm("/nodes/{node}", "Sys.Audit"),
  changes: perm("/nodes/{node}", "Sys.Modify"),
};

/** A right on a vnet in force, below its zone. */
const onVnet =
  (...privileges: string[]): RightsCheck =>
  ({ cluster, caller, raw: { vnet = "" } }) => {
    const zone = cluster.sdn.running?.vnets.get(vnet)?.zone;
    if (zone === undefined) die(`invalid vnet specified${perlLine("API2/Firewall/Helpers.pm", 54)}`);
    cluster.access.require(caller.authId, `/sdn/zones/${zone}/${vnet}`, privileges, true);
  };

const atVnet: Place = {
  base: "/cluster/sdn/vnets/{vnet}/firewall",
  environment: "vnet",
  file: ({ cluster, raw }) => cluster.firewall.vnet(raw.vnet ?? ""),
  reads: onVnet("SDN.Audit", "SDN.Allocate"),
  changes: onVnet("SDN.Allocate"),
};

const atCluster: Place = {
  base: "/cluster/firewall",
  environment: "cluster",
  file: ({ cluster }) => cluster.firewall.cluster,
  reads: perm("/", "Sys.Audit"),
  changes: perm("/", "Sys.Modify"),
};

const groupRules = ({ cluster, params }: RouteCall): RuleList => {
  const { cluster: file } = cluster.firewall;
  return new RuleList(file.group(String(params.group)), "group", file);
};

function writeGroup({ cluster: { firewall }, params }: RouteCall): void {
  const { group, rename, comment, digest } = params;
  const { groups } = firewall.cluster;
  const said = comment === undefined ? undefined : String(comment);
  if (rename !== undefined) {
    if (digest !== undefined && digest !== withDigest(groupRows(firewall.cluster))[0]?.digest)
      die("detected modified configuration - file changed by other user? Try again.");
    firewall.renameGroup(String(rename), String(group), said);
    return;
  }
  if (groups.has(String(group))) parameterErrors({ group: `Security group '${group}' already exists` });
  groups.set(String(group).toLowerCase(), { rules: [], ...(said === undefined ? {} : { comment: said }) });
}

const groupRows = ({ groups }: FirewallFile): Values[] =>
  [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, { comment }]) => ({ group, ...(comment ? { comment } : {}) }));

/** An `enable` above 1 is the time at which the cluster's firewall was switched on, for now. */
const timed = ({ enable, ...options }: Values): Values =>
  enable === undefined ? options : { ...options, enable: Number(enable) > 1 ? Math.floor(Date.now() / 1000) : enable };

export const firewallRoutes: Route[] = [
  route("GET", atCluster.base, none, anybody, names("aliases rules options groups ipset macros refs")),
  ...optionRoutes(atCluster, schema.clusterFirewallOptions, timed),
  ...ruleRoutes(`${atCluster.base}/rules`, atCluster, rulesOf(atCluster)),
  ...aliasRoutes(atCluster),
  ...setRoutes(atCluster),
  route("GET", `${atCluster.base}/macros`, none, anybody, () => macros.map((macro) => ({ macro, descr: macro }))),
  route("GET", `${atCluster.base}/refs`, schema.referenceQuery, atCluster.reads, ({ cluster, params }) =>
    references(cluster.firewall.cluster, "dc", params.type),
  ),
  route("GET", `${atCluster.base}/groups`, none, anybody, ({ cluster }) =>
    withDigest(groupRows(cluster.firewall.cluster)),
  ),
  route("POST", `${atCluster.base}/groups`, schema.groupCreate, atCluster.changes, done(writeGroup)),
  ...ruleRoutes(`${atCluster.base}/groups/{group}`, atCluster, groupRules),
  route(
    "DELETE",
    `${atCluster.base}/groups/{group}`,
    schema.groupGet,
    atCluster.changes,
    done(({ cluster, params }) => {
      const name = String(params.group);
      const { cluster: file } = cluster.firewall;
      if (file.group(name).rules.length > 0) die(`Security group '${name}' is not empty`);
      file.groups.delete(name);
    }),
  ),
  route("GET", atVnet.base, vnetGet, anybody, names("options rules")),
  ...optionRoutes(atVnet, schema.vnetFirewallOptions),
  ...ruleRoutes(`${atVnet.base}/rules`, atVnet, rulesOf(atVnet)),
  route("GET", atNode.base, none, anybody, names("rules options log")),
  ...optionRoutes(atNode, schema.nodeFirewallOptions),
  ...ruleRoutes(`${atNode.base}/rules`, atNode, rulesOf(atNode)),
  route("GET", `${atNode.base}/log`, schema.guestLog, perm("/nodes/{node}", "Sys.Syslog"), emptyLog),
];
