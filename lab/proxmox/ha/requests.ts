import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import type { Guest } from "../guest";
import { sidOf } from "./ha";

/** With an HA resource a start or stop is a request to its manager. @returns the task, where there is one */
export function requestPower(
  cluster: Cluster,
  guest: Guest,
  what: "start" | "stop",
  { authId }: ProxmoxCaller,
): string | undefined {
  if (!cluster.ha.manages(guest)) return undefined;
  return cluster.tasks.run(guest.node, `ha${what}`, String(guest.vmid), authId, async ({ log }) => {
    log(`Requesting HA ${what} for ${guest.noun} ${guest.vmid}`);
    cluster.ha.request(guest, what === "start" ? "started" : "stopped");
  });
}

/** So is a migration: one that a resource on the target forbids is refused. */
export function requestMigration(
  cluster: Cluster,
  guest: Guest,
  node: string,
  { authId }: ProxmoxCaller,
): string | undefined {
  if (!cluster.ha.manages(guest)) return undefined;
  return cluster.tasks.run(guest.node, "hamigrate", String(guest.vmid), authId, async ({ log }) => {
    const sid = sidOf(guest);
    log(`Requesting HA migration for ${guest.noun} ${guest.vmid} to node ${node}`);
    const { blocking, comigrated } = cluster.ha.motion(sid, node);
    if (blocking.length > 0) {
      log(`cannot migrate resource '${sid}' to node '${node}':`);
      log("");
      for (const other of blocking)
        log(`- resource '${other}' on target node '${node}' in negative affinity with resource '${sid}'`);
      die(`command 'ha-manager migrate ${sid} ${node}' failed: exit code 2`);
    }
    for (const other of comigrated)
      log(`also migrate resource '${other}' in positive affinity with resource '${sid}' to target node '${node}'`);
    cluster.ha.migrate(sid, node);
  });
}
