import type { Cluster, ClusterNode } from "../cluster";
import type { Guest } from "../guest";
import type { Values } from "../schema/parameters";

// What a cluster's HA manager says of itself, and how it moves guests for a node's maintenance. It is at once where a real one
// takes rounds of ten seconds.

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number) => String(value).padStart(2, "0");

/** `Sun Nov 29 00:59:16 2026`, in UTC. */
function said(milliseconds: number): string {
  const at = new Date(milliseconds);
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${days[at.getUTCDay()]} ${months[at.getUTCMonth()]} ${two(at.getUTCDate())} ${time} ${at.getUTCFullYear()}`;
}

const master = (cluster: Cluster): string =>
  [...cluster.nodes.values()].find(({ offline, maintenance }) => !offline && !maintenance)?.node ??
  [...cluster.nodes.keys()][0] ??
  "";

/** The guests that are managed on a node. */
const managedOn = (cluster: Cluster, node: string): Guest[] =>
  [...cluster.guests.values()].filter((guest) => guest.node === node && cluster.ha.manages(guest));

/** What a node is to HA, as `/cluster/resources` lists it; nothing where no manager acts. */
export function nodeState(cluster: Cluster, node: string): { hastate?: string } {
  const found = cluster.nodes.get(node);
  if (cluster.ha.manager === undefined || found === undefined) return {};
  return { hastate: found.offline ? "unknown" : found.maintenance ? "maintenance" : "online" };
}

/** `/cluster/ha/status/current`. */
export function haStatus(cluster: Cluster): Values[] {
  const [first = ""] = cluster.nodes.keys();
  const quorum = { id: "quorum", type: "quorum", node: first, quorate: 1, status: "OK" };
  const resources = cluster.ha.list();
  if (cluster.ha.manager === undefined)
    return [
      quorum,
      {
        id: "fencing",
        type: "fencing",
        node: first,
        "armed-state": "standby",
        status: "standby (CRM watchdog standby)",
      },
      ...resources.map(({ sid, type, state }) => ({
        ...{ id: `service:${sid}`, type: "service", sid: sid ?? "", state: state ?? "", crm_type: type ?? "" },
      })),
    ];
  const timestamp = Math.floor(cluster.now() / 1000);
  const time = said(cluster.now());
  const head = master(cluster);
  const { disarmed } = cluster.ha;
  const mode = disarmed === undefined ? "" : ` - disarmed, resource mode: ${disarmed}`;
  const fencing: Values =
    disarmed === undefined
      ? { "armed-state": "armed", status: "armed (CRM watchdog active)" }
      : {
          "armed-state": "disarmed",
          status: `disarmed, resource mode: ${disarmed} (CRM watchdog released)`,
          resource_mode: disarmed,
        };
  return [
    quorum,
    { id: "master", type: "master", node: head, status: `${head} (active, ${time})${mode}`, timestamp },
    { id: "fencing", type: "fencing", node: head, ...fencing },
    ...[...cluster.nodes.values()].map((each) => {
      const { state, watchdog } = agentOf(cluster, each);
      const status = `${each.node} (${state}, watchdog ${watchdog}, ${time})`;
      return { id: `lrm:${each.node}`, type: "lrm", node: each.node, status, timestamp };
    }),
    ...resources.map((resource) => service(cluster, resource)),
  ];
}

/** What a node's resource manager does, in the words of the status. */
function agentOf(cluster: Cluster, { node, offline, maintenance }: ClusterNode): { state: string; watchdog: string } {
  const works = managedOn(cluster, node).length > 0;
  const watchdog = works ? "active" : "standby";
  if (offline) return { state: "old timestamp - dead?", watchdog };
  if (cluster.ha.disarmed !== undefined) return { state: "disarm mode", watchdog: "released" };
  if (maintenance) return { state: "maintenance mode", watchdog };
  return { state: works ? "active" : "idle", watchdog };
}

function service(cluster: Cluster, { sid, state, max_restart = 1, max_relocate = 1, failback = 1 }: Values): Values {
  const guest = cluster.guests.get(Number(String(sid).split(":")[1]));
  const node = guest?.node ?? "";
  const now = guest?.running ? "started" : "stopped";
  return {
    ...{ id: `service:${sid}`, type: "service", sid: sid ?? "", node, state: now, crm_state: now },
    ...{ request_state: state ?? "started", status: `${sid} (${node}, ${now})`, max_restart, max_relocate, failback },
  };
}

/** Whether the manager was ever asked for anything: until then it is idle. */
const isAsked = ({ ha, nodes }: Cluster): boolean =>
  ha.resources.size > 0 ||
  ha.disarmed !== undefined ||
  [...nodes.values()].some(({ maintenance }) => maintenance !== undefined);

/** `/cluster/ha/status/manager_status`. */
export function managerStatus(cluster: Cluster): Record<string, unknown> {
  const timestamp = Math.floor(cluster.now() / 1000);
  const nodes = [...cluster.nodes.values()];
  const byNode = <T>(of: (node: (typeof nodes)[number]) => T) =>
    Object.fromEntries(nodes.map((node) => [node.node, of(node)]));
  const services = cluster.ha.list().flatMap(({ sid }) => {
    const guest = cluster.guests.get(Number(String(sid).split(":")[1]));
    if (guest === undefined || !cluster.ha.manages(guest)) return [];
    return [
      [
        String(sid),
        { node: guest.node, running: guest.running ? 1 : 0, state: cluster.ha.stateOf(guest) ?? "stopped" },
      ],
    ];
  });
  // Who never had anything to do has asked no node for anything.
  const asked = nodes.filter(({ node, maintenance }) => maintenance !== undefined || node === master(cluster));
  const requests = asked.map(({ node, maintenance }) => [node, maintenance ? { maintenance: 1 } : {}] as const);
  return {
    lrm_status: byNode(({ node, maintenance }) => ({
      state: managedOn(cluster, node).length > 0 && !cluster.ha.disarmed ? "active" : "wait_for_agent_lock",
      mode: cluster.ha.disarmed === undefined ? (maintenance ? "maintenance" : "active") : "disarm",
      results: {},
      timestamp,
    })),
    quorum: { quorate: "1", node: [...cluster.nodes.keys()][0] },
    manager_status: {
      master_node: master(cluster),
      ...(isAsked(cluster) ? { node_request: Object.fromEntries(requests) } : {}),
      node_status: byNode(({ offline, maintenance }) => (offline ? "unknown" : maintenance ? "maintenance" : "online")),
      service_status: Object.fromEntries(services),
      ...(cluster.ha.disarmed === undefined ? {} : { disarm: { state: "disarmed", mode: cluster.ha.disarmed } }),
      timestamp,
    },
  };
}

/** A node's maintenance begins or ends: what is asked to be started moves to another node, and comes back. */
export function setMaintenance(cluster: Cluster, name: string, enable: boolean): void {
  cluster.member(name).maintenance = enable;
  if (cluster.ha.manager === undefined) return;
  if (enable) for (const guest of managedOn(cluster, name)) evacuate(cluster, guest);
  else
    for (const guest of cluster.guests.values())
      if (cluster.ha.awayFrom(guest) === name) {
        guest.node = name;
        cluster.ha.leave(guest, undefined);
      }
}

/** A guest that is asked to be started on a node in maintenance is started on another one that takes it. */
export function evacuate(cluster: Cluster, guest: Guest): void {
  if (cluster.nodes.get(guest.node)?.maintenance !== true || !cluster.ha.isAskedToStart(guest)) return;
  const other = [...cluster.nodes.values()].find(({ offline, maintenance }) => !offline && !maintenance);
  const isShared = cluster.storages.owned(guest.vmid).every(({ storage }) => cluster.storages.get(storage).shared);
  if (other === undefined || !isShared) return;
  cluster.ha.leave(guest, guest.node);
  guest.node = other.node;
}
