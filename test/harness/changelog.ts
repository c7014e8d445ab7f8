import type { ChangelogEntry } from "../../providers/netbox/schemas";
import type { OwnWrites } from "../../stacks/plan/because/ownwrites";
import type { Change } from "../../stacks/plan/change";

let id = 0;

/** An entry of NetBox's change log, later than all that were made before. */
export function entry(
  type: string,
  objectId: number,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  more: Partial<ChangelogEntry> = {},
): ChangelogEntry {
  id++;
  const isEmpty = (data: object) => Object.keys(data).length === 0;
  return {
    id,
    time: new Date(Date.UTC(2026, 10, 28, 12, 0, id)).toISOString(),
    user: "anna",
    request: `request-${id}`,
    action: isEmpty(before) ? "create" : isEmpty(after) ? "delete" : "update",
    type,
    objectId,
    text: "web01",
    message: "",
    before,
    after,
    ...more,
  };
}

export const machineType = "virtualization.virtualmachine";

/** An update of virtual machine 7. */
export const machineEntry = (
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  more: Partial<ChangelogEntry> = {},
): ChangelogEntry => entry(machineType, 7, before, after, more);

export const webUrn = "urn:pulumi:test::netbox-proxmox::pulumi-nodejs:dynamic/proxmox:ProxmoxVm::web01";

/** A change of the guest that virtual machine 7 is. */
export const guestChange = (
  fields: Record<string, [before: unknown, after: unknown]>,
  more: Partial<Change> = {},
): Change => ({
  urn: webUrn,
  object: "VM",
  name: "web01",
  system: "Proxmox VE",
  action: "update",
  fields: Object.entries(fields).map(([name, [before, after]]) => ({ name, before, after })),
  effects: [],
  from: ["virtualization.virtualmachine/7", "virtualization.vminterface/70", "virtualization.virtualdisk/700"],
  ...more,
});

export const ownWrites: OwnWrites = {
  owns: (stack) => stack === "netbox-proxmox/test",
  vmidPath: "custom_fields.proxmox_vmid",
  vmids: new Map([[7, 100_007]]),
  primaries: new Set([51]),
  promoted: new Set([7]),
};
