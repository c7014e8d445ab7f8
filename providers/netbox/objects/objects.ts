import { z } from "zod";
import { UserError } from "../../errors";
import { HttpError } from "../../http/errors";
import { printMaking } from "../../ownership/netbox";
import { isRecord } from "../../values";
import type { NetboxClient } from "../client";
import { keepOwnRights } from "../users/lockout";
import {
  bodyFor,
  Conflict,
  nothingOwned,
  type ObjectInputs,
  type ObjectState,
  type Owned,
  ownedFrom,
  patchFor,
  printValue,
  type Row,
} from "./object.model";
import { fieldsFrom, fieldsTo, type ObjectTypeName, typeOf } from "./objecttypes";

// Objects in NetBox, found, made, changed and left: what plain objects and machines have in common.

export const row = z.looseObject({ id: z.number() });

/** What is asked for of an object. */
export const wireFields = (type: ObjectTypeName): string =>
  [
    ...new Set([
      "id",
      "tags",
      "custom_fields",
      ...Object.values(typeOf(type).fields).map(({ wire }) => wire),
      ...(typeOf(type).scopes ?? []),
      ...extra(type),
    ]),
  ].join(",");
const extras: Partial<Record<ObjectTypeName, string[]>> = {
  virtualMachine: ["primary_ip4", "primary_ip6"],
  device: ["primary_ip4", "primary_ip6"],
};
const extra = (type: ObjectTypeName): string[] => extras[type] ?? [];

export const pageOf = (netbox: NetboxClient, type: ObjectTypeName, id: number): string =>
  `${netbox.url}/${typeOf(type).path}/${id}/`;

/** `virtual machine web01 (URL)`, for messages. */
export const titleOf = (netbox: NetboxClient, type: ObjectTypeName, name: unknown, id?: number): string =>
  `${typeOf(type).noun} ${String(name)} (${id === undefined ? `${netbox.url}/${typeOf(type).path}/` : pageOf(netbox, type, id)})`;

/** What an object is called in messages. */
export const nameIn = ({ type, fields }: Pick<ObjectInputs, "type" | "fields">): unknown =>
  fields.name ?? fields.model ?? fields[typeOf(type).key[0] ?? "name"];

