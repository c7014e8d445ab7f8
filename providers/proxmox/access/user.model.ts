import { z } from "zod";
import { withoutUndefined } from "../../values";
import { accessFound, type InView, type SeenUser, withEntry } from "./view";

/** Fields that are left out are other people's. */
const details = z.object({
  enable: z.boolean().optional(),
  /** Seconds since 1970; 0 is never. */
  expire: z.number().optional(),
  comment: z.string().optional(),
  email: z.string().optional(),
  firstname: z.string().optional(),
  lastname: z.string().optional(),
});
export type UserDetails = z.infer<typeof details>;

export const userInputs = details.extend({
  cluster: z.string(),
  userid: z.string(),
  /** Groups that it is put into; others that it is in stay. Sorted. */
  groups: z.array(z.string()).default([]),
  /** The name of a password in netbox-proxmox:passwords, and what changes when that does. */
  passwordName: z.string().optional(),
  passwordVersion: z.string().optional(),
  /** One that nobody chose, of a user that is made. */
  generatePassword: z.boolean().optional(),
});
export type UserInputs = z.infer<typeof userInputs>;

export const userState = userInputs.extend({
  ...accessFound.shape,
  /** The one that was generated. A secret. */
  password: z.string().optional(),
});

const names = Object.keys(details.shape) as (keyof UserDetails)[];

/** Of a user that is there, what is wanted. */
export function userFrom(there: SeenUser, wanted: UserInputs): UserInputs {
  const { enable, expire, comment = "", email = "", firstname = "", lastname = "" } = there;
  const all = { enable, expire, comment, email, firstname, lastname };
  const shown = Object.fromEntries(names.filter((name) => wanted[name] !== undefined).map((name) => [name, all[name]]));
  return userInputs.parse({
    ...withoutUndefined(wanted),
    ...shown,
    groups: wanted.groups.filter((group) => there.groups.includes(group)),
  });
}

/** Its groups once what is wanted is in force: others' stay, ours that are wanted no more go. */
export const groupsOf = (there: string[], wanted: string[], known: string[] = []): string[] =>
  [...new Set([...there.filter((group) => !known.includes(group)), ...wanted])].sort();

/** The details as a form of the API has them: those that differ from what is there. */
export function detailsTo(wanted: UserDetails, there: UserDetails = {}): Record<string, string | number> {
  return Object.fromEntries(
    names.flatMap((name): [string, string | number][] => {
      const value = wanted[name];
      if (value === undefined || value === there[name]) return [];
      return [[name, typeof value === "boolean" ? Number(value) : value]];
    }),
  );
}

/** Where it stands in a cluster's view. */
export const userInView: InView<UserInputs> = {
  find(view, wanted) {
    const there = view.users.get(wanted.userid);
    return there === undefined ? undefined : userFrom(there, wanted);
  },
  put(view, wanted, known) {
    const there = view.users.get(wanted.userid);
    return {
      ...view,
      users: withEntry(view.users, wanted.userid, {
        tokens: there?.tokens ?? new Map(),
        groups: groupsOf(there?.groups ?? [], wanted.groups, known?.groups),
        enable: wanted.enable ?? there?.enable ?? true,
        expire: wanted.expire ?? there?.expire ?? 0,
      }),
    };
  },
  drop: (view, { userid }) => ({
    ...view,
    users: withEntry(view.users, userid, undefined),
    acl: view.acl.filter(({ ugid }) => ugid !== userid && !ugid.startsWith(`${userid}!`)),
  }),
};
