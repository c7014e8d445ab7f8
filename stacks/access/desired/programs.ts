import {
  accessGrants,
  accessPermissions,
  discoveryGrants,
  discoveryPermissions,
  type Grant,
  guestGrants,
  guestPermissions,
  intentPermissions,
  inventoryGrants,
  inventoryPermissions,
  type ObjectPermission,
  opsGrants,
  opsPermissions,
  planGrants,
  planPermissions,
  platformGrants,
  siteGrants,
  sitePermissions,
  templatesGrants,
  templatesPermissions,
} from "../privileges";
import type { ProgramEntry, ProgramName } from "./file";
import { onThisRelease } from "./privileges";

// The programs' own lists of rights, made into roles and permissions.

const lists: Record<ProgramName, { grants: Grant[]; permissions: ObjectPermission[] }> = {
  site: { grants: siteGrants, permissions: sitePermissions },
  plan: { grants: planGrants, permissions: planPermissions },
  discovery: { grants: discoveryGrants, permissions: discoveryPermissions },
  intent: { grants: [], permissions: intentPermissions },
  ops: { grants: [...opsGrants, ...guestGrants], permissions: [...opsPermissions, ...guestPermissions] },
  access: { grants: accessGrants, permissions: accessPermissions },
  platform: { grants: platformGrants, permissions: [] },
  inventory: { grants: inventoryGrants, permissions: inventoryPermissions },
  templates: { grants: templatesGrants, permissions: templatesPermissions },
};

/** What a program needs on the two systems. */
export const listsOf = (name: ProgramName): { grants: Grant[]; permissions: ObjectPermission[] } => lists[name];

/** Discovery reads everything that it isn't told to leave alone; the others use a part only where they are told to. */
const usesAll: readonly ProgramName[] = ["discovery"];

/** The parts of a program that are not always used. */
export const partsOf = (name: ProgramName): string[] => [
  ...new Set(
    [...lists[name].grants, ...lists[name].permissions].flatMap(({ only }) => (only === undefined ? [] : [only])),
  ),
];

export const needsProxmox = (name: ProgramName): boolean => lists[name].grants.length > 0;

const isUsed = (name: ProgramName, { uses }: ProgramEntry, only: string | undefined): boolean =>
  only === undefined || uses.includes(only) || (uses.length === 0 && usesAll.includes(name));

export const programUser = (name: ProgramName, { user }: ProgramEntry): string => user ?? `netbox-${name}@pve`;
export const programNetboxUser = (name: ProgramName, { netboxUser }: ProgramEntry): string =>
  netboxUser ?? `netbox-${name}`;

const titled = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const roomNames: Record<string, string> = {
  "/": "Root",
  "/ alone": "Datacenter",
  "/vms": "Guests",
  "/sdn/zones": "Network",
};
const roomName = (path: string): string => roomNames[path] ?? path.split("/").map(titled).join("");

/** Roles of a program on a cluster that knows these privileges, each with the paths where its user has it. */
export function rolesOf(
  name: ProgramName,
  entry: ProgramEntry,
  known: ReadonlySet<string>,
): { roleid: string; privileges: string[]; paths: string[]; propagate: boolean }[] {
  const byRoom = new Map<string, { path: string; propagate: boolean; privileges: string[] }>();
  const used = lists[name].grants.filter((grant) => isUsed(name, entry, grant.only));
  for (const { path, privileges, propagate = true } of used) {
    const room = propagate ? path : `${path} alone`;
    const here = privileges.flatMap((privilege) => onThisRelease(privilege, known));
    const all = [...new Set([...(byRoom.get(room)?.privileges ?? []), ...here])].sort();
    byRoom.set(room, { path, propagate, privileges: all });
  }
  return [...byRoom].flatMap(([room, { path, ...role }]) =>
    role.privileges.length === 0
      ? []
      : [{ roleid: `Netbox${titled(name)}${roomName(room)}`, paths: narrowed(path, entry), ...role }],
  );
}

function narrowed(path: string, { storages, bridges }: ProgramEntry): string[] {
  if (path === "/storage" && storages) return storages.map((storage) => `/storage/${storage}`);
  // PVE's zone of the bridges that are no vnets.
  if (path === "/sdn/zones" && bridges) return bridges.map((bridge) => `/sdn/zones/localnetwork/${bridge}`);
  return [path];
}

/** Object permissions of a program, by the names that they get in a NetBox with these plugins. */
export function permissionsOf(
  name: ProgramName,
  entry: ProgramEntry,
  plugins: string[],
): Map<string, Pick<ObjectPermission, "objectTypes" | "actions">> {
  const hasDns = plugins.includes("netbox_dns");
  const all = lists[name].permissions.flatMap(({ objectTypes, actions, only }, n) => {
    const there = objectTypes.filter((type) => hasDns || !type.startsWith("netbox_dns."));
    // Where the plugin is installed, the programs look at it.
    const isWanted = isUsed(name, entry, only) || only === "netbox-dns";
    // By its place in the list, so that a part more renames no other.
    const title = `${programNetboxUser(name, entry)} ${n + 1}`;
    return isWanted && there.length > 0 ? [[title, { objectTypes: there, actions }] as const] : [];
  });
  return new Map(all);
}
