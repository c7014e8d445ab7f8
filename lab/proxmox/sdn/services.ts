import { die } from "../errors";
import type { Values } from "../schema/parameters";
import { perlLine, type Sdn } from "./sdn";
import { changedSdnObject, checkSdnOptions } from "./types";

// Controllers, and the IPAM and DNS services that the SDN writes to.

function checkController(sdn: Sdn, id: string, controller: Values): void {
  if (controller.type !== "evpn") return;
  const plugin = "Network/SDN/Controllers/EvpnPlugin.pm";
  if ([...sdn.controllers].some(([name, { type }]) => name !== id && type === "evpn"))
    die(`only 1 global evpn controller can be defined${perlLine(plugin, 491)}`);
  if ((controller.peers === undefined) === (controller.fabric === undefined))
    die(`must have exactly one of peers / fabric defined${perlLine(plugin, 498)}`);
}

export function createController(sdn: Sdn, { controller, "lock-token": token, ...values }: Values): void {
  const id = String(controller);
  checkSdnOptions("controllers", values, true);
  sdn.locked("create sdn controller object failed", token, () => {
    if (sdn.controllers.has(id)) die(`sdn controller object ID '${id}' already defined`);
    checkController(sdn, id, values);
    sdn.controllers.set(id, values);
  });
}

export function updateController(sdn: Sdn, params: Values): void {
  const { controller, "lock-token": token, digest, delete: remove, ...changes } = params;
  const id = String(controller);
  sdn.locked("update sdn controller object failed", token, () => {
    sdn.assertUnmodified("controllers", digest);
    const changed = changedSdnObject("controllers", sdn.need("controllers", id), changes, remove);
    checkController(sdn, id, changed);
    sdn.controllers.set(id, changed);
  });
}

export function deleteController(sdn: Sdn, { controller, "lock-token": token }: Values): void {
  const id = String(controller);
  sdn.locked("delete sdn controller object failed", token, () => {
    sdn.need("controllers", id);
    const used = [...sdn.zones].find(([, zone]) => zone.controller === id);
    if (used) die(`controller ${id} is used by ${used[0]}${perlLine("Network/SDN/Controllers/EvpnPlugin.pm", 476)}`);
    sdn.controllers.delete(id);
  });
}

const services = {
  ipams: { key: "ipam", noun: "ipam" },
  dns: { key: "dns", noun: "dns" },
} as const;
type ServiceKind = keyof typeof services;

/** Asks a service whether it is there, as PVE does before it keeps one. @throws with what the connection said */
async function reach(kind: ServiceKind, { type, url }: Values): Promise<string | undefined> {
  if (type === "pve") return undefined;
  const path = { netbox: "/ipam/aggregates/", phpipam: "/sections/", powerdns: "" }[String(type)] ?? "";
  const target = new URL(`${url}${path}`);
  const said = await fetch(target).then(
    (response) => (response.ok ? undefined : `${response.status} ${response.statusText}`),
    () => `500 Can't connect to ${target.hostname}:${target.port || "80"} (Connection refused)`,
  );
  if (said === undefined) return undefined;
  const head = kind === "dns" ? "dns api error" : `Can't connect to ${type} api`;
  return `${head}: Invalid response from server: ${said}`;
}

export async function createService(sdn: Sdn, kind: ServiceKind, params: Values): Promise<void> {
  const { [services[kind].key]: name, "lock-token": token, ...values } = params;
  const id = String(name);
  checkSdnOptions(kind, values, true);
  const unreachable = await reach(kind, values);
  sdn.locked(`create sdn ${services[kind].noun} object failed`, token, () => {
    if (sdn[kind].has(id)) die(`sdn ${services[kind].noun} object ID '${id}' already defined`);
    if (unreachable !== undefined) die(unreachable);
    sdn[kind].set(id, values);
  });
}

export async function updateService(sdn: Sdn, kind: ServiceKind, params: Values): Promise<void> {
  const { [services[kind].key]: name, "lock-token": token, digest, delete: remove, ...changes } = params;
  const id = String(name);
  const failed = `update sdn ${services[kind].noun} object failed`;
  const changed = sdn.locked(failed, token, () => {
    sdn.assertUnmodified(kind, digest);
    return changedSdnObject(kind, sdn.need(kind, id), changes, remove);
  });
  const unreachable = await reach(kind, changed);
  sdn.locked(failed, token, () => (unreachable === undefined ? sdn[kind].set(id, changed) : die(unreachable)));
}

/** PVE's own IPAM stays, and its deletion succeeds. */
export function deleteService(sdn: Sdn, kind: ServiceKind, params: Values): void {
  const id = String(params[services[kind].key]);
  const failed = `delete sdn ${kind === "ipams" ? "zone" : "dns"} object failed`;
  sdn.locked(failed, params["lock-token"], () => {
    if (kind === "ipams" && id === "pve") return;
    sdn.need(kind, id);
    sdn[kind].delete(id);
  });
}
