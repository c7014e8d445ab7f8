import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Connections, readConnections } from "./connections";
import { NameServer } from "./dns/bind9/nameserver";
import { UserError } from "./errors";
import { type Allowance, allowance, defaultAllowance, type RefreshLimit } from "./missing";
import { Neo4j } from "./neo4j/client";
import { NetboxClient } from "./netbox/client";
import type { Former } from "./ownership/owner";
import { ProxmoxCluster } from "./proxmox/client";
import { type ConfigSource, type Environment, printProblems, project } from "./settings";
import { Shell } from "./ssh/shell";

/** The clients of this process: one of each, with their pools and what they share. */
export class Context {
  private readonly netboxClient: NetboxClient | undefined;
  private readonly clusters: Map<string, ProxmoxCluster>;
  private readonly servers: Map<string, NameServer>;
  /** Nothing where none is configured. */
  readonly neo4j: Neo4j | undefined;
  private readonly shells = new Map<string, Shell>();

  constructor(private readonly connections: Connections) {
    this.neo4j = connections.neo4j && new Neo4j(connections.neo4j, connections.branch);
    this.netboxClient = connections.netbox && new NetboxClient(connections.netbox, connections.branch);
    this.clusters = new Map(
      Object.entries(connections.proxmox).map(([name, settings]) => [
        name,
        new ProxmoxCluster(name, settings, connections.branch),
      ]),
    );
    this.servers = new Map(
      Object.entries(connections.bind9).map(([name, settings]) => [
        name,
        new NameServer(name, settings, connections.branch),
      ]),
    );
  }

  /** The branch of NetBox that is planned: nothing is written to any system then. */
  get branch(): string | undefined {
    return this.connections.branch;
  }

  get hasNetbox(): boolean {
    return this.netboxClient !== undefined;
  }

  get netbox(): NetboxClient {
    if (this.netboxClient !== undefined) return this.netboxClient;
    throw new UserError("No NetBox is configured: set netbox-proxmox:netbox.url and .token.");
  }

  /** URLs at which the NetBox was before. */
  get formerUrls(): readonly string[] {
    return this.connections.netbox?.formerUrls ?? [];
  }

  get proxmox(): ProxmoxCluster[] {
    return [...this.clusters.values()];
  }

  get nameServers(): NameServer[] {
    return [...this.servers.values()];
  }

  cluster(name: string): ProxmoxCluster {
    const cluster = this.clusters.get(name);
    if (cluster === undefined)
      throw new UserError(
        `The Proxmox VE cluster ${name} is not configured: set netbox-proxmox:proxmox["${name}"].url and .token.`,
      );
    return cluster;
  }

  nameServer(name: string): NameServer {
    const server = this.servers.get(name);
    if (server === undefined)
      throw new UserError(
        `The name server ${name} is not configured: set netbox-proxmox:bind9["${name}"].host and the rest.`,
      );
    return server;
  }

  /** The nodes of a cluster that are reached by ssh. */
  sshNodes(cluster: string): string[] {
    return Object.keys(this.connections.proxmox[cluster]?.ssh?.nodes ?? {});
  }

  /** The root shell of a node, over ssh. @throws UserError where it is not configured */
  shell(cluster: string, node: string): Shell {
    const shared = `${project}:proxmox["${cluster}"].ssh`;
    const { nodes = {}, ...login } = this.connections.proxmox[cluster]?.ssh ?? {};
    const place = nodes[node];
    if (place === undefined || !("keyFile" in login))
      throw new UserError(
        `Node ${node} of ${cluster} is reached by ssh for this, and how is not configured: set ${shared}.keyFile, and ${shared}.nodes["${node}"].host and .hostKey.`,
      );
    const key = `${cluster}/${node}`;
    const shell =
      this.shells.get(key) ??
      new Shell(
        { title: `Node ${node} of ${cluster}`, setting: `${shared}.nodes["${node}"]`, shared },
        { ...login, ...place },
        this.branch,
      );
    this.shells.set(key, shell);
    return shell;
  }

  /** How somebody else reaches a cluster as this program does: for what is tried elsewhere. A secret. */
  reachOf(name: string): { url: string; token: string; certificate?: string; fingerprint?: string } {
    const { url, token, caFile, fingerprint } = this.connections.proxmox[name] ?? {};
    if (url === undefined || token === undefined)
      throw new UserError(
        `The Proxmox VE cluster ${name} is reached by no API token: set netbox-proxmox:proxmox["${name}"].token.`,
      );
    const pinned = fingerprint === undefined ? {} : { fingerprint };
    return { url, token, ...(caFile === undefined ? pinned : { certificate: readFileSync(caFile, "utf8") }) };
  }

