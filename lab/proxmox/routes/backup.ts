import { prune, pruneMarks } from "../backup/prune";
import { archivedConfig } from "../backup/restore";
import { backupVolumes, selected } from "../backup/selection";
import { vzdump, vzdumpDefaults } from "../backup/vzdump";
import { nextRun, parseCalendarEvent } from "../calendar";
import { die, forbidden } from "../errors";
import type { Guest } from "../guest";
import * as schema from "../schema/backup";
import { none } from "../schema/cluster";
import { requireVolume, volumeName } from "../volumes";
import { anybody, perm, permAny, type RightsCheck, type Route, type RouteCall, route } from "./route";

const audits = perm("/", "Sys.Audit");
const modifies = perm("/", "Sys.Modify");

/** Without a name a VM is shown by none here. */
const nameOf = (guest: Guest) => ({ name: guest.text(guest.type === "qemu" ? "name" : "hostname") ?? null });

function jobRow({ cluster }: RouteCall, id: string): unknown {
  const shown = cluster.backupJobs.shown(id);
  const event = parseCalendarEvent(String(shown.schedule ?? ""));
  const next = event === undefined || shown.enabled === 0 ? undefined : nextRun(event, cluster.now() / 1000);
  return { ...shown, ...(next === undefined ? {} : { "next-run": next }) };
}

/** A job's guests and their volumes as a tree, without guests that the caller may not see. */
function includedVolumes({ cluster, caller, params }: RouteCall): unknown {
  const children = selected(cluster, cluster.backupJobs.get(String(params.id)))
    .filter((vmid) => cluster.access.may(caller.authId, `/vms/${vmid}`, ["VM.Audit"]))
    .map((vmid) => {
      const guest = cluster.guests.get(vmid);
      if (guest === undefined) return { id: vmid, type: "unknown", leaf: 1 };
      const volumes = backupVolumes(guest).map(({ slot, volid, included, reason }) => ({
        id: `${vmid}:${slot}`,
        name: volid,
        included: included ? 1 : 0,
        reason,
        leaf: 1,
      }));
      return { id: vmid, type: guest.type, ...nameOf(guest), children: volumes, leaf: volumes.length === 0 ? 1 : 0 };
    });
  return { children };
}

/** The guests that no job backs up; a job that is switched off counts. */
function notBackedUp({ cluster, caller }: RouteCall): unknown[] {
  const included = new Set([...cluster.backupJobs.all.values()].flatMap((job) => selected(cluster, job)));
  return [...cluster.guests.values()]
    .filter((guest) => cluster.sees(caller.authId, guest) && !included.has(guest.vmid))
    .map((guest) => ({ vmid: guest.vmid, type: guest.type, ...nameOf(guest) }));
}

/** Root itself, not a token of it. */
const onlyRoot: RightsCheck = ({ caller }) => {
  if (caller.authId !== "root@pam") forbidden("user != root@pam");
};

function extractConfig({ cluster, node, caller, params }: RouteCall): string {
  const volid = String(params.volume);
  requireVolume(cluster, caller, volid, { content: "backup" });
  const { owner } = volumeName(cluster, volid);
  if (owner !== undefined) cluster.access.require(caller.authId, `/vms/${owner}`, ["VM.Backup"]);
  return archivedConfig(cluster, node, volid);
}

/** PUT …/content/{volume}: notes and protection of an archive. */
function updateVolume({ cluster, node, caller, params }: RouteCall): null {
  const sent = String(params.volume);
  const volid = sent.includes(":") ? sent : `${params.storage}:${sent}`;
  requireVolume(cluster, caller, volid);
  const { content } = volumeName(cluster, volid);
  if (params.notes !== undefined && content !== "backup") die("only backups can have notes");
  if (params.protected !== undefined && content !== "backup") die("only backups can be protected");
  const volume = cluster.storages.need(node, volid);
  if (params.notes !== undefined) volume.notes = params.notes === "" ? undefined : String(params.notes);
  if (params.protected !== undefined) volume.protected = params.protected === 1;
  return null;
}

const prunes = "/nodes/{node}/storage/{storage}/prunebackups";

export const backupRoutes: Route[] = [
  // ---- jobs
  route("GET", "/cluster/backup", none, audits, (call) =>
    [...call.cluster.backupJobs.all.keys()].map((id) => jobRow(call, id)),
  ),
  route("POST", "/cluster/backup", schema.backupJobCreateParameters, modifies, ({ cluster, params, caller }) => {
    cluster.backupJobs.create(cluster, params, caller);
    return null;
  }),
  route("GET", "/cluster/backup/{id}", schema.backupJobParameters, audits, ({ cluster, params }) =>
    cluster.backupJobs.shown(String(params.id)),
  ),
  route("PUT", "/cluster/backup/{id}", schema.backupJobUpdateParameters, modifies, ({ cluster, params, caller }) => {
    cluster.backupJobs.update(cluster, params, caller);
    return null;
  }),
  route("DELETE", "/cluster/backup/{id}", schema.backupJobParameters, modifies, ({ cluster, params }) => {
    cluster.backupJobs.delete(String(params.id));
    return null;
  }),
  route("GET", "/cluster/backup/{id}/included_volumes", schema.backupJobParameters, audits, includedVolumes),
  route("GET", "/cluster/backup-info", none, onlyRoot, () => [{ subdir: "not-backed-up" }]),
  route("GET", "/cluster/backup-info/not-backed-up", none, audits, notBackedUp),

  // ---- archives
  route("POST", "/nodes/{node}/vzdump", schema.vzdumpParameters, anybody, ({ cluster, node, params, caller }) =>
    vzdump(cluster, node, params, caller),
  ),
  route(
    "GET",
    "/nodes/{node}/vzdump/defaults",
    schema.vzdumpDefaultsParameters,
    anybody,
    ({ cluster, node, params, caller }) => vzdumpDefaults(cluster, node, params, caller),
  ),
  route("GET", "/nodes/{node}/vzdump/extractconfig", schema.extractConfigParameters, anybody, extractConfig),
  route(
    "GET",
    prunes,
    schema.pruneParameters,
    permAny("/storage/{storage}", "Datastore.Audit Datastore.AllocateSpace"),
    ({ cluster, node, params }) =>
      pruneMarks(cluster, node, params).map(({ volume: { volid, ctime }, type, vmid, mark }) => ({
        volid,
        ctime,
        type,
        vmid,
        mark,
      })),
  ),
  route("DELETE", prunes, schema.pruneParameters, anybody, ({ cluster, node, params, caller }) =>
    prune(cluster, node, params, caller),
  ),
  route(
    "PUT",
    "/nodes/{node}/storage/{storage}/content/{volume*}",
    schema.volumeUpdateParameters,
    anybody,
    updateVolume,
  ),
];
