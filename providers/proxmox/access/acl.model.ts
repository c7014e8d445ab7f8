import { z } from "zod";
import type { AclEntry, InView } from "./view";

export const aclInputs = z.object({
  cluster: z.string(),
  /** `/`, `/pool/x`, `/vms/100`, `/storage/x`, `/nodes/x`, `/sdn/…`, `/mapping/…`, `/access/…`. */
  path: z.string(),
  type: z.enum(["user", "group", "token"]),
  /** USER@REALM, a group's name, or USER@REALM!TOKENID. */
  ugid: z.string(),
  roleid: z.string(),
  propagate: z.boolean(),
});
export type AclInputs = z.infer<typeof aclInputs>;

/** `NetboxSite for user site@pve on /vms`. */
export const printAcl = ({ roleid, type, ugid, path, propagate }: Omit<AclInputs, "cluster">): string =>
  `${roleid} for ${type} ${ugid} on ${path}${propagate ? "" : ", without what is below"}`;

/** What must be held at a path to change, and to be shown, its entries (PVE::RPCEnvironment::check_perm_modify). */
export function aclPrivileges(path: string): string[] {
  const own = { storage: "Datastore.Allocate", vms: "VM.Allocate", pool: "Pool.Allocate" };
  const below = /^\/(storage|vms|pool)\/./.exec(path)?.[1];
  const room = Object.entries(own).find(([name]) => name === below)?.[1];
  return ["Permissions.Modify", ...(room === undefined ? [] : [room])];
}

const isSame = (entry: AclEntry, { path, type, ugid, roleid }: AclInputs): boolean =>
  entry.path === path && entry.type === type && entry.ugid === ugid && entry.roleid === roleid;

/** Where it stands in a cluster's view. */
export const aclInView: InView<AclInputs> = {
  find(view, wanted) {
    const entry = view.acl.find((each) => isSame(each, wanted));
    return entry === undefined ? undefined : { cluster: wanted.cluster, ...entry };
  },
  put: (view, wanted) => ({ ...view, acl: [...view.acl.filter((each) => !isSame(each, wanted)), wanted] }),
  drop: (view, known) => ({ ...view, acl: view.acl.filter((each) => !isSame(each, known)) }),
};
