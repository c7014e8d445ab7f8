import { die, parameterErrors } from "../errors";
import { nodeCpus } from "../lxc/container";
import { seesBridge } from "../rights";
import * as schema from "../schema/cluster";
import { cpuModels } from "../schema/formats";
import type { Values } from "../schema/parameters";
import { space } from "../storage";
import type { ClusterTask } from "../tasks";
import { nodeResourceRow, resourceRows } from "../views";
import { anybody, both, either, Page, perm, type Route, type RouteCall, route } from "./route";

const names = (text: string) => text.split(" ").map((name) => ({ name }));
const clusterRooms =
  "acme backup backup-info bulk-action ceph config firewall ha jobs log mapping metrics notifications nextid options qemu replication resources status tasks sdn";
const nodeRooms =
  "aplinfo apt capabilities ceph certificates config disks dns firewall hardware hosts journal lxc migrateall netstat network qemu query-oci-repo-tags query-url-metadata replication report rrd rrddata scan sdn services spiceshell startall status stopall storage subscription suspendall syslog tasks termproxy time version vncshell vzdump wakeonlan";

function clusterStatus({ cluster }: RouteCall): unknown[] {
  const alone = cluster.nodes.size === 1;
  const nodes = [...cluster.nodes.values()].map(({ node, offline }, n) => ({
    type: "node",
    id: `node/${node}`,
    name: node,
    nodeid: alone ? 0 : n + 1,
    online: offline ? 0 : 1,
    local: node === cluster.local ? 1 : 0,
    ip: cluster.address(node),
    level: "",
  }));
  if (alone) return nodes;
  const online = nodes.filter((node) => node.online === 1).length;
  const quorate = online * 2 > nodes.length ? 1 : 0;
  return [
    { type: "cluster", id: "cluster", name: cluster.name, nodes: nodes.length, quorate, version: nodes.length },
    ...nodes,
  ];
}

function nodeStatus({ cluster }: RouteCall): unknown {
  const gibibyte = 1024 ** 3;
  const kernel = {
    sysname: "Linux",
    release: "6.17.4-1-pve",
    version: "#1 SMP PREEMPT_DYNAMIC PMX 6.17.4-1",
    machine: "x86_64",
  };
  return {
    "boot-info": { mode: "legacy-bios" },
    cpu: 0,
    cpuinfo: {
      cores: nodeCpus,
      cpus: nodeCpus,
      family: "25",
      flags: "fpu sse sse2",
      hvm: "",
      mhz: "2250.000",
      model: "Simulated CPU",
      sockets: 1,
      user_hz: 100,
      vendor: "AuthenticAMD",
    },
    "current-kernel": kernel,
    idle: 0,
    ksm: { shared: 0 },
    kversion: `Linux ${kernel.release} ${kernel.version}`,
    loadavg: ["0.00", "0.00", "0.00"],
    memory: { available: 20 * gibibyte, free: 15 * gibibyte, total: 24 * gibibyte, used: 4 * gibibyte },
    pveversion: `pve-manager/${cluster.version.version}/${cluster.version.repoid}`,
    rootfs: { avail: space.avail, free: space.total - space.used, total: space.total, used: space.used },
    swap: { free: 0, total: 0, used: 0 },
    uptime: Math.floor(process.uptime()) + 6000,
    wait: 0,
  };
}

/** Bridges, or all interfaces where no type is asked for. */
function interfaces(call: RouteCall): { iface: string; [key: string]: unknown }[] {
  const { network = [] } = call.cluster.node(call.node);
  const known = bridges(call).map((bridge) => ({ ...bridge, ...network.find(({ iface }) => iface === bridge.iface) }));
  if (call.params.type !== undefined) return known;
  return [...known, ...network.filter(({ iface }) => !known.some((bridge) => bridge.iface === iface))];
}

