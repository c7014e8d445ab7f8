import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Faults } from "../faults";
import type { RequestLog } from "../log";
import { between, hostKey, hosts } from "./address";
import { Branches } from "./branches";
import type { Actor } from "./changelog";
import { Database } from "./database";
import { detail, NetboxError } from "./errors";
import { filterRows } from "./filters";
import { type ModelName, models } from "./models";
import { gunicornLimit, pageAt, rooms, tooLong } from "./pages";
import { type Feature, has, newest, releaseOf, releases } from "./releases";
import { isObject, type LabRow } from "./rows";
import { closedRanges, isWithin } from "./rules";
import { Serializer } from "./serialize";
import type { NetboxCaller } from "./users";

const byPath = new Map<string, ModelName>(
  Object.entries(models).map(([name, model]) => [model.path, name as ModelName]),
);
/** The content types of what has no model here. */
const others: Record<string, string> = {
  "core/object-changes": "core.objectchange",
  "plugins/branching/changes": "netbox_branching.changediff",
};
/** NetBox's MAX_PAGE_SIZE where nobody set another. */
export const defaultPageSize = 1000;
/** Its PAGINATE_COUNT: a page where nobody asks for another. */
const usual = 50;

/** The last of a filter's values, as a time of the change log. */
function timeOf(name: string, values: string[]): string {
  const time = new Date(values.at(-1) ?? "");
  if (Number.isNaN(time.getTime())) detail(400, `${name}: Enter a valid date/time.`);
  return time.toISOString().replace("Z", "000Z");
}

interface Answer {
  status: number;
  body?: unknown;
  etag?: string;
}

/** The HTTP face of the lab's NetBox: the parts of its REST API that this project and its users call. */
export class NetboxServer {
  readonly database = new Database();
  readonly branches = new Branches(this.database);
  /** What the present request reads and writes: main, or a branch. */
  private here = this.database;
  /** The superuser's. */
  readonly tokens = this.database.users.own;
  /** Milliseconds before each answer. */
  latency = 0;
  version: string = releases[newest];
  /** The failure switch: after each page of a list, an object of it goes and another comes. */
  changingPages = false;
  /** MAX_PAGE_SIZE: no limit where it is 0. */
  maxPageSize = defaultPageSize;
  private readonly server: Server;

  /** Another version of NetBox, and the release's behaviour with it. */
  be(version: string): void {
    this.version = version;
    this.database.release = releaseOf(version);
  }

  private has(feature: Feature): boolean {
    return has(this.database.release, feature);
  }

