import { z } from "zod";
import { explained, UserError } from "../../errors";
import { HttpError } from "../../http/errors";
import { printMaking } from "../../ownership/netbox";
import { pageOf } from "../../page";
import { isRecord } from "../../values";
import type { NetboxClient } from "../client";
import { keepNetboxRights } from "../users/lockout";
import {
  bodyFor,
  Conflict,
  meantRows,
  nothingOwned,
  type ObjectInputs,
  type ObjectRow,
  type ObjectState,
  type Owned,
  ownedFrom,
  patchFor,
  printValue,
  sameName,
} from "./object.model";
import { fieldsTo, type ObjectTypeName, typeOf } from "./objecttypes";

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

/** `virtual machine web01 (URL)`, for messages. */
export const titleOf = (netbox: NetboxClient, type: ObjectTypeName, name: unknown, id?: number): string =>
  `${typeOf(type).noun} ${String(name)} (${pageOf(netbox.url, typeOf(type).path, id)})`;

/** What an object is called in messages. */
export const nameIn = ({ type, fields }: Pick<ObjectInputs, "type" | "fields">): unknown =>
  fields.name ?? fields.model ?? fields[typeOf(type).key[0] ?? "name"];

/** The object by its key, where there is just one. @throws UserError where there are several */
export async function lookUp(
  netbox: NetboxClient,
  { type, fields, initial = {} }: Pick<ObjectInputs, "type" | "fields"> & { initial?: Record<string, unknown> },
): Promise<ObjectRow | undefined> {
  const { path, key, noun } = typeOf(type);
  const wanted = Object.fromEntries(
    key.flatMap((name) => {
      const value = fields[name] ?? initial[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const query = Object.entries(fieldsTo(type, wanted)).filter(
    (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
  );
  const all = await netbox.list(path, row, wireFields(type), Object.fromEntries(query));
  const found = meantRows(type, all, wanted);
  if (found.length > 1)
    throw new UserError(
      `NetBox has ${found.length} objects of the kind ${noun} with ${Object.entries(wanted)
        .map(([name, value]) => `${name} ${printValue(value)}`)
        .join(
          ", ",
        )} (${found.map(({ id }) => pageOf(netbox.url, path, id)).join(", ")}): rename or merge them, so that there is one.`,
    );
  return found[0];
}

/** One object, or undefined where it is gone. */
export const findObject = (netbox: NetboxClient, type: ObjectTypeName, id: number): Promise<ObjectRow | undefined> =>
  netbox.find(typeOf(type).path, id, row, wireFields(type));

/** Makes the object, or takes what is there by its key. */
export async function ensureObject(
  netbox: NetboxClient,
  inputs: ObjectInputs,
): Promise<{ row: ObjectRow; made: boolean; isNew: boolean; before: Owned }> {
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
    // Its name may be a person's, and none of ours.
    const name = nameIn(inputs) ?? there.name ?? `#${there.id}`;
    await writeObject(netbox, inputs.type, there.id, name, wanted, undefined, ({ status }) =>
      isRecord(status) && status.value === "decommissioning" ? again : undefined,
    );
    return { row: there, made, isNew: false, before };
  }
  const create = async () => {
    const withIds = await idWriter(netbox, inputs.type, inputs);
    const body = { ...withIds(bodyFor(inputs.type, inputs)), changelog_message: printMaking(inputs.stack) };
    return netbox.create(typeOf(inputs.type).path, row, body);
  };
  const made = await explained(`make the ${titleOf(netbox, inputs.type, nameIn(inputs))}`, create, netboxCause);
  return { row: made, made: true, isNew: true, before: nothingOwned };
}

/** Brings what is ours of an object to what is wanted. @returns false where it is gone */
export async function writeObject(
  netbox: NetboxClient,
  type: ObjectTypeName,
  id: number,
  name: unknown,
  wanted: Owned & Partial<Pick<ObjectInputs, "conflicts" | "overwrite">>,
  known: Owned | undefined,
  more: (there: ObjectRow) => Record<string, unknown> | undefined = () => undefined,
): Promise<boolean> {
  const title = titleOf(netbox, type, name, id);
  const change = async () => {
    const withIds = await idWriter(netbox, type, wanted);
    const bodyOf = (there: ObjectRow) => {
      const body = { ...withIds(patchFor(type, there, wanted, known) ?? {}), ...more(there) };
      return Object.keys(body).length === 0 ? undefined : body;
    };
    await keepNetboxRights(netbox, type, id, bodyOf, title);
    return (await netbox.change(typeOf(type).path, id, row, wireFields(type), bodyOf)) !== undefined;
  };
  return explained(`change the ${title}`, change, netboxCause);
}

/** Takes our part of an object away again: all of it where we made it and nothing else needs it, else what we wrote. */
export async function leaveObject(netbox: NetboxClient, state: ObjectState): Promise<void> {
  const { type, netboxId, made, removal, released, before } = state;
  if (released === true || removal === "keep") return;
  const title = titleOf(netbox, type, nameIn(state), netboxId);
  const remove = async () => {
    const withIds = await idWriter(netbox, type, before);
    const bodyOf = (there: ObjectRow) => {
      if (removal === "decommission") return { status: "decommissioning" };
      if (made) return "delete";
      const body = patchFor(type, there, before, state, { leaving: true });
      return body && withIds(body);
    };
    await keepNetboxRights(netbox, type, netboxId, bodyOf, title);
    try {
      await netbox.change(typeOf(type).path, netboxId, row, wireFields(type), bodyOf);
    } catch (error) {
      if (!(error instanceof HttpError && error.status === 409)) throw error;
      // The engine shows it beside its steps.
      console.log(`The ${title} stays in NetBox, as other objects need it.`);
    }
  };
  await explained(`remove the ${title}`, remove, netboxCause);
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
        const id = found.find((one) => sameName(one[key], each))?.id;
        if (id !== undefined) return id;
        throw new UserError(
          `NetBox has no ${typeOf(idsOf).noun} ${each} (${pageOf(netbox.url, typeOf(idsOf).path)}): add it.`,
        );
      }),
    );
  }
  return (body) => Object.fromEntries(Object.entries(body).map(([wire, value]) => [wire, ids.get(wire) ?? value]));
}

/** What NetBox refused, with its remedy; undefined where an error is none of NetBox's. */
export function netboxCause(error: unknown): string | undefined {
  if (error instanceof Conflict)
    return `${error.message}, which somebody wrote while this ran. Run again: it is then in the plan.`;
  return error instanceof HttpError ? `${error.message}.` : undefined;
}
