import { die } from "../errors";
import type { Guest } from "../guest";
import * as schema from "../schema/cluster";
import { flag, type Parameters, required } from "../schema/parameters";
import { snapname } from "../schema/qemu";
import * as snapshots from "../snapshots";
import { anybody, type Call, perm, permAny, type Route, route } from "./route";

const takes = perm("/vms/{vmid}", "VM.Snapshot");
const audit = perm("/vms/{vmid}", "VM.Audit");
const named: Parameters = { snapname: required(snapname) };

/** `…/snapshot` of either kind of guest. */
export function snapshotRoutes<T extends Guest>(
  base: string,
  create: Parameters,
  kindOf: (call: Call) => snapshots.SnapshotKind<T>,
): Route[] {
  const guest = (call: Call): Guest => kindOf(call).find(call.node, call.vmid);
  return [
    route("GET", `${base}/snapshot`, schema.none, audit, (call) => snapshots.list(guest(call))),
    route("POST", `${base}/snapshot`, create, takes, (call) =>
      snapshots.create(call.cluster, kindOf(call), call.node, call.vmid, call.params, call.caller),
    ),
    route("GET", `${base}/snapshot/{snapname}`, named, anybody, () => [{ cmd: "rollback" }, { cmd: "config" }]),
    route("DELETE", `${base}/snapshot/{snapname}`, { ...named, force: flag }, takes, (call) =>
      snapshots.remove(call.cluster, kindOf(call), call.node, call.vmid, call.params, call.caller),
    ),
    route(
      "GET",
      `${base}/snapshot/{snapname}/config`,
      named,
      permAny("/vms/{vmid}", "VM.Snapshot VM.Snapshot.Rollback VM.Audit"),
      (call) => guest(call).shownSnapshot(String(call.params.snapname)),
    ),
    route("PUT", `${base}/snapshot/{snapname}/config`, { ...named, description: { type: "string" } }, takes, (call) => {
      snapshots.describe(guest(call), call.params);
      return null;
    }),
    route(
      "POST",
      `${base}/snapshot/{snapname}/rollback`,
      { ...named, start: flag },
      permAny("/vms/{vmid}", "VM.Snapshot VM.Snapshot.Rollback"),
      (call) => snapshots.rollback(call.cluster, kindOf(call), call.node, call.vmid, call.params, call.caller),
    ),
  ];
}

const changes = perm("/vms/{vmid}", "VM.Config.Network");

/** `…/firewall` of either kind of guest. */
export function firewallRoutes(base: string): Route[] {
  const needGuest = ({ cluster, vmid }: Call) => cluster.guests.get(vmid) ?? die(`no such VM ('${vmid}')`);
  const done =
    (work: (call: Call) => void) =>
    (call: Call): null => {
      needGuest(call);
      work(call);
      return null;
    };
  return [
    route("GET", `${base}/firewall/options`, schema.none, audit, ({ cluster, vmid }) => cluster.firewall.options(vmid)),
    route(
      "PUT",
      `${base}/firewall/options`,
      schema.firewallOptions,
      changes,
      done(({ cluster, vmid, params }) => cluster.firewall.setOptions(vmid, params)),
    ),
    route("GET", `${base}/firewall/rules`, schema.none, audit, ({ cluster, vmid }) => cluster.firewall.rules(vmid)),
    route(
      "POST",
      `${base}/firewall/rules`,
      schema.ruleCreate,
      changes,
      done(({ cluster, vmid, params }) => cluster.firewall.addRule(vmid, params)),
    ),
    route("GET", `${base}/firewall/rules/{pos}`, schema.ruleGet, audit, ({ cluster, vmid, params }) =>
      cluster.firewall.rule(vmid, Number(params.pos)),
    ),
    route(
      "PUT",
      `${base}/firewall/rules/{pos}`,
      schema.ruleUpdate,
      changes,
      done(({ cluster, vmid, params }) => cluster.firewall.setRule(vmid, Number(params.pos), params)),
    ),
    route(
      "DELETE",
      `${base}/firewall/rules/{pos}`,
      schema.ruleDelete,
      changes,
      done(({ cluster, vmid, params }) => cluster.firewall.deleteRule(vmid, Number(params.pos), params)),
    ),
  ];
}
