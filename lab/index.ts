import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { utils } from "ssh2";
import { NameServerCommands } from "./bind9/commands";
import { DnsServer } from "./bind9/dns";
import type { NameServer } from "./bind9/nsupdate";
import { Zones } from "./bind9/zones";
import { type Certificate, makeCertificate } from "./certificate";
import { ControlServer } from "./control";
import { Faults } from "./faults";
import { RequestLog } from "./log";
import { loadSeed, netboxCall } from "./netbox/load";
import { NetboxServer } from "./netbox/server";
import { NodeHost, type RealParts } from "./node/host";
import type { Cluster, Times } from "./proxmox/cluster";
import { loadCluster } from "./proxmox/load";
import { ProxmoxServer } from "./proxmox/server";
import { recordedCluster } from "./proxmox/state";
import type { Seed } from "./seed";
import { SshServer } from "./ssh/server";
import { type Switch, setSwitch } from "./switches";

/** Credentials of the lab: fakes, the same in every lab, so that Pulumi.dev.yaml can name them. */
export const credentials = {
  proxmoxToken: { id: "pulumi@pve!lab", secret: "1ab00000-0000-4000-8000-000000000001" },
  /** The token that the recordings of a genuine node were made with. */
  recordedToken: { id: "root@pam!lab", secret: "1ab00000-0000-4000-8000-000000000002" },
  proxmoxLogin: { user: "root@pam", password: "lab-password" },
  netboxToken: "nbt_labkey000001.0123456789abcdefghijABCDEFGHIJ0123456789",
  netboxV1Token: "0123456789abcdef0123456789abcdef01234567",
};

export interface LabOptions {
  seed: Seed;
  /** A recorded state of one Proxmox VE node, in the place of the seed's clusters. */
  proxmoxState?: string;
  /** Where the lab keeps its TLS certificate and ssh keys; made there where they are missing. */
  folder: string;
  /** 0 takes a free port; further clusters and nodes take the ports after the first one's. */
  ports?: Partial<Record<"proxmox" | "netbox" | "ssh" | "nodeSsh" | "dns" | "control", number>>;
  /** Milliseconds by kind of call. */
  latency?: Latency;
  /** What of the nodes is real. */
  nodes?: RealParts;
  /** A real, empty NetBox and a real BIND 9 in the place of the lab's own. */
  real?: Pick<Endpoints, "netbox" | "ssh" | "dns">;
}

export type Latency = Partial<Omit<Times, "api"> & Record<"netbox" | "proxmox" | "nsupdate", number>>;

export interface ProxmoxEndpoint {
  url: string;
  token: string;
  login: string;
  fingerprint: string;
  caFile: string;
  /** Of its nodes: as the setting `ssh` of a cluster. */
  ssh: {
    user: string;
    keyFile: string;
    folder: string;
    nodes: Record<string, { host: string; port: number; hostKeyFile: string }>;
  };
}

/** Where the parts of a lab are and how to log in to them: what `npm run lab` prints. */
export interface Endpoints {
  proxmox: Record<string, ProxmoxEndpoint>;
  netbox: { url: string; token: string };
  ssh: { host: string; port: number; user: string; keyFile: string; hostKey: string; hostKeyFile: string };
  dns: { host: string; port: number; keyFile: string };
  control: { url: string };
}

const tsigKeyFile = "/etc/bind/ddns.key";

function kept(folder: string, file: string, make: () => string, mode = 0o600): string {
  const path = join(folder, file);
  if (!existsSync(path)) writeFileSync(path, make(), { mode });
  return readFileSync(path, "utf8");
}

/** ssh2 now and then generates an ed25519 key that it can't read back itself: such a pair is thrown away. */
function keyPair(): { public: string; private: string } {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519", { comment: "lab" });
    if (![pair.public, pair.private].some((key) => utils.parseKey(key) instanceof Error)) return pair;
  }
}

