import { context } from "../../context";
import { explained, UserError } from "../../errors";
import { HttpError } from "../../http/errors";
import { type Definition, foundOut, type Handler, handle } from "../../resource";
import { sameValue, withoutUndefined } from "../../values";
import type { ProxmoxCluster } from "../client";
import { proveSystem } from "../system";
import { keepProxmoxRights } from "./lockout";
import type { AccessFound, AccessView, InView } from "./view";

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
  /** PVE's name for it. */
  noun: string;
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

export function accessHandler<K extends string, I extends AccessInputs, S extends I & AccessFound>(
  definition: Definition<K, I, S>,
  kind: AccessKind<I>,
): Handler<K> {
  const { inputs, state: schema } = definition;
  const titleOf = (wanted: I) => `${kind.noun} ${kind.name(wanted)}`;
  return handle(definition, {
    async create(wanted) {
      const cluster = context().cluster(wanted.cluster);
      return inTurn(cluster, `make ${titleOf(wanted)}`, async () => {
        const view = await cluster.accessNow();
        const there = kind.find(view, wanted);
        if (there !== undefined)
          keepProxmoxRights(cluster, `change ${titleOf(wanted)}`, view, kind.put(view, wanted, undefined));
        const more = await kind.write(cluster, wanted, there, undefined, view);
        const made = there === undefined;
        const before = made ? undefined : there;
        const found = withoutUndefined({ ...more, system: await cluster.system(), made, before });
        return { id: `${wanted.cluster}/${kind.name(wanted)}`, state: schema.parse({ ...wanted, ...found }) };
      });
    },

    async read(known) {
      const cluster = context().cluster(known.cluster);
      const there = kind.find(await cluster.access(), known);
      if (there === undefined) {
        await proveGone(cluster, titleOf(known), known.system, kind.visibility(known));
        return undefined;
      }
      return { ...known, ...there };
    },

    async update(known, wanted) {
      const cluster = context().cluster(wanted.cluster);
      await inTurn(cluster, `change ${titleOf(wanted)}`, async () => {
        const view = await cluster.accessNow();
        keepProxmoxRights(cluster, `change ${titleOf(wanted)}`, view, kind.put(view, wanted, known));
        await kind.write(cluster, wanted, kind.find(view, wanted), known, view);
      });
      return schema.parse({ ...foundOut(definition, known), ...wanted });
    },

    async delete(known) {
      const cluster = context().cluster(known.cluster);
      const { system, made, before } = known;
      // What was there before comes back.
      const last = made ? undefined : inputs.parse({ ...known, ...before });
      const what = `${made ? "delete" : "change"} ${titleOf(known)}`;
      await inTurn(cluster, what, async () => {
        const view = await cluster.accessNow();
        const there = kind.find(view, known);
        if (there === undefined) return proveGone(cluster, titleOf(known), system, kind.visibility(known));
        keepProxmoxRights(cluster, what, view, last ? kind.put(view, last, known) : kind.drop(view, known));
        if (last === undefined) await kind.remove(cluster, known);
        else if (!sameValue(last, there)) await kind.write(cluster, last, there, known, view);
      });
    },
  });
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

/** One object's change, one at a time: PVE keeps all of them in one file behind one lock. @throws UserError */
export function inTurn<T>(cluster: ProxmoxCluster, what: string, work: () => Promise<T>): Promise<T> {
  const causeOf = (error: unknown) =>
    error instanceof HttpError ? `${error.message}.${hint(cluster, error)}` : undefined;
  return cluster.accessTurns.run(() => explained(`${what} on ${cluster.name}`, work, causeOf));
}

const hint = ({ authId }: ProxmoxCluster, { status }: HttpError): string =>
  status === 403 ? ` Give ${authId} the privilege that is named (docs/privileges.md, "The access program").` : "";