  /** A password by its name among the stack's secrets. */
  password(name: string): string {
    const value = this.connections.passwords[name];
    if (value === undefined)
      throw new UserError(
        `There is no password ${name}: set it with \`pulumi config set --secret --path 'netbox-proxmox:passwords["${name}"]'\`.`,
      );
    return value;
  }

  /** Ends every connection, so that the process can end. */
  async close(): Promise<void> {
    await Promise.all([
      this.netboxClient?.close(),
      this.neo4j?.close(),
      ...this.proxmox.map((cluster) => cluster.close()),
      ...this.nameServers.map((server) => server.close()),
      ...[...this.shells.values()].map((shell) => shell.close()),
    ]);
  }
}

let source: ConfigSource | undefined;
let current: Context | undefined;

/** Where a provider process takes its configuration from; the first one counts, as all are the same. */
export function useConfiguration(config: ConfigSource): void {
  source ??= config;
}

/** The process's clients, made when they are first needed. @throws UserError with all that is wrong with the configuration. */
export function context(): Context {
  if (current) return current;
  // What needs a system asks for it by name.
  const needed = { needsProxmox: false, needsNetbox: false };
  const read = readConnections(source ?? { get: () => undefined }, process.env, needed);
  if ("problems" in read) throw new UserError(printProblems(read.problems));
  current = new Context(read.value);
  return current;
}

/** NETBOX_PROXMOX_MAX_REMOVALS; undefined where it is not set. @throws UserError where it is no limit */
export function givenMaxRemovals(env: Environment = process.env): Allowance | undefined {
  const given = env.NETBOX_PROXMOX_MAX_REMOVALS;
  if (given === undefined || given === "") return undefined;
  const read = allowance.safeParse(/^\d+$/.test(given) ? Number(given) : given);
  if (read.success) return read.data;
  throw new UserError(
    `NETBOX_PROXMOX_MAX_REMOVALS is "${given}", which is neither a number nor a percentage: write 5, or 10%.`,
  );
}

const named = z.object({ formerStacks: z.array(z.string()).optional() });

/** The former names of this process's stack and of its NetBox; of the stack's, the environment's come first. */
export function former(): Former {
  const given = (process.env.NETBOX_PROXMOX_FORMER_STACKS ?? "").split(",").filter((name) => name !== "");
  const parsed = named.safeParse(JSON.parse(source?.get("site") ?? "{}"));
  const names = given.length > 0 || !parsed.success ? given : (parsed.data.formerStacks ?? []);
  return { stacks: names.map(fullName), urls: context().formerUrls };
}

const leaving = z.object({
  adopt: z.boolean().default(false),
  adoptTag: z.string().default("adopt"),
  destroyAdopted: z.boolean().optional(),
  keptAddressStatus: z.string().optional(),
});

/**
 * The settings of the site program that say what becomes of adopted guests, and of people's addresses; the environment comes first, as
 * for the former names.
 */
export function leavingSettings(): z.output<typeof leaving> {
  const parsed = leaving.safeParse(JSON.parse(source?.get("site") ?? "{}"));
  const settings = parsed.success ? parsed.data : leaving.parse({});
  const given = process.env.NETBOX_PROXMOX_DESTROY_ADOPTED;
  return given === "true" || given === "false" ? { ...settings, destroyAdopted: given === "true" } : settings;
}

/** `project/stack` of a stack's name with or without its project. */
export const fullName = (name: string): string => (name.includes("/") ? name : `${project}/${name}`);

const limited = z.object({
  maxRemovals: allowance.optional(),
  limits: z.object({ removes: z.union([allowance, z.literal("all")]).optional() }).optional(),
});

/**
 * How many resources of a kind may be gone at once on a refresh: by the limits of the stack's own program. The environment
 * comes first, as the configuration may be that of the last `up`.
 */
export function refreshLimit(config: ConfigSource | undefined = source, env: Environment = process.env): RefreshLimit {
  const section = config?.get("program") === "discovery" ? "discovery" : "site";
  const setting = `netbox-proxmox:${section}.maxRemovals`;
  const given = givenMaxRemovals(env);
  if (given !== undefined) return { allowed: given, setting };
  const parsed = limited.safeParse(JSON.parse(config?.get(section) ?? "{}"));
  const { maxRemovals, limits } = parsed.success ? parsed.data : {};
  return { allowed: limits?.removes ?? maxRemovals ?? defaultAllowance, setting };
}

/** Sets the process's clients, as the program and tests do that have connections already. */
export function useContext(made: Context): void {
  current = made;
}
