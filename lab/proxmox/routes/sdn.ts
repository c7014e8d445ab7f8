import { iface } from "../schema/cluster";
import * as schema from "../schema/network";
import { applySdn, changeBridge, reloadNetwork } from "../sdn";
import { anybody, perm, type Route, route } from "./route";

const allocate = (path: string) => perm(path, "SDN.Allocate");
const modify = perm("/nodes/{node}", "Sys.Modify");

export const sdnRoutes: Route[] = [
  route("GET", "/cluster/sdn/zones", schema.zoneList, anybody, ({ cluster, caller }) =>
    [...cluster.sdn.zones.values()].filter(({ zone }) =>
      cluster.access.may(caller.authId, `/sdn/zones/${zone}`, ["SDN.Audit", "SDN.Allocate"], true),
    ),
  ),
  route("POST", "/cluster/sdn/zones", schema.zoneCreate, allocate("/sdn/zones"), ({ cluster, params }) => {
    cluster.sdn.addZone(params);
    return null;
  }),
  route("DELETE", "/cluster/sdn/zones/{zone}", schema.zone, allocate("/sdn/zones/{zone}"), ({ cluster, params }) => {
    cluster.sdn.deleteZone(String(params.zone));
    return null;
  }),
  route("GET", "/cluster/sdn/vnets", schema.vnetList, anybody, ({ cluster, caller }) =>
    [...cluster.sdn.vnets.values()].filter(({ zone, vnet }) =>
      cluster.access.may(caller.authId, `/sdn/zones/${zone}/${vnet}`, ["SDN.Audit", "SDN.Allocate"], true),
    ),
  ),
  route("POST", "/cluster/sdn/vnets", schema.vnetCreate, allocate("/sdn/zones/{zone}"), ({ cluster, params }) => {
    cluster.sdn.addVnet(params);
    return null;
  }),
  route("DELETE", "/cluster/sdn/vnets/{vnet}", schema.vnet, allocate("/sdn/zones"), ({ cluster, params }) => {
    cluster.sdn.deleteVnet(String(params.vnet));
    return null;
  }),
  route("GET", "/cluster/sdn/vnets/{vnet}/subnets", schema.subnetList, anybody, ({ cluster, params }) =>
    cluster.sdn.subnetsOf(String(params.vnet)),
  ),
  route(
    "POST",
    "/cluster/sdn/vnets/{vnet}/subnets",
    schema.subnetCreate,
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
    schema.subnet,
    allocate("/sdn/zones"),
    ({ cluster, params }) => {
      cluster.sdn.deleteSubnet(String(params.vnet), String(params.subnet));
      return null;
    },
  ),
  route("PUT", "/cluster/sdn", schema.sdnApply, allocate("/sdn"), ({ cluster, caller }) => applySdn(cluster, caller)),
  route("POST", "/nodes/{node}/network", schema.interfaceCreate, modify, ({ cluster, node, params }) => {
    changeBridge(cluster, node, String(params.iface), params);
    return null;
  }),
  route("DELETE", "/nodes/{node}/network/{iface}", iface, modify, ({ cluster, node, params }) => {
    changeBridge(cluster, node, String(params.iface), undefined);
    return null;
  }),
  route("PUT", "/nodes/{node}/network", schema.networkReload, modify, ({ cluster, node, caller }) =>
    reloadNetwork(cluster, node, caller),
  ),
];
