import { die, parameterErrors } from "../errors";
import { ifaceParameters, none } from "../schema/cluster";
import * as schema from "../schema/network";
import type { MethodParameters, Values } from "../schema/parameters";
import { applySdn, changeBridge, isOn, needSubnetOf, releaseSdnLock, reloadNetwork, rollbackSdn } from "../sdn/apply";
import {
  createSubnet,
  createVnet,
  createZone,
  deleteSubnet,
  deleteVnet,
  deleteZone,
  dhcpRanges,
  networkOfSubnet,
  updateSubnet,
  updateVnet,
  updateZone,
} from "../sdn/changes";
import type { AppliedKind, Sdn } from "../sdn/sdn";
import {
  createController,
  createService,
  deleteController,
  deleteService,
  updateController,
  updateService,
} from "../sdn/services";
import { anybody, perm, type RightsCheck, type Route, type RouteCall, route } from "./route";

type Shown = Record<string, unknown>;
const allocate = (path: string) => perm(path, "SDN.Allocate");
const modify = perm("/nodes/{node}", "Sys.Modify");
const eitherRight = ["SDN.Audit", "SDN.Allocate"];

/** A right on a vnet that is there, below its zone. */
const onVnet =
  (...privileges: string[]): RightsCheck =>
  ({ cluster, caller, raw }) => {
    const id = raw.vnet ?? "";
    cluster.access.require(caller.authId, `/sdn/zones/${cluster.sdn.vnet(id).zone}/${id}`, privileges, true);
  };

const done =
  (work: (sdn: Sdn, params: Values) => void | Promise<void>) =>
  async ({ cluster, params }: RouteCall): Promise<null> => {
    await work(cluster.sdn, params);
    return null;
  };

const keys = { zones: "zone", vnets: "vnet", subnets: "subnet", controllers: "controller" } as const;

/** The objects of a kind by id, as they are written, as they are in force, or both. */
function objects(kind: AppliedKind, { cluster: { sdn }, params }: RouteCall): [id: string, Shown][] {
  const digest = params.pending === 1 || params.running === 1 ? null : sdn.digest(kind);
  const found: Iterable<[string, Shown]> =
    params.pending === 1 ? sdn.pending(kind) : params.running === 1 ? (sdn.running?.[kind] ?? []) : sdn[kind];
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, object]) => [
      id,
      kind === "subnets" ? shownSubnet(id, object, digest) : { ...object, [keys[kind]]: id, digest },
    ]);
}

function shownSubnet(id: string, object: Shown, digest: string | null): Shown {
  const ranges = object["dhcp-range"];
  return {
    ...object,
    ...{ id, subnet: id, digest, ...networkOfSubnet(id) },
    "dhcp-range": typeof ranges === "string" ? dhcpRanges(ranges) : [],
  };
}

function one(kind: AppliedKind, call: RouteCall, missing: (id: string) => string): Shown {
  const id = String(call.params[keys[kind]]);
  return objects(kind, call).find(([each]) => each === id)?.[1] ?? die(missing(id));
}

/** Those objects that the caller may see. */
const seen =
  (kind: AppliedKind, pathOf: (id: string, object: Shown) => string) =>
  (call: RouteCall): Shown[] =>
    objects(kind, call)
      .filter(([id, object]) => call.cluster.access.may(call.caller.authId, pathOf(id, object), eitherRight, true))
      .map(([, object]) => object)
      .filter(({ type }) => call.params.type === undefined || call.params.type === type);

const zoneOf = ({ zone, pending }: Shown): string =>
  String(zone ?? (typeof pending === "object" && pending !== null && "zone" in pending ? pending.zone : ""));

function subnetOf(call: RouteCall): Shown {
  const found = one("subnets", call, (id) => `sdn subnet '${id}' does not exist`);
  return found.vnet === call.params.vnet ? found : parameterErrors({ vnet: "wrong vnet" });
}

const pveIpam = { ipam: "pve", type: "pve" };
const servicesOf = (kind: "ipams" | "dns", { cluster: { sdn } }: RouteCall): Values[] => {
  const key = kind === "ipams" ? "ipam" : "dns";
  const digest = sdn.digest(kind);
  const kept = [...sdn[kind]].map(([id, service]) => ({ ...service, [key]: id, digest }));
  return kind === "ipams" ? [{ ...pveIpam, digest }, ...kept] : kept;
};

