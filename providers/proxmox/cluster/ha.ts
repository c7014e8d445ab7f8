import { z } from "zod";
import { UserError } from "../../errors";
import type { RequestParameters } from "../api";
import type { ProxmoxCluster } from "../client";
import { says } from "../errors";
import type { GuestType } from "../schemas";
import * as wire from "../schemas";

// A guest's place in the HA stack: its resource, and its group (PVE 8) or node affinity rule (PVE 9).

const sidOf = (type: GuestType, vmid: number) => `${type === "qemu" ? "vm" : "ct"}:${vmid}`;
const resources = (cluster: ProxmoxCluster) => cluster.get("/cluster/ha/resources", z.array(wire.haResource));

const rules = (cluster: ProxmoxCluster) =>
  cluster.get("/cluster/ha/rules", z.array(wire.haRule), { type: "node-affinity" });

/** Does the cluster know groups (before PVE 9), or rules? */
const hasRules = (cluster: ProxmoxCluster) => cluster.isSince(9, 0);

const groups = (cluster: ProxmoxCluster) => cluster.get("/cluster/ha/groups", z.array(wire.haGroup));

/** The HA groups (PVE 8) or node affinity rules (PVE 9) that a guest can name. */
export async function readHaNames(cluster: ProxmoxCluster): Promise<{ noun: string; names: string[] }> {
  return (await hasRules(cluster))
    ? { noun: "HA node affinity rule", names: (await rules(cluster)).map(({ rule }) => rule) }
    : { noun: "HA group", names: (await groups(cluster)).map(({ group }) => group) };
}

/** `none`, `managed`, or the name of the guest's group or rule. */
export async function readHa(cluster: ProxmoxCluster, type: GuestType, vmid: number): Promise<string> {
  const sid = sidOf(type, vmid);
  const resource = (await resources(cluster)).find((each) => each.sid === sid);
  if (resource === undefined) return "none";
  if (!(await hasRules(cluster))) return resource.group ?? "managed";
  return (await rules(cluster)).find((rule) => rule.resources.includes(sid))?.rule ?? "managed";
}

/** Brings the guest's HA to what is wanted. */
export async function syncHa(
  cluster: ProxmoxCluster,
  type: GuestType,
  vmid: number,
  wanted: string,
  state: "started" | "stopped",
): Promise<void> {
  if (wanted === (await readHa(cluster, type, vmid))) return;
  if (wanted === "none") return removeHa(cluster, type, vmid);
  const sid = sidOf(type, vmid);
  const known = (await resources(cluster)).find((each) => each.sid === sid);
  const grouped = !(await hasRules(cluster));
  const group: RequestParameters = grouped && wanted !== "managed" ? { group: wanted } : {};
  if (known === undefined) await cluster.write("POST", "/cluster/ha/resources", { sid, state, ...group });
  else if (grouped)
    await cluster.write("PUT", `/cluster/ha/resources/${sid}`, wanted === "managed" ? { delete: "group" } : group);
  if (!grouped) await cluster.turns.run(() => putInRule(cluster, sid, wanted));
}

/** A rule holds a list of guests, and nobody's else is touched. */
async function putInRule(cluster: ProxmoxCluster, sid: string, wanted: string): Promise<void> {
  const all = await rules(cluster);
  if (wanted !== "managed" && !all.some(({ rule }) => rule === wanted))
    throw new UserError(`there is no HA node affinity rule ${wanted}; make it in Proxmox VE, or name another`);
  for (const { rule, type, resources: held } of all) {
    const next = rule === wanted ? [...new Set([...held, sid])] : held.filter((each) => each !== sid);
    if (next.length === held.length) continue;
    if (next.length === 0) await cluster.write("DELETE", `/cluster/ha/rules/${rule}`, {});
    else await cluster.write("PUT", `/cluster/ha/rules/${rule}`, { type, resources: next.join(",") });
  }
}

/** Asks the HA manager for a state. */
export const requestState = (
  cluster: ProxmoxCluster,
  type: GuestType,
  vmid: number,
  state: "started" | "stopped",
): Promise<void> => cluster.write("PUT", `/cluster/ha/resources/${sidOf(type, vmid)}`, { state });

/** Takes the guest out of the HA stack; it goes on as it is. */
export async function removeHa(cluster: ProxmoxCluster, type: GuestType, vmid: number): Promise<void> {
  const sid = sidOf(type, vmid);
  try {
    await cluster.write("DELETE", `/cluster/ha/resources/${sid}`, {});
  } catch (error) {
    if (!says.noSuchResource(error)) throw error;
  }
}
