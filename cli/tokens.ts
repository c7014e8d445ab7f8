import { z } from "zod";
import type { Context } from "../providers/context";
import { isSuperuser } from "../providers/netbox/users/lockout";
import { outermost, privilegesAt } from "../providers/proxmox/access/rights.model";
import { fullTokenId } from "../providers/proxmox/access/token.model";
import { dueAt, printMoment } from "../stacks/access/desired/rotation";
import { tableLines } from "../stacks/plan/table";
import { askPulumi } from "./configuration";

/** One token of Proxmox VE or NetBox. Times in seconds since 1970. */
export interface ListedToken {
  /** `pve-lab/netbox@pve!site`, `NetBox/netbox-site/site`. */
  token: string;
  owner: string;
  comment: string;
  rights: string;
  /** Nothing where nobody knows: Proxmox VE doesn't keep it. */
  madeAt: number | undefined;
  /** 0 is never. */
  expire: number;
  /** When the next one has to take over. */
  due: number | undefined;
  state: "current" | "overlapping" | "due" | "expiring" | "expired" | "switched off" | "not in the stack";
  /** With `--usage`: when it was used last, as far as the system keeps that. */
  lastUsed?: number | undefined;
}

const inventoryRow = z.object({
  entry: z.string(),
  state: z.enum(["current", "overlapping"]),
  madeAt: z.number().optional(),
  expire: z.number(),
  rotateAfter: z.number().optional(),
  overlap: z.number(),
  renews: z.boolean(),
});
export const tokenInventory = z.record(z.string(), inventoryRow);
export type TokenInventory = z.infer<typeof tokenInventory>;

/** The tokens of an access stack, by its outputs. */
export async function inventoryOf(stack: string): Promise<TokenInventory> {
  const outputs = await askPulumi(`The outputs of stack ${stack}`, ["stack", "output", "--stack", stack]);
  return z.object({ inventory: tokenInventory.default({}) }).parse(outputs).inventory;
}

interface Wanted {
  known: TokenInventory;
  usage: boolean;
  /** Seconds: what expires within them is told, where no rotation of ours looks after it. */
  within: number;
  now: number;
}

/** Every token that the credentials at hand may see. */
export async function listTokens(context: Context, wanted: Wanted): Promise<ListedToken[]> {
  const systems = await Promise.all([
    ...context.proxmox.map((cluster) => proxmoxTokens(cluster, wanted)),
    ...(context.hasNetbox ? [netboxTokens(context, wanted)] : []),
  ]);
  return systems.flat().sort((a, b) => a.token.localeCompare(b.token));
}

async function proxmoxTokens(cluster: Context["proxmox"][number], wanted: Wanted): Promise<ListedToken[]> {
  const [view, used] = await Promise.all([
    cluster.access(),
    wanted.usage ? cluster.lastTasks() : new Map<string, number>(),
  ]);
  const paths = [...new Set(["/", ...view.acl.map(({ path }) => path)])];
  // Who may change the ACL sees all of it, and need not be told what comes of it.
  const worked = (full: string) =>
    Object.fromEntries(paths.map((path) => [path, [...privilegesAt(view, full, path, wanted.now * 1000)]]));
  const all = [...view.users].flatMap(([userid, user]) =>
    [...user.tokens].map(([tokenid, token]) => ({ userid, tokenid, user, token })),
  );
  return Promise.all(
    all.map(async ({ userid, tokenid, user, token }) => {
      const full = fullTokenId({ userid, tokenid });
      const held = await cluster.permissionsOf(full);
      return judged(
        {
          token: `${cluster.name}/${full}`,
          owner: userid,
          comment: token.comment ?? "",
          rights: printRights(held ?? worked(full)),
          expire: token.expire,
          isOff: !user.enable || (user.expire !== 0 && user.expire <= wanted.now),
          ...(wanted.usage ? { lastUsed: used.get(full) } : {}),
        },
        wanted,
      );
    }),
  );
}

