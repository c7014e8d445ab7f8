import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { cidr, isNetworkIn } from "./address";
import { type Actor, administrator, type LoggedChange, loggedRow } from "./changelog";
import { cleanField, customFields } from "./customfields";
import { DnsRules } from "./dns";
import { detail, invalid } from "./errors";
import { type Field, type ModelName, models, tagged, unlogged } from "./models";
import { isBranched } from "./models.branching";
import { removePointing } from "./pointing";
import { has, isSince, newest, type Release } from "./releases";
import { hostIn, interfaceModels, isObject, type LabRow, now, uniqueKey } from "./rows";
import {
  cleanAddress,
  cleanDevice,
  cleanEntry,
  cleanInterface,
  cleanLink,
  cleanPrefix,
  cleanRange,
  cleanScope,
  cleanVlan,
  macOn,
  refusePopulated,
} from "./rules";
import { cleanMachine } from "./rules.machine";
import { Users } from "./users";

/** NetBox's tables with the rules that its models keep: references, uniqueness, primary addresses, sums, cascades. */
export class Database {
  private readonly tables = new Map<ModelName, Map<number, LabRow>>();
  /** The same for a database and its branches. */
  private readonly lastIds: Map<ModelName, number>;
  /** The ids of the rows that have what must be unique, by what that is; a row that changes is another object. */
  private readonly holders = new Map<string, Set<number>>();

  /** What it answers as. */
  release: Release = newest;
  /** Choices beside NetBox's own, by `virtualization.virtualmachine.status`: its FIELD_CHOICES. */
  fieldChoices: Record<string, readonly string[]> = {};
  /** NetBox's change log, oldest first. */
  readonly changes: LoggedChange[] = [];
  readonly dns = new DnsRules(this);
  private actor = administrator;
  /** How to take back what the present request has done so far. */
  private undo: (() => void)[] = [];
  readonly users: Users;
  private readonly branches: Database[] = [];

  /** @param main of a branch: what isn't branched is there */
  constructor(private readonly main?: Database) {
    this.lastIds = main?.lastIds ?? new Map();
    this.users = main?.users ?? new Users(this);
  }

  /** A branch: from now on each of the two has rows and a change log of its own. */
  fork(): Database {
    const branch = new Database(this);
    for (const [model, table] of this.tables)
      if (isBranched(model)) for (const row of table.values()) branch.place(model, row.id, row);
    this.branches.push(branch);
    return branch;
  }

  /** Does to a row what was done to it elsewhere, without NetBox's rules and without a record of it. */
  apply({ model, id, before, after }: { model: ModelName; id: number; before?: LabRow; after?: LabRow }): void {
    const current = this.find(model, id);
    if (after === undefined || current === undefined || before === undefined) this.place(model, id, after);
    else {
      const changed = Object.entries(after).filter(([name, value]) => !isDeepStrictEqual(value, before[name]));
      this.place(model, id, { ...current, ...Object.fromEntries(changed) });
    }
  }

  /** Adds an entry of elsewhere to the change log. */
  log(change: LoggedChange): void {
    this.changes.push({ ...change, id: this.nextChange() });
  }

  private nextChange(): number {
    const { changes, branches } = this.main ?? this;
    return 1 + Math.max(...[changes, ...branches.map((each) => each.changes)].map((log) => log.at(-1)?.id ?? 0));
  }

  table(model: ModelName): Map<number, LabRow> {
    if (this.main !== undefined && !isBranched(model)) return this.main.table(model);
    let table = this.tables.get(model);
    if (table === undefined) {
      table = new Map();
      this.tables.set(model, table);
    }
    return table;
  }

  rows(model: ModelName): LabRow[] {
    return [...this.table(model).values()];
  }

  find(model: ModelName, id: unknown): LabRow | undefined {
    return typeof id === "number" ? this.table(model).get(id) : undefined;
  }

  /** Every table that has ever had a row, with the last id that it gave. */
  dump(): { model: ModelName; lastId: number; rows: LabRow[] }[] {
    return [...this.lastIds].map(([model, lastId]) => ({ model, lastId, rows: this.rows(model) }));
  }

  /** Puts dumped tables in the place of all that is there; without a change log. */
  restore(tables: { model: ModelName; lastId: number; rows: LabRow[] }[]): void {
    this.tables.clear();
    this.holders.clear();
    this.lastIds.clear();
    this.changes.length = 0;
    for (const { model, lastId, rows } of tables) {
      this.lastIds.set(model, lastId);
      for (const row of rows) this.place(model, row.id, row);
    }
  }

