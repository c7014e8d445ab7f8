import { cidr } from "./address";
import { actions, type LoggedChange } from "./changelog";
import { renderContext } from "./contexts";
import { definedFor } from "./customfields";
import type { Database } from "./database";
import { modelOf } from "./modelof";
import { type ModelName, models, tagged, unlogged } from "./models";
import { has, isSince } from "./releases";
import type { LabRow } from "./rows";
import { scopeOf } from "./rules";

const label = (value: string) => value.charAt(0).toUpperCase() + value.slice(1).replace(/-/g, " ");

/** Turns rows into what NetBox's API shows of them. */
export class Serializer {
  constructor(
    private readonly database: Database,
    private readonly base: string,
  ) {}

  private url(model: ModelName, id: number): string {
    return `${this.base}/api/${models[model].path}/${id}/`;
  }

  private display(model: ModelName, row: LabRow): string {
    if (model === "dnsRecord") return this.database.dns.display(row);
    if (model === "token") return this.database.users.display(row);
    if (model === "journalEntry") return `${row.created.slice(0, 16).replace("T", " ")} (${label(String(row.kind))})`;
    if (model === "vlan") return `${row.name} (${row.vid})`;
    if (model === "fhrpGroup") return `${row.name ? `${row.name} ` : ""}${row.protocol}: ${row.group_id}`;
    if (model === "ipRange") return `${String(row.start_address).split("/")[0]}-${String(row.end_address)}`;
    return String(row[models[model].display]);
  }

  /** An object inside another. */
  nested(model: ModelName, id: unknown): unknown {
    const row = this.database.find(model, id);
    return row === undefined ? null : this.brief(model, row);
  }

  brief(model: ModelName, row: LabRow): Record<string, unknown> {
    const shown: Record<string, unknown> = {
      id: row.id,
      url: this.url(model, row.id),
      display: this.display(model, row),
    };
    if (model === "ipAddress" || model === "prefix") shown.family = this.family(String(row.address ?? row.prefix));
    for (const name of models[model].brief) shown[name] = this.field(model, name, row);
    if (model === "dnsRecord") Object.assign(shown, this.dnsFields(row));
    return shown;
  }

  private family(text: string): unknown {
    const family = cidr(text)?.family;
    return { value: family, label: `IPv${family}` };
  }

  private field(model: ModelName, name: string, row: LabRow): unknown {
    const field = models[model].fields[name];
    const value = row[name];
    if (field?.kind === "ref" && field.to) return this.nested(field.to, value);
    if (field?.kind === "refs")
      return (Array.isArray(value) ? value : []).map((id) => this.nested(field.to ?? "vlan", id));
    if (field?.kind === "choice" && field.plain) return value;
    if (field?.kind === "choice") return value === null ? null : { value, label: label(String(value)) };
    return value;
  }

  full(model: ModelName, row: LabRow): Record<string, unknown> {
    const shown: Record<string, unknown> = {
      id: row.id,
      url: this.url(model, row.id),
      display_url: `${this.base}/${models[model].path}/${row.id}/`,
      display: this.display(model, row),
    };
    const { release } = this.database;
    for (const [name, { hidden, since }] of Object.entries(models[model].fields))
      if (hidden !== true && isSince(release, since ?? release)) shown[name] = this.field(model, name, row);
    Object.assign(shown, this.extras(model, row));
    if (tagged.has(model)) {
      shown.tags = row.tags.map((id) => this.nested("tag", id));
      shown.custom_fields = this.customFields(model, row);
    }
    if (model === "token") return { ...shown, created: row.created };
    return unlogged.has(model) ? shown : { ...shown, created: row.created, last_updated: row.last_updated };
  }

  private customFields(model: ModelName, row: LabRow): Record<string, unknown> {
    const fields = definedFor(this.database, model);
    return Object.fromEntries(
      fields.map((field) => [
        String(field.name),
        this.customField(field, row.custom_fields[String(field.name)] ?? null),
      ]),
    );
  }

  private customField(field: LabRow, value: unknown): unknown {
    const to = modelOf(field.related_object_type);
    const all = Array.isArray(value) ? value : undefined;
    if (value === null) return null;
    if (field.type === "object") return to === undefined ? null : this.nested(to, value);
    if (field.type === "multiobject")
      return to === undefined ? null : (all ?? []).map((id) => this.nested(to, id)).filter((each) => each !== null);
    if (!has(this.database.release, "choiceLabels")) return value;
    const labelled = (each: unknown) => ({ value: each, label: this.choiceLabel(field, each) });
    if (field.type === "select") return labelled(value);
    return field.type === "multiselect" ? all?.map(labelled) : value;
  }

  private choiceLabel(field: LabRow, value: unknown): unknown {
    const choices = this.database.find("choiceSet", field.choice_set)?.extra_choices;
    const pair: unknown = (Array.isArray(choices) ? choices : []).find(
      (each: unknown) => Array.isArray(each) && each[0] === value,
    );
    return Array.isArray(pair) ? pair[1] : value;
  }

  private dnsFields(row: LabRow): Record<string, unknown> {
    return { fqdn: this.database.dns.fqdn(row), active: this.database.dns.active(row), expired: false };
  }

  /** The object that another is assigned to, in short. */
  private assigned({ assigned_object_type: type, assigned_object_id: id }: LabRow): unknown {
    const model = modelOf(type);
    return model === undefined ? null : this.nested(model, id);
  }

