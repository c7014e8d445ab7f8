import { z } from "zod";
import type * as wire from "./schemas";

/** An API token as PVE shows it: without its secret. */
export interface SeenToken {
  comment?: string | undefined;
  /** Seconds since 1970; 0 is never. */
  expire: number;
  privsep: boolean;
}

export interface SeenUser {
  enable: boolean;
  /** Seconds since 1970; 0 is never. */
  expire: number;
  comment?: string | undefined;
  email?: string | undefined;
  firstname?: string | undefined;
  lastname?: string | undefined;
  groups: string[];
  tokens: ReadonlyMap<string, SeenToken>;
}

export type AclEntry = z.infer<typeof wire.aclEntry>;

/** Who may do what on a cluster, as far as the one who asks may see it. */
export interface AccessView {
  roles: ReadonlyMap<string, { privileges: string[]; isBuiltIn: boolean }>;
  groups: ReadonlyMap<string, { comment?: string | undefined }>;
  users: ReadonlyMap<string, SeenUser>;
  acl: readonly AclEntry[];
  /** Type (`pam`, `pve`, `ldap`, …) by name. */
  realms: ReadonlyMap<string, string>;
}

export function viewOf(answers: {
  roles: z.infer<typeof wire.accessRole>[];
  groups: z.infer<typeof wire.accessGroup>[];
  users: z.infer<typeof wire.accessUser>[];
  acl: AclEntry[];
  realms: z.infer<typeof wire.realm>[];
}): AccessView {
  return {
    roles: new Map(
      answers.roles.map(({ roleid, privs, special }) => [roleid, { privileges: privs.sort(), isBuiltIn: special }]),
    ),
    groups: new Map(answers.groups.map(({ groupid, comment }) => [groupid, { comment }])),
    users: new Map(
      answers.users.map(({ userid, tokens, ...user }) => [
        userid,
        { ...user, tokens: new Map(tokens.map(({ tokenid, ...token }) => [tokenid, token])) },
      ]),
    ),
    acl: answers.acl,
    realms: new Map(answers.realms.map(({ realm, type }) => [realm, type])),
  };
}

/** What is found out of an object when it is made. */
export const accessFound = z.object({
  /** The cluster's own name for itself. */
  system: z.string().optional(),
  /** Did this stack make it? */
  made: z.boolean().default(true),
  /** What was there before, where it did not. */
  before: z.record(z.string(), z.unknown()).optional(),
});
export type AccessFound = z.infer<typeof accessFound>;

/** A map with one entry more, other, or less. */
export function withEntry<V>(map: ReadonlyMap<string, V>, key: string, value: V | undefined): Map<string, V> {
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}

/** `USER@REALM!TOKENID` by its parts. */
export function splitAuthId(authId: string): { userid: string; tokenid: string | undefined } {
  const [userid = "", tokenid] = authId.split("!");
  return { userid, tokenid };
}

/** Where one kind of object stands in a view. */
export interface InView<I> {
  /** What is there of what is wanted, in the same form; undefined where it is not there. */
  find: (view: AccessView, wanted: I) => I | undefined;
  /** The view once it is written. @param known what was written of it last */
  put: (view: AccessView, wanted: I, known: I | undefined) => AccessView;
  /** The view without it, and without what goes with it. */
  drop: (view: AccessView, known: I) => AccessView;
}
