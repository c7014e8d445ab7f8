// What was read no more.

import { MachineState } from "../../../providers/netbox/objects/machine.model";
import { ObjectRow, tagSlugs } from "../../../providers/netbox/objects/object.model";
import { milliseconds } from "../../duration";
import { discoveredTags } from "../../netbox/discovered";
import { missingField } from "../../netbox/schema";
import { DiscoveredMachines } from "./machines";
import { customFieldOf } from "./merge";
import { guestName, nodeName, vmidIn } from "./names";
import { DiscoveryFacts, Reached } from "./types";

/** Guests of the state, or of NetBox's own marks, that were not read: kept, marked as missing, or removed at last. */
export function keepOthers(machines: DiscoveredMachines, view: Reached): void {
  const declared = new Set(machines.declared.map(({ name }) => name));
  const there = new Map(view.all.map((guest) => [guest.vmid, guest]));
  const nodes = new Set(view.nodes.map(({ node }) => node));
  for (const [name, state] of machines.facts.known) {
    if (state.fields.cluster !== view.name || declared.has(name)) continue;
    const vmid = vmidIn(view.name, name);
    const isThere = vmid !== undefined && there.has(vmid);
    const node = name.slice(nodeName(view.name, "").length);
    if (state.released === true && !isThere) continue;
    if (vmid !== undefined ? isThere : name === nodeName(view.name, node) && nodes.has(node)) {
      machines.keep(name, state);
      if (vmid !== undefined && view.unread?.has(vmid) !== true)
        machines.report.push(
          machines.row(view.name, vmid, state, { id: state.netboxId }, "same", ["not read this time: kept as it was"]),
        );
      continue;
    }
    if (!view.isQuorate || (vmid !== undefined && view.unseen.has(vmid))) {
      machines.keep(name, state);
      machines.report.push(
        machines.row(view.name, vmid, state, { id: state.netboxId }, "same", [
          "nobody can say whether it is gone: kept as it was",
        ]),
      );
      continue;
    }
    vanished(machines, view, name, vmid, state);
  }
  for (const row of machines.documented.machines(view.name)) undeclared(machines, view, row, there);
}

/** Guests that are there and could not be read: each is told with why, and what NetBox has of it stays. */
export function reportUnread(machines: DiscoveredMachines, view: Reached): void {
  for (const [vmid, cause] of view.unread ?? []) {
    const state = machines.facts.known.get(guestName(view.name, vmid));
    const name = view.all.find((guest) => guest.vmid === vmid)?.name ?? "";
    const id = state && { id: state.netboxId };
    machines.report.push(
      machines.row(view.name, vmid, state ?? { fields: { name } }, id, "unreachable", [
        `it could not be read (${cause}): ${state === undefined ? "nothing is written of it" : "kept as it was"}`,
      ]),
    );
  }
}

/** Is the grace time over, and is what vanished to go then? */
function isOver({ facts }: DiscoveredMachines, since: string): boolean {
  const { settings, now } = facts;
  const age = now.getTime() - Date.parse(since);
  return age >= milliseconds(settings.graceTime) && settings.vanished === "remove";
}

function vanished(
  machines: DiscoveredMachines,
  view: Reached,
  name: string,
  vmid: number | undefined,
  state: MachineState,
): void {
  const { settings, now } = machines.facts;
  const row = machines.documented.object(state.type === "device" ? "devices" : "machines", state.netboxId);
  const since = (row && customFieldOf(row, missingField)) ?? String(state.customFields[missingField] ?? printTime(now));
  const removed = isOver(machines, since);
  const until =
    settings.vanished === "keep" ? "kept" : removed ? "removed now" : `removed once ${settings.graceTime} are over`;
  machines.report.push(
    machines.row(view.name, vmid, state, { id: state.netboxId }, "gone", [`missing since ${since}: ${until}`]),
  );
  if (removed) {
    machines.gone.push(String(state.fields.name));
    return;
  }
  const isOurs = "status" in state.fields;
  machines.keep(name, state, {
    fields: isOurs ? { ...state.fields, status: "offline" } : state.fields,
    customFields: { ...state.customFields, [missingField]: since },
  });
}

/** A guest that bears discovery's tag in NetBox, that neither Proxmox VE nor the state knows. */
function undeclared(machines: DiscoveredMachines, view: Reached, row: ObjectRow, there: Map<number, unknown>): void {
  const { site, stack, netbox, now } = machines.facts;
  const vmid = Number(customFieldOf(row, site.customFields.vmid));
  const tag = discoveredTags.find((each) => tagSlugs(row).includes(each));
  if (
    tag === undefined ||
    isKnown(machines.facts, row.id) ||
    machines.taken.has(`virtualMachine/${row.id}`) ||
    !vmid ||
    there.has(vmid) ||
    view.unseen.has(vmid)
  )
    return;
  if (tagSlugs(row).includes(site.adoptTag) || !view.isQuorate) return;
  const madeByUs = netbox.madeByUs.has(`virtualMachine/${row.id}`);
  const since = customFieldOf(row, missingField) ?? printTime(now);
  machines.report.push(
    machines.row(view.name, vmid, { fields: { name: row.name } }, row, "gone", [
      `missing since ${since}: ${madeByUs ? (isOver(machines, since) ? "removed by the run after this one" : "kept") : "left, as another stack or a person made it"}`,
    ]),
  );
  machines.declared.push({
    kind: "machine",
    name: guestName(view.name, vmid),
    args: {
      netboxUrl: netbox.url,
      stack,
      type: "virtualMachine",
      removal: "delete",
      objectId: row.id,
      ...(madeByUs ? { madeByUs } : {}),
      fields: { name: row.name, cluster: view.name },
      customFields: machines.typed({ [site.customFields.vmid]: String(vmid), [missingField]: since }),
      tags: [tag],
    },
  });
}

/** The report of a cluster that is only looked at. */
export function reportVanished(machines: DiscoveredMachines, view: Reached): void {
  const there = new Set(view.all.map(({ vmid }) => vmid));
  const { site } = machines.facts;
  for (const row of machines.documented.machines(view.name)) {
    const vmid = Number(customFieldOf(row, site.customFields.vmid));
    const isDiscovered = discoveredTags.some((tag) => tagSlugs(row).includes(tag));
    if (isDiscovered && vmid && !there.has(vmid) && view.isQuorate)
      machines.report.push(
        machines.row(view.name, vmid, { fields: { name: row.name } }, row, "gone", ["Proxmox VE has it no more"]),
      );
  }
}

const isKnown = ({ known }: DiscoveryFacts, id: number): boolean =>
  [...known.values()].some(({ type, netboxId }) => type === "virtualMachine" && netboxId === id);

const printTime = (now: Date): string => `${now.toISOString().slice(0, 16)}Z`;
