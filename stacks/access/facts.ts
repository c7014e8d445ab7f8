import { z } from "zod";
import type { Context } from "../../providers/context";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { row, wireFields } from "../../providers/netbox/objects/objects";
import { type ObjectTypeName, typeOf } from "../../providers/netbox/objects/objecttypes";
import { isSuperuser } from "../../providers/netbox/users/lockout";
import { myself } from "../../providers/netbox/users/rights.model";
import type { ProxmoxCluster } from "../../providers/proxmox/client";
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

/** Who runs this, as pipelines and shells say it: a link to the run, or `USER@HOST`. */
export function runOf(env: Readonly<Record<string, string | undefined>>, user: string, host: string): string {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, CI_JOB_URL, BUILD_URL } = env;
  if (GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_RUN_ID)
    return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  return CI_JOB_URL || BUILD_URL || `${user}@${host}`;
}

const longest = 100;

/** The record of who changed what (a line each, newest last), with this run's changes. */
export function auditWith(outputs: unknown, changes: AccessChange[], run: string, now: Date): string[] {
  const last = z.object({ audit: z.array(z.string()) }).safeParse(outputs);
  const added = changes.map((change) => `${now.toISOString().slice(0, 19)}Z ${run}: ${printChange(change)}`);
  return [...(last.success ? last.data.audit : []), ...added].slice(-longest);
}
