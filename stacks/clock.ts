import { UserError } from "../providers/errors";
import type { Environment } from "../providers/settings";

/** Where the command tells the program the time of the plan that it applies. */
export const clockVariable = "NETBOX_PROXMOX_NOW";

/** The time that a run goes by: that of the plan which is applied, else the time it is. @throws UserError where that is no time */
export function runTime(env: Environment = process.env): Date {
  const given = env[clockVariable];
  if (given === undefined || given === "") return new Date();
  const time = new Date(given);
  if (/^\d{4}-\d{2}-\d{2}T/.test(given) && !Number.isNaN(time.getTime())) return time;
  throw new UserError(
    `${clockVariable} is "${given}", which is no time: leave it unset, or write 2026-11-28T14:02:00Z.`,
  );
}
