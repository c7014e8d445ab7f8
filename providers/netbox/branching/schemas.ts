import { z } from "zod";

// Source: netbox-branching 1.2.2, measured. Its lists know no `fields=`.

const choice = z.object({ value: z.string() });
const user = z.object({ username: z.string() }).nullish();

export const branch = z
  .object({
    id: z.number(),
    name: z.string(),
    status: choice,
    description: z.string().default(""),
    schema_id: z.string(),
    owner: user,
    created: z.string(),
    last_sync: z.string().nullish(),
    merged_time: z.string().nullish(),
    merged_by: user,
  })
  .transform((wire) => ({
    id: wire.id,
    name: wire.name,
    status: wire.status.value,
    description: wire.description,
    /** What `X-NetBox-Branch` takes. */
    schemaId: wire.schema_id,
    owner: wire.owner?.username,
    /** Up to when it has what main has: its last sync, or when it was made. ISO 8601. */
    syncedAt: wire.last_sync ?? wire.created,
    mergedAt: wire.merged_time ?? undefined,
    mergedBy: wire.merged_by?.username,
  }));
export const branchFields = "id,name,status,description,schema_id,owner,created,last_sync,merged_time,merged_by";

/** An object that a branch changed, against main. */
export const branchDiff = z
  .object({
    branch: z.object({ id: z.number() }),
    object_type: z.string(),
    object_id: z.number(),
    object_repr: z.string(),
    conflicts: z.array(z.string()).nullable(),
  })
  .transform((wire) => ({
    branchId: wire.branch.id,
    /** Django's name of its kind: `virtualization.virtualmachine`. */
    type: wire.object_type,
    objectId: wire.object_id,
    text: wire.object_repr,
    /** Fields that main changed, too. */
    conflicts: wire.conflicts ?? [],
  }));
export const branchDiffFields = "id,branch,object_type,object_id,object_repr,conflicts";

/** What the change log of main says of a change, as far as it tells whether a branch has it. */
export const mainChange = z
  .object({ id: z.number(), time: z.string(), user_name: z.string(), changed_object_type: z.string() })
  .transform((wire) => ({ id: wire.id, time: wire.time, user: wire.user_name, type: wire.changed_object_type }));
export const mainChangeFields = "id,time,user_name,changed_object_type";

export type NetboxBranch = z.infer<typeof branch>;
export type BranchDiff = z.infer<typeof branchDiff>;

/** A journal entry, as far as plans of branches write it. */
export const branchJournal = z
  .object({
    id: z.number(),
    assigned_object_type: z.string(),
    assigned_object_id: z.number(),
    comments: z.string(),
  })
  .transform((wire) => ({
    id: wire.id,
    kind: wire.assigned_object_type,
    objectId: wire.assigned_object_id,
    comments: wire.comments,
  }));
export const branchJournalFields = "id,assigned_object_type,assigned_object_id,comments";
