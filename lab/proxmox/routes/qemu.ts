import { parameterErrors } from "../errors";
import * as agent from "../qemu/agent";
import * as clones from "../qemu/clone";
import * as cloudinit from "../qemu/cloudinit";
import * as config from "../qemu/config";
import { create, requireRoot } from "../qemu/create";
import * as drives from "../qemu/drives";
import * as power from "../qemu/power";
import type { Vm } from "../qemu/vm";
import { none, rrddata as rrdSchema } from "../schema/cluster";
import * as schema from "../schema/qemu";
import { words } from "../schema/words";
import type { SnapshotKind } from "../snapshots";
import { rrddata } from "./cluster";
import { firewallRoutes, snapshotRoutes } from "./guest";
import { anybody, type Call, type Needs, perm, permAny, type Route, route } from "./route";

const base = "/nodes/{node}/qemu/{vmid}";
const vm = ({ cluster, node, vmid }: Call): Vm => cluster.vm(node, vmid);
const on = (privileges: string): Needs => perm("/vms/{vmid}", privileges);
const audit = on("VM.Audit");
const runs = on("VM.PowerMgmt");
const changes = permAny(
  "/vms/{vmid}",
  "VM.Config.Disk VM.Config.CDROM VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.HWType VM.Config.Options VM.Config.Cloudinit",
);
const asksAgent = permAny("/vms/{vmid}", "VM.GuestAgent.Audit VM.GuestAgent.Unrestricted");
const rooms =
  "config cloudinit pending status unlink vncproxy termproxy migrate resize move rrd rrddata monitor agent snapshot spiceproxy sendkey firewall mtunnel remote_migrate";

/** A handler that only root itself may tell to skip locks. */
const rooted =
  (handle: (call: Call) => unknown) =>
  (call: Call): unknown => {
    if (call.params.skiplock === 1) requireRoot(call.caller, call.params, []);
    return handle(call);
  };

const kind = ({ cluster, caller }: Call): SnapshotKind<Vm> => ({
  prefix: "qm",
  find: (node, vmid) => cluster.vm(node, vmid),
  volumes: (guest) =>
    guest.disks.flatMap(([slot, { file = "" }]) => {
      const volume = cluster.storages.find(guest.node, file);
      return volume === undefined ? [] : [{ slot, volume }];
    }),
  start: (guest) => void power.start(cluster, guest.node, guest.vmid, caller),
});

function feature(call: Call): unknown {
  const { cluster, node, params } = call;
  const volumes = kind(call)
    .volumes(vm(call))
    .map(({ volume }) => volume);
  const has =
    params.feature === "snapshot"
      ? volumes.every((volume) => cluster.storages.snapshots(volume))
      : params.feature === "clone"
        ? volumes.every(({ volid }) => cluster.storages.linkable(volid))
        : true;
  return { hasFeature: has ? 1 : 0, nodes: [node] };
}

const command = (name: string) => (call: Call) => agent.ask(call.cluster, vm(call), name);

