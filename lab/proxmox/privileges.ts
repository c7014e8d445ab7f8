const words = (text: string): string[] => text.trim().split(/\s+/);

/** Every privilege that PVE 9 knows. */
export const privileges = words(`
  Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit Group.Allocate Mapping.Audit
  Mapping.Modify Mapping.Use Permissions.Modify Pool.Allocate Pool.Audit Realm.Allocate Realm.AllocateUser SDN.Allocate
  SDN.Audit SDN.Use Sys.AccessNetwork Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog User.Modify
  VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk
  VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console VM.GuestAgent.Audit
  VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite VM.GuestAgent.Unrestricted VM.Migrate
  VM.PowerMgmt VM.Replicate VM.Snapshot VM.Snapshot.Rollback`);

const rootOnly = words("Permissions.Modify Realm.Allocate Sys.AccessNetwork Sys.Incoming Sys.Modify Sys.PowerMgmt");
const of = (pattern: RegExp, without: string[] = []) =>
  privileges.filter((name) => pattern.test(name) && !without.includes(name));

/** What PVE 9 put in the place of VM.Monitor. */
const since9 = of(/^VM\.GuestAgent\./);
/** What PVE 8 added. */
const since8 = of(/^(Mapping\.|SDN\.Use$|Sys\.AccessNetwork$)/);
/** The privileges of a release, by the first number of its version. */
export function privilegesOf(major: number): string[] {
  if (major >= 9) return privileges;
  const before9 = [...privileges.filter((name) => !since9.includes(name)), "VM.Monitor"];
  return major >= 8 ? before9 : before9.filter((name) => !since8.includes(name));
}
/** A list of privileges as another release has it. */
export const asOf = (major: number, names: Iterable<string>): Set<string> =>
  new Set(
    [...names]
      .map((name) => (major < 9 && since9.includes(name) ? "VM.Monitor" : name))
      .filter((name) => major >= 8 || !since8.includes(name)),
  );

/** The roles that every cluster has, with their privileges. */
export const builtinRoles: Record<string, string[]> = {
  NoAccess: [],
  Administrator: privileges,
  PVEAdmin: of(/./, [...rootOnly, "Mapping.Modify"]),
  PVEAuditor: words("Datastore.Audit Mapping.Audit Pool.Audit SDN.Audit Sys.Audit VM.Audit VM.GuestAgent.Audit"),
  PVEDatastoreAdmin: of(/^Datastore\./),
  PVEDatastoreUser: words("Datastore.AllocateSpace Datastore.Audit"),
  PVEMappingAdmin: of(/^Mapping\./),
  PVEMappingUser: words("Mapping.Audit Mapping.Use"),
  PVEPoolAdmin: of(/^Pool\./),
  PVEPoolUser: ["Pool.Audit"],
  PVESDNAdmin: of(/^SDN\./),
  PVESDNUser: words("SDN.Audit SDN.Use"),
  PVESysAdmin: words("Sys.Audit Sys.Console Sys.Syslog"),
  PVETemplateUser: words("VM.Audit VM.Clone"),
  PVEUserAdmin: words("Group.Allocate Realm.AllocateUser User.Modify"),
  PVEVMAdmin: of(/^VM\./),
  PVEVMUser: words(`VM.Audit VM.Backup VM.Config.CDROM VM.Config.Cloudinit VM.Console VM.GuestAgent.Audit
    VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite VM.PowerMgmt`),
};