function sshKeys(folder: string): { hostKey: string; hostPublicKey: string; clientPublicKey: string } {
  for (const name of ["ssh_host_ed25519_key", "id_ed25519"]) {
    if (existsSync(join(folder, name))) continue;
    const pair = keyPair();
    writeFileSync(join(folder, name), pair.private, { mode: 0o600 });
    writeFileSync(join(folder, `${name}.pub`), `${pair.public}\n`);
  }
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();
  return {
    hostKey: `${read("ssh_host_ed25519_key")}\n`,
    hostPublicKey: read("ssh_host_ed25519_key.pub"),
    clientPublicKey: read("id_ed25519.pub"),
  };
}

async function certificateOf(folder: string): Promise<Certificate> {
  const file = join(folder, "proxmox.json");
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(await makeCertificate()), { mode: 0o600 });
  const certificate = JSON.parse(readFileSync(file, "utf8")) as Certificate;
  kept(folder, "proxmox-ca.pem", () => certificate.cert, 0o644);
  return certificate;
}

/** The embedded Proxmox VE, NetBox, BIND 9 and sshd, on loopback, in this process. */
export class Lab {
  readonly log = new RequestLog();
  readonly faults = new Faults();
  readonly zones = new Zones();
  readonly proxmox = new Map<string, ProxmoxServer>();
  readonly netbox = new NetboxServer(this.log, this.faults);
  /** NetBox ids of the seed's guests by name. */
  guestIds = new Map<string, number>();
  private readonly closers: (() => Promise<void>)[] = [];
  private commands?: NameServerCommands;
  readonly hosts: NodeHost[] = [];
  private found?: Endpoints;

  private constructor(
    readonly seed: Seed,
    private readonly nodes: RealParts,
  ) {}

  static async start({
    seed,
    proxmoxState,
    folder,
    ports = {},
    latency = {},
    real,
    nodes = {},
  }: LabOptions): Promise<Lab> {
    const lab = new Lab(seed, nodes);
    mkdirSync(folder, { recursive: true });
    try {
      await lab.open(folder, ports, { real, proxmoxState });
    } catch (error) {
      await lab.close();
      throw error;
    }
    lab.setLatency(latency);
    return lab;
  }

  /** Sets a switch: a failure, a delay, or a state that the APIs can't make. */
  set(wanted: Switch): void {
    setSwitch(this, wanted);
  }

  get endpoints(): Endpoints {
    if (this.found === undefined) throw new Error("the lab has not started");
    return this.found;
  }

  setLatency({ netbox, nsupdate, proxmox, ...times }: Latency): void {
    this.netbox.latency = netbox ?? this.netbox.latency;
    if (this.commands) this.commands.latency = nsupdate ?? this.commands.latency;
    const given = Object.entries({ ...times, api: proxmox }).filter(([, milliseconds]) => milliseconds !== undefined);
    for (const { cluster } of this.proxmox.values()) Object.assign(cluster.times, Object.fromEntries(given));
  }

  async close(): Promise<void> {
    await Promise.all(this.closers.map((close) => close()));
  }

  private async open(
    folder: string,
    ports: Ports,
    { real, proxmoxState }: Pick<LabOptions, "real" | "proxmoxState">,
  ): Promise<void> {
    const proxmox = await this.openProxmox(await certificateOf(folder), folder, ports, proxmoxState);
    const others = real ?? (await this.openOthers(folder, ports));
    const control = new ControlServer(this);
    const controlUrl = `http://127.0.0.1:${await control.listen(ports.control ?? 0)}`;
    this.closers.push(() => control.close());
    this.found = { proxmox, ...others, control: { url: controlUrl } };
    this.guestIds = await loadSeed(netboxCall(others.netbox.url, others.netbox.token), this.seed);
    this.log.clear();
  }

