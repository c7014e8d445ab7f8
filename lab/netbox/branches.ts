import { isDeepStrictEqual } from "node:util";
import type { Actor } from "./changelog";
import type { Database } from "./database";
import { NetboxError } from "./errors";
import { type ModelName, models } from "./models";
import { isBranched } from "./models.branching";
import { type LabRow, now } from "./rows";
import type { Serializer } from "./serialize";

/** The rows of all branched tables at one moment; they are never changed, only exchanged. */
type Snapshot = Map<ModelName, Map<number, LabRow>>;

/** What became of a row between two moments. */
interface RowChange {
  model: ModelName;
  id: number;
  before: LabRow | undefined;
  after: LabRow | undefined;
}

/** A branch that was provisioned. */
interface Work {
  database: Database;
  /** Main as the branch last had it. */
  base: Snapshot;
  /** What a merge brought, with the conflicts that it had then. */
  merged?: { change: RowChange; conflicts: string[] }[];
}

/** Of netbox-branching: branches, what is read and written through `X-NetBox-Branch`, and the jobs that move between them and main. */
export class Branches {
  /** Is the plugin there? Without it nobody looks at the header. */
  isInstalled = false;
  /** Does an rq worker run? Jobs go one step on with each request. */
  hasWorker = true;
  private readonly works = new Map<number, Work>();
  private readonly actors = new Map<number, Actor>();
  /** Ids of the rows of `changes`, by branch and object. */
  private readonly diffIds = new Map<string, number>();

  constructor(private readonly main: Database) {}

  /** The jobs go on. */
  advance(): void {
    if (!this.hasWorker) return;
    for (const row of this.main.rows("branch")) {
      const become = (values: Record<string, unknown>) => this.main.patch("branch", row, values);
      const work = this.works.get(row.id);
      if (row.status === "new") become({ status: "provisioning" });
      if (row.status === "provisioning") {
        this.works.set(row.id, { database: this.main.fork(), base: snapshot(this.main) });
        become({ status: "ready", last_sync: now() });
      }
      if (row.status === "syncing" && work !== undefined) {
        for (const change of changesBetween(work.base, snapshot(this.main))) work.database.apply(change);
        work.base = snapshot(this.main);
        become({ status: "ready", last_sync: now() });
      }
      if (row.status === "merging" && work !== undefined) {
        this.merge(work);
        become({ status: "merged", merged_time: now(), merged_by: this.actors.get(row.id)?.user.id ?? null });
      }
    }
  }

  private merge(work: Work): void {
    const changes = changesBetween(work.base, snapshot(work.database));
    work.merged = changes.map((change) => ({ change, conflicts: this.conflicts(change) }));
    for (const change of changes) this.main.apply(change);
    // As the plugin has it: who and in which request, and no message.
    for (const logged of work.database.changes)
      this.main.log({ ...logged, time: now(), actor: { ...logged.actor, message: "" } });
  }

  /** What a request reads and writes. @throws the plugin's plain answers */
  select(header: string | string[] | undefined): Database {
    if (!this.isInstalled || typeof header !== "string") return this.main;
    const row = this.main.rows("branch").find(({ schema_id: id }) => id === header);
    if (row === undefined) throw new NetboxError(400, "Invalid branch identifier");
    const work = row.status === "ready" ? this.works.get(row.id) : undefined;
    if (work === undefined) throw new NetboxError(400, "Selected branch is not ready.");
    work.database.release = this.main.release;
    work.database.fieldChoices = this.main.fieldChoices;
    return work.database;
  }

