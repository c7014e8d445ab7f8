import { z } from "zod";
import { context } from "../../context";
import { UserError } from "../../errors";
import { HttpError } from "../../http/errors";
import { type Handler, replacedBy } from "../../resource";
import { sameValue, withoutUndefined } from "../../values";
import type { ProxmoxCluster } from "../client";
import { proveSystem } from "../system";
import { keepOwnRights } from "./lockout";
import type { AccessView, InView } from "./view";

// Roles, groups, users and ACL entries have one life: found or made, brought to what is wanted, put back or removed.

export interface AccessInputs {
  cluster: string;
}

/** Where the token must have one of these privileges, so that it would be shown what is there. */
export interface Visibility {
  paths: string[];
  privileges: string[];
}

/** What one kind of object knows of itself. */
export interface AccessKind<I extends AccessInputs> extends InView<I> {
  /** PVE's word for it. */
  noun: string;
  inputs: z.ZodType<I> & { shape: object };
  /** What tells one from another: a change of it makes another object. */
  key: readonly (keyof I & string)[];
  name: (wanted: I) => string;
  /** @returns what was found out while it was written, beside the inputs */
  write: (
    cluster: ProxmoxCluster,
    wanted: I,
    there: I | undefined,
    known: I | undefined,
    view: AccessView,
  ) => Promise<object>;
  remove: (cluster: ProxmoxCluster, known: I) => Promise<void>;
  /** Undefined where everybody sees it. */
  visibility: (known: I) => Visibility | undefined;
}

const found = z.object({
  /** The cluster's own name for itself. */
  system: z.string().optional(),
  /** Did this stack make it? */
  made: z.boolean().default(true),
  /** What was there before, where it did not. */
  before: z.record(z.string(), z.unknown()).optional(),
});

export function accessHandler<I extends AccessInputs>(kind: AccessKind<I>): Handler {
  const titleOf = (wanted: I) => `${kind.noun} ${kind.name(wanted)}`;
  const names = Object.keys(kind.inputs.shape);
  /** What was found out when it was made. */
  const kept = (state: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(state).filter(([name]) => !names.includes(name)));
  return {
    diff: (state, inputs) => ({
      changes: names.some((name) => !sameValue(state[name], inputs[name])),
      ...replacedBy(kind.key, state, inputs),
    }),

    async create(raw) {
      const wanted = kind.inputs.parse(raw);
      const cluster = context().cluster(wanted.cluster);
      return explained(cluster, `make ${titleOf(wanted)}`, async () => {
        const view = await cluster.accessNow();
        const there = kind.find(view, wanted);
        if (there !== undefined)
          keepOwnRights(cluster, `change ${titleOf(wanted)}`, view, kind.put(view, wanted, undefined));
        const more = await kind.write(cluster, wanted, there, undefined, view);
        const made = there === undefined;
        const before = made ? undefined : there;
        const state = withoutUndefined({ ...raw, ...more, system: await cluster.system(), made, before });
        return { id: `${wanted.cluster}/${kind.name(wanted)}`, state };
      });
    },

    async read(id, raw) {
      const known = kind.inputs.parse(raw);
      const cluster = context().cluster(known.cluster);
      const there = kind.find(await cluster.access(), known);
      if (there === undefined) {
        await proveGone(cluster, titleOf(known), found.parse(raw).system, kind.visibility(known));
        return undefined;
      }
      const inputs = { ...known, ...there };
      return { id, state: { ...raw, ...inputs }, inputs };
    },

    async update(_id, oldRaw, raw) {
      const [known, wanted] = [kind.inputs.parse(oldRaw), kind.inputs.parse(raw)];
      const cluster = context().cluster(wanted.cluster);
      await explained(cluster, `change ${titleOf(wanted)}`, async () => {
        const view = await cluster.accessNow();
        keepOwnRights(cluster, `change ${titleOf(wanted)}`, view, kind.put(view, wanted, known));
        await kind.write(cluster, wanted, kind.find(view, wanted), known, view);
      });
      return { ...kept(oldRaw), ...raw };
    },

    async delete(_id, raw) {
      const known = kind.inputs.parse(raw);
      const cluster = context().cluster(known.cluster);
      const { system, made, before } = found.parse(raw);
      // What was there before comes back.
      const last = made ? undefined : kind.inputs.parse({ ...known, ...before });
      const what = `${made ? "delete" : "change"} ${titleOf(known)}`;
      await explained(cluster, what, async () => {
        const view = await cluster.accessNow();
        const there = kind.find(view, known);
        if (there === undefined) return proveGone(cluster, titleOf(known), system, kind.visibility(known));
        keepOwnRights(cluster, what, view, last ? kind.put(view, last, known) : kind.drop(view, known));
        if (last === undefined) await kind.remove(cluster, known);
        else if (!sameValue(last, there)) await kind.write(cluster, last, there, known, view);
      });
    },
  };
}

/** Only the cluster that it was recorded on may say that something is gone, and only to who would be shown it. */
export async function proveGone(
  cluster: ProxmoxCluster,
  title: string,
  recorded: string | undefined,
  visibility: Visibility | undefined,
): Promise<void> {
  await proveSystem(cluster, title, recorded);
  if (visibility !== undefined && !(await cluster.holdsAny(visibility.paths, visibility.privileges)))
    throw new UserError(
      `${title} is not shown by ${cluster.name}, where ${cluster.authId} may not see it: give it ${visibility.privileges.join(" or ")} on ${visibility.paths[0]} (docs/privileges.md). Nothing was changed.`,
    );
}

/** Runs one object's change, one at a time: PVE keeps all of them in one file behind one lock. */
export function explained<T>(cluster: ProxmoxCluster, what: string, work: () => Promise<T>): Promise<T> {
  return cluster.accessTurns.run(async () => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw new UserError(`Unable to ${what} on ${cluster.name}: ${error.message}.${hint(cluster, error)}`);
    }
  });
}

const hint = ({ authId }: ProxmoxCluster, { status }: HttpError): string =>
  status === 403 ? ` Give ${authId} the privilege that is named (docs/privileges.md, "The access program").` : "";