const netboxToken = z.object({
  id: z.number(),
  user: z.object({ username: z.string() }),
  display: z.string(),
  description: z.string(),
  created: z.string(),
  expires: z.string().nullable(),
  last_used: z.string().nullable(),
  enabled: z.boolean(),
  write_enabled: z.boolean(),
});
const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

async function netboxTokens({ netbox }: Context, wanted: Wanted): Promise<ListedToken[]> {
  const fields = Object.keys(netboxToken.shape).join(",");
  const all = await netbox.list("users/tokens", netboxToken, fields);
  const names = [...new Set(all.map(({ user }) => user.username))];
  // Who may see tokens may not see users.
  const superusers = new Map(
    await Promise.all(
      names.map(async (username) => [username, await isSuperuser(netbox, { username }).catch(() => false)] as const),
    ),
  );
  return all.map((each) => {
    const { username } = each.user;
    // The name that this project's tokens carry in their description.
    const name = /Pulumi stack \S+: (\S+) #\d+$/.exec(each.description)?.[1] ?? each.display;
    const rights = [
      ...(superusers.get(username) ? ["superuser"] : ["object permissions of its user"]),
      ...(each.write_enabled ? [] : ["only to read"]),
    ];
    return judged(
      {
        token: `NetBox/${username}/${name}`,
        owner: username,
        comment: each.description,
        rights: rights.join(", "),
        madeAt: seconds(each.created),
        expire: each.expires === null ? 0 : seconds(each.expires),
        isOff: !each.enabled,
        ...(wanted.usage ? { lastUsed: each.last_used === null ? undefined : seconds(each.last_used) } : {}),
      },
      wanted,
    );
  });
}

type Found = Omit<ListedToken, "due" | "state" | "madeAt"> & { isOff: boolean; madeAt?: number };

/** With what is known of it here, and what has to be done. */
function judged({ isOff, ...found }: Found, { known, within, now }: Wanted): ListedToken {
  const row = known[found.token];
  const madeAt = row?.madeAt ?? found.madeAt;
  const due = row?.state === "current" ? dueAt(row, madeAt, found.expire) : undefined;
  const { expire } = found;
  const state = (): ListedToken["state"] => {
    if (isOff) return "switched off";
    if (expire !== 0 && expire <= now) return "expired";
    if (row?.state === "overlapping") return "overlapping";
    if (due !== undefined && due <= now) return "due";
    if (expire !== 0 && due === undefined && expire - now <= within) return "expiring";
    return row === undefined ? "not in the stack" : "current";
  };
  return { ...found, madeAt, due, state: state() };
}

/** Has somebody to do something? */
export const needsCare = ({ state }: ListedToken): boolean =>
  state === "due" || state === "expiring" || state === "expired";

/** `VM.Audit and 11 more on /vms; Sys.Audit on /`, each where it begins. */
function printRights(held: Record<string, string[]>): string {
  const shown = outermost(Object.entries(held)).map(({ path, privileges: [first = "", ...rest] }) => {
    const names = rest.length > 2 ? `${first} and ${rest.length} more` : [first, ...rest].join(", ");
    return `${names} on ${path}`;
  });
  return shown.join("; ") || "none";
}

/** The list as a table. */
export function printTokens(all: ListedToken[], { usage, now }: Pick<Wanted, "usage" | "now">): string {
  if (all.length === 0) return "No tokens, or none that these credentials may see.";
  const ago = (at: number | undefined) => (at === undefined ? "unknown" : printMoment(at, now));
  const head = ["token", "state", "made", "expires", "due", ...(usage ? ["last used"] : []), "rights"];
  const rows = all.map((each) => [
    each.token,
    each.state,
    ago(each.madeAt),
    each.expire === 0 ? "never" : printMoment(each.expire, now),
    each.due === undefined ? "" : printMoment(each.due, now),
    ...(usage ? [each.lastUsed === undefined ? "not seen" : printMoment(each.lastUsed, now)] : []),
    each.rights,
  ]);
  return tableLines([head, ...rows]).join("\n");
}
