import { type PartMark, printMark } from "../../../providers/ownership/mark";
import type { CheckInputs } from "../../../providers/platform/check.model";
import type { ServiceInputs } from "../../../providers/platform/service.model";
import { revisionOf, type ServiceName } from "../../../providers/platform/services";
import type { FirewallInputs, Rule } from "../../../providers/proxmox/nodes/firewall/firewall.model";
import type { ContainerInputs } from "../../../providers/proxmox/nodes/lxc/container.model";
import type { NetworkInputs } from "../../../providers/proxmox/nodes/network/network.model";
import type { GuestResource } from "../../../providers/proxmox/schemas";
import { withoutUndefined } from "../../../providers/values";
import { hostOf } from "../../netbox/address";
import type { PlaceOf } from "../../yamlfile";
import type { PlatformFile, PlatformPart } from "./file";
import { type Chosen, choosePlugin } from "./plugins";

export interface PlatformFacts {
  stack: string;
  file: PlatformFile;
  placeOf: PlaceOf;
  /** Names of the clusters that are configured. */
  clusters: string[];
  /** Guests of the chosen cluster, with the part that each one is. */
  guests: (Pick<GuestResource, "vmid" | "name" | "node"> & { part: string | undefined })[];
  /** Nodes of that cluster that are online, and those that are reached by ssh. */
  nodes: string[];
  sshNodes: string[];
  /** Volumes of OS templates on the node. */
  osTemplates: string[];
  /** PEM. */
  certificate: string | undefined;
}

/** A service without its secrets, which are the program's to know. */
export type PlannedService = Omit<ServiceInputs, "secrets">;

export interface PlatformPlan {
  cluster: string;
  networks: (NetworkInputs & { key: "backend" | "dmz" })[];
  /** In the order in which they are set up. */
  containers: {
    part: PlatformPart;
    inputs: ContainerInputs;
    firewall: FirewallInputs | undefined;
    service: PlannedService;
  }[];
  check: Omit<CheckInputs, "token">;
  problems: string[];
}

const parts: readonly PlatformPart[] = ["postgresql", "valkey", "netbox", "nginx"];
const startOrder: Record<PlatformPart, number> = { postgresql: 1, valkey: 1, netbox: 2, nginx: 3 };
/** Where an address is left out: behind the network's own. */
const lastByte: Record<PlatformPart, number> = { netbox: 10, postgresql: 11, valkey: 12, nginx: 13 };

/** The cluster that a file names, or the only one. */
export const platformCluster = ({ cluster }: PlatformFile, clusters: string[]): string | undefined =>
  cluster ?? (clusters.length === 1 ? clusters[0] : undefined);

/** platform.yml → networks, containers, what is set up in them, and what is tried. */
export function planPlatform(facts: PlatformFacts): PlatformPlan {
  const { file, stack } = facts;
  const problems: string[] = [];
  const problem = (path: string[], text: string) => problems.push(`${facts.placeOf(path)}: ${path.join(".")} ${text}`);
  const cluster = platformCluster(file, facts.clusters) ?? "";
  const url = `https://${file.name}${file.ports.https === 443 ? "" : `:${file.ports.https}`}`;
  checkPlaces(facts, cluster, problem);
  const addresses = addressesOf(file, problem);
  const chosen = Object.entries(file.netbox.plugins).flatMap(([name, { version, module }]): Chosen[] => {
    const plugin = choosePlugin(name, version, module, file.netbox.version);
    if (typeof plugin !== "string") return [plugin];
    problem(["netbox", "plugins", name], plugin);
    return [];
  });
  for (const module of Object.keys(file.netbox.pluginsConfig))
    if (!chosen.some((plugin) => plugin.module === module))
      problem(["netbox", "pluginsConfig", module], `configures a plugin that \`plugins\` doesn't name`);
  const services = servicesOf(facts, addresses, chosen);
  const networks = (["backend", "dmz"] as const).map((key) => networkOf(facts, cluster, key));
  const containers = parts.map((part) => ({
    part,
    inputs: containerOf(facts, cluster, part, addresses, { stack, netboxUrl: url, part }),
    firewall: file.firewall.enable ? firewallOf(facts, cluster, part, addresses) : undefined,
    service: serviceOf(facts, cluster, part, services[part]),
  }));
  const check = {
    cluster,
    node: file.node,
    vmid: file.containers.netbox.vmid,
    proxmox: file.reaches,
    netbox: withoutUndefined({
      url,
      address: hostOf(addresses.nginx),
      certificate: facts.certificate,
      version: file.netbox.version,
      plugins: Object.fromEntries(chosen.map(({ module, version }) => [module, version])),
    }),
  };
  return { cluster, networks, containers, check, problems };
}

