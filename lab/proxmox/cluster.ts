import { setTimeout as sleep } from "node:timers/promises";
import { Access } from "./access";
import { BackupJobs } from "./backup/jobs";
import { die, PveError } from "./errors";
import { Firewall } from "./firewall/firewall";
import type { Guest } from "./guest";
import { Ha } from "./ha/ha";
import { Container } from "./lxc/container";
import { Mappings } from "./mappings";
import { DatacenterOptions } from "./options";
import { Pools } from "./pools";
import { Vm } from "./qemu/vm";
import type { Values } from "./schema/parameters";
import { Sdn } from "./sdn/sdn";
import { Storages } from "./storage";
import { Tasks, type Worker } from "./tasks";
import { NodeWeb } from "./web";

/** Milliseconds that things take; nothing by default, so that tests are quick. */
export interface Times {
  /** Before an API call is answered. */
  api: number;
  clone: number;
  start: number;
  shutdown: number;
  /** From a guest's start until it hears ACPI and its agent answers. */
  boot: number;
  /** Before a guest's agent answers. */
  agent: number;
  /** Before a 401. */
  denied: number;
  /** Until a new guest is known to `/cluster/resources`. */
  statistics: number;
}

/** What a lab with a recorded state takes: as long as it needs for the outcomes to be those of the recording. */
export const recordedTimes: Partial<Times> = { start: 700, shutdown: 1000, boot: 6000 };

export interface ClusterNode {
  node: string;
  bridges: string[];
  network?: { iface: string; [key: string]: unknown }[];
  /** Of bridges that have one set. */
  mtus?: Record<string, number>;
  address?: string;
  /** Bridges that are written and not yet in force; without values, those that are to go. */
  pendingBridges?: Map<string, Values | undefined>;
  offline?: boolean;
  /** Nobody mounts anything into its running containers. */
  refusesMounts?: boolean;
  /** In HA maintenance: it runs on and takes no managed guest. */
  maintenance?: boolean;
}

/** How long a worker waits for a guest's lock file. */
const lockTimeout = 10_000;

/** A Proxmox VE cluster: nodes, guests, storages, pools, tasks, access. What is done to them is in the rooms beside; routes are thin. */
export class Cluster {
  /** Checkpoints of containers need it; the recorded nodes have none. */
  hasCriu = true;
  readonly times: Times = { api: 0, clone: 0, start: 0, shutdown: 0, boot: 0, agent: 0, denied: 0, statistics: 0 };
  /** The failure switch: milliseconds that the cluster's clock goes wrong. */
  skew = 0;
  readonly now = (): number => Date.now() + this.skew;
  readonly nodes = new Map<string, ClusterNode>();
  /** The node that the requests are sent to; the first one where nobody says. */
  asked?: string;
  /** What its nodes' resolver says of a name that isn't there; one that reaches no name server says it otherwise. */
  noName = "Name or service not known";
  /** What is served over HTTP on the nodes' own 127.0.0.1. */
  readonly web = new NodeWeb();
  readonly guests = new Map<number, Guest>();
  readonly pools = new Pools();
  readonly ha = new Ha(this.guests, {
    all: () => [...this.nodes.keys()],
    online: () =>
      [...this.nodes.values()].filter(({ offline, maintenance }) => !offline && !maintenance).map(({ node }) => node),
  });
  readonly firewall = new Firewall();
  readonly sdn = new Sdn();
  readonly mappings = new Mappings();
  readonly backupJobs = new BackupJobs();
  readonly storages = new Storages(this.now);
  readonly tasks = new Tasks(this.now);
  readonly access = new Access(
    { of: (path) => this.pools.holding(path), members: () => this.pools.memberPaths() },
    this.now,
  );
  /** CPU models of the cluster's own, without `custom-`. */
  readonly cpuModels = new Set<string>();
  readonly dns = { search: "example.invalid", dns1: "192.0.2.53" };
  readonly options = new DatacenterOptions();
  /** Of the certificate that its server shows. */
  fingerprint = "";
  /** Guests that ignore ACPI: a shutdown of one times out. */
  readonly deaf = new Set<number>();
  /** The failure switch: guests whose agent never comes up. */
  readonly agentless = new Set<number>();
  /** The failure switch: milliseconds that the agents of some guests take. */
  readonly slowAgents = new Map<number, number>();
  private readonly fileLocks = new Map<number, Promise<void>>();
  lastPid = 2000;

  constructor(
    readonly name: string,
    public version = { version: "9.2.11", release: "9.2", repoid: "14a22df3" },
  ) {}

  /** @throws what a node says of one that it can't reach */
  node(name: string): ClusterNode {
    const found =
      this.nodes.get(name) ??
      die(`hostname lookup '${name}' failed - failed to get address info for: ${name}: ${this.noName}`);
    if (found.offline) throw new PveError(595, "No route to host");
    return found;
  }

