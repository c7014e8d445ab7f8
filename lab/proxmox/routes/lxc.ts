import { die, parameterErrors } from "../errors";
import { putContainerConfig } from "../lxc/config";
import { Container } from "../lxc/container";
import { createContainer } from "../lxc/create";
import { interfacesOfContainer } from "../lxc/interfaces";
import { cloneContainer, destroyContainer, moveVolume, resizeVolume, templateFromContainer } from "../lxc/operations";
import { controlContainer, rebootContainer, shutdownContainer, startContainer, stopContainer } from "../lxc/power";
import { migrateContainer } from "../migration/container";
import { containerMigration } from "../migration/precondition";
import { listedContainer } from "../releases";
import { none, rrddataParameters } from "../schema/cluster";
import * as schema from "../schema/lxc";
import { migratePreconditionParameters, qemuFeatureParameters, qemuGetConfigParameters } from "../schema/qemu";
import type { SnapshotKind } from "../snapshots";
import { rrddata } from "./cluster";
import { guestFirewallRoutes } from "./firewall";
import { snapshotRoutes } from "./guest";
import { anybody, perm, permAny, type Route, type RouteCall, route } from "./route";

const base = "/nodes/{node}/lxc/{vmid}";
const container = ({ cluster, node, vmid }: RouteCall): Container => cluster.container(node, vmid);
/** For what looks for a container's processes first: it finds none of one that isn't there. */
const running = ({ cluster, node, vmid }: RouteCall, noun = "CT"): Container => {
  const guest = cluster.guests.get(vmid);
  return guest instanceof Container && guest.node === node ? guest : die(`${noun} ${vmid} not running`);
};
const audit = perm("/vms/{vmid}", "VM.Audit");
const runs = perm("/vms/{vmid}", "VM.PowerMgmt");
const rooms =
  "config pending status vncproxy termproxy vncwebsocket spiceproxy migrate clone initlog rrd rrddata firewall snapshot resize interfaces";

const kind = ({ cluster, caller }: RouteCall): SnapshotKind<Container> => ({
  prefix: "vz",
  find: (node, vmid) => cluster.container(node, vmid),
  volumes: (guest) =>
    guest.volumes.flatMap(([slot, { volume: volid = "" }]) => {
      const volume = cluster.storages.find(guest.node, volid);
      return volume === undefined ? [] : [{ slot, volume }];
    }),
  start: (guest) => void startContainer(cluster, guest.node, guest.vmid, caller),
});

export const lxcRoutes: Route[] = [
  route("GET", "/nodes/{node}/lxc", none, anybody, ({ cluster, caller, node }) =>
    [...cluster.guests.values()]
      .filter((guest) => guest.type === "lxc" && guest.node === node && cluster.sees(caller.authId, guest))
      .map((guest) => listedContainer(cluster, cluster.status(guest))),
  ),
  route("POST", "/nodes/{node}/lxc", schema.lxcCreateParameters, anybody, ({ cluster, node, params, caller }) =>
    createContainer(cluster, node, params, caller),
  ),
  route("GET", base, none, anybody, (call) => {
    container(call);
    return rooms.split(" ").map((subdir) => ({ subdir }));
  }),
  route("DELETE", base, schema.lxcDestroyParameters, perm("/vms/{vmid}", "VM.Allocate"), (call) =>
    destroyContainer(call.cluster, container(call), call.params, call.caller),
  ),

  // ---- configuration
  route("GET", `${base}/config`, qemuGetConfigParameters, audit, (call) => {
    const { snapshot, current } = call.params;
    return snapshot === undefined ? container(call).shown(current === 1) : container(call).shownAt(String(snapshot));
  }),
  route(
    "PUT",
    `${base}/config`,
    schema.lxcConfigPutParameters,
    permAny("/vms/{vmid}", "VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.Options"),
    (call) => {
      putContainerConfig(call.cluster, container(call), call.params, call.caller);
      return null;
    },
  ),
  route("GET", `${base}/pending`, none, audit, (call) => container(call).shownPending()),
  route("PUT", `${base}/resize`, schema.lxcResizeParameters, perm("/vms/{vmid}", "VM.Config.Disk"), (call) =>
    resizeVolume(call.cluster, container(call), call.params, call.caller),
  ),
  route("POST", `${base}/move_volume`, schema.lxcMoveVolumeParameters, perm("/vms/{vmid}", "VM.Config.Disk"), (call) =>
    moveVolume(call.cluster, container(call), call.params, call.caller),
  ),
  route("GET", `${base}/feature`, qemuFeatureParameters, audit, (call) => {
    const volumes = kind(call).volumes(container(call));
    const has = volumes.every(({ volume }) =>
      call.params.feature === "snapshot"
        ? call.cluster.storages.snapshots(volume)
        : call.params.feature !== "clone" || call.cluster.storages.linkable(volume.volid),
    );
    return { hasFeature: has ? 1 : 0 };
  }),
  route("GET", `${base}/interfaces`, none, audit, (call) => interfacesOfContainer(container(call))),
  route("GET", `${base}/rrddata`, rrddataParameters, audit, (call) => {
    container(call);
    return rrddata(call);
  }),

  // ---- copies
  route("POST", `${base}/clone`, schema.lxcCloneParameters, perm("/vms/{vmid}", "VM.Clone"), (call) =>
    cloneContainer(call.cluster, container(call), call.params, call.caller),
  ),
  route("POST", `${base}/template`, none, perm("/vms/{vmid}", "VM.Allocate"), (call) => {
    templateFromContainer(call.cluster, container(call));
    return null;
  }),
  route("GET", `${base}/migrate`, migratePreconditionParameters, perm("/vms/{vmid}", "VM.Migrate"), (call) =>
    containerMigration(call.cluster, container(call)),
  ),
  route("POST", `${base}/migrate`, schema.lxcMigrateParameters, perm("/vms/{vmid}", "VM.Migrate"), (call) => {
    if (call.params.target === call.node) parameterErrors({ target: "target is local node." });
    return migrateContainer(call.cluster, container(call), call.params, call.caller);
  }),

  // ---- power
  route("GET", `${base}/status`, none, anybody, (call) => {
    container(call);
    return "current start stop shutdown reboot migrate".split(" ").map((subdir) => ({ subdir }));
  }),
  route("GET", `${base}/status/current`, none, audit, (call) => {
    const found = container(call);
    return { ...found.status(call.cluster), ha: call.cluster.ha.of(found) };
  }),
  route("POST", `${base}/status/start`, schema.lxcStartParameters, runs, ({ cluster, node, vmid, caller }) =>
    startContainer(cluster, node, vmid, caller),
  ),
  route("POST", `${base}/status/stop`, schema.lxcStopParameters, runs, (call) =>
    stopContainer(call.cluster, running(call), call.caller),
  ),
  route("POST", `${base}/status/shutdown`, schema.lxcShutdownParameters, runs, (call) =>
    shutdownContainer(call.cluster, running(call), call.params, call.caller),
  ),
  route("POST", `${base}/status/reboot`, schema.lxcRebootParameters, runs, (call) =>
    rebootContainer(call.cluster, running(call, "VM"), call.caller),
  ),
  ...(["suspend", "resume"] as const).map((action) =>
    route("POST", `${base}/status/${action}`, none, runs, (call) =>
      controlContainer(call.cluster, running(call), action, call.caller),
    ),
  ),

  ...snapshotRoutes(base, schema.lxcSnapshotParameters, kind),
  ...guestFirewallRoutes(base),
];
