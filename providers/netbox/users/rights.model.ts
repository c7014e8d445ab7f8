import { z } from "zod";
import { isRecord } from "../../values";
import type { ObjectRow } from "../objects/object.model";

/** The user of a token, as GET /api/authentication-check/ shows it. */
export const myself = z.object({
  id: z.number(),
  username: z.string(),
  groups: z.array(z.object({ id: z.number() })).default([]),
});
export type Myself = z.infer<typeof myself>;

/** What somebody loses by a change of one of NetBox's objects. */
export function lostBy(
  type: "user" | "userGroup" | "permission",
  { id, groups }: Pick<Myself, "id" | "groups">,
  before: ObjectRow,
  after: ObjectRow | undefined,
): string | undefined {
  switch (type) {
    case "user":
      if (before.id !== id) return undefined;
      if (after === undefined || after.is_active === false) return "its user";
      return groups.every((group) => idsOf(after.groups).includes(group.id)) ? undefined : "what a group of its may";
    case "userGroup":
      return after === undefined && groups.some((group) => group.id === before.id)
        ? "what a group of its may"
        : undefined;
    case "permission": {
      const held = rightsOf(before, { id, groups });
      if (held.length === 0) return undefined;
      const kept = after === undefined ? [] : rightsOf(after, { id, groups });
      const lost = held.filter((each) => !kept.includes(each)).sort();
      if (lost.length > 0) return lost.slice(0, 3).join(", ");
      const isNarrower =
        after?.constraints !== null && JSON.stringify(after?.constraints) !== JSON.stringify(before.constraints);
      return isNarrower ? "some of the objects that it may see" : undefined;
    }
  }
}

const idsOf = (value: unknown): number[] =>
  Array.isArray(value) ? value.map((each: unknown) => Number(isRecord(each) ? each.id : each)) : [];
const wordsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
/** What a permission gives to somebody, as `view ipam.ipaddress`: by itself or by a group. */
export function rightsOf(permission: ObjectRow, { id, groups }: Pick<Myself, "id" | "groups">): string[] {
  const isIts =
    permission.enabled !== false &&
    (idsOf(permission.users).includes(id) || groups.some((group) => idsOf(permission.groups).includes(group.id)));
  return isIts ? granted(permission) : [];
}

const granted = ({ object_types: types, actions }: ObjectRow): string[] =>
  wordsOf(types).flatMap((type) => wordsOf(actions).map((action) => `${action} ${type}`));
