import { setImmediate as nextTurn } from "node:timers/promises";
import type { Caller } from "./access";
import type { Cluster } from "./cluster";
import { die, PveError, parameterErrors } from "./errors";
import type { Guest } from "./guest";
import type { Parameters, Value, Values } from "./parameters";
import * as schema from "./schema";

export interface Call {
  cluster: Cluster;
  caller: Caller;
  node: string;
  guest: () => Guest;
  vmid: number;
  path: Record<string, string>;
  params: Values;
}

interface Route {
  method: string;
  pattern: RegExp;
  names: string[];
  parameters: Parameters;
  handle: (call: Call) => unknown;
}

const routes: Route[] = [];

function route(method: string, path: string, parameters: Parameters, handle: (call: Call) => unknown): void {
  const names: string[] = [];
  const pattern = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return "([^/]+)";
  });
  routes.push({ method, pattern: new RegExp(`^${pattern}$`), names, parameters, handle });
}

route("GET", "/version", schema.none, ({ cluster }) => cluster.version);
route("POST", "/access/ticket", schema.login, ({ cluster, params }) =>
  cluster.access.login(String(params.username), String(params.password)),
);
route("GET", "/cluster/status", schema.none, ({ cluster }) => [
  {
    type: "cluster",
    id: "cluster",
    name: cluster.name,
    nodes: cluster.nodes.size,
    quorate: 1,
    version: cluster.nodes.size,
  },
  ...[...cluster.nodes.keys()].map((name, n) => ({
    type: "node",
    id: `node/${name}`,
    name,
    nodeid: n + 1,
    online: 1,
    local: n === 0 ? 1 : 0,
    ip: `192.0.2.${11 + n}`,
    level: "",
  })),
]);
route("GET", "/cluster/resources", schema.resourceKinds, ({ cluster, params }) =>
  cluster.resources(params.type === undefined ? undefined : String(params.type)),
);
route("GET", "/cluster/tasks", schema.none, ({ cluster }) =>
  [...cluster.tasks.all.values()]
    .reverse()
    .slice(0, 25)
    .map((task) => cluster.tasks.row(task)),
);
route("GET", "/cluster/nextid", schema.nextId, ({ cluster, params }) => {
  if (params.vmid !== undefined) {
    if (cluster.guests.has(Number(params.vmid))) parameterErrors({ vmid: `VM ${params.vmid} already exists` });
    return String(params.vmid);
  }
  let id = 100;
  while (cluster.guests.has(id)) id++;
  return String(id);
});
route("GET", "/nodes", schema.none, ({ cluster }) => cluster.resources("node"));
route("GET", "/storage", schema.none, ({ cluster }) =>
  [...cluster.storages.configs.values()].map(({ total: _total, nodes, shared, ...rest }) => ({
    ...rest,
    ...(nodes ? { nodes: nodes.join(",") } : {}),
    ...(shared ? { shared: 1 } : {}),
  })),
);
route("GET", "/nodes/{node}/storage", schema.none, ({ cluster, node }) =>
  cluster
    .resources("storage")
    .filter((storage) => storage.node === node)
    .map(({ storage, plugintype, content, shared, maxdisk, disk }) => ({
      storage,
      type: plugintype,
      content,
      shared,
      enabled: 1,
      active: 1,
      total: maxdisk,
      used: disk,
      avail: Number(maxdisk) - Number(disk),
    })),
);
route("GET", "/nodes/{node}/storage/{storage}/content", schema.storageContent, ({ cluster, path, params }) => {
  cluster.storages.get(path.storage ?? "");
  return [...cluster.storages.volumes.values()]
    .filter((volume) => volume.storage === path.storage && (params.vmid === undefined || volume.vmid === params.vmid))
    .map(({ storage: _storage, ...volume }) => volume);
});
route("GET", "/nodes/{node}/network", schema.none, ({ cluster, node }) =>
  cluster.node(node).bridges.map((iface) => ({ iface, type: "bridge", active: 1, autostart: 1, method: "manual" })),
);

route("GET", "/nodes/{node}/tasks", schema.taskList, ({ cluster, node, params }) => cluster.tasksOf(node, params));
const task = ({ cluster, path }: Call) =>
  cluster.tasks.all.get(path.upid ?? "") ?? die(`unable to parse worker upid '${path.upid}'`);
route("GET", "/nodes/{node}/tasks/{upid}/status", schema.none, (call) => call.cluster.tasks.status(task(call)));
route("GET", "/nodes/{node}/tasks/{upid}/log", schema.listing, (call) =>
  task(call)
    .log.slice(Number(call.params.start ?? 0))
    .slice(0, Number(call.params.limit ?? 50))
    .map((t, n) => ({ n: Number(call.params.start ?? 0) + n + 1, t })),
);

