import { z } from "zod";
import { mark, markChanged } from "../../ownership/mark";
import type { Diff } from "../../resource";

/** What this program writes into a guest's NetBox object: its VMID, where it has a custom field for it. */
export const netboxGuestInputs = z.object({
  mark,
  vmid: z.number(),
  /** Was the VMID computed from the NetBox id, rather than given by a person? */
  derived: z.boolean(),
  /** Was the guest adopted? */
  adopted: z.literal(true).optional(),
  /** The custom field that takes the VMID. */
  field: z.object({ name: z.string(), integer: z.boolean() }).optional(),
});

/** `vmid` is the one that NetBox has; left out where it has none. */
export const netboxGuestState = netboxGuestInputs.extend({ vmid: z.number().optional() });

export type NetboxGuestInputs = z.infer<typeof netboxGuestInputs>;
export type NetboxGuestState = z.infer<typeof netboxGuestState>;

export const netboxGuestDiff = (state: Record<string, unknown>, inputs: Record<string, unknown>): Diff => ({
  changes: markChanged(state, inputs) || (inputs.field !== undefined && state.vmid !== inputs.vmid),
});

/** The body of a PATCH that sets the VMID, or empties the field. */
export const vmidPatch = ({ name, integer }: NonNullable<NetboxGuestInputs["field"]>, vmid: number | null) => ({
  custom_fields: { [name]: vmid === null || integer ? vmid : String(vmid) },
});
