import { existsSync } from "node:fs";
import { z } from "zod";
import type { Connections } from "../providers/connections";
import type { Context } from "../providers/context";
import type { NameServer } from "../providers/dns/bind9/nameserver";
import { messageOf } from "../providers/errors";
import type { ProxmoxCluster } from "../providers/proxmox/client";
import { liveResources, nodeTime } from "../providers/proxmox/live.schemas";
import { printUnread, SingleReads } from "../providers/proxmox/reads";
import { permissions } from "../providers/proxmox/schemas";
import type { ProgramName } from "../stacks/access/desired/file";
import { onThisRelease } from "../stacks/access/desired/privileges";
import { listsOf } from "../stacks/access/desired/programs";
import { tableLines } from "../stacks/plan/table";
import type { Settings } from "../stacks/settings";
import { isNewEnough } from "../stacks/systems";
import { coloured, colouredWords } from "./terminal";

/** One thing that was looked at. */
export interface Check {
  /** `NetBox`, `pve-a`, `ns1`. */
  system: string;
  check: string;
  state: "ok" | "warning" | "failed";
  detail: string;
}

/** What a check found: a sentence where all is well, else how bad it is. */
type Finding = string | { state: "warning" | "failed"; detail: string };
type Run = (check: string, look: () => Promise<Finding>) => Promise<boolean>;

export interface DoctorOptions {
  /** Whose rights are looked for. */
  program: ProgramName;
  /** Parts of the program that are used, such as `pools`. */
  uses: string[];
}

/** Looks at every system that is configured: none waits for another, and what fails ends only its own system's checks. */
export async function examine(
  context: Context,
  { connections, settings }: { connections: Connections; settings: Settings },
  given: DoctorOptions,
): Promise<Check[]> {
  // What the settings ask for is used, whether somebody says so or not.
  const asked = given.program === "site" && settings.site.journal ? ["journal"] : [];
  const options = { ...given, uses: [...given.uses, ...asked] };
  const groups = await Promise.all([
    ...(context.hasNetbox ? [group("NetBox", (run) => netbox(context, connections, options, run))] : []),
    ...context.proxmox.map((cluster) =>
      group(cluster.name, (run) => proxmox(cluster, connections, settings, options, run)),
    ),
    ...context.nameServers.map((server) => group(server.name, (run) => nameServer(server, run))),
  ]);
  return groups.flat();
}

async function group(system: string, work: (run: Run) => Promise<void>): Promise<Check[]> {
  const checks: Check[] = [];
  const note = (check: string, found: Finding) =>
    checks.push({ system, check, ...(typeof found === "string" ? { state: "ok", detail: found } : found) });
  await work(async (check, look) => {
    try {
      const found = await look();
      note(check, found);
      return typeof found === "string" || found.state !== "failed";
    } catch (error) {
      note(check, { state: "failed", detail: messageOf(error) });
      return false;
    }
  });
  return checks;
}

const failed = (detail: string): Finding => ({ state: "failed", detail });
const warning = (detail: string): Finding => ({ state: "warning", detail });

function tlsOf(
  {
    url,
    caFile,
    fingerprint,
    insecure,
  }: { url: string } & Partial<Record<"caFile" | "fingerprint", string> & Record<"insecure", boolean>>,
  key: string,
): Finding {
  if (url.startsWith("http://"))
    return /^http:\/\/(127\.|localhost|\[::1\])/.test(url)
      ? "not used, on this machine"
      : warning(`not used: the token goes over the network in the clear; set ${key}.url to https`);
  if (insecure) return warning(`the certificate is not checked (${key}.insecure): pin it by ${key}.fingerprint`);
  if (fingerprint !== undefined) return "pinned by its fingerprint";
  return caFile === undefined ? "verified" : `verified by ${caFile}`;
}

// ---- NetBox

