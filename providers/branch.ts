import { UserError } from "./errors";
import type { Environment } from "./settings";

// A branch of NetBox is planned and never applied: while one is read, nothing is written to any system.

/** Names the branch of NetBox that is read in the place of main, for the program and its providers alike. */
export const branchVariable = "NETBOX_PROXMOX_BRANCH";

export function branchOf(env: Environment): string | undefined {
  const name = env[branchVariable]?.trim() ?? "";
  return name === "" ? undefined : name;
}

/** @throws UserError where a run would apply a branch */
export function refuseApplying(branch: string | undefined, isDryRun: boolean): void {
  if (branch === undefined || isDryRun) return;
  throw new UserError(
    `The branch ${branch} of NetBox is planned and never applied: merge it in NetBox, then run without --branch and ${branchVariable}.`,
  );
}

/** @param what is held back: `a POST to https://…` @throws UserError where a branch is read */
export function refuseWrite(branch: string | undefined, what: string): void {
  if (branch === undefined) return;
  throw new UserError(
    `Nothing is written for the branch ${branch} of NetBox, so that ${what} is refused: a branch is planned and never applied; merge it in NetBox, then run without --branch and ${branchVariable}.`,
  );
}
