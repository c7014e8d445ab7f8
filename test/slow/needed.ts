import { expect } from "vitest";
import { Semaphore } from "../../providers/semaphore";
import type { Grant, ObjectPermission } from "../../stacks/access/privileges";
import type { StackRun } from "../../tools/stack";
import { isCi, sample } from "../harness/sample";

// A life is run with all rights that are documented, and with each of them missing: that it is missed is the proof.

/** @returns what the first run said that ended badly, or nothing */
export async function firstErrors(steps: (() => Promise<StackRun>)[]): Promise<string> {
  for (const step of steps) {
    const { errors, code } = await step();
    if (errors.length > 0) return errors.join("; ").replace(/\s+/g, " ");
    if (code !== 0) return `exit code ${code}`;
  }
  return "";
}

/** Runs the life with all of it, and without each, in CI without one; prints what was said. */
export async function provenNeeded<T>(
  all: T[],
  name: (one: T) => string,
  life: (held: T[]) => Promise<string>,
): Promise<void> {
  const places = new Semaphore(2);
  const whole = places.run(() => life(all));
  const told = await Promise.all(
    (isCi ? sample(all, 1) : all).map((left) =>
      places.run(async () => `${name(left)}: ${await life(all.filter((each) => each !== left))}`),
    ),
  );
  process.stdout.write(`${told.join("\n")}\n`);
  expect(await whole).toBe("");
  expect(told.filter((line) => line.endsWith(": "))).toEqual([]);
}

const privilegeName = ({ path, privileges }: Grant): string => `${path} ${privileges[0]}`;

/** Each privilege at a path by itself, once, whatever parts of a program need it; and its name. */
export function eachPrivilege(grants: Grant[]): [Grant[], (grant: Grant) => string] {
  const each = grants.flatMap(({ privileges, ...grant }) =>
    privileges.map((privilege) => ({ ...grant, privileges: [privilege] })),
  );
  return [[...new Map(each.map((grant) => [privilegeName(grant), grant])).values()], privilegeName];
}

/** Each action on each type of NetBox's objects by itself, and its name. */
export const eachAction = (
  permissions: ObjectPermission[],
): [ObjectPermission[], (permission: ObjectPermission) => string] => [
  permissions.flatMap(({ objectTypes, actions }) =>
    objectTypes.flatMap((type) => actions.map((action) => ({ objectTypes: [type], actions: [action] }))),
  ),
  ({ objectTypes, actions }) => `${actions[0]} ${objectTypes[0]}`,
];