/** IPAM and DNS services. */
function serviceRoutes(
  kind: "ipams" | "dns",
  parameters: Record<"list" | "get" | "create" | "update" | "delete", MethodParameters>,
) {
  const key = kind === "ipams" ? "ipam" : "dns";
  const base = `/cluster/sdn/${kind}`;
  const named = `${base}/{${key}}`;
  return [
    route("GET", base, parameters.list, anybody, (call) =>
      servicesOf(kind, call).filter(
        (service) =>
          (call.params.type === undefined || service.type === call.params.type) &&
          call.cluster.access.may(call.caller.authId, `/sdn/${kind}/${service[key]}`, eitherRight, true),
      ),
    ),
    route(
      "POST",
      base,
      parameters.create,
      allocate(`/sdn/${kind}`),
      done((sdn, params) => createService(sdn, kind, params)),
    ),
    route(
      "GET",
      named,
      parameters.get,
      allocate(`/sdn/${kind}/{${key}}`),
      (call) =>
        servicesOf(kind, call).find((service) => service[key] === call.params[key]) ??
        die(`sdn '${call.params[key]}' does not exist`),
    ),
    route(
      "PUT",
      named,
      parameters.update,
      allocate(`/sdn/${kind}`),
      done((sdn, params) => updateService(sdn, kind, params)),
    ),
    route(
      "DELETE",
      named,
      parameters.delete,
      allocate(`/sdn/${kind}`),
      done((sdn, params) => deleteService(sdn, kind, params)),
    ),
  ];
}

/** An address of PVE's own IPAM: the lab keeps none, and only looks for its subnet. */
const addressChange = (end?: string) => done((sdn, { vnet, ip }) => needSubnetOf(sdn, String(vnet), ip, end));
const onAddress = perm("/sdn/zones/{zone}/{vnet}", "SDN.Allocate");

