import { z } from "zod";
import { type ModelName, models } from "./models";
import type { LabRow } from "./rows";
import type { NetboxServer } from "./server";

const model = z.custom<ModelName>((name) => typeof name === "string" && Object.hasOwn(models, name), {
  error: ({ input }) => `${String(input)} is no model of this lab's NetBox`,
});
const values = z.record(z.string(), z.unknown());
const row = z.looseObject({
  id: z.int(),
  created: z.string(),
  last_updated: z.string(),
  tags: z.array(z.int()),
  custom_fields: values,
});

/** A NetBox: its tables with the last id that each gave, its change log, and the secrets of its tokens. */
export const savedNetbox = z.object({
  version: z.string(),
  /** Milliseconds. */
  latency: z.number(),
  tables: z.array(z.object({ model, lastId: z.int(), rows: z.array(row) })),
  changes: z.array(
    z.object({
      id: z.int(),
      time: z.string(),
      actor: z.object({
        user: z.object({ id: z.int(), username: z.string() }),
        requestId: z.string(),
        message: z.string(),
      }),
      action: z.enum(["create", "update", "delete"]),
      model,
      objectId: z.int(),
      repr: z.string(),
      before: values.nullable(),
      after: values.nullable(),
    }),
  ),
  /** By the ids of their tokens. */
  secrets: z.array(
    z.object({ id: z.int(), key: z.string().nullable(), secret: z.string(), lastUsed: z.string().nullable() }),
  ),
  /** The superuser's tokens. */
  own: z.object({ v1: z.array(z.string()), v2: z.array(z.string()) }),
});
export type SavedNetbox = z.infer<typeof savedNetbox>;

export function saveNetbox({ version, latency, database }: NetboxServer): SavedNetbox {
  const { secrets, own } = database.users;
  return {
    version,
    latency,
    // What branches hold is not saved, and neither are they.
    tables: database.dump().filter(({ model }) => model !== "branch"),
    changes: database.changes,
    secrets: [...secrets].map(([id, secret]) => ({ id, ...secret })),
    own: { v1: [...own.v1], v2: [...own.v2] },
  };
}

export function restoreNetbox(netbox: NetboxServer, saved: SavedNetbox): void {
  netbox.be(saved.version);
  netbox.latency = saved.latency;
  netbox.database.restore(saved.tables.map(({ rows, ...table }) => ({ ...table, rows: rows.map(whole(table.model)) })));
  netbox.database.changes.push(...saved.changes);
  const { secrets, own } = netbox.database.users;
  for (const { id, ...secret } of saved.secrets) secrets.set(id, secret);
  for (const token of saved.own.v1) own.v1.add(token);
  for (const token of saved.own.v2) own.v2.add(token);
}

/** A row as this version has it: a field that came since is as it is by default. A cluster's place was its site. */
const whole =
  (name: ModelName) =>
  (row: LabRow): LabRow => {
    const defaults = Object.entries(models[name].fields).map(([field, { default: value = null }]) => [field, value]);
    const { site } = row;
    const place = name === "cluster" && site != null ? { scope_type: "dcim.site", scope_id: site } : {};
    return { ...structuredClone(Object.fromEntries(defaults)), ...place, ...row };
  };
