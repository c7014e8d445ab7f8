import { askAgent } from "../qemu/agent";
import { execInGuest, execStatusOf, readInGuest, setPasswordInGuest, writeInGuest } from "../qemu/agentfiles";
import type { Vm } from "../qemu/vm";
import { none } from "../schema/cluster";
import * as schema from "../schema/qemu";
import { anybody, permAny, type RightsCheck, type Route, type RouteCall, route } from "./route";

const base = "/nodes/{node}/qemu/{vmid}/agent";
const vm = ({ cluster, node, vmid }: RouteCall): Vm => cluster.vm(node, vmid);
/** A right of its own for each kind of command, or the one for all. */
const on = (privileges: string): RightsCheck =>
  permAny("/vms/{vmid}", `${privileges} VM.GuestAgent.Unrestricted`.trim());
const asks = on("VM.GuestAgent.Audit");
const freezes = on("VM.GuestAgent.FileSystemMgmt");
const runs = on("VM.PowerMgmt");
const unrestricted = on("");

const command = (name: string) => (call: RouteCall) => askAgent(call.cluster, vm(call), name);

/** Commands without parameters, by the method that has them. */
const asked =
  "get-fsinfo get-host-name get-memory-block-info get-memory-blocks get-osinfo get-time get-timezone get-users get-vcpus info network-get-interfaces".split(
    " ",
  );
const told: [name: string, needs: RightsCheck][] = [
  ["fsfreeze-freeze", freezes],
  ["fsfreeze-status", on("VM.GuestAgent.Audit VM.GuestAgent.FileSystemMgmt")],
  ["fsfreeze-thaw", freezes],
  ["fstrim", freezes],
  ["ping", asks],
  ["shutdown", runs],
  ["suspend-disk", runs],
  ["suspend-hybrid", runs],
  ["suspend-ram", runs],
];
const withParameters = ["exec", "exec-status", "file-read", "file-write", "set-user-password"];

export const agentRoutes: Route[] = [
  route("GET", base, none, anybody, () =>
    [...asked, ...told.map(([name]) => name), ...withParameters].sort().map((name) => ({ name })),
  ),
  route("POST", base, schema.qemuAgentParameters, unrestricted, (call) => command(String(call.params.command))(call)),
  ...asked.map((name) => route("GET", `${base}/${name}`, none, asks, command(name))),
  ...told.map(([name, needs]) => route("POST", `${base}/${name}`, none, needs, command(name))),
  route("POST", `${base}/exec`, schema.qemuExecParameters, unrestricted, (call) =>
    execInGuest(call.cluster, vm(call), call.params),
  ),
  route("GET", `${base}/exec-status`, schema.qemuExecStatusParameters, unrestricted, (call) =>
    execStatusOf(call.cluster, vm(call), call.params.pid ?? 0),
  ),
  route("GET", `${base}/file-read`, schema.qemuFileReadParameters, on("VM.GuestAgent.FileRead"), (call) =>
    readInGuest(call.cluster, vm(call), call.params),
  ),
  route("POST", `${base}/file-write`, schema.qemuFileWriteParameters, on("VM.GuestAgent.FileWrite"), (call) =>
    writeInGuest(call.cluster, vm(call), call.params),
  ),
  route("POST", `${base}/set-user-password`, schema.qemuUserPasswordParameters, unrestricted, (call) =>
    setPasswordInGuest(call.cluster, vm(call)),
  ),
];