/** Where the REST API keeps a kind of objects. */
const rooms: Readonly<Record<string, string>> = {
  "core.objectchange": "core/object-changes",
  "dcim.device": "dcim/devices",
  "dcim.devicerole": "dcim/device-roles",
  "dcim.devicetype": "dcim/device-types",
  "dcim.interface": "dcim/interfaces",
  "dcim.macaddress": "dcim/mac-addresses",
  "dcim.manufacturer": "dcim/manufacturers",
  "dcim.platform": "dcim/platforms",
  "extras.customfield": "extras/custom-fields",
  "extras.customfieldchoiceset": "extras/custom-field-choice-sets",
  "extras.customlink": "extras/custom-links",
  "extras.eventrule": "extras/event-rules",
  "extras.journalentry": "extras/journal-entries",
  "extras.tag": "extras/tags",
  "ipam.ipaddress": "ipam/ip-addresses",
  "ipam.iprange": "ipam/ip-ranges",
  "ipam.prefix": "ipam/prefixes",
  "ipam.vlan": "ipam/vlans",
  "netbox_dns.record": "plugins/netbox-dns/records",
  "netbox_dns.view": "plugins/netbox-dns/views",
  "netbox_dns.zone": "plugins/netbox-dns/zones",
  "users.token": "users/tokens",
  "virtualization.cluster": "virtualization/clusters",
  "virtualization.clustertype": "virtualization/cluster-types",
  "virtualization.virtualdisk": "virtualization/virtual-disks",
  "virtualization.virtualmachine": "virtualization/virtual-machines",
  "virtualization.vminterface": "virtualization/interfaces",
};

async function netbox(
  { netbox: client, proxmox: clusters }: Context,
  { netbox: settings }: Connections,
  { program, uses }: DoctorOptions,
  run: Run,
): Promise<void> {
  let plugins: string[] = [];
  const isThere = await run("version", async () => {
    const status = await client.status();
    plugins = status.plugins;
    const with_ = plugins.length === 0 ? "" : `, with ${plugins.join(", ")}`;
    return isNewEnough.netbox(status.version)
      ? `${status.version}${with_}`
      : failed(`${status.version}: upgrade it to 4.2 or later`);
  });
  if (!isThere) return;
  if (settings !== undefined) await run("TLS", async () => tlsOf({ ...settings }, "netbox-proxmox:netbox"));
  await run("token", async () => {
    const { username } = await client.myself(z.object({ username: z.string() }));
    return `of ${username}`;
  });
  const used = listsOf(program).permissions.filter(({ only }) => only === undefined || uses.includes(only));
  const wanted = new Map<string, Set<string>>();
  for (const { objectTypes, actions } of used)
    for (const type of objectTypes.filter((each) => plugins.includes("netbox_dns") || !each.startsWith("netbox_dns.")))
      wanted.set(type, new Set([...(wanted.get(type) ?? []), ...actions]));
  await run("permissions", async () => {
    const missing: string[] = [];
    let deletes = 0;
    for (const [type, actions] of wanted) {
      const room = rooms[type];
      if (room === undefined) continue;
      const allowed = await client.allowed(room, actions);
      const lacking = [...actions].filter((action) => action !== "delete" && !allowed.has(action));
      if (actions.has("delete")) deletes++;
      if (lacking.length > 0) missing.push(`${lacking.join(", ")} ${type}`);
    }
    if (missing.length > 0)
      return failed(`missing for the ${program} program: ${missing.join("; ")} (docs/privileges.md)`);
    return `all of the ${program} program's${deletes > 0 ? "; whether it may delete, NetBox doesn't tell" : ""}`;
  });
  await run("clusters", async () => {
    const there = await client.list(
      "virtualization/clusters",
      z.object({ id: z.number(), name: z.string() }),
      "id,name",
    );
    const strange = clusters.filter(({ name }) => !there.some((each) => each.name === name));
    return strange.length === 0
      ? clusters.map(({ name }) => name).join(", ")
      : failed(`NetBox has no cluster ${strange.map(({ name }) => name).join(", ")}: add it, or correct the name`);
  });
}

// ---- Proxmox VE