const bridges = ({ cluster, node }: RouteCall) =>
  cluster.node(node).bridges.map((iface, n) => ({
    iface,
    ...(cluster.node(node).mtus?.[iface] === undefined ? {} : { mtu: String(cluster.node(node).mtus?.[iface]) }),
    type: "bridge",
    active: 1,
    autostart: 1,
    bridge_fd: "0",
    bridge_ports: "",
    bridge_stp: "off",
    families: ["inet"],
    method6: "manual",
    priority: n + 3,
    ...(n === 0
      ? { method: "static", address: cluster.address(node), netmask: "24", cidr: `${cluster.address(node)}/24` }
      : { method: "manual" }),
  }));

// ---- tasks: one's own, or any with Sys.Audit on its node

function task(call: RouteCall, privilege = "Sys.Audit"): ClusterTask {
  const found = call.cluster.tasks.get(String(call.params.upid));
  needTask(call, found, privilege);
  return found;
}

function needTask({ cluster, caller }: RouteCall, { user, tokenid, node }: ClusterTask, privilege: string): void {
  const owner = tokenid === undefined ? user : `${user}!${tokenid}`;
  if (caller.authId !== owner && caller.authId !== user)
    cluster.access.require(caller.authId, `/nodes/${node}`, [privilege]);
}

function taskLog(call: RouteCall): Page {
  const found = call.cluster.tasks.find(String(call.params.upid));
  if (found === undefined) return new Page([{ n: 1, t: "unable to open file - No such file or directory" }], 1);
  needTask(call, found, "Sys.Audit");
  const start = Number(call.params.start ?? 0);
  const limit = Number(call.params.limit ?? 50);
  const lines = found.log.slice(start, limit === 0 ? undefined : start + limit);
  return new Page(
    lines.map((t, n) => ({ n: start + n + 1, t })),
    found.log.length,
  );
}

async function stopTask(call: RouteCall): Promise<null> {
  const found = task(call, "Sys.Modify");
  if (found.exitstatus === undefined) {
    found.stop();
    await found.done;
  }
  return null;
}

const mine = ({ cluster, caller, node }: RouteCall, rows: Values[]) =>
  cluster.access.may(caller.authId, node === "" ? "/" : `/nodes/${node}`, ["Sys.Audit"])
    ? rows
    : rows.filter(({ user }) => user === caller.authId.split("!")[0] || user === caller.authId);

// ---- URLs, as download-url looks at them before it downloads