  // ---- writing

  /** Runs a request's work for its caller: all of it, or nothing where it fails. */
  transaction<T>(actor: Actor, work: () => T): T {
    this.actor = actor;
    this.undo = [];
    try {
      return work();
    } catch (error) {
      for (const step of this.undo.reverse()) step();
      throw error;
    } finally {
      this.actor = administrator;
      this.undo = [];
    }
  }

  private put(model: ModelName, row: LabRow): void {
    const before = this.table(model).get(row.id);
    this.undo.push(() => this.place(model, row.id, before));
    this.place(model, row.id, row);
  }

  private drop(model: ModelName, row: LabRow): void {
    this.undo.push(() => this.place(model, row.id, row));
    this.place(model, row.id, undefined);
  }

  /** Changes single values without NetBox's rules: what its own signals do. */
  patch(model: ModelName, row: LabRow, values: Record<string, unknown>): void {
    const current = this.find(model, row.id);
    if (current !== undefined) this.put(model, { ...current, ...values });
  }

  /** Puts a row in its place, or nothing. */
  private place(model: ModelName, id: number, row: LabRow | undefined): void {
    if (this.main !== undefined && !isBranched(model)) {
      this.main.place(model, id, row);
      return;
    }
    const table = this.table(model);
    const before = table.get(id);
    for (const [n, { fields }] of (models[model].unique ?? []).entries()) {
      const keyOf = (each: LabRow) => `${model} ${n} ${uniqueKey(each, fields)}`;
      if (before) this.holders.get(keyOf(before))?.delete(id);
      if (row) this.holders.set(keyOf(row), (this.holders.get(keyOf(row)) ?? new Set()).add(id));
    }
    if (model === "ipAddress") {
      if (before) this.holders.get(hostIn(before))?.delete(id);
      if (row) this.holders.set(hostIn(row), (this.holders.get(hostIn(row)) ?? new Set()).add(id));
    }
    if (row) table.set(id, row);
    else table.delete(id);
  }

  private record(
    action: LoggedChange["action"],
    model: ModelName,
    before: LabRow | undefined,
    after: LabRow | undefined,
  ): void {
    const row = after ?? before;
    if (row === undefined || unlogged.has(model)) return;
    const was = before ? this.serialized(model, before) : null;
    const is = after ? this.serialized(model, after) : null;
    // NetBox's CHANGELOG_SKIP_EMPTY_CHANGES, which is on by default.
    if (isDeepStrictEqual(was, is)) return;
    this.undo.push(() => this.changes.pop());
    this.changes.push({
      id: this.nextChange(),
      time: now(),
      actor: this.actor,
      action,
      model,
      objectId: row.id,
      repr: String(row[models[model].display]),
      before: was,
      after: is,
    });
  }

  /** A row as the change log has it. */
  serialized(model: ModelName, row: LabRow): Record<string, unknown> {
    return loggedRow(
      model,
      row,
      row.tags.map((tag) => String(this.find("tag", tag)?.name)),
    );
  }

  private isHidden(field: Field): boolean {
    return (field.internal === true && !this.dns.isManaging) || !isSince(this.release, field.since ?? this.release);
  }

  /** What a field takes. */
  choices(model: ModelName, name: string): readonly string[] {
    const own = this.fieldChoices[`${models[model].contentType}.${name}`] ?? [];
    return [...(models[model].fields[name]?.choices ?? []), ...own];
  }

