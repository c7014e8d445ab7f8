import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { NameServerCommands } from "./bind9/commands";
import { DnsServer } from "./bind9/dns";
import type { LabNameServer } from "./bind9/nsupdate";
import { restoreZones, saveZones } from "./bind9/saved";
import { ServedZones } from "./bind9/zones";
import type { Certificate } from "./certificate";
import { ControlServer } from "./control";
import { Faults } from "./faults";
import { certificateOf, readKeys, sshKeys, writeKeys } from "./keys";
import { RequestLog } from "./log";
import { loadSeed, netboxCall } from "./netbox/load";
import { has, type Release, releases } from "./netbox/releases";
import { restoreNetbox, saveNetbox } from "./netbox/saved";
import { NetboxServer } from "./netbox/server";
import { NodeHost, type RealParts } from "./node/host";
import type { Cluster, Times } from "./proxmox/cluster";
import { loadCluster } from "./proxmox/load";
import { restoredCluster, saveCluster } from "./proxmox/saved";
import { ProxmoxServer } from "./proxmox/server";
import { recordedCluster } from "./proxmox/state";
import { type SavedLab, withHead, writeSaved } from "./saved";
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

interface CommonOptions {
  /** Where the lab keeps its TLS certificate and ssh keys; made there where they are missing. */
  folder: string;
  /** 0 takes a free port; further clusters and nodes take the ports after the first one's. */
  ports?: Partial<Record<"proxmox" | "netbox" | "ssh" | "nodeSsh" | "dns" | "control", number>>;
  /** Milliseconds by kind of call. */
  latency?: Latency;
  /** What of the nodes is real. */
  nodes?: RealParts;
  /** What NetBox answers as: `4.2` to `4.7`, the newest by default; a saved lab's own where it is left out. */
  netboxRelease?: Release;
  /** The file that the lab's state is written to when the control URL asks for it. */
  save?: string;
}

/** A lab that goes on from a saved one; its keys come into the folder. */
export interface LoadOptions extends CommonOptions {
  saved: SavedLab;
}

export interface LabOptions extends CommonOptions {
  seed: Seed;
  /** A recorded state of Proxmox VE, one node or a cluster, in the place of the seed's clusters. */
  proxmoxState?: string;
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

/** The embedded Proxmox VE, NetBox, BIND 9 and sshd, on loopback, in this process. */
export class Lab {
  readonly log = new RequestLog();
  readonly faults = new Faults();
  readonly zones = new ServedZones();
  readonly proxmox = new Map<string, ProxmoxServer>();
  readonly netbox = new NetboxServer(this.log, this.faults);
  /** NetBox ids of the seed's guests by name. */
  guestIds = new Map<string, number>();
  private readonly closers: (() => Promise<void>)[] = [];
  private commands?: NameServerCommands;
  readonly hosts: NodeHost[] = [];
  private found?: Endpoints;

  private readonly folder: string;
  private readonly ports: NonNullable<CommonOptions["ports"]>;
  readonly seed: Seed;
  private readonly proxmoxToken: { id: string; secret: string };

  private constructor(private readonly options: LabOptions | LoadOptions) {
    this.folder = options.folder;
    this.ports = options.ports ?? {};
    this.seed = "saved" in options ? options.saved.seed : options.seed;
    if ("saved" in options) this.proxmoxToken = options.saved.proxmoxToken;
    else this.proxmoxToken = credentials[options.proxmoxState === undefined ? "proxmoxToken" : "recordedToken"];
  }

  /** A lab from a seed, a recorded Proxmox VE, or a saved lab. */
  static async start(options: LabOptions | LoadOptions): Promise<Lab> {
    const lab = new Lab(options);
    mkdirSync(lab.folder, { recursive: true });
    try {
      await lab.open();
    } catch (error) {
      await lab.close();
      throw error;
    }
    lab.setLatency(options.latency ?? {});
    return lab;
  }

  /** The complete state of the lab's systems once their tasks have ended. @throws where one still runs after ten seconds */
  async save(): Promise<SavedLab> {
    if (this.isReal) throw new Error("This lab works with a real NetBox and a real BIND 9, which it can't save.");
    for (const { cluster } of this.proxmox.values()) await cluster.tasks.idle(10_000);
    return structuredClone(
      withHead({
        seed: this.seed,
        guestIds: Object.fromEntries(this.guestIds),
        keys: await readKeys(this.folder),
        proxmoxToken: this.proxmoxToken,
        netbox: saveNetbox(this.netbox),
        proxmox: [...this.proxmox.values()].map(({ cluster }) => saveCluster(cluster)),
        dns: { zones: saveZones(this.zones), latency: this.commands?.latency ?? 0 },
      }),
    );
  }

