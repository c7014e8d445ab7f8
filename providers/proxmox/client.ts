import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ProxmoxSettings } from "../connections";
import { UserError } from "../errors";
import { HttpClient, type HttpRequest } from "../http/client";
import { HttpError } from "../http/errors";
import { keepSecret } from "../http/redact";
import { type NotNow, notNowOf, pause } from "../http/retry";
import { Semaphore, Shared } from "../semaphore";
import * as accessWire from "./access/schemas";
import { type AccessView, splitAuthId, viewOf } from "./access/view";
import type { Power } from "./nodes/guest.model";
import type { GuestType } from "./schemas";
import * as wire from "./schemas";

/** Milliseconds: half of what PVE gives a ticket. */
const ticketLifetime = 3_600_000;

/** Requests at once: to the cluster, to its guests' agents, and of these to one node's, as pvedaemon has three workers a node. */
const places = 8;
const agentPlaces = 6;
const agentPlacesANode = 2;
/** Seconds after which one agent is not waited for. */
const agentDeadline = 5;
/** How often a task is begun whose guest somebody else has locked. */
const taskAttempts = 4;

/** Gets each line of a task's log as it comes. */
export type OnLine = (line: string) => void;

export type Parameters = Record<string, string | number>;

/** PVE's message, with what it says of single parameters. */
export function explain(_status: number, body: unknown): string {
  if (typeof body !== "object" || body === null || !("message" in body)) return "";
  const errors =
    "errors" in body && typeof body.errors === "object" && body.errors !== null
      ? Object.entries(body.errors).map(([name, text]) => `${name}: ${String(text).trim()}`)
      : [];
  return [String(body.message).trim(), ...errors].join(" ");
}

/**
 * pveproxy answers 595 to 599 for a node that it passes a request on to: 595 where there was no connection. A lock that others hold
 * is waited for by PVE itself for 10 s, before anything is done (PVE::AbstractConfig, PVE::Cluster). The others are of proxies.
 */