  get local(): string {
    return this.asked ?? [...this.nodes.keys()][0] ?? "";
  }

  member(name: string): ClusterNode {
    return this.nodes.get(name) ?? die(`no such cluster node '${name}'`);
  }

  address(name: string): string {
    return this.nodes.get(name)?.address ?? `192.0.2.${11 + [...this.nodes.keys()].indexOf(name)}`;
  }

  // ---- guests

  vm(node: string, vmid: number): Vm {
    const guest = this.guests.get(vmid);
    if (guest instanceof Vm && guest.node === node) return guest;
    return die(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`);
  }

  /** A VM as what looks for its process finds it, past its configuration. @throws in other words where it isn't there */
  processOf(node: string, vmid: number): Vm {
    const guest = this.guests.get(vmid);
    if (guest instanceof Vm && guest.node === node) return guest;
    return die(`unable to find configuration file for VM ${vmid} on node '${node}'`);
  }

  container(node: string, vmid: number): Container {
    const guest = this.guests.get(vmid);
    if (guest instanceof Container && guest.node === node) return guest;
    return die(`Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist`);
  }

  add<T extends Guest>(guest: T): T {
    guest.createdAt = this.now();
    this.guests.set(guest.vmid, guest);
    return guest;
  }

  /** A guest goes with its volumes, and everything that knew it forgets it. */
  remove(guest: Guest): void {
    for (const { volid } of this.storages.owned(guest.vmid)) this.storages.free(guest.node, volid);
    this.guests.delete(guest.vmid);
    this.pools.forget(guest.vmid);
    this.firewall.forget(guest.vmid);
  }

  /** @throws where a linked clone still shares a volume of the guest */
  refuseShared(guest: Guest): void {
    for (const { volid } of this.storages.owned(guest.vmid))
      if (this.storages.clonesOf(volid).length > 0) die(`base volume '${volid}' is still in use by linked cloned`);
  }

  /** Rights on a guest and its HA resource go where `purge` asks for it. */
  purge(guest: Guest, log: (line: string) => void): void {
    log(`purging ${guest.noun} ${guest.vmid} from related configurations..`);
    if (this.ha.remove(guest)) log(`NOTE: removed ${guest.noun} ${guest.vmid} from HA resource configuration.`);
    this.access.forget(({ path }) => path === `/vms/${guest.vmid}`);
  }

  newPid(): number {
    return ++this.lastPid;
  }

  uptime(guest: Guest): number {
    return guest.running ? Math.floor((this.now() - guest.startedAt) / 1000) : 0;
  }

  /** Whether a guest has come so far that it hears ACPI and its agent. */
  booted(guest: Guest): boolean {
    return guest.running && this.now() - guest.startedAt >= this.times.boot;
  }

  /** One holder at a time of a guest's lock file; a waiter gives up after ten seconds. */
  async locked(
    guest: Pick<Guest, "vmid" | "type">,
    { log }: Pick<Worker, "log">,
    work: () => Promise<void>,
  ): Promise<void> {
    const { vmid } = guest;
    const folder = guest.type === "qemu" ? "qemu-server" : "lxc";
    if (this.fileLocks.has(vmid)) {
      log("trying to acquire lock...");
      const deadline = Date.now() + lockTimeout;
      while (this.fileLocks.has(vmid)) {
        await Promise.race([this.fileLocks.get(vmid), sleep(deadline - Date.now(), undefined, { ref: false })]);
        if (this.fileLocks.has(vmid) && Date.now() >= deadline)
          die(`can't lock file '/var/lock/${folder}/lock-${vmid}.conf' - got timeout`);
      }
      log(" OK");
    }
    const done = work().finally(() => this.fileLocks.delete(vmid));
    this.fileLocks.set(
      vmid,
      done.catch(() => {}),
    );
    await done;
  }

  /** A worker that holds the guest's lock file. */
  lockedTask(
    guest: Pick<Guest, "vmid" | "type">,
    node: string,
    type: string,
    authId: string,
    work: (worker: Worker) => Promise<void>,
    undo?: () => void,
  ): string {
    const locked = (worker: Worker) => this.locked(guest, worker, () => work(worker));
    return this.tasks.run(node, type, String(guest.vmid), authId, locked, undo);
  }

  /** The next free id of the range for new guests. */
  nextId(): number {
    const [lower, upper] = this.options.idRange;
    for (let id = lower; id < upper; id++) if (!this.guests.has(id)) return id;
    return die(`unable to get any free VMID in range [${lower}, ${upper}]`);
  }

  /** Whether a caller may see a guest. */
  sees(authId: string, { vmid }: Guest): boolean {
    return this.access.may(authId, `/vms/${vmid}`, ["VM.Audit"]);
  }

  status(guest: Guest): Values {
    return guest instanceof Vm ? guest.status(this) : guest instanceof Container ? guest.status(this) : {};
  }
}
