import { MachineState } from "../../../providers/netbox/objects/machine.model";
import { ObjectRow } from "../../../providers/netbox/objects/object.model";
import { pageOf } from "../../../providers/page";
import { guestNameOf } from "../../../providers/proxmox/nodes/guest.model";
import { NetboxView } from "../../netbox/view";
import { macsOf } from "./guest";
import { DiscoveredMachines } from "./machines";
import { clusterNameOf, customFieldOf } from "./merge";
import { guestName } from "./names";
import { Reached, SeenMachine } from "./types";

/** The guest's object in NetBox: the one that we know, then by VMID, by name, by MAC. */
export function matchGuest(
  machines: DiscoveredMachines,
  view: Reached,
  seen: SeenMachine,
  state: MachineState | undefined,
): ObjectRow | "several" | undefined {
  const { customFields } = machines.facts.site;
  const { documented } = machines;
  const isFree = ({ id }: ObjectRow) => !machines.taken.has(`virtualMachine/${id}`);
  const known = documented.object("machines", state?.netboxId);
  if (known && isFree(known) && clusterNameOf(known) === view.name) return known;
  const { byVmid, byMac } = documented.candidates(view.name, customFields.vmid);
  const ways = [
    byVmid.get(String(seen.vmid)) ?? [],
    documented
      .machinesNamed(view.name, guestNameOf(seen))
      .filter((each) => customFieldOf(each, customFields.vmid) === undefined),
    [...new Set(macsOf(seen).flatMap((mac) => byMac.get(mac) ?? []))],
  ].map((way) => way.filter(isFree));
  const found = ways.find((way) => way.length > 0) ?? [];
  if (found.length < 2) return found[0];
  machines.report.push({
    cluster: view.name,
    vmid: seen.vmid,
    name: guestNameOf(seen),
    change: "conflicting",
    details: [
      `${found.length} virtual machines in NetBox could be it (${found.map(({ id, name }) => `${String(name)} ${urlOf(machines.facts.netbox, { id }).url}`).join(", ")}): write its VMID into ${customFields.vmid} of the right one`,
    ],
  });
  if (state) machines.keep(guestName(view.name, seen.vmid), state);
  return "several";
}

export const urlOf = ({ url }: NetboxView, there: Pick<ObjectRow, "id"> | undefined): { url?: string } =>
  there === undefined ? {} : { url: pageOf(url, "virtualization/virtual-machines", there.id) };