export const qemuRoutes: Route[] = [
  route("GET", "/nodes/{node}/qemu", schema.list, anybody, ({ cluster, caller, node, params }) =>
    [...cluster.guests.values()]
      .filter((guest) => guest.type === "qemu" && guest.node === node && cluster.sees(caller.authId, guest))
      .map((guest) => ({
        ...cluster.status(guest),
        ...(params.full === 1 ? { qmpstatus: cluster.vm(node, guest.vmid).qmpstatus } : {}),
      })),
  ),
  route("POST", "/nodes/{node}/qemu", schema.create, anybody, ({ cluster, node, params, caller }) =>
    create(cluster, node, params, caller),
  ),
  route("GET", base, none, anybody, (call) => {
    vm(call);
    return rooms.split(" ").map((subdir) => ({ subdir }));
  }),
  route(
    "DELETE",
    base,
    schema.destroy,
    on("VM.Allocate"),
    rooted((call) => clones.destroy(call.cluster, vm(call), call.params, call.caller)),
  ),

  // ---- configuration
  route("GET", `${base}/config`, schema.getConfig, audit, (call) => {
    const { snapshot, current } = call.params;
    return snapshot === undefined ? vm(call).shown(current === 1) : vm(call).shownAt(String(snapshot));
  }),
  route("PUT", `${base}/config`, schema.configPut, changes, (call) => {
    config.put(call.cluster, vm(call), call.params, call.caller);
    return null;
  }),
  route("POST", `${base}/config`, schema.configPost, changes, (call) =>
    config.post(call.cluster, vm(call), call.params, call.caller),
  ),
  route("GET", `${base}/pending`, none, audit, (call) => vm(call).shownPending()),
  route("GET", `${base}/cloudinit`, none, audit, (call) => cloudinit.pending(vm(call))),
  route("PUT", `${base}/cloudinit`, none, on("VM.Config.Cloudinit"), (call) => {
    cloudinit.regenerate(call.cluster, vm(call));
    return null;
  }),
  route("GET", `${base}/cloudinit/dump`, schema.cloudinitDump, audit, (call) =>
    cloudinit.dump(call.cluster, vm(call), String(call.params.type)),
  ),
  route("GET", `${base}/feature`, schema.feature, audit, feature),
  route("GET", `${base}/rrddata`, rrdSchema, audit, (call) => {
    vm(call);
    return rrddata(call);
  }),

  // ---- disks
  route(
    "PUT",
    `${base}/resize`,
    schema.resize,
    on("VM.Config.Disk"),
    rooted(({ cluster, node, vmid, params, caller }) => drives.resize(cluster, node, vmid, params, caller)),
  ),
  route("POST", `${base}/move_disk`, schema.moveDisk, on("VM.Config.Disk"), (call) =>
    drives.moveDisk(call.cluster, vm(call), call.params, call.caller),
  ),
  route("PUT", `${base}/unlink`, schema.unlink, on("VM.Config.Disk"), (call) => {
    drives.unlink(call.cluster, vm(call), words(call.params.idlist), call.params.force === 1);
    return null;
  }),

  // ---- copies
  route("POST", `${base}/clone`, schema.clone, on("VM.Clone"), ({ cluster, node, vmid, params, caller }) =>
    clones.clone(cluster, node, vmid, params, caller),
  ),
  route("POST", `${base}/template`, schema.template, on("VM.Allocate"), (call) =>
    clones.template(call.cluster, vm(call), call.caller),
  ),
  route("POST", `${base}/migrate`, schema.migrate, on("VM.Migrate"), (call) => {
    if (call.params.target === call.node) parameterErrors({ target: "target is local node." });
    return power.migrate(call.cluster, vm(call), call.params, call.caller);
  }),

  // ---- power
  route("GET", `${base}/status/current`, none, audit, (call) => {
    const found = vm(call);
    return {
      ...found.status(call.cluster),
      qmpstatus: found.qmpstatus,
      ha: call.cluster.ha.of(found),
      ...(found.config.has("vga") ? { clipboard: null } : {}),
      ...(found.agentEnabled ? { agent: 1 } : {}),
    };
  }),
  route(
    "POST",
    `${base}/status/start`,
    schema.start,
    runs,
    rooted(({ cluster, node, vmid, caller }) => power.start(cluster, node, vmid, caller)),
  ),
  route(
    "POST",
    `${base}/status/stop`,
    schema.stop,
    runs,
    rooted((call) => power.stop(call.cluster, vm(call), call.params, call.caller)),
  ),
  route(
    "POST",
    `${base}/status/shutdown`,
    schema.shutdown,
    runs,
    rooted((call) => power.shutdown(call.cluster, vm(call), call.params, call.caller)),
  ),
  route("POST", `${base}/status/reboot`, schema.reboot, runs, (call) =>
    power.reboot(call.cluster, vm(call), call.params, call.caller),
  ),
  route(
    "POST",
    `${base}/status/reset`,
    schema.skiplock,
    runs,
    rooted((call) => power.control(call.cluster, vm(call), "reset", call.caller)),
  ),
  route(
    "POST",
    `${base}/status/suspend`,
    schema.suspend,
    runs,
    rooted((call) => power.control(call.cluster, vm(call), "pause", call.caller)),
  ),
  route(
    "POST",
    `${base}/status/resume`,
    schema.resume,
    runs,
    rooted((call) => power.control(call.cluster, vm(call), "resume", call.caller)),
  ),

  // ---- agent
  route("POST", `${base}/agent/ping`, none, asksAgent, command("ping")),
  ...["info", "get-osinfo", "get-host-name", "network-get-interfaces"].map((name) =>
    route("GET", `${base}/agent/${name}`, none, asksAgent, command(name)),
  ),
  route("POST", `${base}/agent/exec`, schema.exec, on("VM.GuestAgent.Unrestricted"), (call) =>
    agent.exec(call.cluster, vm(call), call.params.command ?? ""),
  ),
  route("GET", `${base}/agent/exec-status`, schema.execStatus, on("VM.GuestAgent.Unrestricted"), (call) =>
    agent.execStatus(call.cluster, vm(call), call.params.pid ?? 0),
  ),

  ...snapshotRoutes(base, schema.snapshot, kind),
  ...firewallRoutes(base),
];