const notNow: readonly NotNow[] = [
  { status: 500, message: /can't lock file '.*' - got timeout/, isUndone: true },
  { status: 500, message: /cfs-lock '.*' error: got lock (request )?timeout/, isUndone: true },
  { status: 595, isUndone: true },
  ...[429, 502, 503, 504, 596, 597, 598, 599].map((status) => ({ status, isUndone: false })),
];

const messageOf = (error: unknown): string =>
  error instanceof HttpError && error.failure.kind === "status"
    ? explain(error.failure.status, error.failure.body)
    : "";

/** The texts are PVE's own (PVE::Cluster, PVE::QemuServer, PVE::Tools), which give no codes. */
export const says = {
  missingGuest: (error: unknown) => /^Configuration file '.*' does not exist/.test(messageOf(error)),
  taken: (text: string) => /config file already exists|(VM|CT) \d+ already exists/.test(text),
  changedMeanwhile: (error: unknown) => /checksum mismatch|file changed by other user/.test(messageOf(error)),
  shutdownTimedOut: (text: string) => /got timeout|did not stop/.test(text) && !/can't lock file/.test(text),
  /** PVE::Storage. */
  stillCloned: (text: string) => /is still in use by linked clone/.test(text),
  /** PVE::AbstractConfig. */
  noSnapshots: (text: string) => /snapshot feature is not available/.test(text),
  noSuchResource: (error: unknown) => /no such resource|not HA managed/.test(messageOf(error)),
};

/** A task that ended badly: PVE had answered its request with 200. */
export class TaskError extends Error {
  constructor(
    readonly exitstatus: string,
    log: string[],
  ) {
    const excerpt = log.filter((line) => !line.startsWith("TASK ")).slice(-3);
    super(excerpt.length === 0 ? exitstatus : `${exitstatus} (task log: ${excerpt.join(" | ")})`);
    this.name = "TaskError";
  }
}

/** The time that a cluster's agents have together. One that answers costs none of it, however many there are. */
export class AgentTime {
  private lost = 0;

  /** @param seconds that those may cost which say nothing */
  constructor(private readonly seconds: number) {}

  /** Seconds for the next one; none where all is lost. */
  next(): number {
    return this.lost < this.seconds ? agentDeadline : 0;
  }

  /** @param places that were asked at once meanwhile */
  lose(seconds: number, places: number): void {
    this.lost += seconds / places;
  }
}

/** One Proxmox VE cluster. Calls wait in its pool; reads that arrive together share one answer. */
export class ProxmoxCluster {
  private readonly http: HttpClient;
  private readonly guests: Shared<Map<number, wire.GuestResource>>;
  private readonly statuses = new Map<string, Shared<Map<number, string>>>();
  private readonly templates = new Map<number | string, Semaphore>();
  private readonly agents = new Map<string, Semaphore>();
  private readonly identity: Shared<string>;
  private readonly release: Shared<string>;
  private readonly rights: Shared<AccessView>;
  /** Changes of users, roles and rights. */
  readonly accessTurns = new Semaphore(1);
  /** Lists that guests write together, such as an HA rule's, are written one after another. */
  readonly turns = new Semaphore(1);
  /** Who calls: `USER@REALM!TOKENID`, or the user that logs in. */
  readonly authId: string;
  /** The user of the token, without the token's name. */
  readonly user: string;
  /** Seconds. */
  readonly shutdownTimeout: number;
  readonly taskTimeout: number;

  constructor(
    readonly name: string,
    private readonly settings: ProxmoxSettings,
  ) {
    const { token, password } = settings;
    if (password !== undefined) keepSecret(password);
    if (token !== undefined) {
      keepSecret(token);
      keepSecret(token.slice(token.indexOf("=") + 1));
    }
    this.authId = token?.slice(0, token.indexOf("=")) ?? settings.user ?? "";
    this.user = splitAuthId(this.authId).userid;
    const login = new Shared(ticketLifetime, () => this.login());
    this.shutdownTimeout = settings.shutdownTimeout;
    this.taskTimeout = settings.taskTimeout;
    this.http = new HttpClient({
      ...settings,
      baseUrl: `${settings.url}/api2/json`,
      otherUrls: settings.urls?.map((url) => `${url}/api2/json`),
      headers: token === undefined ? {} : { Authorization: `PVEAPIToken=${token}` },
      ...(token === undefined
        ? {
            authorize: async (method: HttpRequest["method"]) => {
              const { ticket, csrf } = await login.get();
              const cookie = { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` };
              return method === "GET" ? cookie : { ...cookie, CSRFPreventionToken: csrf };
            },
          }
        : {}),
      places,
      hangingPlaces: agentPlaces,
      keepAlive: 4000, // pveproxy closes an idle connection after 5 s
      timeoutSetting: `netbox-proxmox:proxmox["${name}"].requestTimeout`,
      explain,
      notNow,
    });
    this.guests = new Shared(300, async () => {
      const all = await this.get("/cluster/resources", z.array(wire.guestResource), { type: "vm" });
      return new Map(all.map((guest) => [guest.vmid, guest]));
    });
    this.identity = new Shared(60_000, () => this.readIdentity());
    this.release = new Shared(60_000, () => this.version());
    this.rights = new Shared(2000, () => this.readAccess());
  }

  private async login(): Promise<wire.Ticket> {
    const { user = "", password = "" } = this.settings;
    const form = parameters({ username: user, password });
    const sent = {
      method: "POST" as const,
      path: "/access/ticket",
      form,
      isLogin: true,
      isIdempotent: true,
      deadline: 15,
    };
    const made = await this.http.send(wire.data(wire.ticket), sent);
    keepSecret(made.ticket);
    return made;
  }

  close(): Promise<void> {
    return this.http.close();
  }

  // ---- single calls

  /** @throws HttpError */
  get<T>(path: string, schema: z.ZodType<T>, query: Parameters = {}): Promise<T> {
    return this.http.send(wire.data(schema), { method: "GET", path, query: parameters(query) });
  }

  /** A write that is done when it answers. */
  async write(method: "POST" | "PUT" | "DELETE", path: string, form: Parameters): Promise<void> {
    await this.send(method, path, form, z.unknown());
  }

  /** A write that answers with a task; done when the task has ended well. @throws TaskError */
  async task(method: "POST" | "PUT" | "DELETE", path: string, form: Parameters, onLine?: OnLine): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.wait(await this.send(method, path, form, z.string()), onLine);
      } catch (error) {
        // What PVE answers for most requests is only that a task has begun: its exit status is the answer.
        const isUndone = error instanceof TaskError && notNowOf(notNow, 500, error.exitstatus)?.isUndone === true;
        if (!isUndone || attempt === taskAttempts) throw error;
        await pause(attempt);
      }
    }
  }

  /** A write that answers with what it made. */
  obtain<T>(method: "POST" | "PUT", path: string, form: Parameters, schema: z.ZodType<T>): Promise<T> {
    return this.send(method, path, form, schema);
  }

  private async send<T>(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    values: Parameters,
    schema: z.ZodType<T>,
  ): Promise<T> {
    const carried: Partial<HttpRequest> =
      method === "DELETE" ? { query: parameters(values) } : { form: parameters(values) };
    // The rule after a deleted one takes its number.
    const isIdempotent = method !== "POST" && !(method === "DELETE" && /\/rules\/\d+$/.test(path));
    try {
      return await this.http.send(wire.data(schema), { method, path, isIdempotent, ...carried });
    } catch (error) {
      // What it did all the same nobody knows.
      this.guests.discard();
      throw error;
    } finally {
      this.forget();
    }
  }

  /** What others asked for before a change is no answer for who comes after it. */
  forget(): void {
    this.guests.forget();
    this.rights.forget();
    for (const status of this.statuses.values()) status.forget();
  }

  /** Polls a task until it has ended: noticed late by a seventh of its time at most, or a second. @param onLine gets its log */
  async wait(upid: string, onLine?: OnLine): Promise<void> {
    const node = upid.split(":")[1] ?? "";
    const path = `/nodes/${node}/tasks/${encodeURIComponent(upid)}`;
    const started = Date.now();
    const deadline = started + this.taskTimeout * 1000;
    let told = 0;
    for (;;) {
      if (onLine) {
        const lines = await this.taskLog(path, told);
        told += lines.length;
        for (const line of lines) onLine(line);
      }
      const { status, exitstatus = "" } = await this.get(`${path}/status`, wire.taskStatus);
      const ended = status === "stopped";
      if (ended) this.forget();
      if (ended && (exitstatus === "OK" || exitstatus.startsWith("WARNINGS"))) return;
      if (ended || Date.now() > deadline)
        throw new TaskError(
          ended
            ? exitstatus
            : `not done after ${this.taskTimeout} s, and still running on ${node} (raise netbox-proxmox:proxmox["${this.name}"].taskTimeout)`,
          await this.taskLog(path),
        );
      await sleep(Math.max(50, Math.min(1000, (Date.now() - started) / 7)));
    }
  }

  private async taskLog(path: string, start = 0): Promise<string[]> {
    const lines = await this.get(`${path}/log`, wire.taskLog, { limit: 500, start });
    // A task that has said nothing yet says that.
    return lines.map(({ t }) => t).filter((line) => line !== "no content");
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
      return await this.get(`/nodes/${node}/${type}/${vmid}/pending`, wire.pending);
    } catch (error) {
      if (says.missingGuest(error)) return undefined;
      throw error;
    }
  }

  /** The cluster's own name for itself, or its single node's: what a recorded guest is compared with before it is called gone. */
  system(): Promise<string> {
    return this.identity.get();
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

  /** Is the caller an API token, which may not do all that a login may? */
  get isByToken(): boolean {
    return this.settings.token !== undefined;
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
    const list = <T>(name: string, item: z.ZodType<T>, query: Parameters = {}) =>
      this.get(`/access/${name}`, z.array(item), query);
    const [roles, groups, users, acl, realms] = await Promise.all([
      list("roles", accessWire.role),
      list("groups", accessWire.group),
      list("users", accessWire.user, { full: 1 }),
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

  /** The first number of its version. */
  async majorVersion(): Promise<number> {
    return Number((await this.release.get()).split(".")[0]);
  }

  /** Version; turns what a first call can meet into sentences for the user. */
  async version(): Promise<string> {
    try {
      return (await this.http.send(wire.data(wire.version), { method: "GET", path: "/version", deadline: 15 })).version;
    } catch (error) {
      throw this.firstContact(error);
    }
  }

  private firstContact(error: unknown): unknown {
    if (!(error instanceof HttpError)) return error;
    const place = `Proxmox VE cluster ${this.name} at ${this.settings.url}`;
    const key = `netbox-proxmox:proxmox["${this.name}"]`;
    const { failure } = error;
    if (failure.kind === "status" && failure.status === 401)
      return new UserError(
        this.settings.token === undefined
          ? `${place} refuses the login of ${this.user}: set ${key}.user and .password (pulumi config set --secret), or use an API token.`
          : `${place} refuses the API token: set ${key}.token (pulumi config set --secret) or PROXMOX_VE_API_TOKEN to USER@REALM!TOKENID=SECRET of a token that is there and not expired.`,
      );
    if (failure.kind === "tls")
      return new UserError(
        `${place} shows a certificate that is not trusted (${failure.detail}): set ${key}.fingerprint or .caFile to the one you know.`,
      );
    if (failure.kind !== "status")
      return new UserError(`${place} can't be reached (${failure.detail}): check ${key}.url and that the API is up.`);
    return new UserError(`${this.settings.url} does not answer like Proxmox VE (${error.message}): check ${key}.url.`);
  }

  // ---- clones

  /** What is made from one template waits its turn. */
  makeSlot<T>(template: number | string, work: () => Promise<T>): Promise<T> {
    const semaphore = this.templates.get(template) ?? new Semaphore(this.settings.parallelClones);
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
  inventory(): Promise<wire.Inventory> {
    return this.get("/cluster/resources", wire.inventory);
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
    const found = await this.get(`/nodes/${node}/storage/${storage}/content`, z.array(wire.volume), {
      content: "vztmpl",
    });
    return found.map(({ volid }) => volid);
  }
}

const parameters = (values: Parameters) =>
  new URLSearchParams(Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]));
