import { z } from "zod";

// The wire of /access, by PVE 9.2's API.

const words = z
  .union([z.string(), z.array(z.string()), z.null()])
  .optional()
  .transform((value) => (Array.isArray(value) ? value : (value ?? "").split(/[,;\s]+/).filter((word) => word !== "")));
const flag = z.coerce.number().transform((value) => value !== 0);
const seconds = z.coerce.number();
const text = z.string().optional();

/** GET /access/roles. */
export const accessRole = z.object({ roleid: z.string(), privs: words, special: flag.default(false) });

const token = z.object({
  tokenid: z.string(),
  privsep: flag.default(true),
  expire: seconds.default(0),
  comment: text,
});
/** GET /access/users?full=1. */
export const accessUser = z.object({
  userid: z.string(),
  enable: flag.default(true),
  expire: seconds.default(0),
  comment: text,
  email: text,
  firstname: text,
  lastname: text,
  groups: words,
  tokens: z
    .array(token)
    .nullish()
    .transform((tokens) => tokens ?? []),
});
/** GET /access/groups. */
export const accessGroup = z.object({ groupid: z.string(), comment: text });
/** GET /access/acl: only entries of paths where the caller may change them. */
export const aclEntry = z.object({
  path: z.string(),
  type: z.enum(["user", "group", "token"]),
  ugid: z.string(),
  roleid: z.string(),
  propagate: flag.default(true),
});
/** GET /access/domains. */
export const realm = z.object({ realm: z.string(), type: z.string() });

/** What a token's creation answers, and its regeneration: the one time that its secret is shown. */
export const madeToken = z.object({ "full-tokenid": z.string(), value: z.string() });