async function proxmox(
  cluster: ProxmoxCluster,
  { proxmox: all }: Connections,
  settings: Settings,
  { program, uses }: DoctorOptions,
  run: Run,
): Promise<void> {
  const key = `netbox-proxmox:proxmox["${cluster.name}"]`;
  const connection = all[cluster.name];
  const isThere = await run("version", async () => {
    const version = await cluster.version();
    return isNewEnough.proxmox(version) ? version : failed(`${version}: upgrade it to 7.4 or later`);
  });
  if (!isThere) return;
  if (connection !== undefined) await run("TLS", async () => tlsOf({ ...connection }, key));
  await run("token", async () => `of ${cluster.authId}`);
  await run("privileges", () => privileges(cluster, program, uses));
  await run("quorum", async () => {
    const { name, isQuorate, nodes } = await cluster.membership();
    const up = nodes.filter((node) => node.online).length;
    const shown = name === undefined ? "a node by itself" : `${name}, ${up} of ${nodes.length} nodes online`;
    if (!isQuorate) return failed(`${shown}: no quorum, so nothing can be changed there`);
    return up < nodes.length ? warning(shown) : shown;
  });
  const resources = await cluster.get("/cluster/resources", liveResources).catch(async (error: unknown) => {
    await run("resources", async () => failed(messageOf(error)));
    return undefined;
  });
  if (resources === undefined) return;
  const { nodes, guests, storages } = resources;
  const online = nodes.filter(({ status }) => status === "online").map(({ node }) => node);
  const reads = new SingleReads();
  await run("storage", async () => {
    const { storage: wanted } = settings.defaults(cluster.name);
    const names = [...new Set(storages.map(({ storage }) => storage))];
    const away = storages.filter(({ status, node }) => status !== "available" && online.includes(node));
    const full = storages.filter(({ disk, maxdisk }) => maxdisk > 0 && disk / maxdisk > 0.9);
    if (names.length === 0) return failed("the token sees none: it needs Datastore.Audit on /storage");
    if (wanted !== undefined && !names.includes(wanted))
      return failed(`there is no storage ${wanted} (there is ${names.join(", ")}): correct the default`);
    if (away.length > 0)
      return warning(`not available: ${away.map(({ storage, node }) => `${storage} on ${node}`).join(", ")}`);
    if (full.length > 0)
      return warning(`nearly full: ${full.map(({ storage, node }) => `${storage} on ${node}`).join(", ")}`);
    return names.sort().join(", ");
  });
  await run("templates", async () => {
    const { template, templates = {} } = settings.defaults(cluster.name);
    const there = guests.filter((guest) => guest.template);
    const wanted = [...new Set([...(template === undefined ? [] : [template]), ...Object.values(templates)])];
    const isOf = (each: number | string) => (guest: (typeof guests)[number]) =>
      guest.vmid === Number(each) || guest.name === String(each);
    const lacking = wanted.filter((each) => !there.some(isOf(each)));
    // What is on a node that is away shows no more than that it is there.
    const away = lacking.filter((each) => guests.some((guest) => isOf(each)(guest) && !online.includes(guest.node)));
    const gone = lacking.filter((each) => !away.includes(each));
    if (gone.length > 0)
      return failed(
        `there is no template ${gone.join(", ")} (there is ${there.map(({ vmid }) => vmid).join(", ") || "none"})`,
      );
    if (away.length > 0) return warning(`${away.join(", ")}: on a node that is away`);
    return there.length === 0 ? warning("none") : there.map(({ vmid, name }) => `${vmid} ${name}`).join(", ");
  });
  await run("bridges", async () => {
    const { bridge: wanted } = settings.defaults(cluster.name);
    const { found, unread } = await reads.ofNodes(online, (node) => cluster.bridges(node));
    const names = found.map(({ node, value }) => ({ node, bridges: value.map(({ iface }) => iface) }));
    const without = names.filter(({ bridges }) => wanted !== undefined && !bridges.includes(wanted));
    if (without.length > 0)
      return failed(
        `there is no ${wanted} on ${without.map(({ node }) => node).join(", ")}, or the token may not see it`,
      );
    if (unread.length > 0) return failed(`not read: ${printUnread(unread)}`);
    const shown = [...new Set(names.flatMap(({ bridges }) => bridges))].sort();
    return shown.length === 0 ? warning("none that the token may see") : shown.join(", ");
  });
  await run("clock", async () => {
    const { found, unread } = await reads.ofNodes(online, async (node) => {
      const asked = Date.now();
      const { time } = await cluster.get(`/nodes/${node}/time`, nodeTime);
      return Math.round(time - (asked + Date.now()) / 2000);
    });
    const worst = found
      .map(({ node, value }) => ({ node, seconds: value }))
      .filter(({ seconds }) => Math.abs(seconds) > 5);
    if (worst.length > 0)
      return warning(
        `${worst.map(({ node, seconds }) => `${node} is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead" : "behind"}`).join(", ")}: let them keep time (chrony), or tokens and tickets expire wrongly`,
      );
    if (unread.length > 0) return failed(`not read: ${printUnread(unread)}`);
    return "within 5 s of this machine";
  });
  const nodes_ = connection?.ssh?.nodes ?? {};
  if (Object.keys(nodes_).length > 0)
    await run("ssh key", async () =>
      existsSync(connection?.ssh && "keyFile" in connection.ssh ? connection.ssh.keyFile : "")
        ? `for ${Object.keys(nodes_).join(", ")}`
        : failed("the key file is missing"),
    );
}

