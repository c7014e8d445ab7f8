import { z } from "zod";
import type { AuditInputs } from "../../providers/audit/audit.model";
import type { Context } from "../../providers/context";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { row, wireFields } from "../../providers/netbox/objects/objects";
import { type ObjectTypeName, typeOf } from "../../providers/netbox/objects/objecttypes";
import { isSuperuser } from "../../providers/netbox/users/lockout";
import { myself } from "../../providers/netbox/users/rights.model";
import type { ProxmoxCluster } from "../../providers/proxmox/client";
import type { KnownResources } from "../known";
import { printChange } from "./desired/changes";
import type { AccessChange, AccessCluster, NetboxAccess } from "./desired/types";

/** Who may do what on a cluster now. */
export async function readAccessOf(cluster: ProxmoxCluster): Promise<AccessCluster> {
  // It says what is wrong with a first contact.
  const version = await cluster.version();
  const view = await cluster.access();
  return { name: cluster.name, version, view, authId: cluster.authId, isByToken: cluster.isByToken };
}

/** NetBox's users, groups and permissions now. */
export async function readNetboxAccess({ netbox }: Context): Promise<NetboxAccess> {
  const { plugins } = await netbox.status();
  const list = (type: ObjectTypeName): Promise<ObjectRow[]> => netbox.list(typeOf(type).path, row, wireFields(type));
  const self = await netbox.myself(myself);
  const [users, groups, permissions, superuser] = await Promise.all([
    list("user"),
    list("userGroup"),
    list("permission"),
    isSuperuser(netbox, self),
  ]);
  return { url: netbox.url, users, groups, permissions, self, isSuperuser: superuser, plugins };
}

const oldOutputs = z.object({ audit: z.array(z.string()) });

/** Where the record of who changed what goes in this run. */
export interface Recording {
  /** What is declared of it. */
  record?: AuditInputs;
  /** It stands in the stack's outputs, as the version before had it, until a run changes something. */
  output?: string[];
}

/** @param known the state's resources @param outputs the stack's, of the last run */
export function recordingOf(known: KnownResources, outputs: unknown, changes: AccessChange[]): Recording {
  const earlier = oldOutputs.safeParse(outputs).data?.audit;
  const isThere = [...known.values()].some(({ type }) => type === "AccessAudit");
  if (isThere) return { record: { changes: changes.map(printChange) } };
  if (changes.length === 0) return earlier === undefined ? {} : { output: earlier };
  return { record: { changes: changes.map(printChange), ...(earlier === undefined ? {} : { earlier }) } };
}