  private async openProxmox(
    certificate: Certificate,
    folder: string,
    ports: Ports,
    state?: string,
  ): Promise<Endpoints["proxmox"]> {
    const opened: Endpoints["proxmox"] = {};
    const token = state === undefined ? credentials.proxmoxToken : credentials.recordedToken;
    const login = credentials.proxmoxLogin;
    for (const [n, cluster] of this.clusters(state).entries()) {
      const server = new ProxmoxServer(cluster, certificate, this.log, this.faults);
      const port = await server.listen(ports.proxmox ? ports.proxmox + n : 0);
      this.closers.push(() => server.close());
      this.proxmox.set(cluster.name, server);
      opened[cluster.name] = {
        url: `https://127.0.0.1:${port}`,
        token: `${token.id}=${token.secret}`,
        login: `${login.user}:${login.password}`,
        fingerprint: certificate.fingerprint,
        caFile: join(folder, "proxmox-ca.pem"),
        ssh: await this.openNodes(cluster, folder, ports),
      };
    }
    return opened;
  }

  private async openNodes(cluster: Cluster, folder: string, ports: Ports): Promise<ProxmoxEndpoint["ssh"]> {
    const keys = sshKeys(folder);
    const nodes: ProxmoxEndpoint["ssh"]["nodes"] = {};
    for (const node of cluster.nodes.keys()) {
      const host = new NodeHost(
        cluster,
        node,
        keys,
        resolve(folder, "nodes", cluster.name, node),
        this.log,
        this.faults,
        this.nodes,
      );
      const port = await host.listen(ports.nodeSsh ? ports.nodeSsh + this.hosts.length : 0);
      this.closers.push(() => host.close());
      this.hosts.push(host);
      nodes[node] = { host: "127.0.0.1", port, hostKeyFile: join(folder, "ssh_host_ed25519_key.pub") };
    }
    const images = resolve(folder, "images");
    return { user: "root", keyFile: join(folder, "id_ed25519"), folder: images, nodes };
  }

  private clusters(state?: string): Cluster[] {
    const { proxmoxToken: token, recordedToken, proxmoxLogin: login } = credentials;
    if (state !== undefined) return [recordedCluster(state, { token: recordedToken, login })];
    return Object.entries(this.seed.proxmox).map(([name, seed]) => {
      const cluster = loadCluster(name, seed);
      cluster.access.addToken(token.id, token.secret);
      const [userid = ""] = token.id.split("!");
      cluster.access.acl.push({ path: "/", type: "user", ugid: userid, roleid: "Administrator", propagate: 1 });
      cluster.access.addUser(login.user, login.password);
      return cluster;
    });
  }

  private async openOthers(folder: string, ports: Ports): Promise<Pick<Endpoints, "netbox" | "ssh" | "dns">> {
    this.netbox.tokens.v1.add(credentials.netboxV1Token);
    this.netbox.tokens.v2.add(credentials.netboxToken);
    const netboxUrl = `http://127.0.0.1:${await this.netbox.listen(ports.netbox ?? 0)}`;
    this.closers.push(() => this.netbox.close());
    for (const zone of this.seed.dns.zones) this.zones.add(zone);
    const dns = new DnsServer(this.zones);
    const port = await dns.listen(ports.dns ?? 0);
    this.closers.push(() => dns.close());
    const keys = sshKeys(folder);
    const keyFiles: NameServer["keyFiles"] = new Map([
      [tsigKeyFile, "update"],
      ["/etc/bind/ro.key", "transfer"],
      ["/etc/bind/unknown.key", "BADKEY"],
      ["/etc/bind/wrong.key", "BADSIG"],
    ]);
    const commands = new NameServerCommands({ zones: this.zones, keyFiles, port }, this.log, this.faults);
    this.commands = commands;
    const ssh = new SshServer(keys, commands.execute);
    const sshPort = await ssh.listen(ports.ssh ?? 0);
    this.closers.push(() => ssh.close());
    return {
      netbox: { url: netboxUrl, token: credentials.netboxToken },
      ssh: {
        host: "127.0.0.1",
        port: sshPort,
        user: "ddns",
        keyFile: join(folder, "id_ed25519"),
        hostKey: keys.hostPublicKey,
        hostKeyFile: join(folder, "ssh_host_ed25519_key.pub"),
      },
      dns: { host: "127.0.0.1", port, keyFile: tsigKeyFile },
    };
  }
}

type Ports = NonNullable<LabOptions["ports"]>;