async function privileges(cluster: ProxmoxCluster, program: ProgramName, uses: string[]): Promise<Finding> {
  const { roles } = await cluster.access().catch(() => ({ roles: undefined }));
  const known = roles === undefined ? undefined : new Set([...roles.values()].flatMap((role) => [...role.privileges]));
  const missing: string[] = [];
  /** Parts that nobody said are used, and that the token has no rights for. */
  const without = new Set<string>();
  for (const { path, privileges: wanted, only } of listsOf(program).grants) {
    const names = known === undefined ? wanted : wanted.flatMap((name) => onThisRelease(name, known));
    const held = Object.values(await cluster.get("/access/permissions", permissions, { path }));
    const lacking = names.filter((name) => !held.some((each) => name in each));
    if (lacking.length === 0) continue;
    if (only === undefined || uses.includes(only)) missing.push(`${lacking.join(", ")} on ${path}`);
    else without.add(only);
  }
  if (missing.length > 0)
    return failed(`missing for the ${program} program: ${missing.join("; ")} (docs/privileges.md)`);
  const rest = without.size === 0 ? "" : `, but for what uses ${[...without].join(", ")} (docs/privileges.md)`;
  return `all of the ${program} program's${rest}`;
}

// ---- name servers

async function nameServer(server: NameServer, run: Run): Promise<void> {
  for (const zone of server.zones) {
    const isThere = await run(`zone ${zone}`, async () => `${(await server.content(zone)).size} names`);
    if (isThere)
      await run(`update ${zone}`, async () => {
        await server.proveUpdate(zone);
        return "allowed, by a transaction that changes nothing";
      });
  }
}

/** As a table, and a line that sums it up. */
export function printChecks(checks: Check[]): string[] {
  const rows = checks.map(({ system, check, state, detail }) => [system, check, state, detail]);
  const count = (state: Check["state"]) => checks.filter((each) => each.state === state).length;
  const lines = tableLines([["system", "check", "state", "what was found"], ...rows]);
  return [
    ...lines.map((line, n) =>
      n === 0
        ? coloured(line, "bold")
        : line.replace(/^(\S+ +.+? +)(ok|warning|failed)( {2}|$)/, (_, before: string, state: string, after: string) =>
            [before, colouredWords(state, { ok: "green", warning: "yellow", failed: "red" }), after].join(""),
          ),
    ),
    `${checks.length} checks: ${count("ok")} ok, ${count("warning")} warnings, ${count("failed")} failed.`,
  ];
}