  /** `POST branches/N/sync/`, `merge/`, `archive/`. @returns the job, or the branch; undefined for what the lab doesn't have */
  act(row: LabRow, action: string, input: Record<string, unknown>, actor: Actor, serializer: Serializer): unknown {
    const become = (values: Record<string, unknown>) => this.main.patch("branch", row, values);
    if (action === "archive") {
      if (row.status !== "merged") throw new NetboxError(400, "Only merged branches can be archived.");
      become({ status: "archived" });
      return serializer.full("branch", this.main.find("branch", row.id) ?? row);
    }
    if (action !== "sync" && action !== "merge") return undefined;
    if (row.status !== "ready") throw new NetboxError(400, `Branch is not ready to ${action}.`);
    const conflicting = this.diffs(serializer).filter(
      (diff) => diff.branchId === row.id && diff.shown.conflicts !== null,
    );
    if (conflicting.length > 0 && input.acknowledge_conflicts !== true)
      throw new NetboxError(409, {
        detail: "All conflicts must be acknowledged before this action can proceed.",
        conflicts: conflicting.map(({ shown }) => shown),
      });
    // A dry run takes everything back.
    if (input.commit !== false) become({ status: action === "sync" ? "syncing" : "merging" });
    this.actors.set(row.id, actor);
    const name = action === "sync" ? "Sync branch" : "Merge branch";
    return { id: row.id, name, status: { value: "pending", label: "Pending" }, error: "" };
  }

  /** The rows of `changes`: every object that a branch changed. */
  diffs(serializer: Serializer): { branchId: number; shown: Record<string, unknown> }[] {
    return this.main.rows("branch").flatMap((row) => {
      const work = this.works.get(row.id);
      if (work === undefined) return [];
      const all =
        work.merged ??
        changesBetween(work.base, snapshot(work.database)).map((change) => ({
          change,
          conflicts: this.conflicts(change),
        }));
      return all.map(({ change, conflicts }) => ({
        branchId: row.id,
        shown: this.shown(row, change, conflicts, serializer),
      }));
    });
  }

  private shown(
    row: LabRow,
    { model, id, before, after }: RowChange,
    conflicts: string[],
    serializer: Serializer,
  ): Record<string, unknown> {
    const key = `${row.id} ${model} ${id}`;
    const own = this.diffIds.get(key) ?? this.diffIds.size + 1;
    this.diffIds.set(key, own);
    const action = before === undefined ? "create" : after === undefined ? "delete" : "update";
    const data = (each: LabRow | undefined) => (each === undefined ? null : this.main.serialized(model, each));
    return {
      id: own,
      branch: serializer.nested("branch", row.id),
      object_type: models[model].contentType,
      object_id: id,
      object: serializer.nested(model, id),
      object_repr: String((after ?? before)?.[models[model].display]),
      action: { value: action, label: `${action.charAt(0).toUpperCase()}${action.slice(1)}d` },
      conflicts: conflicts.length === 0 ? null : conflicts,
      original_data: data(before),
      modified_data: data(after),
      current_data: data(this.main.find(model, id)),
    };
  }

  /** Fields that the branch and main both gave another value, each its own. */
  private conflicts({ model, id, before, after }: RowChange): string[] {
    const current = this.main.find(model, id);
    if (before === undefined || after === undefined || current === undefined) return [];
    const inMain = changedFields(before, current);
    return changedFields(before, after).filter(
      (name) => inMain.includes(name) && !isDeepStrictEqual(after[name], current[name]),
    );
  }
}

function snapshot(database: Database): Snapshot {
  const branched = (Object.keys(models) as ModelName[]).filter(isBranched);
  return new Map(branched.map((model) => [model, new Map(database.table(model))]));
}

function changesBetween(base: Snapshot, now: Snapshot): RowChange[] {
  return [...now].flatMap(([model, rows]) => {
    const old = base.get(model) ?? new Map<number, LabRow>();
    const ids = new Set([...old.keys(), ...rows.keys()]);
    return [...ids]
      .map((id) => ({ model, id, before: old.get(id), after: rows.get(id) }))
      .filter(({ before, after }) => before !== after)
      .filter(({ before, after }) => !before || !after || changedFields(before, after).length > 0);
  });
}

/** Names of the values that differ, but for the time of the change. */
const changedFields = (before: LabRow, after: LabRow): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => name !== "last_updated" && !isDeepStrictEqual(before[name], after[name]),
  );