route("GET", "/nodes/{node}/qemu", schema.qemuList, ({ cluster, node }) =>
  [...cluster.guests.values()].filter((guest) => guest.node === node).map((guest) => cluster.vmStatus(guest)),
);
route("POST", "/nodes/{node}/qemu", schema.qemuCreate, ({ cluster, node, params, caller }) =>
  cluster.create(node, params, caller.authId),
);
route("DELETE", "/nodes/{node}/qemu/{vmid}", schema.qemuDestroy, ({ cluster, guest, params, caller }) =>
  cluster.destroy(guest(), params, caller.authId),
);
route("GET", "/nodes/{node}/qemu/{vmid}/config", schema.guestConfig, ({ guest, params }) =>
  guest().shown(params.current === 1),
);
route("PUT", "/nodes/{node}/qemu/{vmid}/config", schema.configUpdate, ({ cluster, guest, params }) => {
  cluster.update(guest(), params);
  return null;
});
route(
  "POST",
  "/nodes/{node}/qemu/{vmid}/config",
  schema.configUpdate,
  ({ cluster, guest, params, caller, node, vmid }) => {
    const found = guest();
    found.checkDigest(params.digest);
    const { digest: _digest, ...rest } = params;
    return cluster.tasks.run(node, "qmconfig", String(vmid), caller.authId, async (log) => {
      log(
        `update VM ${vmid}: ${Object.keys(rest)
          .sort()
          .map((key) => `-${key} ${rest[key]}`)
          .join(" ")}`,
      );
      cluster.update(found, rest);
    });
  },
);
route("GET", "/nodes/{node}/qemu/{vmid}/pending", schema.none, ({ guest }) => {
  const { config, pending } = guest();
  const keys = new Set([...config.keys(), ...pending.keys()]);
  return [...keys].map((key) => {
    const next = pending.get(key);
    const value = config.get(key);
    return {
      key,
      ...(value === undefined ? {} : { value }),
      ...(next === undefined ? {} : next === null ? { delete: 1 } : { pending: next }),
    };
  });
});
route("PUT", "/nodes/{node}/qemu/{vmid}/cloudinit", schema.none, ({ guest }) => {
  guest().checkLock();
  return null;
});
route("PUT", "/nodes/{node}/qemu/{vmid}/resize", schema.qemuResize, ({ cluster, node, vmid, params, caller }) =>
  cluster.resize(node, vmid, params, caller.authId),
);
route("POST", "/nodes/{node}/qemu/{vmid}/move_disk", schema.qemuMoveDisk, ({ cluster, guest, params, caller }) =>
  cluster.moveDisk(guest(), params, caller.authId),
);
route("POST", "/nodes/{node}/qemu/{vmid}/clone", schema.qemuClone, ({ cluster, node, vmid, params, caller }) =>
  cluster.clone(node, vmid, params, caller.authId),
);
route("POST", "/nodes/{node}/qemu/{vmid}/template", schema.none, ({ cluster, guest, caller }) =>
  cluster.convertToTemplate(guest(), caller.authId),
);
route("GET", "/nodes/{node}/qemu/{vmid}/status/current", schema.none, ({ cluster, guest }) => {
  const found = guest();
  const status = cluster.vmStatus(found);
  return {
    ...status,
    qmpstatus: status.status,
    ha: { managed: 0 },
    ...(found.config.get("agent") === undefined ? {} : { agent: 1 }),
  };
});
route("POST", "/nodes/{node}/qemu/{vmid}/status/start", schema.qemuStart, ({ cluster, node, vmid, caller }) =>
  cluster.start(node, vmid, caller.authId),
);
route("POST", "/nodes/{node}/qemu/{vmid}/status/stop", schema.qemuStop, ({ cluster, guest, caller }) =>
  cluster.stop(guest(), caller.authId),
);
route("POST", "/nodes/{node}/qemu/{vmid}/status/shutdown", schema.qemuShutdown, ({ cluster, guest, params, caller }) =>
  cluster.shutdown(guest(), params, caller.authId),
);
route("POST", "/nodes/{node}/qemu/{vmid}/status/reboot", schema.qemuReboot, ({ cluster, guest, caller }) =>
  cluster.reboot(guest(), caller.authId),
);

/** Finds the method for a path below /api2/json; anything else is PVE's 501. */
export function match(method: string, path: string): { route: Route; values: Record<string, string> } {
  for (const candidate of routes) {
    const found = candidate.method === method ? candidate.pattern.exec(path) : null;
    if (found)
      return {
        route: candidate,
        values: Object.fromEntries(candidate.names.map((name, n) => [name, decodeURIComponent(found[n + 1] ?? "")])),
      };
  }
  throw new PveError(501, `Method '${method} ${path}' not implemented`);
}

/** Runs a matched method with its typed parameters. */
export async function invoke(
  cluster: Cluster,
  caller: Caller,
  { route: matched, values }: ReturnType<typeof match>,
  params: Values,
): Promise<unknown> {
  const node = values.node ?? "";
  if (values.node !== undefined) cluster.node(node);
  const vmid = Number(values.vmid satisfies Value | undefined);
  await nextTurn();
  return matched.handle({ cluster, caller, node, vmid, path: values, params, guest: () => cluster.guest(node, vmid) });
}
