import { parameterErrors } from "../errors";
import type { Container } from "../lxc/container";
import * as lxc from "../lxc/operations";
import * as power from "../lxc/power";
import { none, rrddata as rrdSchema } from "../schema/cluster";
import * as schema from "../schema/lxc";
import { feature as featureSchema, getConfig } from "../schema/qemu";
import type { SnapshotKind } from "../snapshots";
import { rrddata } from "./cluster";
import { firewallRoutes, snapshotRoutes } from "./guest";
import { anybody, type Call, perm, permAny, type Route, route } from "./route";

const base = "/nodes/{node}/lxc/{vmid}";
const container = ({ cluster, node, vmid }: Call): Container => cluster.container(node, vmid);
const audit = perm("/vms/{vmid}", "VM.Audit");
const runs = perm("/vms/{vmid}", "VM.PowerMgmt");
const rooms =
  "config pending status vncproxy termproxy vncwebsocket spiceproxy migrate clone initlog rrd rrddata firewall snapshot resize interfaces";

const kind = ({ cluster, caller }: Call): SnapshotKind<Container> => ({
  prefix: "vz",
  find: (node, vmid) => cluster.container(node, vmid),
  volumes: (guest) =>
    guest.volumes.flatMap(([slot, { volume: volid = "" }]) => {
      const volume = cluster.storages.find(guest.node, volid);
      return volume === undefined ? [] : [{ slot, volume }];
    }),
  start: (guest) => void power.start(cluster, guest.node, guest.vmid, caller),
});

export const lxcRoutes: Route[] = [
  route("GET", "/nodes/{node}/lxc", none, anybody, ({ cluster, caller, node }) =>
    [...cluster.guests.values()]
      .filter((guest) => guest.type === "lxc" && guest.node === node && cluster.sees(caller.authId, guest))
      .map((guest) => cluster.status(guest)),
  ),
  route("POST", "/nodes/{node}/lxc", schema.create, anybody, ({ cluster, node, params, caller }) =>
    lxc.create(cluster, node, params, caller),
  ),
  route("GET", base, none, anybody, (call) => {
    container(call);
    return rooms.split(" ").map((subdir) => ({ subdir }));
  }),
  route("DELETE", base, schema.destroy, perm("/vms/{vmid}", "VM.Allocate"), (call) =>
    lxc.destroy(call.cluster, container(call), call.params, call.caller),
  ),

  // ---- configuration
  route("GET", `${base}/config`, getConfig, audit, (call) => {
    const { snapshot, current } = call.params;
    return snapshot === undefined ? container(call).shown(current === 1) : container(call).shownAt(String(snapshot));
  }),
  route(
    "PUT",
    `${base}/config`,
    schema.configPut,
    permAny("/vms/{vmid}", "VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.Options"),
    (call) => {
      lxc.put(call.cluster, container(call), call.params, call.caller);
      return null;
    },
  ),
  route("GET", `${base}/pending`, none, audit, (call) => container(call).shownPending()),
  route("PUT", `${base}/resize`, schema.resize, perm("/vms/{vmid}", "VM.Config.Disk"), (call) =>
    lxc.resize(call.cluster, container(call), call.params, call.caller),
  ),
  route("POST", `${base}/move_volume`, schema.moveVolume, perm("/vms/{vmid}", "VM.Config.Disk"), (call) =>
    lxc.moveVolume(call.cluster, container(call), call.params, call.caller),
  ),
  route("GET", `${base}/feature`, featureSchema, audit, (call) => {
    const volumes = kind(call).volumes(container(call));
    const has = volumes.every(({ volume }) =>
      call.params.feature === "snapshot"
        ? call.cluster.storages.snapshots(volume)
        : call.params.feature !== "clone" || call.cluster.storages.linkable(volume.volid),
    );
    return { hasFeature: has ? 1 : 0 };
  }),
  route("GET", `${base}/interfaces`, none, audit, (call) => power.interfaces(container(call))),
  route("GET", `${base}/rrddata`, rrdSchema, audit, (call) => {
    container(call);
    return rrddata(call);
  }),

  // ---- copies
  route("POST", `${base}/clone`, schema.clone, perm("/vms/{vmid}", "VM.Clone"), (call) =>
    lxc.clone(call.cluster, container(call), call.params, call.caller),
  ),
  route("POST", `${base}/template`, none, perm("/vms/{vmid}", "VM.Allocate"), (call) => {
    lxc.template(call.cluster, container(call));
    return null;
  }),
  route("POST", `${base}/migrate`, schema.migrate, perm("/vms/{vmid}", "VM.Migrate"), (call) => {
    if (call.params.target === call.node) parameterErrors({ target: "target is local node." });
    return power.migrate(call.cluster, container(call), call.params, call.caller);
  }),

  // ---- power
  route("GET", `${base}/status/current`, none, audit, (call) => {
    const found = container(call);
    return { ...found.status(call.cluster), ha: call.cluster.ha.of(found) };
  }),
  route("POST", `${base}/status/start`, schema.start, runs, ({ cluster, node, vmid, caller }) =>
    power.start(cluster, node, vmid, caller),
  ),
  route("POST", `${base}/status/stop`, schema.stop, runs, (call) =>
    power.stop(call.cluster, container(call), call.caller),
  ),
  route("POST", `${base}/status/shutdown`, schema.shutdown, runs, (call) =>
    power.shutdown(call.cluster, container(call), call.params, call.caller),
  ),
  route("POST", `${base}/status/reboot`, schema.reboot, runs, (call) =>
    power.reboot(call.cluster, container(call), call.caller),
  ),
  ...(["suspend", "resume"] as const).map((action) =>
    route("POST", `${base}/status/${action}`, none, runs, (call) =>
      power.control(call.cluster, container(call), action, call.caller),
    ),
  ),

  ...snapshotRoutes(base, schema.snapshot, kind),
  ...firewallRoutes(base),
];
