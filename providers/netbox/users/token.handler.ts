import { z } from "zod";
import { former } from "../../context";
import { explained } from "../../errors";
import { keepSecret } from "../../http/redact";
import { foundOut, handle } from "../../resource";
import { withoutUndefined } from "../../values";
import type { NetboxClient } from "../client";
import { netboxOf } from "../objects/object.handler";
import { netboxCause } from "../objects/objects";
import { keepOwnToken, proveTokenGone } from "./lockout";
import { netboxToken } from "./token";
import {
  credentialOf,
  madeNetboxToken,
  type NetboxTokenInputs,
  printTokenDescription,
  seenNetboxToken,
  seenTokenFields,
  tokenBody,
  tokenFrom,
} from "./token.model";

const path = "users/tokens";

/** An API token: made with a secret that NetBox shows once, exchanged for a new generation, taken away. */
export const netboxTokenHandler = handle(netboxToken, {
  async create(wanted) {
    const made = await make(netboxOf(wanted), wanted);
    return { id: String(made.netboxId), state: { ...wanted, ...made } };
  },

  async read(known) {
    const netbox = netboxOf(known);
    const there = await netbox.find(path, known.netboxId, seenNetboxToken, seenTokenFields);
    if (there === undefined) {
      await proveTokenGone(netbox, titleOf(known));
      return undefined;
    }
    return { ...known, ...tokenFrom(there) };
  },

  async update(known, wanted) {
    const netbox = netboxOf(wanted);
    if (wanted.generation !== known.generation) {
      const made = await make(netbox, wanted);
      await remove(netbox, known.netboxId, wanted);
      return { ...wanted, ...made };
    }
    const change = () => netbox.change(path, known.netboxId, anything, "id", () => tokenBody(wanted));
    await explained(`change ${titleOf(wanted)}`, change, netboxCause);
    return { ...wanted, ...foundOut(netboxToken, known) };
  },

  async delete(known) {
    await remove(netboxOf(known), known.netboxId, known);
  },
});

const anything = z.object({ id: z.number() });
const titleOf = ({ username, name }: NetboxTokenInputs): string => `the token ${name} of ${username} in NetBox`;

/** Makes a token; one that an interrupted run made, and whose secret nobody knows, goes. */
async function make(netbox: NetboxClient, wanted: NetboxTokenInputs) {
  const replace = async () => {
    const isLeft = (text: string) =>
      [wanted.stack, ...former().stacks].some((stack) => text === printTokenDescription({ ...wanted, stack }));
    const left = await netbox.list(path, seenNetboxToken, seenTokenFields, { user: wanted.username });
    for (const each of left.filter((one) => isLeft(one.description) && one.user.username === wanted.username))
      await remove(netbox, each.id, wanted);
    const body = { user: { username: wanted.username }, version: wanted.version, ...tokenBody(wanted) };
    const made = await netbox.create(path, madeNetboxToken, body);
    const value = credentialOf(made);
    keepSecret(value);
    keepSecret(made.token);
    return withoutUndefined({
      netboxId: made.id,
      key: made.key ?? undefined,
      madeAt: Math.floor(Date.now() / 1000),
      value,
    });
  };
  return explained(`make ${titleOf(wanted)}`, replace, netboxCause);
}

async function remove(netbox: NetboxClient, id: number, token: NetboxTokenInputs): Promise<void> {
  const title = titleOf(token);
  const change = async () => {
    await keepOwnToken(netbox, id, title);
    const gone = await netbox.change(path, id, anything, "id", () => "delete");
    if (gone === undefined) await proveTokenGone(netbox, title);
  };
  await explained(`delete ${title}`, change, netboxCause);
}
