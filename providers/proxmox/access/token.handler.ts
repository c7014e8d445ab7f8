import { context } from "../../context";
import { UserError } from "../../errors";
import { HttpError } from "../../http/errors";
import { keepSecret } from "../../http/redact";
import { handle } from "../../resource";
import { isRecord, withoutUndefined } from "../../values";
import type { RequestParameters } from "../api";
import type { ProxmoxCluster } from "../client";
import { explainProxmox } from "../errors";
import { inTurn, proveGone } from "./handler";
import { keepProxmoxRights } from "./lockout";
import * as wire from "./schemas";
import { proxmoxToken } from "./token";
import { fullTokenId, seenProxmoxToken, type TokenInputs, tokenInView } from "./token.model";
import type { SeenToken } from "./view";

/** An API token: made with a secret that PVE shows once, given a new one for a new generation, taken away. */
export const tokenHandler = handle(proxmoxToken, {
  async create(wanted) {
    const cluster = context().cluster(wanted.cluster);
    return inTurn(cluster, `make ${titleOf(wanted)}`, async () => {
      const system = await cluster.system();
      const id = `${wanted.cluster}/${fullTokenId(wanted)}`;
      if (wanted.adopted === true) return { id, state: { ...wanted, system } };
      const there = seenProxmoxToken(await cluster.accessNow(), wanted);
      if (there !== undefined && wanted.takeOver === true) {
        await change(cluster, there, wanted);
        return { id, state: { ...wanted, system, value: await regenerate(cluster, wanted), madeAt: nowInSeconds() } };
      }
      if (there !== undefined)
        throw new UserError(
          `${titleOf(wanted)} was made by somebody else while this ran, and its secret is not known here. Run again: the next one then takes over from it.`,
        );
      const value = await make(cluster, wanted);
      return { id, state: { ...wanted, system, value, madeAt: nowInSeconds() } };
    });
  },

  async read(known) {
    const cluster = context().cluster(known.cluster);
    const there = seenProxmoxToken(await cluster.access(), known);
    if (there === undefined) {
      await proveGone(cluster, titleOf(known), known.system, visibilityOf(known));
      return undefined;
    }
    // Somebody else's, until it retires: what it is like is nothing to this.
    if (known.adopted === true) return known;
    const { comment, expire, privsep } = there;
    return { ...known, expire, privsep, comment: comment ?? (known.comment && "") };
  },

  async update(known, wanted) {
    if (wanted.adopted === true) return { ...wanted, system: known.system };
    const cluster = context().cluster(wanted.cluster);
    return inTurn(cluster, `change ${titleOf(wanted)}`, async () => {
      await change(cluster, known, wanted);
      const { system } = known;
      if (wanted.generation === known.generation)
        return { ...wanted, system, value: known.value, madeAt: known.madeAt };
      const value = await regenerate(cluster, wanted);
      return { ...wanted, system, value, madeAt: nowInSeconds() };
    });
  },

  async delete(known) {
    const cluster = context().cluster(known.cluster);
    // It was there before us, and is somebody's until it retires.
    if (known.adopted === true && (known.retires ?? Number.POSITIVE_INFINITY) > nowInSeconds()) return;
    await inTurn(cluster, `delete ${titleOf(known)}`, async () => {
      const view = await cluster.accessNow();
      if (seenProxmoxToken(view, known) === undefined)
        return proveGone(cluster, titleOf(known), known.system, visibilityOf(known));
      keepProxmoxRights(cluster, `delete ${titleOf(known)}`, view, tokenInView.drop(view, known));
      await cluster.write("DELETE", pathOf(known), {});
    });
  },
});

const titleOf = (token: TokenInputs): string => `token ${fullTokenId(token)}`;
const pathOf = ({ userid, tokenid }: TokenInputs): string =>
  `/access/users/${encodeURIComponent(userid)}/token/${encodeURIComponent(tokenid)}`;
const nowInSeconds = (): number => Math.floor(Date.now() / 1000);
const visibilityOf = ({ userid }: TokenInputs) => ({
  paths: ["/access/groups", `/access/users/${userid}`],
  privileges: ["User.Modify"],
});

async function make(cluster: ProxmoxCluster, wanted: TokenInputs): Promise<string> {
  const { comment, expire, privsep } = wanted;
  const form = { expire, privsep: privsep ? 1 : 0, ...(comment === undefined ? {} : { comment }) };
  const { value } = await cluster.obtain("POST", pathOf(wanted), form, wire.madeToken);
  keepSecret(value);
  return value;
}

/** Its settings, where they differ from what is there. */
async function change(cluster: ProxmoxCluster, known: SeenToken, wanted: TokenInputs): Promise<void> {
  const form: RequestParameters = withoutUndefined({
    ...(wanted.expire === known.expire ? {} : { expire: wanted.expire }),
    ...(wanted.privsep === known.privsep ? {} : { privsep: wanted.privsep ? 1 : 0 }),
    ...(wanted.comment === known.comment ? {} : { comment: wanted.comment ?? "" }),
  });
  if (Object.keys(form).length === 0) return;
  const view = await cluster.accessNow();
  keepProxmoxRights(cluster, `change ${titleOf(wanted)}`, view, tokenInView.put(view, wanted, undefined));
  await cluster.write("PUT", pathOf(wanted), form);
}

/**
 * Another secret for the same token. PVE 9 has a call for it; before, the token is made anew, and gets the ACL entries again
 * that went with the old one.
 */
async function regenerate(cluster: ProxmoxCluster, wanted: TokenInputs): Promise<string> {
  const own = fullTokenId(wanted);
  if (own === cluster.authId)
    throw new UserError(
      `${titleOf(wanted)} is the one with which this stack works on ${cluster.name}: its secret can't change under its own hands. Work with another credential, or wait until the overlap of its rotation is over`,
    );
  try {
    const { value } = await cluster.obtain("PUT", pathOf(wanted), { regenerate: 1 }, wire.madeToken);
    keepSecret(value);
    return value;
  } catch (error) {
    if (!isUnknownParameter(error)) throw error;
  }
  const entries = (await cluster.access()).acl.filter(({ type, ugid }) => type === "token" && ugid === own);
  await cluster.write("DELETE", pathOf(wanted), {});
  const value = await make(cluster, wanted);
  for (const { path, roleid, propagate } of entries)
    await cluster.write("PUT", "/access/acl", { path, roles: roleid, tokens: own, propagate: propagate ? 1 : 0 });
  return value;
}

/** PVE's schema check (PVE::JSONSchema) of a release that has no such parameter. */
const isUnknownParameter = (error: unknown): boolean =>
  error instanceof HttpError &&
  error.status === 400 &&
  error.failure.kind === "status" &&
  isRecord(error.failure.body) &&
  /property is not defined in schema/.test(explainProxmox(400, error.failure.body));