function checkPlaces(facts: PlatformFacts, cluster: string, problem: (path: string[], text: string) => void): void {
  const { file, clusters, guests, nodes, sshNodes, osTemplates } = facts;
  if (!clusters.includes(cluster)) problem(["cluster"], `has to be one of ${clusters.join(", ")}`);
  else if (!nodes.includes(file.node))
    problem(["node"], `is ${file.node}, which is no node of ${cluster} that is online`);
  else {
    if (!sshNodes.includes(file.node))
      problem(
        ["node"],
        `is set up over ssh: set netbox-proxmox:proxmox["${cluster}"].ssh.nodes["${file.node}"].host and .hostKey`,
      );
    if (!osTemplates.includes(file.template))
      problem(
        ["template"],
        `is not on ${file.node}: \`osTemplates\` of the templates program fetches it, or \`pveam download\``,
      );
  }
  for (const name of file.reaches)
    if (!clusters.includes(name)) problem(["reaches"], `names ${name}, which netbox-proxmox:proxmox doesn't`);
  const vmids = parts.map((part) => file.containers[part].vmid);
  if (new Set(vmids).size < vmids.length) problem(["containers"], "give two containers the same vmid");
  for (const part of parts) {
    const there = guests.find(({ vmid }) => vmid === file.containers[part].vmid);
    if (there !== undefined && there.part !== part)
      problem(
        ["containers", part],
        `has the vmid ${there.vmid}, which is taken by ${there.name} on ${there.node}: choose another`,
      );
  }
}

function addressesOf(
  file: PlatformFile,
  problem: (path: string[], text: string) => void,
): Record<PlatformPart, string> {
  const own = file.networks.backend.address;
  const given = parts.map((part): [PlatformPart, string] => {
    const { address } = file.containers[part];
    if (address !== undefined) return [part, address];
    const [, start = "", , length = ""] = /^(\d+\.\d+\.\d+)\.(\d+)\/(\d+)$/.exec(own ?? "") ?? [];
    if (own === undefined || Number(length) > 24)
      problem(["containers", part], "has no `address`, and networks.backend.address doesn't say one");
    return [part, `${start}.${lastByte[part]}/${length}`];
  });
  const seen = new Set<string>();
  for (const [part, address] of given) {
    if (seen.has(hostOf(address))) problem(["containers", part], `has the address ${address} of another one`);
    seen.add(hostOf(address));
  }
  return Object.fromEntries(given) as Record<PlatformPart, string>;
}

function networkOf({ file }: PlatformFacts, cluster: string, key: "backend" | "dmz"): PlatformPlan["networks"][number] {
  const { bridge, vnet, zone, make, address, snat } = file.networks[key];
  return withoutUndefined({
    key,
    cluster,
    name: bridge ?? vnet ?? "",
    kind: bridge === undefined ? ("vnet" as const) : ("bridge" as const),
    nodes: [file.node],
    make,
    zone,
    address,
    snat: snat || undefined,
  });
}

function containerOf(
  { file }: PlatformFacts,
  cluster: string,
  part: PlatformPart,
  addresses: Record<PlatformPart, string>,
  mark: PartMark,
): ContainerInputs {
  const { vmid, cores, memory, disk } = file.containers[part];
  const { backend, dmz } = file.networks;
  const firewalled = file.firewall.enable ? { options: { firewall: 1 } } : {};
  const back = file.gateway ?? (backend.address === undefined ? undefined : hostOf(backend.address));
  const inner = { name: "eth0", bridge: backend.bridge ?? backend.vnet ?? "", ip: addresses[part], ...firewalled };
  const outer = withoutUndefined({
    name: "eth1",
    bridge: dmz.bridge ?? dmz.vnet ?? "",
    ip: file.dmz.address,
    gw: file.dmz.gateway,
    ...firewalled,
  });
  // Who is in both networks has one way out: the DMZ's, where it says one.
  const gw = part === "nginx" && file.dmz.gateway !== undefined ? {} : withoutUndefined({ gw: back });
  return {
    cluster,
    vmid,
    mark,
    type: "lxc",
    fullClone: false,
    template: file.template,
    unprivileged: true,
    storage: file.storage,
    node: file.node,
    name: `netbox-${part === "netbox" ? "app" : part}`,
    tags: ["netbox"],
    description: `${titles[part]} of ${file.name}\n\n${printMark(mark)}`,
    cores,
    memory,
    disks: { rootfs: { size: disk, storage: file.storage } },
    power: "running",
    options: { onboot: 1, startup: `order=${startOrder[part]},up=15`, features: "nesting=1" },
    networks: { net0: { ...inner, ...gw }, ...(part === "nginx" ? { net1: outer } : {}) },
    ...(file.nameservers.length === 0 ? {} : { nameservers: file.nameservers }),
  };
}

