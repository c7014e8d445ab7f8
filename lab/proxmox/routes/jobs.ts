import { nextRun, parseCalendarEvent } from "../calendar";
import { die, parameterErrors } from "../errors";
import { createReplication, deleteReplication, guestOfJob, noReplication, updateReplication } from "../replication";
import { none } from "../schema/cluster";
import * as schema from "../schema/jobs";
import { anybody, both, perm, type RightsCheck, type Route, type RouteCall, route } from "./route";

const subdirs = (text: string) => text.split(" ").map((subdir) => ({ subdir }));

/** VM.Replicate on the guest that a job's id names: asked for after the parameters. */
const replicates =
  (handle: (call: RouteCall) => unknown) =>
  (call: RouteCall): unknown => {
    const { cluster, caller, params } = call;
    cluster.access.require(caller.authId, `/vms/${guestOfJob(String(params.id))}`, ["VM.Replicate"]);
    return handle(call);
  };

const missing = ({ params }: RouteCall): never => noReplication(params.id);

/** When a schedule runs next, so many times. */
function analyze({ cluster, params }: RouteCall): unknown[] {
  const { schedule, starttime, iterations = 10 } = params;
  const event = parseCalendarEvent(String(schedule));
  if (event === undefined)
    return parameterErrors({ schedule: "invalid format - unable to parse calendar event - unused input\n" });
  const found: { timestamp: number; utc: string }[] = [];
  let time: number | undefined = starttime === undefined ? Math.floor(cluster.now() / 1000) : Number(starttime);
  for (let n = 0; n < Number(iterations); n++) {
    time = nextRun(event, time);
    if (time === undefined) break;
    found.push({ timestamp: time, utc: new Date(time * 1000).toISOString() });
  }
  return found;
}

const syncsRealm: RightsCheck = both(
  ({ cluster, caller, raw }) =>
    cluster.access.require(caller.authId, `/access/realm/${raw.realm ?? ""}`, ["Realm.AllocateUser"]),
  perm("/access/groups", "User.Modify"),
);

export const jobRoutes: Route[] = [
  // ---- replication
  route("GET", "/cluster/replication", none, anybody, () => []),
  route(
    "POST",
    "/cluster/replication",
    schema.replicationCreateParameters,
    anybody,
    replicates(({ cluster, params }) => createReplication(cluster, params)),
  ),
  route("GET", "/cluster/replication/{id}", schema.replicationParameters, anybody, missing),
  route(
    "PUT",
    "/cluster/replication/{id}",
    schema.replicationUpdateParameters,
    anybody,
    replicates(({ params }) => updateReplication(params)),
  ),
  route(
    "DELETE",
    "/cluster/replication/{id}",
    schema.replicationDeleteParameters,
    anybody,
    replicates(({ params }) => deleteReplication(params)),
  ),
  route("GET", "/nodes/{node}/replication", schema.replicationListParameters, anybody, () => []),
  route("GET", "/nodes/{node}/replication/{id}", schema.replicationParameters, anybody, () =>
    subdirs("schedule_now log status"),
  ),
  route("GET", "/nodes/{node}/replication/{id}/status", schema.replicationParameters, anybody, missing),
  route("GET", "/nodes/{node}/replication/{id}/log", schema.replicationLogParameters, anybody, missing),
  route(
    "POST",
    "/nodes/{node}/replication/{id}/schedule_now",
    schema.replicationParameters,
    anybody,
    replicates(missing),
  ),

  // ---- other jobs: there is no realm that could be synchronised
  route("GET", "/cluster/jobs", none, anybody, () => subdirs("schedule-analyze realm-sync")),
  route("GET", "/cluster/jobs/schedule-analyze", schema.scheduleAnalyzeParameters, anybody, analyze),
  route("GET", "/cluster/jobs/realm-sync", none, perm("/", "Sys.Audit"), () => []),
  route("GET", "/cluster/jobs/realm-sync/{id}", schema.realmSyncParameters, perm("/", "Sys.Audit"), ({ params }) =>
    parameterErrors({ id: `No such job '${params.id}'` }),
  ),
  route(
    "POST",
    "/cluster/jobs/realm-sync/{id}",
    schema.realmSyncCreateParameters,
    syncsRealm,
    ({ cluster, params }) => {
      for (const option of ["realm", "scope"])
        if (params[option] === undefined) die(`missing value for required option '${option}'`);
      const known = cluster.access.realms.some(({ realm }) => realm === params.realm);
      const why = known ? "Only LDAP/AD realms can be synced." : `No such realm '${params.realm}'`;
      return die(`400 Parameter verification failed.\nrealm: ${why}`);
    },
  ),
];