/** The object by its key, where there is just one. @throws UserError where there are several */
export async function lookUp(
  netbox: NetboxClient,
  { type, fields, initial = {} }: Pick<ObjectInputs, "type" | "fields"> & { initial?: Record<string, unknown> },
): Promise<Row | undefined> {
  const { path, key, noun, scopes = [] } = typeOf(type);
  const wanted = Object.fromEntries(
    key.flatMap((name) => {
      const value = fields[name] ?? initial[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const query = Object.entries(fieldsTo(type, wanted)).filter(
    (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
  );
  const all = (await netbox.list(path, row, wireFields(type), Object.fromEntries(query))).filter((each) => {
    const there = fieldsFrom(type, each, Object.keys(wanted), wanted);
    // Of the global table, unless its VRF is named.
    const isInTable = "vrf" in wanted || each.vrf === undefined || each.vrf === null;
    return isInTable && Object.entries(wanted).every(([name, value]) => same(there[name], value));
  });
  const ofNoPlace = all.filter((each) => scopes.every((wire) => each[wire] === null));
  const found = all.length > 1 && ofNoPlace.length === 1 ? ofNoPlace : all;
  if (found.length > 1)
    throw new UserError(
      `NetBox has ${found.length} objects of the kind ${noun} with ${Object.entries(wanted)
        .map(([name, value]) => `${name} ${printValue(value)}`)
        .join(
          ", ",
        )} (${found.map(({ id }) => pageOf(netbox, type, id)).join(", ")}): rename or merge them, so that there is one.`,
    );
  return found[0];
}

/** NetBox's names differ by more than their case. */
const same = (a: unknown, b: unknown): boolean => String(a).toLowerCase() === String(b).toLowerCase();

/** One object, or undefined where it is gone. */
export const findObject = (netbox: NetboxClient, type: ObjectTypeName, id: number): Promise<Row | undefined> =>
  netbox.find(typeOf(type).path, id, row, wireFields(type));

/** Makes the object, or takes what is there by its key. */
export async function ensureObject(
  netbox: NetboxClient,
  inputs: ObjectInputs,
): Promise<{ row: Row; made: boolean; isNew: boolean; before: Owned }> {
  const there =
    (inputs.objectId === undefined ? undefined : await findObject(netbox, inputs.type, inputs.objectId)) ??
    (await lookUp(netbox, inputs));
  if (there !== undefined) {
    const made = inputs.madeByUs === true;
    const before = made ? nothingOwned : ownedFrom(inputs.type, there, inputs);
    // One that was given up and is wanted again begins anew.
    const again = inputs.removal === "decommission" ? fieldsTo(inputs.type, inputs.initial) : {};
    // What an interrupted run of ours wrote is not somebody else's.
    const wanted = { ...inputs, overwrite: inputs.overwrite || made };
    await writeObject(netbox, inputs.type, there.id, nameIn(inputs), wanted, undefined, ({ status }) =>
      isRecord(status) && status.value === "decommissioning" ? again : undefined,
    );
    return { row: there, made, isNew: false, before };
  }
  try {
    const withIds = await idWriter(netbox, inputs.type, inputs);
    const body = { ...withIds(bodyFor(inputs.type, inputs)), changelog_message: printMaking(inputs.stack) };
    const made = await netbox.create(typeOf(inputs.type).path, row, body);
    return { row: made, made: true, isNew: true, before: nothingOwned };
  } catch (error) {
    throw explained(error, `make the ${titleOf(netbox, inputs.type, nameIn(inputs))}`);
  }
}

/** Brings what is ours of an object to what is wanted. @returns false where it is gone */
export async function writeObject(
  netbox: NetboxClient,
  type: ObjectTypeName,
  id: number,
  name: unknown,
  wanted: Owned & Partial<Pick<ObjectInputs, "conflicts" | "overwrite">>,
  known: Owned | undefined,
  more: (there: Row) => Record<string, unknown> | undefined = () => undefined,
): Promise<boolean> {
  try {
    const withIds = await idWriter(netbox, type, wanted);
    const bodyOf = (there: Row) => {
      const body = { ...withIds(patchFor(type, there, wanted, known) ?? {}), ...more(there) };
      return Object.keys(body).length === 0 ? undefined : body;
    };
    await keepOwnRights(netbox, type, id, bodyOf, titleOf(netbox, type, name, id));
    return (await netbox.change(typeOf(type).path, id, row, wireFields(type), bodyOf)) !== undefined;
  } catch (error) {
    throw explained(error, `change the ${titleOf(netbox, type, name, id)}`);
  }
}

/** Takes our part of an object away again: all of it where we made it and nothing else needs it, else what we wrote. */
export async function leaveObject(netbox: NetboxClient, state: ObjectState): Promise<void> {
  const { type, netboxId, made, removal, released, before } = state;
  if (released === true || removal === "keep") return;
  try {
    const withIds = await idWriter(netbox, type, before);
    const bodyOf = (there: Row) => {
      if (removal === "decommission") return { status: "decommissioning" };
      if (made) return "delete";
      const body = patchFor(type, there, before, state, { leaving: true });
      return body && withIds(body);
    };
    await keepOwnRights(netbox, type, netboxId, bodyOf, titleOf(netbox, type, nameIn(state), netboxId));
    await netbox.change(typeOf(type).path, netboxId, row, wireFields(type), bodyOf);
  } catch (error) {
    if (error instanceof HttpError && error.status === 409) {
      // The engine shows it beside its steps.
      console.log(`The ${titleOf(netbox, type, nameIn(state), netboxId)} stays in NetBox, as other objects need it.`);
      return;
    }
    throw explained(error, `remove the ${titleOf(netbox, type, nameIn(state), netboxId)}`);
  }
}

/** Puts ids in the place of names where NetBox takes nothing else. @throws UserError where it has no such object */
async function idWriter(
  netbox: NetboxClient,
  type: ObjectTypeName,
  { fields }: Owned,
): Promise<(body: Record<string, unknown>) => Record<string, unknown>> {
  const ids = new Map<string, unknown>();
  for (const [name, { idsOf, wire }] of Object.entries(typeOf(type).fields)) {
    const names = idsOf === undefined ? undefined : z.array(z.string()).safeParse(fields[name]).data;
    if (idsOf === undefined || names === undefined) continue;
    const [key = "name"] = typeOf(idsOf).key;
    const found = await netbox.list(typeOf(idsOf).path, row, `id,${key}`, { [key]: names });
    ids.set(
      wire,
      names.map((each) => {
        const id = found.find((one) => same(one[key], each))?.id;
        if (id !== undefined) return id;
        throw new UserError(
          `NetBox has no ${typeOf(idsOf).noun} ${each} (${netbox.url}/${typeOf(idsOf).path}/): add it.`,
        );
      }),
    );
  }
  return (body) => Object.fromEntries(Object.entries(body).map(([wire, value]) => [wire, ids.get(wire) ?? value]));
}

/** What went wrong, in one sentence with its remedy. */
export function explained(error: unknown, what: string): unknown {
  if (error instanceof Conflict)
    return new UserError(
      `Unable to ${what}: ${error.message}, which somebody wrote while this ran. Run again: it is then in the plan.`,
    );
  if (!(error instanceof HttpError)) return error;
  return new UserError(`Unable to ${what}: ${error.message}.`);
}
