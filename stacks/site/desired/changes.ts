import type { Orphan } from "../../../providers/ownership/anchor.model";
import { mark } from "../../../providers/ownership/mark";
import { waitsForStart } from "../../../providers/proxmox/nodes/inforce";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { isRecord } from "../../../providers/values";
import { typeInToken } from "../../known";
import { hostOf } from "../../netbox/address";
import type { Change, Effect } from "../../plan/change";
import { changesFrom } from "../../plan/changes";
import type { PlanStep } from "../../plan/steps";
import { aboutFrom } from "./about";
import { guestEffects } from "./effects";
import type { PluginFacts, Site } from "./types";

// Everything that a run of the site program is about to change, with what that does to guests, addresses and names.

/** What a run of the site program removes besides, and what it leaves. */
export interface ChangedSite extends Pick<Site, "stack" | "netbox" | "proxmox" | "state"> {
  plugin?: PluginFacts | undefined;
  orphans: readonly Orphan[];
  /** Guests that are there afterwards, by NetBox id, with their names. */
  staying: ReadonlyMap<number, string>;
}

export function siteChanges(
  { stack, netbox, plugin, proxmox, state, orphans, staying }: ChangedSite,
  engineSteps: readonly PlanStep[],
): Change[] {
  const steps = [...engineSteps, ...orphans.map(stepOfOrphan)];
  const isReleasing = (step: PlanStep) => step.action === "delete" && isReleased(step, staying);
  const released = new Set(steps.filter(isReleasing).map(({ existing }) => hostOf(`${existing?.properties.address}`)));
  const nodeOf = ({ cluster, vmid }: Record<string, unknown>) =>
    proxmox.get(String(cluster))?.guests.get(Number(vmid))?.node;
  const effectsOf = (step: PlanStep): Effect[] => {
    const { action, existing, inputs } = step;
    if (existing === undefined || action === "same") return [];
    const type = guestTypes[existing.type];
    if (action === "delete") {
      if (type !== undefined) return ["removes"];
      if (isReleasing(step)) return ["releases"];
      return isLostName(step, staying) ? ["removesNames"] : [];
    }
    if (type === undefined || inputs === undefined) return [];
    if (action === "replace") return ["removes", "rebuilds"];
    return guestEffects(existing.properties, inputs, { type, node: nodeOf(existing.properties), released });
  };
  const known = [...state.guests].map(([id, { name }]) => [id, name] as const);
  const guests = new Map([...known, ...staying]);
  const about = aboutFrom(netbox, plugin);
  // What a name loses says so as well as what it gets.
  const fromOf = ({ token, inputs, existing }: PlanStep) => {
    const type = typeInToken(token);
    const all = [{ ...existing?.properties, ...inputs }, ...(existing ? [existing.properties] : [])];
    return [...new Set(all.flatMap((properties) => about({ type, properties })))];
  };
  return changesFrom(steps, { stack, netboxUrl: netbox.url, guests, effectsOf, waitsOf, fromOf });
}

/** What waits for the next start of a guest that runs on. */
function waitsOf({ action, existing, inputs }: PlanStep): string[] {
  if (existing === undefined || inputs === undefined || action !== "update") return [];
  const type = guestTypes[existing.type];
  if (type === undefined || inputs.restart === true) return [];
  const { properties } = existing;
  if (properties.power !== "running" || inputs.power !== "running") return [];
  return waitsForStart(type, properties, inputs);
}

/** How many there are of what effects are counted in. @param guests built ones, whether this run declares them or not */
export function totalsOf(
  { state }: Pick<Site, "state">,
  guests: number,
): { guests: number; addresses: number; names: number } {
  const of = (type: string) => state.resources.filter((each) => each.type === type);
  return {
    guests,
    addresses: of("NetboxIpAllocation").filter(({ properties }) => properties.given !== true).length,
    names: of("Bind9Record").length,
  };
}

const guestTypes: Record<string, GuestType> = { ProxmoxVm: "qemu", ProxmoxContainer: "lxc" };

/** An address that we allocated, of a guest that stays. */
function isReleased({ existing }: PlanStep, staying: ReadonlyMap<number, string>): boolean {
  if (existing?.type !== "NetboxIpAllocation") return false;
  const { given, address, mark: of } = existing.properties;
  return given !== true && address !== undefined && staying.has(mark.safeParse(of).data?.netboxId ?? -1);
}

/** A name of no guest, or of one that stays: one goes with its guests, which are counted themselves. */
function isLostName({ existing }: PlanStep, staying: ReadonlyMap<number, string>): boolean {
  if (existing?.type !== "Bind9Record") return false;
  const { owner } = existing.properties;
  const guests = isRecord(owner) && Array.isArray(owner.guests) ? owner.guests.map(Number) : [];
  return guests.length === 0 || guests.some((id) => staying.has(id));
}

/** What an interrupted run left is removed by the anchor. */
const stepOfOrphan = ({ kind, id, state }: Orphan): PlanStep => {
  const type = orphanTypes[kind];
  const existing = { type, token: type, name: id, id, properties: state };
  return { token: type, name: id, action: "delete", existing, changed: [], problems: [] };
};

const orphanTypes: Record<Orphan["kind"], string> = {
  "bind9-record": "Bind9Record",
  "netbox-dns-record": "NetboxDnsRecord",
  "proxmox-vm": "ProxmoxVm",
  "proxmox-container": "ProxmoxContainer",
  "netbox-ip-allocation": "NetboxIpAllocation",
  "netbox-guest": "NetboxGuest",
};