export const sdnRoutes: Route[] = [
  route("GET", "/cluster/sdn", none, perm("/sdn", "SDN.Audit"), () =>
    "vnets zones controllers ipams dns fabrics".split(" ").map((id) => ({ id })),
  ),
  route("PUT", "/cluster/sdn", schema.sdnApplyParameters, allocate("/sdn"), ({ cluster, caller, params }) =>
    applySdn(cluster, params, caller),
  ),
  route("POST", "/cluster/sdn/lock", schema.sdnLockParameters, allocate("/sdn"), ({ cluster, params }) =>
    cluster.sdn.lock(params["allow-pending"] === 1),
  ),
  route("DELETE", "/cluster/sdn/lock", schema.sdnReleaseParameters, allocate("/sdn"), done(releaseSdnLock)),
  route("POST", "/cluster/sdn/rollback", schema.sdnApplyParameters, allocate("/sdn"), done(rollbackSdn)),

  // ---- zones
  route(
    "GET",
    "/cluster/sdn/zones",
    schema.zoneListParameters,
    anybody,
    seen("zones", (id) => `/sdn/zones/${id}`),
  ),
  route("POST", "/cluster/sdn/zones", schema.zoneCreateParameters, allocate("/sdn/zones"), done(createZone)),
  route("GET", "/cluster/sdn/zones/{zone}", schema.zoneGetParameters, allocate("/sdn/zones/{zone}"), (call) =>
    one("zones", call, (id) => `sdn '${id}' does not exist`),
  ),
  route(
    "PUT",
    "/cluster/sdn/zones/{zone}",
    schema.zoneUpdateParameters,
    allocate("/sdn/zones/{zone}"),
    done(updateZone),
  ),
  route("DELETE", "/cluster/sdn/zones/{zone}", schema.zoneParameters, allocate("/sdn/zones/{zone}"), done(deleteZone)),

  // ---- vnets
  route(
    "GET",
    "/cluster/sdn/vnets",
    schema.vnetListParameters,
    anybody,
    seen("vnets", (id, vnet) => `/sdn/zones/${zoneOf(vnet)}/${id}`),
  ),
  route("POST", "/cluster/sdn/vnets", schema.vnetCreateParameters, allocate("/sdn/zones/{zone}"), done(createVnet)),
  route("GET", "/cluster/sdn/vnets/{vnet}", schema.vnetGetParameters, onVnet(...eitherRight), (call) =>
    one("vnets", call, (id) => `sdn vnet '${id}' does not exist`),
  ),
  route("PUT", "/cluster/sdn/vnets/{vnet}", schema.vnetUpdateParameters, onVnet("SDN.Allocate"), done(updateVnet)),
  route("DELETE", "/cluster/sdn/vnets/{vnet}", schema.vnetParameters, onVnet("SDN.Allocate"), done(deleteVnet)),

  // ---- subnets
  route("GET", "/cluster/sdn/vnets/{vnet}/subnets", schema.subnetListParameters, onVnet(...eitherRight), (call) =>
    objects("subnets", call)
      .map(([, subnet]) => subnet)
      .filter(({ vnet }) => vnet === call.params.vnet),
  ),
  route(
    "POST",
    "/cluster/sdn/vnets/{vnet}/subnets",
    schema.subnetCreateParameters,
    onVnet("SDN.Allocate"),
    done(createSubnet),
  ),
  route(
    "GET",
    "/cluster/sdn/vnets/{vnet}/subnets/{subnet}",
    schema.subnetGetParameters,
    onVnet(...eitherRight),
    subnetOf,
  ),
  route(
    "PUT",
    "/cluster/sdn/vnets/{vnet}/subnets/{subnet}",
    schema.subnetUpdateParameters,
    onVnet("SDN.Allocate"),
    done(updateSubnet),
  ),
  route(
    "DELETE",
    "/cluster/sdn/vnets/{vnet}/subnets/{subnet}",
    schema.subnetParameters,
    onVnet("SDN.Allocate"),
    done(deleteSubnet),
  ),
  route("POST", "/cluster/sdn/vnets/{vnet}/ips", schema.addressParameters, onAddress, addressChange()),
  route("PUT", "/cluster/sdn/vnets/{vnet}/ips", schema.addressUpdateParameters, onAddress, addressChange()),
  route("DELETE", "/cluster/sdn/vnets/{vnet}/ips", schema.addressParameters, onAddress, addressChange("\n")),

  // ---- controllers, IPAM and DNS
  route(
    "GET",
    "/cluster/sdn/controllers",
    schema.controllerListParameters,
    anybody,
    seen("controllers", (id) => `/sdn/controllers/${id}`),
  ),
  route(
    "POST",
    "/cluster/sdn/controllers",
    schema.controllerCreateParameters,
    allocate("/sdn/controllers"),
    done(createController),
  ),
  route(
    "GET",
    "/cluster/sdn/controllers/{controller}",
    schema.controllerGetParameters,
    allocate("/sdn/controllers/{controller}"),
    (call) => one("controllers", call, (id) => `sdn '${id}' does not exist`),
  ),
  route(
    "PUT",
    "/cluster/sdn/controllers/{controller}",
    schema.controllerUpdateParameters,
    allocate("/sdn/controllers"),
    done(updateController),
  ),
  route(
    "DELETE",
    "/cluster/sdn/controllers/{controller}",
    schema.controllerParameters,
    allocate("/sdn/controllers"),
    done(deleteController),
  ),
  ...serviceRoutes("ipams", schema.ipamParameters),
  route("GET", "/cluster/sdn/ipams/{ipam}/status", schema.ipamParameters.get, anybody, ({ params }) =>
    params.ipam === "pve" ? [] : die("Currently only PVE IPAM is supported!"),
  ),
  ...serviceRoutes("dns", schema.dnsParameters),

  // ---- nodes
  route("GET", "/nodes/{node}/sdn", none, anybody, () => ["fabrics", "vnets", "zones"].map((name) => ({ name }))),
  route("GET", "/nodes/{node}/sdn/zones", none, anybody, ({ cluster, caller, node }) =>
    [...(cluster.sdn.running?.zones ?? [])]
      .filter(([, zone]) => isOn(zone, node))
      .map(([zone]) => ({ zone, status: "available" }))
      .filter(({ zone }) => cluster.access.may(caller.authId, `/sdn/zones/${zone}`, eitherRight, true)),
  ),
  route("POST", "/nodes/{node}/network", schema.interfaceCreateParameters, modify, ({ cluster, node, params }) => {
    changeBridge(cluster, node, String(params.iface), params);
    return null;
  }),
  route("DELETE", "/nodes/{node}/network/{iface}", ifaceParameters, modify, ({ cluster, node, params }) => {
    changeBridge(cluster, node, String(params.iface), undefined);
    return null;
  }),
  route("PUT", "/nodes/{node}/network", schema.networkReloadParameters, modify, ({ cluster, node, caller }) =>
    reloadNetwork(cluster, node, caller),
  ),
];
