import { MachineState } from "../../../providers/netbox/objects/machine.model";
import { Row } from "../../../providers/netbox/objects/object.model";
import { nameOf } from "../../../providers/proxmox/nodes/guest.model";
import { NetboxView } from "../../netbox/view";
import { macsOf } from "./guest";
import { Machines } from "./machines";
import { customFieldOf } from "./merge";
import { guestName } from "./names";
import { Reached, SeenMachine } from "./types";

/** The guest's object in NetBox: the one that we know, then by VMID, by name, by MAC. */
export function matchGuest(
  machines: Machines,
  view: Reached,
  seen: SeenMachine,
  state: MachineState | undefined,
): Row | "several" | undefined {
  const { customFields } = machines.facts.site;
  const all = machines.documented.machines(view.name).filter(({ id }) => !machines.taken.has(`virtualMachine/${id}`));
  const known = all.find(({ id }) => id === state?.netboxId);
  if (known) return known;
  const vmidOf = (each: Row) => customFieldOf(each, customFields.vmid);
  const free = all.filter((each) => vmidOf(each) === undefined);
  const macs = macsOf(seen);
  const ways = [
    all.filter((each) => vmidOf(each) === String(seen.vmid)),
    free.filter((each) => String(each.name).toLowerCase() === nameOf(seen).toLowerCase()),
    free.filter(({ id }) =>
      machines.documented
        .parts("vmInterface", id)
        .some(({ mac_address }) => macs.includes(String(mac_address).toUpperCase())),
    ),
  ];
  const found = ways.find((way) => way.length > 0) ?? [];
  if (found.length < 2) return found[0];
  machines.report.push({
    ...{ cluster: view.name, vmid: seen.vmid, name: nameOf(seen), change: "conflicting" },
    details: [
      `${found.length} virtual machines in NetBox could be it (${found.map(({ id, name }) => `${String(name)} ${urlOf(machines.facts.netbox, { id }).url}`).join(", ")}): write its VMID into ${customFields.vmid} of the right one`,
    ],
  });
  if (state) machines.keep(guestName(view.name, seen.vmid), state);
  return "several";
}

export const urlOf = ({ url }: NetboxView, there: Pick<Row, "id"> | undefined): { url?: string } =>
  there === undefined ? {} : { url: `${url}/virtualization/virtual-machines/${there.id}/` };
