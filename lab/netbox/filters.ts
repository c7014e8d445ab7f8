import { cidr, contains, hostKey } from "./address";
import { administrator } from "./changelog";
import type { Database } from "./database";
import { invalid } from "./errors";
import { type ModelName, models } from "./models";
import { has } from "./releases";
import type { LabRow } from "./rows";

type Test = (row: LabRow) => boolean;

const control = new Set(["limit", "offset", "start", "ordering", "fields", "omit", "exclude", "brief", "format"]);
const badChoice = (parameter: string, value: string) =>
  invalid({ [parameter]: [`Select a valid choice. ${value} is not one of the available choices.`] });

/** Filters that no field of the model is behind. */
function special(database: Database, model: ModelName, name: string, values: string[]): Test | undefined {
  const vmOf = (row: LabRow) =>
    row.assigned_object_type === "virtualization.vminterface"
      ? database.find("vmInterface", row.assigned_object_id)?.virtual_machine
      : undefined;
  const key = `${model}.${name}`;
  switch (key) {
    case "ipAddress.virtual_machine_id":
      return (row) => values.includes(String(vmOf(row)));
    case "ipAddress.vminterface_id":
      return (row) =>
        row.assigned_object_type === "virtualization.vminterface" && values.includes(String(row.assigned_object_id));
    case "ipAddress.interface_id":
      return (row) => row.assigned_object_type === "dcim.interface" && values.includes(String(row.assigned_object_id));
    case "ipAddress.assigned_to_interface":
      return (row) => values.includes(String(row.assigned_object_id !== null));
    case "ipAddress.address":
      return (row) =>
        values.some((value) =>
          value.includes("/") ? cidr(value)?.text === row.address : hostKey(value) === hostKey(String(row.address)),
        );
    case "ipAddress.parent":
    case "prefix.within_include":
      return (row) => values.some((value) => contains(value, String(row.address ?? row.prefix)));
    case "prefix.contains":
      return (row) => values.some((value) => contains(String(row.prefix), value));
    case "prefix.vlan_vid":
      return (row) => values.includes(String(database.find("vlan", row.vlan)?.vid));
    case "vmInterface.cluster_id":
      return (row) => values.includes(String(database.find("virtualMachine", row.virtual_machine)?.cluster));
    case "vmInterface.mac_address":
    case "interface.mac_address":
      return (row) =>
        values.some(
          (value) => value.toUpperCase() === database.find("macAddress", row.primary_mac_address)?.mac_address,
        );
    case "ipAddress.family":
    case "prefix.family":
      return (row) => values.includes(String(cidr(String(row.address ?? row.prefix))?.family));
    case "dnsRecord.fqdn":
      return (row) => values.includes(database.dns.fqdn(row));
    case "dnsRecord.managed":
      return (row) => values.includes(String(row.managed));
    // Users by their name, and only these two kinds by part of a list.
    case "token.user":
      return (row) => values.includes(String(database.find("user", row.user)?.username));
    case "token.key":
      return (row) => values.includes(database.users.display(row));
    case "user.is_superuser":
      return (row) => values.includes(String(row.id === administrator.user.id));
    case "objectPermission.user_id":
      return (row) => Array.isArray(row.users) && row.users.some((id) => values.includes(String(id)));
    case "customField.object_type":
      return (row) => Array.isArray(row.object_types) && row.object_types.some((type) => values.includes(String(type)));
    default:
      return undefined;
  }
}

function test(database: Database, model: ModelName, name: string, values: string[]): Test | undefined {
  const found = special(database, model, name, values);
  if (found) return found;
  const { fields } = models[model];
  if (name === "id") return (row) => values.includes(String(row.id));
  if (name === "id__gt") return (row) => values.some((value) => row.id > Number(value));
  if (name === "q")
    return (row) =>
      values.some((value) =>
        String(row.name ?? row.address ?? row.description)
          .toLowerCase()
          .includes(value.toLowerCase()),
      );
  if (name === "tag") {
    const ids = values.map(
      (value) => database.rows("tag").find((tag) => tag.slug === value)?.id ?? badChoice(name, value),
    );
    return (row) => ids.every((id) => row.tags.includes(id));
  }
  if (name.startsWith("cf_")) return (row) => values.includes(String(row.custom_fields[name.slice(3)]));
  const lookup = /^(.+)__(ic|isw|ie|n|gte|empty)$/.exec(name);
  if (lookup) {
    const [, field = "", how] = lookup;
    if (!(field in fields) && field !== "last_updated") return undefined;
    const compare: Record<string, (text: string, value: string) => boolean> = {
      ic: (text, value) => text.toLowerCase().includes(value.toLowerCase()),
      isw: (text, value) => text.toLowerCase().startsWith(value.toLowerCase()),
      ie: (text, value) => text.toLowerCase() === value.toLowerCase(),
      n: (text, value) => text !== value,
      gte: (text, value) => text >= value,
      empty: (text, value) => (text === "") === (value === "true"),
    };
    return (row) => values.some((value) => compare[how ?? "ic"]?.(String(row[field] ?? ""), value) ?? true);
  }
  const field = fields[name];
  if (field?.kind === "choice") {
    const known = database.choices(model, name);
    for (const value of values) if (!known.includes(value)) badChoice(name, value);
    return (row) => values.includes(String(row[name]));
  }
  if (field?.kind === "ref" && field.to) {
    const to = field.to;
    const ids = values.map(
      (value) =>
        database.rows(to).find((row) => row.slug === value || row.name === value)?.id ?? badChoice(name, value),
    );
    return (row) => ids.includes(Number(row[name]));
  }
  if (field) return (row) => values.includes(String(row[name]));
  const byId = /^(.+)_id$/.exec(name);
  const target = byId ? fields[byId[1] ?? ""] : undefined;
  if (byId && target?.kind === "ref" && target.to) {
    const to = target.to;
    for (const value of values) if (value !== "null" && !database.table(to).has(Number(value))) badChoice(name, value);
    return (row) => values.includes(String(row[byId[1] ?? ""]));
  }
  return undefined; // NetBox ignores what it doesn't know
}

/** The rows that pass every filter that NetBox knows, in the order asked for. */
export function filterRows(database: Database, model: ModelName, query: URLSearchParams): LabRow[] {
  const tests = [...new Set(query.keys())]
    .filter((name) => !control.has(name))
    .map((name) => test(database, model, name, query.getAll(name)));
  const rows = database.rows(model).filter((row) => tests.every((each) => each === undefined || each(row)));
  const isCursor = query.has("start") && has(database.release, "cursors");
  const ordering = query.get("ordering") ?? (isCursor ? "id" : (models[model].display satisfies string));
  const field = ordering.replace(/^-/, "");
  const sorted = rows.sort((a, b) =>
    field === "id" ? a.id - b.id : String(a[field]).localeCompare(String(b[field])) || a.id - b.id,
  );
  return ordering.startsWith("-") ? sorted.reverse() : sorted;
}