  constructor(
    private readonly log: RequestLog,
    private readonly faults: Faults,
  ) {
    this.database.users.open();
    this.database.dns.defaultView();
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      );
    });
    // gunicorn's default; clients must live with it.
    this.server.keepAliveTimeout = 2000;
  }

  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "127.0.0.1"}`);
    const method = request.method ?? "GET";
    const entry = this.log.begin("netbox", method, `${url.pathname}${url.search}`);
    const line = Buffer.byteLength(`${method} ${request.url} HTTP/${request.httpVersion}`);
    if (line > gunicornLimit) {
      entry.end(400);
      tooLong(response, line);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    await sleep(this.latency);
    const fault = this.faults.take("netbox", method, `${url.pathname}${url.search}`);
    const drop = () => {
      entry.end(0);
      request.socket.destroy();
    };
    const text = Buffer.concat(chunks).toString();
    const watched = { n: entry.n, system: "netbox" as const, call: `${method} ${url.pathname}`, body: text };
    const before = this.faults.watch?.(watched, "arrived");
    if (before === "hold") return;
    if (fault?.how === "drop before" || before === "drop") return drop();
    const status = fault?.how === "status" ? (fault.status ?? 503) : before;
    const requestId = randomUUID();
    let answer: Answer;
    try {
      if (typeof status === "number") throw new NetboxError(status, { error: "Service Unavailable" });
      const caller = this.database.users.caller(request.headers.authorization);
      const { id, username } = caller;
      const actor = { user: { id, username }, requestId, message: this.message(text) };
      this.branches.advance();
      const header = url.pathname === "/api/status/" ? undefined : request.headers["x-netbox-branch"];
      this.here = this.branches.select(header);
      answer = this.here.transaction(actor, () => {
        this.authorize(caller, method, url, text);
        const metadata = method === "OPTIONS" ? this.metadata(caller, url) : undefined;
        if (metadata !== undefined) return { status: 200, body: metadata };
        if (url.pathname === "/api/authentication-check/" && this.has("authenticationCheck"))
          return { status: 200, body: this.myself(caller, url.origin) };
        return this.handle(method, url, text, actor, this.has("etags") ? request.headers["if-match"] : undefined);
      });
    } catch (error) {
      if (!(error instanceof NetboxError)) throw error;
      answer = { status: error.status, body: error.body };
    }
    const after = this.faults.watch?.(watched, "done");
    if (after === "hold") return;
    if (fault?.how === "drop after" || after === "drop") return drop();
    entry.end(answer.status);
    response.setHeader("API-Version", this.version.split(".").slice(0, 2).join("."));
    response.setHeader("X-Request-ID", requestId);
    if (answer.etag && this.has("etags")) response.setHeader("ETag", answer.etag);
    const isHtml = typeof answer.body === "string";
    if (answer.body !== undefined)
      response.setHeader("Content-Type", isHtml ? "text/html; charset=utf-8" : "application/json");
    response
      .writeHead(answer.status)
      .end(answer.body === undefined ? undefined : isHtml ? answer.body : JSON.stringify(answer.body));
  }

  private myself({ id }: NetboxCaller, base: string): unknown {
    const user = this.database.find("user", id);
    return user && new Serializer(this.database, base).full("user", user);
  }

  /** A list's metadata: whoever is let in sees it, and in it what may be done there. */
  private metadata({ held }: NetboxCaller, { pathname }: URL): object | undefined {
    const model = byPath.get(/^\/api\/((?:plugins\/)?[\w-]+\/[\w-]+)\/$/.exec(pathname)?.[1] ?? "");
    if (model === undefined) return undefined;
    const { contentType, label } = models[model];
    const may = (action: string) => held === undefined || held.has(contentType.replace(".", `.${action}_`));
    const actions = { ...(may("change") ? { PUT: {} } : {}), ...(may("add") ? { POST: {} } : {}) };
    const renders = ["application/json", "text/html"];
    const described = { name: `${label} List`, description: "", renders, parses: ["application/json"] };
    return Object.keys(actions).length === 0 ? described : { ...described, actions };
  }

  /** Object permissions, without constraints. */
  private authorize(
    { held, mayWrite, id }: NetboxCaller,
    method: string,
    { pathname: path, searchParams }: URL,
    text: string,
  ): void {
    const refused = () => detail(403, "You do not have permission to perform this action.");
    if (method === "OPTIONS") return;
    if (method !== "GET" && !mayWrite) refused();
    const parts = /^\/api\/((?:plugins\/)?[\w-]+\/[\w-]+)\/(?:\d+\/)?([\w-]+)?/.exec(path);
    if (held === undefined || parts === null) return;
    const may = (action: string, contentType: string) => held.has(contentType.replace(".", `.${action}_`));
    const [, room = "", inner] = parts;
    const model = byPath.get(room);
    const type = others[room] ?? (model && models[model].contentType);
    if (type === undefined) return;
    if (inner === "available-ips") {
      if (!may(method === "POST" ? "add" : "view", "ipam.ipaddress")) refused();
      if (!may("view", type)) detail(404, `No ${model ? models[model].label : ""} matches the given query.`);
      return;
    }
    // A MAC address is an object of its own, made with its interface.
    if (method === "POST" && (model === "vmInterface" || model === "interface") && text.includes('"mac_address"'))
      if (!may("add", "dcim.macaddress")) refused();
    const action = { POST: "add", PATCH: "change", PUT: "change", DELETE: "delete" }[method] ?? "view";
    // Everybody sees the own tokens, and only them.
    if (model === "token" && method === "GET" && !may("view", type)) {
      searchParams.set("user_id", String(id));
      return;
    }
    if (model === "token" && method === "POST" && !may("grant", type) && !text.includes(`"user":${id}`)) refused();
    if (!may(action, type)) refused();
  }

  private handle(method: string, url: URL, text: string, actor: Actor, ifMatch: string | undefined): Answer {
    if (url.pathname === "/api/") return { status: 200, body: rooms(url.origin) };
    if (url.pathname === "/api/status/") return this.status(method);
    const changes = /^\/api\/core\/object-changes\/(?:(\d+)\/)?$/.exec(url.pathname);
    if (changes) return this.changes(method, url, changes[1]);
    const parts = /^\/api\/((?:plugins\/)?[\w-]+\/[\w-]+)\/(?:(\d+)\/(?:([\w-]+)\/)?)?$/.exec(url.pathname);
    const { isInstalled } = this.branches;
    if (isInstalled && parts?.[1] === "plugins/branching/changes" && parts[2] === undefined) return this.diffs(url);
    const known = parts ? byPath.get(parts[1] ?? "") : undefined;
    const model = known === "branch" && !isInstalled ? undefined : known;
    if (parts === null || model === undefined)
      return {
        status: 404,
        body: "<!DOCTYPE html>\n<html><head><title>Page Not Found | NetBox</title></head></html>\n",
      };
    const input = this.json(text);
    const serializer = new Serializer(this.here, url.origin);
    if (parts[2] === undefined) return this.collection(method, model, url, input, serializer);
    const row = this.here.find(model, Number(parts[2]));
    if (row === undefined)
      return { status: 404, body: { detail: `No ${models[model].label} matches the given query.` } };
    if (parts[3] === "available-ips" && (model === "prefix" || model === "ipRange"))
      return this.availableIps(method, model, row, input, url, serializer);
    if (parts[3] !== undefined && model === "branch" && method === "POST") {
      const done = this.branches.act(row, parts[3], isObject(input) ? input : {}, actor, serializer);
      if (done !== undefined) return { status: 200, body: done };
    }
    if (parts[3] !== undefined) return { status: 404, body: "<!DOCTYPE html>\n<html></html>\n" };
    return this.single(method, model, row, input, ifMatch, url, serializer);
  }

  /** What a caller says of its change, in the body beside the fields. */
  private message(text: string): string {
    const body: unknown =
      this.has("changelogMessages") && text.includes("changelog_message") ? this.json(text) : undefined;
    const first: unknown = Array.isArray(body) ? body[0] : body;
    return isObject(first) && typeof first.changelog_message === "string" ? first.changelog_message : "";
  }

  private json(text: string): unknown {
    if (text === "") return {};
    try {
      return JSON.parse(text);
    } catch {
      return detail(
        400,
        "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
      );
    }
  }

  private status(method: string): Answer {
    if (method !== "GET") detail(405, `Method "${method}" not allowed.`);
    return {
      status: 200,
      body: {
        "django-version": this.has("cursors") ? "6.1.2" : "5.2.14",
        ...(this.has("hostname") ? { hostname: "lab" } : {}),
        "netbox-version": this.version,
        ...(this.has("fullVersion") ? { "netbox-full-version": this.version } : {}),
        plugins: { ...(this.branches.isInstalled ? { netbox_branching: "1.2.2" } : {}), netbox_dns: "1.7.3" },
        "python-version": "3.12.1",
        "rq-workers-running": this.branches.isInstalled && this.branches.hasWorker ? 1 : 0,
      },
    };
  }

  // ---- lists and bulk

  private collection(method: string, model: ModelName, url: URL, input: unknown, serializer: Serializer): Answer {
    if (method === "GET") return this.list(model, url, serializer);
    if (method === "POST") {
      if (!Array.isArray(input)) {
        const row = this.here.create(model, isObject(input) ? input : {});
        const secret = model === "token" ? this.here.users.shown(row, true) : {};
        return { status: 201, body: { ...serializer.full(model, row), ...secret }, etag: etag(row) };
      }
      return { status: 201, body: this.createAll(model, input).map((row) => serializer.full(model, row)) };
    }
    if (!Array.isArray(input))
      return { status: 400, body: { non_field_errors: ['Expected a list of items but got type "dict".'] } };
    const rows = input.map((each: unknown) => ({
      input: isObject(each) ? each : {},
      row: this.here.find(model, isObject(each) ? each.id : undefined),
    }));
    const missing = rows
      .filter(({ row }) => row === undefined)
      .map(({ input: { id } }) => ({ id, errors: { id: [`Object with ID ${String(id)} does not exist`] } }));
    if (missing.length > 0 && this.has("bulkErrors"))
      return {
        status: 400,
        body: { detail: `${missing.length} of ${rows.length} objects could not be found.`, errors: missing },
      };
    if (method === "DELETE") {
      for (const { row } of rows) if (row) this.here.remove(model, row);
      return { status: 204 };
    }
    if (method !== "PATCH") detail(405, `Method "${method}" not allowed.`);
    // Before there are errors by object, an id that is not there is passed over.
    const there = rows.flatMap(({ row, input: change }) => (row === undefined ? [] : [{ row, change }]));
    const updated = this.each(there, "updated", ({ row, change }) => [
      { id: row.id },
      () => this.here.update(model, row, change),
    ]);
    return { status: 200, body: updated.map((row) => serializer.full(model, row)) };
  }

  /** All or nothing (the transaction takes back what was done), errors by index or id. */
  private each<T>(items: T[], done: string, work: (item: T, index: number) => [key: object, () => LabRow]): LabRow[] {
    const errors: object[] = [];
    let first: NetboxError | undefined;
    const rows = items.flatMap((item, index) => {
      const [key, act] = work(item, index);
      try {
        return [act()];
      } catch (error) {
        if (!(error instanceof NetboxError)) throw error;
        first ??= error;
        errors.push({ ...key, errors: error.body });
        return [];
      }
    });
    if (errors.length === 0) return rows;
    if (!this.has("bulkErrors")) throw first ?? new NetboxError(400, {});
    throw new NetboxError(400, { detail: `${errors.length} of ${items.length} objects could not be ${done}.`, errors });
  }

  private createAll(model: ModelName, inputs: unknown[]): LabRow[] {
    return this.each(inputs, "created", (input, index) => [
      { index },
      () => this.here.create(model, isObject(input) ? input : {}),
    ]);
  }

  /** The change log, newest first where it isn't asked for by id. */
  private changes(method: string, url: URL, id: string | undefined): Answer {
    if (method !== "GET") detail(405, `Method "${method}" not allowed.`);
    const serializer = new Serializer(this.here, url.origin);
    const wanted = [...new Set(url.searchParams.keys())]
      .filter((name) => !["limit", "offset", "ordering", "fields", "omit", "id__gt"].includes(name))
      .map((name) => ({ name, values: url.searchParams.getAll(name) }));
    const after = Number(url.searchParams.get("id__gt") ?? 0);
    const shown = this.here.changes
      .filter((change) => change.id > after && (id === undefined || change.id === Number(id)))
      .map((change) => serializer.change(change))
      .filter((change) =>
        wanted.every(({ name, values }) => {
          if (name === "action") return isObject(change.action) && values.includes(String(change.action.value));
          if (name === "user") return values.includes(String(change.user_name));
          if (name === "user_id") return isObject(change.user) && values.includes(String(change.user.id));
          if (name === "time_after") return String(change.time) >= timeOf(name, values);
          if (name === "time_before") return String(change.time) <= timeOf(name, values);
          return !(name in change) || values.includes(String(change[name]));
        }),
      );
    if (!["id", "time"].includes(url.searchParams.get("ordering") ?? "")) shown.reverse();
    if (id !== undefined)
      return shown[0] ? { status: 200, body: shown[0] } : detail(404, "No ObjectChange matches the given query.");
    return { status: 200, body: this.paged(shown, url, (change) => this.selected(change, url.searchParams)) };
  }

  /** What branches changed. */
  private diffs(url: URL): Answer {
    const { searchParams: query } = url;
    const ids = query.getAll("branch_id").map(Number);
    const wanted = query.get("has_conflicts");
    const rows = this.branches
      .diffs(new Serializer(this.here, url.origin))
      .filter(({ branchId }) => ids.length === 0 || ids.includes(branchId))
      .map(({ shown }) => shown)
      .filter(({ conflicts }) => wanted === null || (wanted === "true") === (conflicts !== null));
    return { status: 200, body: this.paged(rows, url, (row) => this.selected(row, query)) };
  }

  private list(model: ModelName, url: URL, serializer: Serializer): Answer {
    const query = url.searchParams;
    let rows = filterRows(this.here, model, query);
    const limit = this.limit(query);
    if (query.has("start") && this.has("cursors")) {
      rows = rows.filter((row) => row.id >= Number(query.get("start")));
      const shown = rows.slice(0, limit);
      const next = rows[limit];
      return {
        status: 200,
        body: {
          count: null,
          next: next ? pageAt(url, limit, { start: next.id }) : null,
          previous: null,
          results: shown.map((row) => this.shown(model, row, query, serializer)),
        },
      };
    }
    const body = this.paged(rows, url, (row) => this.shown(model, row, query, serializer));
    if (this.changingPages) this.stir(model, rows);
    return { status: 200, body };
  }

  /** The failure switch: the first object of a list goes, as if somebody deleted it between two reads. */
  private stir(model: ModelName, rows: LabRow[]): void {
    const [first] = rows;
    if (first && rows.length > 1) this.here.remove(model, first);
  }

  private limit(query: URLSearchParams): number {
    const set = this.has("smallPages") || this.maxPageSize === 0 ? this.maxPageSize : Math.max(this.maxPageSize, usual);
    const most = set === 0 ? Number.POSITIVE_INFINITY : set;
    const given = Number(query.get("limit") ?? usual);
    return given === 0 ? most : Math.min(given, most);
  }

  /** A page by offset. */
  private paged<T>(rows: T[], url: URL, show: (row: T) => unknown): Record<string, unknown> {
    const limit = this.limit(url.searchParams);
    const offset = Number(url.searchParams.get("offset") ?? 0);
    return {
      count: rows.length,
      next: offset + limit < rows.length ? pageAt(url, limit, { offset: offset + limit }) : null,
      previous: offset > 0 ? pageAt(url, limit, { offset: Math.max(0, offset - limit) }) : null,
      results: rows.slice(offset, offset + limit).map(show),
    };
  }

  private shown(
    model: ModelName,
    row: LabRow,
    query: URLSearchParams,
    serializer: Serializer,
  ): Record<string, unknown> {
    if (query.get("brief")) return serializer.brief(model, row);
    const full = serializer.full(model, row);
    // The plugin's list of branches doesn't know `fields`.
    return model === "branch" ? full : this.selected(full, query);
  }

  /** The fields that are asked for. */
  private selected(full: Record<string, unknown>, query: URLSearchParams): Record<string, unknown> {
    const fields = query.get("fields")?.split(",");
    // `exclude` knew one field, and 4.7 no longer looks at it.
    const excluded =
      !this.has("contextAlways") && query.get("exclude")?.includes("config_context") ? ["config_context"] : [];
    const omit = [...((this.has("omit") && query.get("omit")?.split(",")) || []), ...excluded];
    return Object.fromEntries(
      Object.entries(full).filter(([name]) => (fields ? fields.includes(name) : !omit.includes(name))),
    );
  }

  // ---- one object

  private single(
    method: string,
    model: ModelName,
    row: LabRow,
    input: unknown,
    ifMatch: string | undefined,
    url: URL,
    serializer: Serializer,
  ): Answer {
    if (method === "GET")
      return { status: 200, body: this.shown(model, row, url.searchParams, serializer), etag: etag(row) };
    if (ifMatch !== undefined && ifMatch !== etag(row))
      return { status: 412, body: { detail: "Precondition failed." }, etag: etag(row) };
    if (method === "DELETE") {
      this.refuseInUse(model, row);
      this.here.remove(model, row);
      return { status: 204 };
    }
    if (method !== "PATCH" && method !== "PUT") detail(405, `Method "${method}" not allowed.`);
    const updated = this.here.update(model, row, isObject(input) ? input : {});
    return { status: 200, body: serializer.full(model, updated), etag: etag(updated) };
  }

  private refuseInUse(model: ModelName, row: LabRow): void {
    if (model !== "cluster" && model !== "device") return;
    const users = this.here.rows("virtualMachine").filter((vm) => vm[model] === row.id);
    if (users.length > 0)
      detail(
        409,
        `Unable to delete object. ${users.length} dependent objects were found: ${users.map((vm) => `${vm.name} (${vm.id})`).join(", ")}`,
      );
  }

  // ---- next available addresses

  private availableIps(
    method: string,
    model: "prefix" | "ipRange",
    row: LabRow,
    input: unknown,
    url: URL,
    serializer: Serializer,
  ): Answer {
    const taken = new Set(
      this.here
        .rows("ipAddress")
        .filter(
          (each) => each.vrf === row.vrf || (model === "prefix" && row.vrf === null && row.status === "container"),
        )
        .map((each) => hostKey(String(each.address))),
    );
    const closed = model === "prefix" ? closedRanges(this.here, row) : row.mark_populated === true ? [row] : [];
    const all =
      model === "prefix"
        ? hosts(String(row.prefix), row.is_pool === true)
        : between(String(row.start_address), String(row.end_address));
    const free = this.free(all, taken, closed);
    if (method === "GET") {
      const limit = Number(url.searchParams.get("limit") ?? 50);
      const shown: unknown[] = [];
      for (const address of free) {
        if (shown.length >= limit) break;
        shown.push({ family: address.includes(":") ? 6 : 4, address, vrf: serializer.nested("vrf", row.vrf) });
      }
      return { status: 200, body: shown };
    }
    const wanted = Array.isArray(input) ? input : [input];
    const addresses = wanted.map(
      () => free.next().value ?? detail(409, "Insufficient resources are available to satisfy the request"),
    );
    const made: LabRow[] = wanted.map((each: unknown, n) =>
      this.here.create("ipAddress", { ...(isObject(each) ? each : {}), address: addresses[n], vrf: row.vrf }),
    );
    const bodies = made.map((each) => serializer.full("ipAddress", each));
    return { status: 201, body: Array.isArray(input) ? bodies : bodies[0] };
  }

  private *free(all: Generator<string>, taken: Set<string>, closed: LabRow[]): Generator<string, undefined> {
    for (const address of all)
      if (!taken.has(hostKey(address)) && !closed.some((range) => isWithin(range, address))) yield address;
    return undefined;
  }
}

const etag = (row: LabRow) => `W/"${row.last_updated.replace("Z", "+00:00")}"`;