const titles: Record<PlatformPart, string> = {
  netbox: "The application",
  postgresql: "The database",
  valkey: "Queue and cache",
  nginx: "The way in",
};

function firewallOf(
  { file }: PlatformFacts,
  cluster: string,
  part: PlatformPart,
  addresses: Record<PlatformPart, string>,
): FirewallInputs {
  const { ports, firewall, node } = file;
  const open = (from: PlatformPart, port: number): Rule => ({
    type: "in",
    action: "ACCEPT",
    proto: "tcp",
    source: hostOf(addresses[from]),
    dport: String(port),
    comment: `netbox-proxmox: ${from}`,
  });
  const web = [ports.https, ...(ports.http === 0 ? [] : [ports.http])].join(",");
  const people = (source: string | undefined): Rule =>
    withoutUndefined({
      type: "in",
      action: "ACCEPT",
      proto: "tcp",
      source,
      dport: web,
      comment: "netbox-proxmox: people",
    });
  const guest = (source: string): Rule => ({
    type: "in",
    action: "ACCEPT",
    proto: "tcp",
    source,
    dport: String(ports.postgresql),
    comment: "netbox-proxmox: databaseClients",
  });
  const rules: Record<PlatformPart, Rule[]> = {
    postgresql: [open("netbox", ports.postgresql), ...file.databaseClients.map(guest)],
    valkey: [open("netbox", ports.valkey)],
    netbox: [open("nginx", ports.netbox)],
    nginx:
      firewall.allowFrom.length === 0
        ? [people(undefined)]
        : [...firewall.allowFrom, hostOf(addresses.netbox)].map(people),
  };
  const { vmid } = file.containers[part];
  return { cluster, node, vmid, policyIn: "DROP", policyOut: "ACCEPT", rules: rules[part] };
}

function servicesOf(
  { file, certificate }: PlatformFacts,
  addresses: Record<PlatformPart, string>,
  plugins: Chosen[],
): Record<PlatformPart, Record<string, unknown>> {
  const { ports, netbox, name } = file;
  const host = (part: PlatformPart) => hostOf(addresses[part]);
  const origin = `https://${name}${ports.https === 443 ? "" : `:${ports.https}`}`;
  const [database, user] = ["netbox", "netbox"];
  const modules = plugins.map(({ module, version }) => `${module} ${version}`).join();
  return {
    postgresql: {
      listen: host("postgresql"),
      port: ports.postgresql,
      clients: [`${host("netbox")}/32`, ...file.databaseClients],
      database,
      role: user,
    },
    valkey: { listen: host("valkey"), port: ports.valkey },
    netbox: withoutUndefined({
      version: netbox.version,
      plugins,
      pluginsConfig: netbox.pluginsConfig,
      workers: netbox.workers,
      listen: host("netbox"),
      port: ports.netbox,
      allowedHosts: [name, host("netbox"), hostOf(file.dmz.address)],
      database: { host: host("postgresql"), port: ports.postgresql, name: database, user },
      valkey: { host: host("valkey"), port: ports.valkey },
      configuration: { CSRF_TRUSTED_ORIGINS: [origin], ...netbox.configuration },
      superuser: netbox.superuser,
      restoreFrom: netbox.restoreFrom,
      backups: netbox.backups,
    }),
    nginx: withoutUndefined({
      serverName: name,
      listen: [hostOf(file.dmz.address), host("nginx")].map((each) => `${each}:${ports.https}`),
      redirect: ports.http === 0 ? undefined : `${hostOf(file.dmz.address)}:${ports.http}`,
      upstream: `${host("netbox")}:${ports.netbox}`,
      application: { vmid: file.containers.netbox.vmid, version: `${netbox.version} ${modules}` },
      certificate,
      maxUpload: "25m",
    }),
  };
}

function serviceOf(
  { file }: PlatformFacts,
  cluster: string,
  service: ServiceName,
  settings: Record<string, unknown>,
): PlannedService {
  const { vmid } = file.containers[service];
  return {
    cluster,
    node: file.node,
    vmid,
    service,
    revision: revisionOf({ service, settings, secrets: anySecrets }),
    settings,
  };
}

/** No script depends on a secret, so that any will do to tell what is done. */
const anySecrets = Object.fromEntries(
  ["databasePassword", "valkeyPassword", "secretKey", "pepper", "superuserPassword", "token", "tlsKey"].map((key) => [
    key,
    "x.x",
  ]),
);