  /** A machine's addresses, which show more than other nested ones do. */
  private primaries({ primary_ip4: v4, primary_ip6: v6 }: LabRow): Record<string, unknown> {
    const shown = (id: unknown) => {
      const row = this.database.find("ipAddress", id);
      if (row === undefined) return null;
      const outside = this.database.rows("ipAddress").filter((each) => each.nat_inside === row.id);
      return {
        ...this.brief("ipAddress", row),
        dns_name: row.dns_name,
        nat_inside: this.nested("ipAddress", row.nat_inside),
        nat_outside: outside.map((each) => this.brief("ipAddress", each)),
      };
    };
    return { primary_ip: shown(v6 ?? v4), primary_ip4: shown(v4), primary_ip6: shown(v6) };
  }

  /** The place that an object belongs to, in short. */
  private scope(model: ModelName, row: LabRow): unknown {
    const found = scopeOf(this.database, model, row);
    return found === undefined ? null : this.brief(found.model, found.row);
  }

  /** An entry of the change log. */
  change({ id, time, actor, action, model, objectId, repr, before, after }: LoggedChange): Record<string, unknown> {
    const { path, contentType } = models[model];
    const { user } = actor;
    return {
      id,
      url: `${this.base}/api/core/object-changes/${id}/`,
      display_url: `${this.base}/core/changelog/${id}/`,
      display: `${path.split("/")[0]} | ${contentType.split(".")[1]} ${repr} ${action}d by ${user.username}`,
      time,
      user: {
        id: user.id,
        url: `${this.base}/api/users/users/${user.id}/`,
        display: user.username,
        username: user.username,
      },
      user_name: user.username,
      request_id: actor.requestId,
      action: { value: action, label: actions[action] },
      changed_object_type: contentType,
      changed_object_id: objectId,
      changed_object: this.nested(model, objectId),
      object_repr: repr,
      message: actor.message,
      prechange_data: before ?? {},
      postchange_data: after ?? {},
    };
  }

  /** The permissions that are given to a user or group itself. */
  private permissionsOf(to: "users" | "groups", id: number): unknown[] {
    return this.database
      .rows("objectPermission")
      .filter(({ [to]: given }) => Array.isArray(given) && given.includes(id))
      .map((each) => this.brief("objectPermission", each));
  }

  private extras(model: ModelName, row: LabRow): Record<string, unknown> {
    const { database } = this;
    switch (model) {
      case "token":
        return database.users.shown(row, false);
      case "user":
        return { date_joined: row.created, last_login: null, permissions: this.permissionsOf("users", row.id) };
      case "group":
        return {
          permissions: this.permissionsOf("groups", row.id),
          user_count: database.rows("user").filter(({ groups }) => Array.isArray(groups) && groups.includes(row.id))
            .length,
        };
      case "journalEntry":
        return { assigned_object: this.assigned(row), created_by: row.created_by ?? 1 };
      case "branch":
        // It has no such field.
        return { display_url: undefined };
      case "dnsZone":
        return { active: row.status === "active" };
      case "dnsRecord": {
        const pointing = database.rows("dnsRecord").filter((record) => record.ptr_record === row.id);
        return {
          ...this.dnsFields(row),
          address_records: pointing.map((record) => this.brief("dnsRecord", record)),
          absolute_value: row.value,
          expiration_date: null,
        };
      }
      case "virtualMachine":
        return {
          ...this.primaries(row),
          interface_count: database.rows("vmInterface").filter((each) => each.virtual_machine === row.id).length,
          virtual_disk_count: database.rows("virtualDisk").filter((each) => each.virtual_machine === row.id).length,
          config_context: renderContext(database, row),
        };
      case "cluster":
      case "vlanGroup":
        return { scope: this.scope(model, row) };
      case "device":
        return this.primaries(row);
      case "interface":
      case "vmInterface": {
        const type = models[model].contentType;
        const macs = database
          .rows("macAddress")
          .filter((mac) => mac.assigned_object_type === type && mac.assigned_object_id === row.id);
        return {
          mac_address: database.find("macAddress", row.primary_mac_address)?.mac_address ?? null,
          mac_addresses: macs.map((mac) => this.brief("macAddress", mac)),
        };
      }
      case "ipAddress":
        return {
          family: this.family(String(row.address)),
          assigned_object: this.assigned(row),
        };
      case "aggregate":
        return { family: this.family(String(row.prefix)) };
      case "prefix":
        return { family: this.family(String(row.prefix)), scope: this.scope(model, row) };
      case "fhrpGroup":
        return {
          ip_addresses: database
            .rows("ipAddress")
            .filter((each) => each.assigned_object_type === "ipam.fhrpgroup" && each.assigned_object_id === row.id)
            .map((each) => this.brief("ipAddress", each)),
        };
      case "ipRange": {
        const size = (cidr(String(row.end_address))?.value ?? 0n) - (cidr(String(row.start_address))?.value ?? 0n) + 1n;
        return { family: this.family(String(row.start_address)), size: Number(size) };
      }
      case "fhrpGroupAssignment": {
        const holder = modelOf(row.interface_type);
        return { interface: holder === undefined ? null : this.nested(holder, row.interface_id) };
      }
      case "service": {
        const parent = modelOf(row.parent_object_type);
        const { protocol, ports } = row;
        return {
          parent: parent === undefined ? null : this.nested(parent, row.parent_object_id),
          port_mappings: Array.isArray(ports) ? ports.map((port) => `${protocol}/${port}`) : [],
        };
      }
      case "contactAssignment": {
        const holder = modelOf(row.object_type);
        return { object: holder === undefined ? null : this.nested(holder, row.object_id) };
      }
      case "macAddress":
        return {
          assigned_object: this.assigned(row),
        };
      default:
        return {};
    }
  }
}
