import { z } from "zod";
import type { ProxmoxSettings } from "../connections";
import { HttpError } from "../http/errors";
import { Semaphore, Shared } from "../semaphore";
import { isVersionSince } from "../version";
import * as accessWire from "./access/schemas";
import { type AccessView, viewOf } from "./access/view";
import { type AgentTime, agentPlaces, agentPlacesANode } from "./agents";
import { ProxmoxApi, type RequestParameters } from "./api";
import { says } from "./errors";
import { type Asked, type LookOutcome, lookAt } from "./looks";
import type { Power } from "./nodes/guest.model";
import type { GuestType } from "./schemas";
import * as wire from "./schemas";

/** One Proxmox VE cluster. Reads that arrive together share one answer. */
export class ProxmoxCluster extends ProxmoxApi {
  private readonly guests: Shared<Map<number, wire.GuestResource>>;
  private readonly statuses = new Map<string, Shared<Map<number, string>>>();
  private readonly templates = new Map<number | string, Semaphore>();
  private readonly agents = new Map<string, Semaphore>();
  private readonly identity: Shared<string>;
  private readonly release: Shared<string>;
  private readonly rights: Shared<AccessView>;
  private readonly macs: Shared<string>;
  private readonly auditsPool = new Map<string, Shared<boolean>>();
  private readonly storageTypes: Shared<Map<string, string | undefined>>;
  /** Changes of users, roles and rights. */
  readonly accessTurns = new Semaphore(1);
  /** Lists that guests write together, such as an HA rule's, are written one after another. */
  readonly turns = new Semaphore(1);

  /** @param branch of NetBox that is planned: nothing is written then */
  constructor(name: string, settings: ProxmoxSettings, branch?: string) {
    super(name, settings, branch);
    this.guests = new Shared(300, async () => {
      const all = await this.get("/cluster/resources", z.array(wire.guestResource), { type: "vm" });
      return new Map(all.map((guest) => [guest.vmid, guest]));
    });
    this.storageTypes = new Shared(60_000, async () => {
      const all = await this.get("/cluster/resources", z.array(wire.storageResource), { type: "storage" });
      return new Map(all.map(({ storage, type }) => [storage, type]));
    });
    this.identity = new Shared(60_000, () => this.readIdentity());
    this.release = new Shared(60_000, () => this.version());
    this.rights = new Shared(2000, () => this.readAccess());
    this.macs = new Shared(60_000, () => this.readMacPrefix());
  }

  /** What others asked for before a change is no answer for who comes after it. */
  override forget(): void {
    this.guests.forget();
    this.rights.forget();
    for (const status of this.statuses.values()) status.forget();
  }

  protected override discard(): void {
    this.guests.discard();
  }

  protected override look(asked: Asked, isUndone: boolean): Promise<LookOutcome> {
    return lookAt(this, asked, isUndone);
  }

  // ---- reads that share

  /** A guest of the cluster as it is listed now. */
  async find(vmid: number): Promise<wire.GuestResource | undefined> {
    return (await this.guests.get()).get(vmid);
  }

  /** The same from a list of the last minute: for what PVE itself refuses where it is no longer so. */
  async recall(vmid: number): Promise<wire.GuestResource | undefined> {
    return (await this.guests.recent(60_000)).get(vmid);
  }

  /**
   * The pool that a guest is in, `""` for none; undefined where the token may not see it: Proxmox VE leaves a pool out of its
   * lists where Pool.Audit is missing, as if there were none. @param named the pool in question, `""` for any
   */
  async poolOf(vmid: number, named: string): Promise<string | undefined> {
    const guest = await this.find(vmid);
    if (guest === undefined || guest.pool !== undefined) return guest?.pool;
    return (await this.seesPool(named)) ? "" : undefined;
  }

  /** Is the caller shown which guests are in a pool? @param named the pool, `""` for each of them */
  seesPool(named: string): Promise<boolean> {
    const shared = this.auditsPool.get(named) ?? new Shared(60_000, () => this.readAuditsPool(named));
    this.auditsPool.set(named, shared);
    return shared.get();
  }

  private async readAuditsPool(named: string): Promise<boolean> {
    const path = named === "" ? "/pool" : `/pool/${named}`;
    const held = Object.values(await this.get("/access/permissions", wire.permissions, { path }));
    // Whoever is to see every pool needs it handed down.
    return held.some(({ "Pool.Audit": given }) => given !== undefined && (named !== "" || Number(given) === 1));
  }

  /** Is the guest switched on? One call a node and kind for all that ask within two seconds. */
  private async isRunning(type: GuestType, node: string, vmid: number): Promise<boolean> {
    const path = `/nodes/${node}/${type}`;
    const shared =
      this.statuses.get(path) ??
      new Shared(
        2000,
        async () =>
          new Map((await this.get(path, z.array(wire.guestStatus))).map((guest) => [guest.vmid, guest.status])),
      );
    this.statuses.set(path, shared);
    return (await shared.get()).get(vmid) === "running";
  }

