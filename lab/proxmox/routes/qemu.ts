import { parameterErrors } from "../errors";
import { vmMigration } from "../migration/precondition";
import { migrateVm } from "../migration/vm";
import { cloneVm, destroyVm, templateFromVm } from "../qemu/clone";
import { dumpCloudInit, pendingCloudInit, regenerateCloudInit } from "../qemu/cloudinit";
import { postVmConfig, putVmConfig } from "../qemu/config";
import { createVm } from "../qemu/create";
import { moveDisk, resizeDrive, unlinkDrives } from "../qemu/drives";
import { controlVm, rebootVm, shutdownVm, startVm, stopVm } from "../qemu/power";
import { refuseSkipLock } from "../qemu/rights";
import type { Vm } from "../qemu/vm";
import { none, rrddataParameters } from "../schema/cluster";
import * as schema from "../schema/qemu";
import { words } from "../schema/words";
import type { SnapshotKind } from "../snapshots";
import { rrddata } from "./cluster";
import { guestFirewallRoutes } from "./firewall";
import { snapshotRoutes } from "./guest";
import { anybody, perm, permAny, type RightsCheck, type Route, type RouteCall, route } from "./route";

const base = "/nodes/{node}/qemu/{vmid}";
const vm = ({ cluster, node, vmid }: RouteCall): Vm => cluster.vm(node, vmid);
/** For what looks for a VM's process first. */
const process = ({ cluster, node, vmid }: RouteCall): Vm => cluster.processOf(node, vmid);
const on = (privileges: string): RightsCheck => perm("/vms/{vmid}", privileges);
const audit = on("VM.Audit");
const runs = on("VM.PowerMgmt");
const changes = permAny(
  "/vms/{vmid}",
  "VM.Config.Disk VM.Config.CDROM VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.HWType VM.Config.Options VM.Config.Cloudinit",
);
const rooms =
  "config cloudinit pending status unlink vncproxy termproxy migrate resize move rrd rrddata monitor agent snapshot spiceproxy sendkey firewall mtunnel remote_migrate";

/** A handler that only root itself may tell to skip locks. */
const rooted =
  (handle: (call: RouteCall) => unknown) =>
  (call: RouteCall): unknown => {
    refuseSkipLock(call.caller, call.params);
    return handle(call);
  };

const kind = ({ cluster, caller }: RouteCall): SnapshotKind<Vm> => ({
  prefix: "qm",
  find: (node, vmid) => cluster.vm(node, vmid),
  volumes: (guest) =>
    guest.disks.flatMap(([slot, { file = "" }]) => {
      const volume = cluster.storages.find(guest.node, file);
      return volume === undefined ? [] : [{ slot, volume }];
    }),
  start: (guest) => void startVm(cluster, guest.node, guest.vmid, caller),
});