  create(model: ModelName, input: Record<string, unknown>): LabRow {
    const fields = models[model].fields;
    const values: Record<string, unknown> = {};
    const errors: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      if (input[name] === undefined || this.isHidden(field)) {
        if (field.required) errors[name] = ["This field is required."];
        else values[name] = structuredClone(field.default ?? null);
      } else this.accept(model, name, field, input[name], values, errors);
    }
    if (Object.keys(errors).length > 0) invalid(errors);
    const id = (this.lastIds.get(model) ?? 0) + 1;
    const stamp = now();
    const row: LabRow = {
      ...values,
      id,
      created: stamp,
      last_updated: stamp,
      tags: this.tagIds(input.tags ?? []),
      custom_fields: customFields(this, model, undefined, input.custom_fields),
    };
    this.clean(model, row, undefined);
    this.lastIds.set(model, id);
    this.put(model, row);
    this.record("create", model, undefined, row);
    this.afterWrite(model, row, undefined, input);
    return this.find(model, id) ?? row;
  }

  update(model: ModelName, { id }: LabRow, input: Record<string, unknown>): LabRow {
    const values: Record<string, unknown> = {};
    const errors: Record<string, unknown> = {};
    const row = this.find(model, id) ?? detail(404, `No ${models[model].label} matches the given query.`);
    for (const [name, field] of Object.entries(models[model].fields))
      if (input[name] !== undefined && !this.isHidden(field))
        this.accept(model, name, field, input[name], values, errors);
    if (Object.keys(errors).length > 0) invalid(errors);
    const next: LabRow = {
      ...row,
      ...values,
      custom_fields: customFields(this, model, row.custom_fields, input.custom_fields),
    };
    if (input.tags !== undefined) next.tags = this.tagIds(input.tags);
    this.clean(model, next, row);
    next.last_updated = now();
    this.put(model, next);
    this.record("update", model, row, next);
    this.afterWrite(model, next, row, input);
    return this.find(model, id) ?? next;
  }

  /** Deletes with what NetBox deletes along; what still points here in a protecting way is a 409. */
  remove(model: ModelName, row: LabRow): void {
    const owned = (type: string) => (candidate: LabRow) =>
      candidate.assigned_object_type === type && candidate.assigned_object_id === row.id;
    if (model === "virtualMachine") {
      for (const child of ["vmInterface", "virtualDisk"] as const)
        for (const found of this.rows(child).filter((candidate) => candidate.virtual_machine === row.id))
          this.remove(child, found);
    }
    if (model === "device")
      for (const found of this.rows("interface").filter((candidate) => candidate.device === row.id))
        this.remove("interface", found);
    if (model === "vmInterface" || model === "interface") {
      for (const child of ["ipAddress", "macAddress"] as const)
        for (const found of this.rows(child).filter(owned(models[model].contentType))) this.remove(child, found);
    }
    if (model === "dnsRecord") this.dns.removingRecord(row);
    if (model === "dnsZone") this.dns.removingZone(row);
    if (model === "ipAddress") this.dns.dropAddress(row);
    const last = this.find(model, row.id);
    if (last === undefined) return;
    this.drop(model, last);
    this.record("delete", model, last, undefined);
    if (model !== "journalEntry")
      for (const entry of this.rows("journalEntry").filter(owned(models[model].contentType)))
        this.drop("journalEntry", entry);
    removePointing(this, model, row.id);
    if (model === "dnsRecord") this.dns.removedRecord(last);
    if (model === "ipAddress")
      for (const holder of ["virtualMachine", "device"] as const)
        for (const each of this.rows(holder))
          for (const key of ["primary_ip4", "primary_ip6"])
            if (each[key] === row.id) this.patch(holder, each, { [key]: null });
    if (model === "macAddress")
      for (const holder of Object.values(interfaceModels))
        for (const each of this.rows(holder))
          if (each.primary_mac_address === row.id) this.patch(holder, each, { primary_mac_address: null });
    if (model === "user")
      for (const token of this.rows("token").filter((each) => each.user === row.id)) this.drop("token", token);
    if (["vlan", "platform", "user", "group"].includes(model)) this.unlink(model, row.id);
    if (model === "tag") this.untag(row.id);
    if (model === "virtualDisk") this.sumDisks(row.virtual_machine);
  }

  /** NetBox's SET_NULL: what led here leads nowhere, which the change log has of each. */
  private unlink(model: ModelName, id: number): void {
    const change = (holder: ModelName, each: LabRow, values: Record<string, unknown>) => {
      this.patch(holder, each, values);
      this.record("update", holder, each, this.find(holder, each.id));
    };
    for (const [holder, { fields }] of Object.entries(models) as [ModelName, (typeof models)[ModelName]][])
      for (const [name, field] of Object.entries(fields)) {
        if (field.to !== model) continue;
        for (const each of this.rows(holder)) {
          const value = each[name];
          if (value === id) change(holder, each, { [name]: null });
          if (Array.isArray(value) && value.includes(id))
            change(holder, each, { [name]: value.filter((one) => one !== id) });
        }
      }
  }

  private untag(id: number): void {
    for (const holder of tagged)
      for (const each of this.rows(holder))
        if (each.tags.includes(id)) this.patch(holder, each, { tags: each.tags.filter((tag) => tag !== id) });
  }

  // ---- single fields

  private accept(
    model: ModelName,
    name: string,
    field: Field,
    value: unknown,
    values: Record<string, unknown>,
    errors: Record<string, unknown>,
  ): void {
    const fail = (message: string) => {
      errors[name] = [message];
    };
    if (value === null) {
      if (field.required || field.kind === "boolean") fail("This field may not be null.");
      else values[name] = field.kind === "refs" ? [] : null;
      return;
    }
    switch (field.kind) {
      case "text":
        if (typeof value !== "string" && typeof value !== "number") fail("Not a valid string.");
        else if (field.required && String(value).trim() === "") fail("This field may not be blank.");
        else values[name] = this.text(model, name, String(value), fail);
        return;
      case "mac":
        if (!/^([0-9a-f]{2}[:-]?){5}[0-9a-f]{2}$/i.test(String(value))) fail(`Invalid MAC address format: ${value}`);
        else values[name] = String(value).toUpperCase().replace(/-/g, ":");
        return;
      case "integer":
      case "decimal": {
        const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
        if (
          typeof number !== "number" ||
          Number.isNaN(number) ||
          (field.kind === "integer" && !Number.isInteger(number))
        )
          fail(field.kind === "integer" ? "A valid integer is required." : "A valid number is required.");
        else if (field.min !== undefined && number < field.min)
          fail(`Ensure this value is greater than or equal to ${field.min}.`);
        else if (field.max !== undefined && number > field.max)
          fail(`Ensure this value is less than or equal to ${field.max}.`);
        else values[name] = number;
        return;
      }
      case "boolean":
        if (typeof value !== "boolean") fail("Must be a valid boolean.");
        else values[name] = value;
        return;
      case "choice":
        if (value === "" && field.default === null) values[name] = null;
        else if (!this.choices(model, name).includes(String(value))) fail(`${String(value)} is not a valid choice.`);
        else values[name] = value;
        return;
      case "ref":
        if (field.to) values[name] = this.reference(field.to, value, fail);
        return;
      case "refs":
        if (field.byId === true && Array.isArray(value) && value.some((each) => isObject(each)))
          fail("Incorrect type. Expected pk value, received dict.");
        else
          values[name] = Array.isArray(value)
            ? value.map((each) => this.reference(field.to ?? "vlan", each, fail))
            : [];
        return;
      default:
        values[name] = value;
    }
  }

  private text(model: ModelName, name: string, value: string, fail: (message: string) => void): string {
    if (model === "ipAddress" && name === "dns_name") {
      if (!/^[0-9A-Za-z._*-]*$/.test(value))
        fail("Only alphanumeric characters, asterisks, hyphens, periods, and underscores are allowed in DNS names");
      return value.toLowerCase();
    }
    const isAddress =
      (model === "ipAddress" && name === "address") ||
      ((model === "prefix" || model === "aggregate") && name === "prefix") ||
      (model === "ipRange" && name.endsWith("_address"));
    if (!isAddress) return value;
    const parsed = cidr(value);
    if (parsed === undefined) fail(`Invalid IP address format: ${value}`);
    else if (name === "prefix" && !isNetworkIn(parsed))
      fail(`${value} is not a valid prefix. Did you mean ${parsed.network}?`);
    return parsed?.text ?? value;
  }

  /** By id, or by attributes that match exactly one object. */
  reference(to: ModelName, value: unknown, fail: (message: string) => void): number | null {
    if (isObject(value)) {
      const found = this.rows(to).filter((row) => this.hasAttributes(to, row, value));
      if (found.length === 1 && found[0]) return found[0].id;
      fail(
        `Related object not found using the provided attributes: ${JSON.stringify(value).replace(/"/g, "'").replace(/:/g, ": ")}`,
      );
      return null;
    }
    const id = Number(value);
    if (this.table(to).has(id)) return id;
    fail(`Related object not found using the provided numeric ID: ${String(value)}`);
    return null;
  }

  private hasAttributes(model: ModelName, row: LabRow, wanted: Record<string, unknown>): boolean {
    return Object.entries(wanted).every(([key, value]) => {
      const to = models[model].fields[key]?.to;
      const there = to && this.find(to, row[key]);
      return isObject(value) && to ? there !== undefined && this.hasAttributes(to, there, value) : row[key] === value;
    });
  }

  private tagIds(value: unknown): number[] {
    const errors: string[] = [];
    const ids = (Array.isArray(value) ? value : []).map((tag: unknown) =>
      this.reference("tag", isObject(tag) && typeof tag.id === "number" ? tag.id : tag, (message) =>
        errors.push(message),
      ),
    );
    if (errors.length > 0) invalid({ tags: errors });
    return ids.filter((id) => id !== null);
  }

  // ---- rules over a whole object

  private clean(model: ModelName, next: LabRow, before: LabRow | undefined): void {
    for (const [n, { fields, error, applies }] of (models[model].unique ?? []).entries()) {
      if (applies?.(next) === false) continue;
      const holders = this.holders.get(`${model} ${n} ${uniqueKey(next, fields)}`) ?? [];
      if ([...holders].some((id) => id !== next.id)) invalid(error);
    }
    if (model === "dnsRecord") this.dns.cleanRecord(next, before);
    if (model === "dnsZone") this.dns.cleanZone(next, before);
    if (model === "journalEntry") cleanEntry(this, next);
    if (model === "customLink") cleanLink(next);
    if (model === "token") this.users.clean(next);
    if (model === "user") this.users.cleanUser(next, before);
    if (model === "virtualMachine") cleanMachine(this, next);
    if (model === "ipAddress") this.cleanAddress(next, before);
    if (model === "prefix") cleanPrefix(this, next);
    if (model === "ipRange") cleanRange(this, next);
    if (model === "vlan") cleanVlan(this, next);
    if (model === "device") cleanDevice(this, next);
    if (model === "customField") cleanField(next);
    if (model === "cluster" || model === "prefix" || model === "vlanGroup") cleanScope(this, model, next);
    if (model === "vmInterface" || model === "interface") cleanInterface(this, model, next);
    if ((model === "vmInterface" || model === "interface") && (next.mode === null || next.mode === "tagged-all")) {
      // NetBox drops VLANs that the mode has no place for, without a word.
      if (next.mode === null) next.untagged_vlan = null;
      next.tagged_vlans = [];
    }
  }

  private cleanAddress(next: LabRow, before: LabRow | undefined): void {
    const twins = [...(this.holders.get(hostIn(next)) ?? [])].filter((id) => id !== before?.id);
    cleanAddress(
      this,
      next,
      twins.flatMap((id) => this.find("ipAddress", id) ?? []),
    );
    if (before === undefined) refusePopulated(this, next);
    this.dns.cleanAddress(next);
    const moved =
      before !== undefined &&
      (before.assigned_object_id !== next.assigned_object_id ||
        before.assigned_object_type !== next.assigned_object_type);
    const primaries = [...this.rows("virtualMachine"), ...this.rows("device")];
    if (moved && primaries.some((vm) => vm.primary_ip4 === next.id || vm.primary_ip6 === next.id))
      invalid({
        __all__: ["Cannot reassign IP address while it is designated as the primary IP for the parent object"],
      });
    const holder = interfaceModels[String(next.assigned_object_type)];
    if (next.assigned_object_id !== null && holder && !this.find(holder, next.assigned_object_id))
      invalid({ __all__: [`Invalid assigned object: ${next.assigned_object_id}`] });
  }

  private afterWrite(model: ModelName, row: LabRow, before: LabRow | undefined, input: Record<string, unknown>): void {
    if (model === "token" && before === undefined) this.users.made(row, input);
    if (model === "branch" && before === undefined)
      this.patch(model, row, { schema_id: randomUUID().replaceAll("-", "").slice(0, 8), owner: this.actor.user.id });
    if (model === "virtualDisk") this.sumDisks(row.virtual_machine);
    if (model === "dnsRecord") this.dns.afterRecord(row);
    if (model === "dnsZone") this.dns.afterZone(row, before === undefined);
    if (model === "dnsView") this.dns.afterView();
    if (model === "ipAddress") this.dns.syncAddress(row);
    if ((model === "vmInterface" || model === "interface") && this.isMacGiven(input)) {
      const mac =
        input.mac_address === null
          ? null
          : (macOn(this, model, row, String(input.mac_address)) ??
            this.create("macAddress", {
              mac_address: input.mac_address,
              assigned_object_type: models[model].contentType,
              assigned_object_id: row.id,
            }));
      this.patch(model, row, { primary_mac_address: mac?.id ?? null });
    }
  }

  private isMacGiven({ mac_address: mac }: Record<string, unknown>): boolean {
    return mac !== undefined && has(this.release, "macAddressWritten");
  }

  private sumDisks(vmId: unknown): void {
    const vm = this.find("virtualMachine", vmId);
    const disks = this.rows("virtualDisk").filter((disk) => disk.virtual_machine === vmId);
    const disk = disks.length === 0 ? null : disks.reduce((total, one) => total + Number(one.size), 0);
    if (vm) this.patch("virtualMachine", vm, { disk });
  }
}
