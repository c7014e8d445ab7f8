import { ownedFrom, printValue, sameProperty } from "../../../providers/netbox/objects/object.model";
import { aclInputs, aclInView, printAcl } from "../../../providers/proxmox/access/acl.model";
import { groupInView } from "../../../providers/proxmox/access/group.model";
import { roleInView } from "../../../providers/proxmox/access/role.model";
import { userInView } from "../../../providers/proxmox/access/user.model";
import type { AccessView } from "../../../providers/proxmox/access/view";
import { isRecord } from "../../../providers/values";
import type { KnownResource } from "../../known";
import type { DeclaredNetboxObject } from "../../netbox/declared";
import { tableLines } from "../../plan/table";
import type { AccessChange, AccessFacts, ClusterObjects, PlannedToken } from "./types";

// What a run is about to change of who may do what: from what the state has, or where it has nothing, from what is there.

type Fields = Record<string, unknown>;

/** One object, by what it was and what it is to be; nothing where both are the same. */
function changeOf(where: string, what: string, before: Fields | undefined, after: Fields): AccessChange[] {
  if (before === undefined) return [{ where, what, change: "granted", ...textOf("to", told(after)) }];
  const names = Object.keys(after).filter((name) => !sameProperty(before[name], after[name]));
  if (names.length === 0) return [];
  const parts = names.map((name) => difference(name, before[name], after[name]));
  return [
    {
      where,
      what,
      change: "changed",
      from: parts.map(({ from }) => from).join(", "),
      to: parts.map(({ to }) => to).join(", "),
    },
  ];
}
/** What says something: not an empty list, and not what is so unless it is said otherwise. */
const told = (fields: Fields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== true && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => printField(name, value))
    .join(", ");
const textOf = (key: "from" | "to", text: string) => (text === "" ? {} : { [key]: text });
const printField = (name: string, value: unknown): string =>
  Array.isArray(value) ? `${name} ${value.join(" ") || "none"}` : `${name} ${printValue(value)}`;

/** Of lists only what differs. */
function difference(name: string, before: unknown, after: unknown): { from: string; to: string } {
  if (!Array.isArray(before) || !Array.isArray(after))
    return { from: printField(name, before), to: printField(name, after) };
  const without = (all: unknown[], others: unknown[]) => all.filter((each) => !others.includes(each));
  return { from: printField(name, without(before, after)), to: printField(name, without(after, before)) };
}

const picked = (properties: Fields, names: string[]): Fields =>
  Object.fromEntries(names.filter((name) => properties[name] !== undefined).map((name) => [name, properties[name]]));

const fieldsOf = (value: object): Fields => Object.fromEntries(Object.entries(value));

interface Printed {
  what: string;
  shown: string[];
}
/** How a kind of resource is spoken of: what it is called, and which of its properties say something of rights. */
const printed: Record<string, (properties: Fields) => Printed> = {
  ProxmoxRole: ({ roleid }) => ({ what: `role ${String(roleid)}`, shown: ["privileges"] }),
  ProxmoxGroup: ({ groupid }) => ({ what: `group ${String(groupid)}`, shown: ["comment"] }),
  ProxmoxUser: ({ userid }) => ({ what: `user ${String(userid)}`, shown: ["enable", "expire", "groups"] }),
  ProxmoxAcl: (properties) => {
    const entry = aclInputs.safeParse(properties).data;
    return { what: entry === undefined ? "ACL entry" : printAcl({ ...entry, propagate: true }), shown: ["propagate"] };
  },
  ProxmoxToken: ({ userid, tokenid }) => ({ what: `token ${String(userid)}!${String(tokenid)}`, shown: [] }),
  NetboxToken: ({ name, username }) => ({ what: `token ${String(name)} of ${String(username)}`, shown: [] }),
  user: ({ fields }) => ({ what: `user ${named(fields, "username")}`, shown: [] }),
  userGroup: ({ fields }) => ({ what: `group ${named(fields, "name")}`, shown: [] }),
  permission: ({ fields }) => ({ what: `permission ${named(fields, "name")}`, shown: [] }),
};
const named = (fields: unknown, key: string): string => (isRecord(fields) ? String(fields[key]) : "");