  /** Writes the lab's state to the file of its options. @returns the file */
  async saveToFile(): Promise<string> {
    const { save } = this.options;
    if (save === undefined) throw new Error("This lab has no file to save to: start it with --save FILE.");
    writeSaved(save, await this.save());
    return save;
  }

  /** The superuser's, in the form that the release takes. */
  private get netboxToken(): string {
    return has(this.netbox.database.release, "tokensV2") ? credentials.netboxToken : credentials.netboxV1Token;
  }

  private get isReal(): boolean {
    return "real" in this.options && this.options.real !== undefined;
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

  private async open(): Promise<void> {
    const { options } = this;
    if ("saved" in options) writeKeys(this.folder, options.saved.keys);
    const proxmox = await this.openProxmox(await certificateOf(this.folder));
    const others = ("real" in options ? options.real : undefined) ?? (await this.openOthers());
    const control = new ControlServer(this);
    const controlUrl = `http://127.0.0.1:${await control.listen(this.ports.control ?? 0)}`;
    this.closers.push(() => control.close());
    this.found = { proxmox, ...others, control: { url: controlUrl } };
    this.guestIds =
      "saved" in options
        ? new Map(Object.entries(options.saved.guestIds))
        : await loadSeed(netboxCall(others.netbox.url, others.netbox.token), this.seed);
    this.log.clear();
  }

  private async openProxmox(certificate: Certificate): Promise<Endpoints["proxmox"]> {
    const { folder, ports, proxmoxToken: token } = this;
    const opened: Endpoints["proxmox"] = {};
    const login = credentials.proxmoxLogin;
    for (const [n, cluster] of this.clusters().entries()) {
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
        ssh: await this.openNodes(cluster),
      };
    }
    return opened;
  }

  private async openNodes(cluster: Cluster): Promise<ProxmoxEndpoint["ssh"]> {
    const { folder, ports } = this;
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
        this.options.nodes ?? {},
      );
      const port = await host.listen(ports.nodeSsh ? ports.nodeSsh + this.hosts.length : 0);
      this.closers.push(() => host.close());
      this.hosts.push(host);
      nodes[node] = { host: "127.0.0.1", port, hostKeyFile: join(folder, "ssh_host_ed25519_key.pub") };
    }
    const images = resolve(folder, "images");
    return { user: "root", keyFile: join(folder, "id_ed25519"), folder: images, nodes };
  }

  private clusters(): Cluster[] {
    const { options, proxmoxToken: token } = this;
    if ("saved" in options) return options.saved.proxmox.map(restoredCluster);
    const login = credentials.proxmoxLogin;
    if (options.proxmoxState !== undefined) return [recordedCluster(options.proxmoxState, { token, login })];
    return Object.entries(this.seed.proxmox).map(([name, seed]) => {
      const cluster = loadCluster(name, seed);
      cluster.access.addToken(token.id, token.secret);
      const [userid = ""] = token.id.split("!");
      cluster.access.acl.push({ path: "/", type: "user", ugid: userid, roleid: "Administrator", propagate: 1 });
      cluster.access.addUser(login.user, login.password);
      return cluster;
    });
  }

  private async openOthers(): Promise<Pick<Endpoints, "netbox" | "ssh" | "dns">> {
    const { folder, ports, options } = this;
    if ("saved" in options) restoreNetbox(this.netbox, options.saved.netbox);
    else {
      this.netbox.tokens.v1.add(credentials.netboxV1Token);
      this.netbox.tokens.v2.add(credentials.netboxToken);
    }
    this.netbox.database.fieldChoices = this.seed.netbox.fieldChoices;
    if (options.netboxRelease !== undefined) this.netbox.be(releases[options.netboxRelease]);
    const netboxUrl = `http://127.0.0.1:${await this.netbox.listen(ports.netbox ?? 0)}`;
    this.closers.push(() => this.netbox.close());
    if ("saved" in options) restoreZones(this.zones, options.saved.dns.zones);
    else for (const zone of this.seed.dns.zones) this.zones.add(zone);
    const dns = new DnsServer(this.zones);
    const port = await dns.listen(ports.dns ?? 0);
    this.closers.push(() => dns.close());
    const keys = sshKeys(folder);
    const keyFiles: LabNameServer["keyFiles"] = new Map([
      [tsigKeyFile, "update"],
      ["/etc/bind/ro.key", "transfer"],
      ["/etc/bind/unknown.key", "BADKEY"],
      ["/etc/bind/wrong.key", "BADSIG"],
    ]);
    const commands = new NameServerCommands({ zones: this.zones, keyFiles, port }, this.log, this.faults);
    if ("saved" in options) commands.latency = options.saved.dns.latency;
    this.commands = commands;
    const ssh = new SshServer(keys, commands.execute);
    const sshPort = await ssh.listen(ports.ssh ?? 0);
    this.closers.push(() => ssh.close());
    return {
      netbox: { url: netboxUrl, token: this.netboxToken },
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