function feature(call: RouteCall): unknown {
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

export const qemuRoutes: Route[] = [
  route("GET", "/nodes/{node}/qemu", schema.qemuListParameters, anybody, ({ cluster, caller, node, params }) =>
    [...cluster.guests.values()]
      .filter((guest) => guest.type === "qemu" && guest.node === node && cluster.sees(caller.authId, guest))
      .map((guest) => ({
        ...cluster.status(guest),
        ...(params.full === 1
          ? { qmpstatus: cluster.vm(node, guest.vmid).qmpstatus, ...cluster.vm(node, guest.vmid).nics }
          : {}),
      })),
  ),
  route("POST", "/nodes/{node}/qemu", schema.qemuCreateParameters, anybody, ({ cluster, node, params, caller }) =>
    createVm(cluster, node, params, caller),
  ),
  route("GET", base, none, anybody, (call) => {
    vm(call);
    return rooms.split(" ").map((subdir) => ({ subdir }));
  }),
  route(
    "DELETE",
    base,
    schema.qemuDestroyParameters,
    on("VM.Allocate"),
    rooted((call) => destroyVm(call.cluster, vm(call), call.params, call.caller)),
  ),

  // ---- configuration
  route("GET", `${base}/config`, schema.qemuGetConfigParameters, audit, (call) => {
    const { snapshot, current } = call.params;
    return snapshot === undefined ? vm(call).shown(current === 1) : vm(call).shownAt(String(snapshot));
  }),
  route("PUT", `${base}/config`, schema.qemuConfigPutParameters, changes, (call) => {
    putVmConfig(call.cluster, vm(call), call.params, call.caller);
    return null;
  }),
  route("POST", `${base}/config`, schema.qemuConfigPostParameters, changes, (call) =>
    postVmConfig(call.cluster, vm(call), call.params, call.caller),
  ),
  route("GET", `${base}/pending`, none, audit, (call) => vm(call).shownPending()),
  route("GET", `${base}/cloudinit`, none, audit, (call) => pendingCloudInit(vm(call))),
  route("PUT", `${base}/cloudinit`, none, on("VM.Config.Cloudinit"), (call) => {
    regenerateCloudInit(call.cluster, vm(call));
    return null;
  }),
  route("GET", `${base}/cloudinit/dump`, schema.qemuCloudinitDumpParameters, audit, (call) =>
    dumpCloudInit(call.cluster, vm(call), String(call.params.type)),
  ),
  route("GET", `${base}/feature`, schema.qemuFeatureParameters, audit, feature),
  route("GET", `${base}/rrddata`, rrddataParameters, audit, (call) => {
    vm(call);
    return rrddata(call);
  }),

  // ---- disks
  route(
    "PUT",
    `${base}/resize`,
    schema.qemuResizeParameters,
    on("VM.Config.Disk"),
    rooted(({ cluster, node, vmid, params, caller }) => resizeDrive(cluster, node, vmid, params, caller)),
  ),
  route("POST", `${base}/move_disk`, schema.qemuMoveDiskParameters, on("VM.Config.Disk"), (call) =>
    moveDisk(call.cluster, vm(call), call.params, call.caller),
  ),
  route("PUT", `${base}/unlink`, schema.qemuUnlinkParameters, on("VM.Config.Disk"), (call) => {
    unlinkDrives(call.cluster, vm(call), words(call.params.idlist), call.params.force === 1);
    return null;
  }),

  // ---- copies
  route(
    "POST",
    `${base}/clone`,
    schema.qemuCloneParameters,
    on("VM.Clone"),
    ({ cluster, node, vmid, params, caller }) => cloneVm(cluster, node, vmid, params, caller),
  ),
  route("POST", `${base}/template`, schema.qemuTemplateParameters, on("VM.Allocate"), (call) =>
    templateFromVm(call.cluster, vm(call), call.caller),
  ),
  route("GET", `${base}/migrate`, schema.migratePreconditionParameters, on("VM.Migrate"), (call) =>
    vmMigration(call.cluster, vm(call)),
  ),
  route("POST", `${base}/migrate`, schema.qemuMigrateParameters, on("VM.Migrate"), (call) => {
    if (call.params.target === call.node) parameterErrors({ target: "target is local node." });
    return migrateVm(call.cluster, vm(call), call.params, call.caller);
  }),

  // ---- power
  route("GET", `${base}/status/current`, none, audit, (call) => {
    const found = vm(call);
    return {
      ...found.status(call.cluster),
      qmpstatus: found.qmpstatus,
      ha: call.cluster.ha.of(found),
      ...found.nics,
      ...(found.config.has("vga") ? { clipboard: null } : {}),
      ...(found.agentEnabled ? { agent: 1 } : {}),
    };
  }),
  route(
    "POST",
    `${base}/status/start`,
    schema.qemuStartParameters,
    runs,
    rooted(({ cluster, node, vmid, caller }) => startVm(cluster, node, vmid, caller)),
  ),
  route(
    "POST",
    `${base}/status/stop`,
    schema.qemuStopParameters,
    runs,
    rooted((call) => stopVm(call.cluster, call, call.params, call.caller)),
  ),
  route(
    "POST",
    `${base}/status/shutdown`,
    schema.qemuShutdownParameters,
    runs,
    rooted((call) => shutdownVm(call.cluster, call, call.params, call.caller)),
  ),
  route("POST", `${base}/status/reboot`, schema.qemuRebootParameters, runs, (call) =>
    rebootVm(call.cluster, process(call), call.params, call.caller),
  ),
  route(
    "POST",
    `${base}/status/reset`,
    schema.qemuSkiplockParameters,
    runs,
    rooted((call) => controlVm(call.cluster, process(call), "reset", call.caller)),
  ),
  route(
    "POST",
    `${base}/status/suspend`,
    schema.qemuSuspendParameters,
    runs,
    rooted((call) => controlVm(call.cluster, process(call), "pause", call.caller)),
  ),
  route(
    "POST",
    `${base}/status/resume`,
    schema.qemuResumeParameters,
    runs,
    rooted((call) => controlVm(call.cluster, process(call), "resume", call.caller)),
  ),

  ...snapshotRoutes(base, schema.qemuSnapshotParameters, kind),
  ...guestFirewallRoutes(base),
];