/** Changes on a cluster. */
export function clusterChanges(
  cluster: string,
  view: AccessView,
  { roles, groups, users, acl, tokens }: ClusterObjects,
  known: ReadonlyMap<string, KnownResource>,
): AccessChange[] {
  const one = <I extends object>(
    type: string,
    { name, inputs }: { name: string; inputs: I },
    find: (view: AccessView, inputs: I) => I | undefined,
  ) => {
    const { what, shown } = printed[type]?.(fieldsOf(inputs)) ?? { what: name, shown: [] };
    const there = known.get(name)?.properties ?? find(view, inputs);
    return changeOf(cluster, what, there && picked(fieldsOf(there), shown), picked(fieldsOf(inputs), shown));
  };
  return [
    ...roles.flatMap((each) => one("ProxmoxRole", each, roleInView.find)),
    ...groups.flatMap((each) => one("ProxmoxGroup", each, groupInView.find)),
    ...users.flatMap((each) => one("ProxmoxUser", each, userInView.find)),
    ...tokenChanges(cluster, "ProxmoxToken", tokens, known),
    ...acl.flatMap((each) => one("ProxmoxAcl", each, aclInView.find)),
  ];
}

/** New secrets, and tokens that another one takes over from. */
export function tokenChanges<I extends { generation: number }>(
  where: string,
  type: "ProxmoxToken" | "NetboxToken",
  tokens: PlannedToken<I>[],
  known: ReadonlyMap<string, KnownResource>,
): AccessChange[] {
  return tokens.flatMap(({ name, inputs, isCurrent, entry }): AccessChange[] => {
    const last = known.get(name)?.properties.generation;
    if (!isCurrent || last === inputs.generation) return [];
    const { what = name } = printed[type]?.(fieldsOf(inputs)) ?? {};
    const isFirst = !tokens.some((each) => each.entry === entry && !each.isCurrent);
    return [
      isFirst && last === undefined
        ? { where, what, change: "granted" }
        : { where, what, change: "rotated", to: `generation ${inputs.generation}` },
    ];
  });
}

/** Changes of NetBox's users, groups and permissions. */
export const netboxChanges = (objects: DeclaredNetboxObject[], { netbox, known }: AccessFacts): AccessChange[] =>
  objects.flatMap(({ name, args }) => {
    const { type, fields = {} } = args;
    const rows = { user: netbox.users, userGroup: netbox.groups, permission: netbox.permissions };
    if (type !== "user" && type !== "userGroup" && type !== "permission") return [];
    const key = type === "user" ? "username" : "name";
    const row = rows[type].find((each) => each[key] === fields[key]);
    const owned = { fields, customFields: {}, tags: [] };
    const last = known.get(name)?.properties.fields ?? (row && ownedFrom(type, row, owned).fields);
    const without = (all: object): Fields => Object.fromEntries(Object.entries(all).filter(([each]) => each !== key));
    const what = printed[type]?.({ fields }).what ?? name;
    return changeOf("NetBox", what, isRecord(last) ? without(last) : undefined, without(fields));
  });

/** What is in the state and wanted no more, by name: the state comes in another order from the engine than from its file. */
export function removals(wanted: ReadonlySet<string>, known: ReadonlyMap<string, KnownResource>): AccessChange[] {
  const byName = [...known].sort(([one], [other]) => (one < other ? -1 : 1));
  return byName.flatMap(([name, { type, properties }]): AccessChange[] => {
    if (wanted.has(name)) return [];
    const where = typeof properties.cluster === "string" ? properties.cluster : "NetBox";
    // An object of NetBox is spoken of by its type in the table.
    const kind = (printed[type] ?? printed[String(properties.type)])?.(properties);
    if (kind === undefined) return [];
    return [{ where, what: kind.what, change: "taken away", ...textOf("from", told(picked(properties, kind.shown))) }];
  });
}

const printedValues = ({ from, to }: AccessChange): string =>
  from === undefined ? (to ?? "") : to === undefined ? from : `${from} → ${to}`;

/** One change as a line. */
export function printChange(each: AccessChange): string {
  const values = printedValues(each);
  return `${each.change} ${each.where} ${each.what}${values === "" ? "" : ` (${values})`}`;
}

/** The changes as a table. */
export function printChanges(changes: AccessChange[]): string {
  const rows = changes.map((each) => [each.change, each.where, each.what, printedValues(each)]);
  const lines = tableLines(rows).map((line) => `  ${line}`);
  return [`Access: ${changes.length} ${changes.length === 1 ? "change" : "changes"}`, ...lines].join("\n");
}