async function urlMetadata({ cluster, node, params }: RouteCall): Promise<unknown> {
  const url = new URL(String(params.url));
  try {
    const response = await cluster.web.get(node, url, "HEAD");
    if (!response.ok) die(`invalid server response: '${response.status} ${response.statusText}'`);
    return {
      filename: url.pathname.split("/").pop(),
      size: Number(response.headers.get("content-length") ?? 0),
      mimetype: response.headers.get("content-type") ?? undefined,
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    return die(`invalid server response: '500 Can't connect to ${url.hostname}:${port} (Connection refused)'`);
  }
}

const download = either(perm("/", "Sys.Audit Sys.Modify"), perm("/nodes/{node}", "Sys.AccessNetwork"));
const period: Record<string, number> = { hour: 60, day: 1800, week: 10800, month: 43200, year: 604800 };

/** Statistics of a guest: the lab measures nothing, so that there are only times. */
export function rrddata({ cluster, params }: RouteCall): unknown[] {
  const step = period[String(params.timeframe)] ?? 60;
  const now = Math.floor(cluster.now() / 1000 / step) * step;
  return Array.from({ length: 60 }, (_, n) => ({ time: now - (59 - n) * step }));
}

export const clusterRoutes: Route[] = [
  route("GET", "/version", schema.none, anybody, ({ cluster }) => cluster.version),
  route("GET", "/cluster", schema.none, anybody, () => names(clusterRooms)),
  route("GET", "/cluster/status", schema.none, perm("/", "Sys.Audit"), clusterStatus),
  route("GET", "/cluster/resources", schema.resourcesParameters, anybody, ({ cluster, caller, params }) =>
    resourceRows(cluster, caller, params.type === undefined ? undefined : String(params.type)),
  ),
  route("GET", "/cluster/tasks", schema.none, anybody, (call) =>
    mine(
      call,
      [...call.cluster.tasks.all.values()].reverse().map((one) => call.cluster.tasks.row(one)),
    ).slice(0, 25),
  ),
  route("GET", "/cluster/nextid", schema.nextIdParameters, anybody, ({ cluster, params }) => {
    if (params.vmid === undefined) return String(cluster.nextId());
    if (cluster.guests.has(Number(params.vmid))) parameterErrors({ vmid: `VM ${params.vmid} already exists` });
    return String(params.vmid);
  }),

  // ---- nodes
  route("GET", "/nodes", schema.none, anybody, ({ cluster, caller }) =>
    [...cluster.nodes.values()].map((node) => ({
      ...nodeResourceRow(cluster, node, caller),
      ssl_fingerprint: cluster.fingerprint,
    })),
  ),
  route("GET", "/nodes/{node}", schema.none, anybody, () => names(nodeRooms)),
  route("GET", "/nodes/{node}/version", schema.none, anybody, ({ cluster }) => cluster.version),
  route("GET", "/nodes/{node}/status", schema.none, perm("/nodes/{node}", "Sys.Audit"), nodeStatus),
  route("GET", "/nodes/{node}/time", schema.none, perm("/nodes/{node}", "Sys.Audit"), ({ cluster }) => {
    const time = Math.floor(cluster.now() / 1000);
    return { time, localtime: time, timezone: "UTC" };
  }),
  route("GET", "/nodes/{node}/dns", schema.none, perm("/nodes/{node}", "Sys.Audit"), ({ cluster }) => cluster.dns),
  route("GET", "/nodes/{node}/network", schema.networkListParameters, anybody, (call) => {
    const { type } = call.params;
    return type === undefined || /^(bridge|any_bridge|any_local_bridge|include_sdn)$/.test(String(type))
      ? interfaces(call).filter(
          ({ iface, type: kind }) => kind !== "bridge" || seesBridge(call.cluster, call.caller, iface),
        )
      : [];
  }),
  route("GET", "/nodes/{node}/network/{iface}", schema.ifaceParameters, perm("/nodes/{node}", "Sys.Audit"), (call) => {
    const { iface: _iface, ...found } =
      bridges(call).find(({ iface }) => iface === call.params.iface) ??
      parameterErrors({ iface: "interface does not exist" });
    return found;
  }),
  route(
    "GET",
    "/nodes/{node}/capabilities/qemu/cpu",
    schema.cpuModelListParameters,
    anybody,
    ({ cluster, caller: { authId } }) => [
      ...cpuModels.map((name) => ({ name, custom: 0, vendor: "default" })),
      ...[...cluster.cpuModels]
        .filter(
          (name) =>
            cluster.access.may(authId, "/nodes", ["Sys.Audit"]) ||
            cluster.access.may(
              authId,
              `/mapping/cpu/${name}`,
              ["Mapping.Audit", "Mapping.Use", "Mapping.Modify"],
              true,
            ),
        )
        .map((name) => ({ name: `custom-${name}`, custom: 1, vendor: "default" })),
    ],
  ),
  route("GET", "/nodes/{node}/query-url-metadata", schema.urlMetadataParameters, download, urlMetadata),

  // ---- tasks
  route("GET", "/nodes/{node}/tasks", schema.taskListParameters, anybody, (call) => {
    const { rows, total } = call.cluster.tasks.list(call.node, call.params);
    return total === 0 ? [] : new Page(mine(call, rows), total);
  }),
  route("GET", "/nodes/{node}/tasks/{upid}", schema.taskParameters, anybody, () => names("log status")),
  route("DELETE", "/nodes/{node}/tasks/{upid}", schema.taskParameters, anybody, stopTask),
  route("GET", "/nodes/{node}/tasks/{upid}/status", schema.taskParameters, anybody, (call) =>
    call.cluster.tasks.status(task(call)),
  ),
  route("GET", "/nodes/{node}/tasks/{upid}/log", schema.taskLogParameters, anybody, taskLog),
];

export const needDownload = both(perm("/storage/{storage}", "Datastore.AllocateTemplate"), download);