  /**
   * What the guest does, from lists that are shared. They call a paused guest running, and what says more is a request of its
   * own: it is asked only of one that should be paused, or that the cluster's statistics show so.
   */
  async power(type: GuestType, node: string, vmid: number, expected: Power): Promise<Power> {
    if (!(await this.isRunning(type, node, vmid))) return "stopped";
    if (type === "lxc" || (expected !== "paused" && (await this.recall(vmid))?.status !== "paused")) return "running";
    return (await this.current(type, node, vmid)).power;
  }

  /** What one guest does at this moment, and whether it is the HA manager's. */
  current(type: GuestType, node: string, vmid: number): Promise<wire.CurrentStatus> {
    return this.get(`/nodes/${node}/${type}/${vmid}/status/current`, wire.currentStatus);
  }

  /** A guest's configuration with what waits for its next start in force, and which options these are; undefined where PVE has none. */
  async guest(type: GuestType, node: string, vmid: number): Promise<wire.ReadGuest | undefined> {
    try {
      return await this.get(`/nodes/${node}/${type}/${vmid}/pending`, wire.pendingConfig);
    } catch (error) {
      if (says.missingGuest(error)) return undefined;
      throw error;
    }
  }

  /** The cluster's own name for itself, or its single node's: what a recorded guest is compared with before it is called gone. */
  system(): Promise<string> {
    return this.identity.get();
  }

  /** The first bytes of the MACs that the cluster makes up. */
  macPrefix(): Promise<string> {
    return this.macs.get();
  }

  private async readMacPrefix(): Promise<string> {
    try {
      return (await this.get("/cluster/options", wire.macPrefixOption)).mac_prefix;
    } catch (error) {
      if (error instanceof HttpError && error.status === 403) return wire.usualMacPrefix;
      throw error;
    }
  }

  /** May the token see a guest of this id, if there is one: by its own path, or by its pool's? */
  maySee(vmid: number, pool: string | undefined): Promise<boolean> {
    return this.holdsAny([`/vms/${vmid}`, ...(pool ? [`/pool/${pool}`] : [])], ["VM.Audit"]);
  }

  /** Has the caller one of these privileges at one of these paths? */
  async holdsAny(paths: string[], names: string[]): Promise<boolean> {
    const held = await Promise.all(paths.map((path) => this.get("/access/permissions", wire.permissions, { path })));
    return held.some((each) => Object.values(each).some((privileges) => names.some((name) => name in privileges)));
  }

  /** What the caller may do, by path: each privilege with whether it is inherited further down. */
  async permissions(): Promise<Map<string, Map<string, boolean>>> {
    const held = await this.get("/access/permissions", wire.permissions);
    return new Map(
      Object.entries(held).map(([path, privileges]) => [
        path,
        new Map(Object.entries(privileges).map(([name, inherited]) => [name, Number(inherited) === 1])),
      ]),
    );
  }

  /** Privileges by path of a user or token; nothing where the caller may not see them. */
  async permissionsOf(userid: string): Promise<Record<string, string[]> | undefined> {
    try {
      const held = await this.get("/access/permissions", wire.permissions, { userid });
      return Object.fromEntries(Object.entries(held).map(([path, privileges]) => [path, Object.keys(privileges)]));
    } catch (error) {
      if (error instanceof HttpError && error.status === 403) return undefined;
      throw error;
    }
  }

  /** When each user and token began its last task, in seconds since 1970, as far as the nodes' task logs go back. */
  async lastTasks(): Promise<Map<string, number>> {
    const query = { source: "all", limit: 5000 };
    const nodes = (await this.nodes()).map(({ node }) =>
      this.get(`/nodes/${node}/tasks`, z.array(wire.taskRow), query),
    );
    const last = new Map<string, number>();
    for (const { user, tokenid, starttime = 0 } of (await Promise.all(nodes)).flat()) {
      const full = tokenid === undefined ? user : `${user}!${tokenid}`;
      last.set(full, Math.max(last.get(full) ?? 0, starttime));
    }
    return last;
  }

  /** Tasks of a node that ended, begun since a time. */
  endedTasks(node: string, since: Date, limit: number): Promise<wire.TaskRow[]> {
    const query = { source: "archive", since: Math.floor(since.getTime() / 1000), limit };
    return this.get(`/nodes/${node}/tasks`, z.array(wire.taskRow), query);
  }

  /** Users, groups, roles, tokens and the ACL of the last seconds, as far as the caller is shown them. */
  access(): Promise<AccessView> {
    return this.rights.get();
  }

  /** The same as they are at this moment: for who is about to change them. */
  accessNow(): Promise<AccessView> {
    this.rights.forget();
    return this.rights.get();
  }

  private async readAccess(): Promise<AccessView> {
    const list = <T>(name: string, item: z.ZodType<T>, query: RequestParameters = {}) =>
      this.get(`/access/${name}`, z.array(item), query);
    const [roles, groups, users, acl, realms] = await Promise.all([
      list("roles", accessWire.accessRole),
      list("groups", accessWire.accessGroup),
      list("users", accessWire.accessUser, { full: 1 }),
      list("acl", accessWire.aclEntry),
      list("domains", accessWire.realm),
    ]);
    return viewOf({ roles, groups, users, acl, realms });
  }

