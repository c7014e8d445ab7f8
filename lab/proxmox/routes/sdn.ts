import { ifaceParameters } from "../schema/cluster";
import * as schema from "../schema/network";
import { applySdn, changeBridge, reloadNetwork } from "../sdn";
import { anybody, perm, type Route, route } from "./route";

const allocate = (path: string) => perm(path, "SDN.Allocate");
const modify = perm("/nodes/{node}", "Sys.Modify");

export const sdnRoutes: Route[] = [
  route("GET", "/cluster/sdn/zones", schema.zoneListParameters, anybody, ({ cluster, caller }) =>
    [...cluster.sdn.zones.values()].filter(({ zone }) =>
      cluster.access.may(caller.authId, `/sdn/zones/${zone}`, ["SDN.Audit", "SDN.Allocate"], true),
    ),
  ),
  route("POST", "/cluster/sdn/zones", schema.zoneCreateParameters, allocate("/sdn/zones"), ({ cluster, params }) => {
    cluster.sdn.addZone(params);
    return null;
  }),
  route(
    "DELETE",
    "/cluster/sdn/zones/{zone}",
    schema.zoneParameters,
    allocate("/sdn/zones/{zone}"),
    ({ cluster, params }) => {
      cluster.sdn.deleteZone(String(params.zone));
      return null;
    },
  ),
  route("GET", "/cluster/sdn/vnets", schema.vnetListParameters, anybody, ({ cluster, caller }) =>
    [...cluster.sdn.vnets.values()].filter(({ zone, vnet }) =>
      cluster.access.may(caller.authId, `/sdn/zones/${zone}/${vnet}`, ["SDN.Audit", "SDN.Allocate"], true),
    ),
  ),
  route(
    "POST",
    "/cluster/sdn/vnets",
    schema.vnetCreateParameters,
    allocate("/sdn/zones/{zone}"),
    ({ cluster, params }) => {
      cluster.sdn.addVnet(params);
      return null;
    },
  ),
  route("DELETE", "/cluster/sdn/vnets/{vnet}", schema.vnetParameters, allocate("/sdn/zones"), ({ cluster, params }) => {
    cluster.sdn.deleteVnet(String(params.vnet));
    return null;
  }),
  route("GET", "/cluster/sdn/vnets/{vnet}/subnets", schema.subnetListParameters, anybody, ({ cluster, params }) =>
    cluster.sdn.subnetsOf(String(params.vnet)),
  ),
  route(
    "POST",
    "/cluster/sdn/vnets/{vnet}/subnets",
    schema.subnetCreateParameters,
    allocate("/sdn/zones"),
    ({ cluster, params }) => {
      const { vnet, ...subnet } = params;
      cluster.sdn.addSubnet(String(vnet), subnet);
      return null;
    },
  ),
  route(
    "DELETE",
    "/cluster/sdn/vnets/{vnet}/subnets/{subnet}",
    schema.subnetParameters,
    allocate("/sdn/zones"),
    ({ cluster, params }) => {
      cluster.sdn.deleteSubnet(String(params.vnet), String(params.subnet));
      return null;
    },
  ),
  route("PUT", "/cluster/sdn", schema.sdnApplyParameters, allocate("/sdn"), ({ cluster, caller }) =>
    applySdn(cluster, caller),
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
