import type { AccessView, SeenUser } from "../../../../providers/proxmox/access/view";
import { parseAccess } from "../../../../stacks/access/desired/file";
import { planAccess } from "../../../../stacks/access/desired/plan";
import type { AccessCluster, AccessFacts, AccessPlan, NetboxAccess } from "../../../../stacks/access/desired/types";
import type { KnownResource } from "../../../../stacks/known";

const privileges =
  "Datastore.AllocateSpace Datastore.Audit Group.Allocate Mapping.Use Permissions.Modify Pool.Allocate Realm.AllocateUser SDN.Audit SDN.Use Sys.Audit Sys.Console Sys.Modify User.Modify VM.Allocate VM.Audit VM.Clone VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options VM.GuestAgent.Audit VM.GuestAgent.Unrestricted VM.Migrate VM.PowerMgmt".split(
    " ",
  );

export const seenUser = (more: Partial<SeenUser> = {}): SeenUser => ({
  enable: true,
  expire: 0,
  groups: [],
  tokens: new Map(),
  ...more,
});

/** A cluster with a token that may do everything, and what is asked for. */
export const clusterWith = (more: Partial<AccessView> = {}, facts: Partial<AccessCluster> = {}): AccessCluster => ({
  name: "pve-lab",
  version: "9.2.11",
  authId: "admin@pve!stack",
  isByToken: true,
  ...facts,
  view: {
    acl: [{ path: "/", type: "user", ugid: "admin@pve", roleid: "Administrator", propagate: true }],
    realms: new Map([
      ["pam", "pam"],
      ["pve", "pve"],
      ["corp", "ldap"],
    ]),
    ...more,
    roles: new Map([
      ["Administrator", { privileges, isBuiltIn: true }],
      ["PVEVMUser", { privileges: ["VM.Audit", "VM.PowerMgmt"], isBuiltIn: true }],
      ...(more.roles ?? []),
    ]),
    groups: new Map(more.groups ?? []),
    users: new Map([
      ["root@pam", seenUser()],
      ["admin@pve", seenUser({ tokens: new Map([["stack", { expire: 0, privsep: false }]]) })],
      ...(more.users ?? []),
    ]),
  },
});

export const emptyNetbox: NetboxAccess = {
  url: "https://nb",
  groups: [],
  permissions: [],
  self: { id: 1, username: "admin", groups: [] },
  users: [{ id: 1, username: "admin", is_active: true, groups: [] }],
  isSuperuser: true,
  plugins: [],
};

export const now = 1_800_000_000;

/** The plan of a file's text. @throws where the file can't be read */
export function planOf(
  text: string,
  more: Partial<Omit<AccessFacts, "known">> & { known?: Record<string, KnownResource> } = {},
): AccessPlan {
  const parsed = parseAccess(text, "access.yml");
  if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
  return planAccess({
    stack: "netbox-proxmox/test",
    file: parsed.value,
    placeOf: parsed.placeOf,
    clusters: [clusterWith()],
    netbox: emptyNetbox,
    passwordVersions: { main: "v1" },
    vault: { address: undefined },
    overlap: 604_800,
    now,
    ...more,
    known: new Map(Object.entries(more.known ?? {})),
  });
}
