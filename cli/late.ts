import { UserError } from "../providers/errors";
import { duration, milliseconds } from "../stacks/duration";
import { askPulumi } from "./configuration";
import type { NamedStack } from "./notify";
import { programOfStack } from "./stackfile";

/** A stack that runs by a schedule, and when it last did so well. */
export interface LastRun {
  program: string;
  /** When its last `up` that succeeded began; nothing where it had none. */
  last: Date | undefined;
  isLate: boolean;
}

/** Updates that are looked at: failed ones and refreshes stand among them. */
const most = 50;

/** @param after how long the last good run may be ago, like 26h @throws UserError */
export async function lastRunOfStack(choice: NamedStack, after: string, now = Date.now()): Promise<LastRun> {
  if (!duration.safeParse(after).success)
    throw new UserError(`--after ${after}: write minutes, hours or days, like 26h.`);
  const { stack } = choice;
  // It loads Pulumi's SDK, which no other command needs.
  const { lastOf } = await import("../stacks/history.js");
  const words = ["stack", "history", "--json", "--page-size", String(most), "--stack", stack];
  const last = lastOf(await askPulumi(`The history of stack ${stack}`, words));
  const program = await programOfStack(choice);
  return { program, last, isLate: last === undefined || now - last.getTime() > milliseconds(after) };
}