  private async readIdentity(): Promise<string> {
    const entries = await this.get("/cluster/status", wire.clusterStatus);
    const cluster = entries.find(({ type }) => type === "cluster");
    return cluster ? `cluster ${cluster.name}` : `node ${entries.find(({ type }) => type === "node")?.name ?? "?"}`;
  }

  /** Is it this release or a later one? */
  async isSince(major: number, minor: number): Promise<boolean> {
    return isVersionSince(await this.release.get(), major, minor);
  }

  // ---- clones

  /** What is made from one template waits its turn. @param places at once, where that is less than is set */
  makeSlot<T>(template: number | string, work: () => Promise<T>, places = Infinity): Promise<T> {
    const semaphore = this.templates.get(template) ?? new Semaphore(Math.min(places, this.settings.parallelClones));
    this.templates.set(template, semaphore);
    return semaphore.run(work);
  }

  /** The running tasks of this token's user that make guests. */
  async makingTasks(): Promise<(wire.TaskRow & { log: () => Promise<string[]> })[]> {
    const nodes = await this.nodes();
    const found = await Promise.all(
      nodes.map(({ node }) => this.get(`/nodes/${node}/tasks`, z.array(wire.taskRow), { source: "active" })),
    );
    return found
      .flat()
      .filter(
        ({ user, type }) => user.split("!")[0] === this.user && /^(qmclone|qmcreate|vzclone|vzcreate)$/.test(type),
      )
      .map((row) => ({
        ...row,
        log: () => this.taskLog(`/nodes/${row.upid.split(":")[1]}/tasks/${encodeURIComponent(row.upid)}`),
      }));
  }

  private nodes(): Promise<wire.NodeResource[]> {
    return this.get("/cluster/resources", z.array(wire.nodeResource), { type: "node" });
  }

  /** Guests, nodes and storages, in one request. */
  inventory(): Promise<wire.ClusterResources> {
    return this.get("/cluster/resources", wire.clusterResources);
  }

  /** `dir`, `lvmthin`, `rbd` and so on; undefined of a storage that the token may not see. */
  async storageType(storage: string): Promise<string | undefined> {
    return (await this.storageTypes.get()).get(storage);
  }

  /** The cluster's vzdump jobs. */
  backupJobs(): Promise<wire.BackupJob[]> {
    return this.get("/cluster/backup", z.array(wire.backupJob));
  }

  /** The bridges and vnets of a node that the token may see. */
  bridges(node: string): Promise<wire.Bridge[]> {
    return this.get(`/nodes/${node}/network`, z.array(wire.bridge), { type: "any_bridge" });
  }

  // ---- what discovery looks at

  /** The cluster's nodes, and whether they agree. */
  membership(): Promise<wire.Membership> {
    return this.get("/cluster/status", wire.membership);
  }

  /** Every interface of a node. */
  network(node: string): Promise<wire.NodeInterface[]> {
    return this.get(`/nodes/${node}/network`, z.array(wire.nodeInterface));
  }

  snapshots(type: GuestType, node: string, vmid: number): Promise<number> {
    return this.get(`/nodes/${node}/${type}/${vmid}/snapshot`, wire.snapshots);
  }

  /** What a guest's agent says, or undefined: agents hang, sleep and go. @param path after the node's */
  ask<T>(node: string, path: string, schema: z.ZodType<T>, time: AgentTime): Promise<T | undefined> {
    const turn = this.agents.get(node) ?? new Semaphore(agentPlacesANode);
    this.agents.set(node, turn);
    return turn.run(async () => {
      let sent = Date.now();
      const deadline = () => {
        sent = Date.now();
        return time.next();
      };
      const request = { method: "GET" as const, path: `/nodes/${node}${path}`, mayHang: true, deadline };
      try {
        return await this.http.send(wire.data(schema), request);
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        time.lose((Date.now() - sent) / 1000, Math.min(agentPlaces, agentPlacesANode * this.agents.size));
        return undefined;
      }
    });
  }

  /** The OS templates of PVE's own list, as a node last fetched it. */
  appliances(node: string): Promise<wire.Appliance[]> {
    return this.get(`/nodes/${node}/aplinfo`, z.array(wire.appliance));
  }

  /** The disks that a storage holds as a node sees it. */
  disks(node: string, storage: string): Promise<wire.DiskVolume[]> {
    return this.get(`/nodes/${node}/storage/${storage}/content`, z.array(wire.diskVolume), { content: "images" });
  }

  /** The volumes of the OS templates that a storage holds. */
  async osTemplates(node: string, storage: string): Promise<string[]> {
    const found = await this.get(`/nodes/${node}/storage/${storage}/content`, z.array(wire.storageVolume), {
      content: "vztmpl",
    });
    return found.map(({ volid }) => volid);
  }
}
