import { z } from "zod";
import { sameValue } from "../../values";
import { type AccessView, type InView, type SeenToken, withEntry } from "./view";

/** An API token of one generation of a rotation. */
export const tokenInputs = z.object({
  cluster: z.string(),
  userid: z.string(),
  tokenid: z.string(),
  comment: z.string().optional(),
  /** Seconds since 1970; 0 is never. */
  expire: z.number(),
  privsep: z.boolean(),
  /** A higher number is a new secret. */
  generation: z.number(),
  /** Another number asks for the next generation. */
  rotation: z.number(),
  /** It was there before, and nobody knows its secret any more: it stays as it is until it retires. */
  adopted: z.boolean().optional(),
  /** What is there by this name gets a new secret: nobody knows the one that it has. */
  takeOver: z.boolean().optional(),
  /** Another one took over: from then on (seconds since 1970) it may go. */
  retires: z.number().optional(),
});
export type TokenInputs = z.infer<typeof tokenInputs>;

/** The outcome of `pvesh create /access/users/…/token/…`, as other tools know it. */
export const createdToken = z.object({
  "full-tokenid": z.string(),
  info: z.object({ comment: z.string(), expire: z.string(), privsep: z.string() }),
  value: z.string(),
});
export type CreatedToken = z.infer<typeof createdToken>;

export const tokenState = tokenInputs.extend({
  /** The cluster's own name for itself. */
  system: z.string().optional(),
  /** When its secret was made, in seconds since 1970; unknown of an adopted one. */
  madeAt: z.number().optional(),
  /** The secret. */
  value: z.string().optional(),
});
export type TokenState = z.infer<typeof tokenState>;

export const fullTokenId = ({ userid, tokenid }: Pick<TokenInputs, "userid" | "tokenid">): string =>
  `${userid}!${tokenid}`;

export const outcomeOf = (token: TokenInputs, value: string): CreatedToken => ({
  "full-tokenid": fullTokenId(token),
  info: { comment: token.comment ?? "", expire: String(token.expire), privsep: token.privsep ? "1" : "0" },
  value,
});

/** What makes another token of it. */
export const tokenKey = ["cluster", "userid", "tokenid"] as const;
export const isTokenChanged = (state: Record<string, unknown>, inputs: Record<string, unknown>): boolean =>
  Object.keys(tokenInputs.omit({ takeOver: true }).shape).some((name) => !sameValue(state[name], inputs[name]));

/** The token as a cluster shows it: without its secret. */
export const seenProxmoxToken = (
  view: AccessView,
  { userid, tokenid }: Pick<TokenInputs, "userid" | "tokenid">,
): SeenToken | undefined => view.users.get(userid)?.tokens.get(tokenid);

/** The view with another token of a user's, or with none of this name. */
function withToken(view: AccessView, { userid, tokenid }: TokenInputs, token: SeenToken | undefined): AccessView {
  const user = view.users.get(userid);
  if (user === undefined) return view;
  const tokens = withEntry(user.tokens, tokenid, token);
  return { ...view, users: withEntry(view.users, userid, { ...user, tokens }) };
}

/** How it changes a cluster's view; its rights go with it. */
export const tokenInView: Pick<InView<TokenInputs>, "put" | "drop"> = {
  put: (view, { comment, expire, privsep, ...token }) =>
    withToken(view, { ...token, expire, privsep }, { comment, expire, privsep }),
  drop(view, token) {
    const ugid = fullTokenId(token);
    const acl = view.acl.filter((entry) => entry.type !== "token" || entry.ugid !== ugid);
    return { ...withToken(view, token, undefined), acl };
  },
};
