import { z } from "zod";
import { refuseWrite } from "../branch";
import type { NetboxSettings } from "../connections";
import { UserError } from "../errors";
import { firstIssue, HttpClient, type HttpSettings } from "../http/client";
import { HttpError } from "../http/errors";
import { longestRequestLine, type Query, search, splitQuery } from "../http/query";
import { keepSecret } from "../http/redact";
import type { NotNow } from "../http/retry";
import { Semaphore } from "../semaphore";
import { isRecord } from "../values";
import { isVersionSince } from "../version";
import { findBranch } from "./branching/branches";
import type { NetboxBranch } from "./branching/schemas";
import { bulks } from "./bulks";
import { Gathering } from "./gathering";
import { type PageRow, type Pages, pageSize, readPages } from "./pages";
import { RequiredFields } from "./requiredfields";
import * as wire from "./schemas";

/** As many digits as a place in a list may take. */
const farthest = 10_000_000_000;
/** Lists of single objects after which everything is read instead, how much that may be, and milliseconds for which it is believed. */
const manyLists = 3;
const largestWhole = 20_000;
const wholeLifetime = 60_000;
const anyRow = z.looseObject({ id: z.number() });

/**
 * NetBox itself answers 500 where PostgreSQL ended a deadlock, and has taken everything back; the others are of what stands before
 * it, and only a limit of requests says that nothing was done.
 */
export const netboxNotNow: readonly NotNow[] = [
  { status: 429, isUndone: true },
  { status: 500, message: /deadlock detected|could not serialize access/, isUndone: true },
  { status: 502, isUndone: false },
  { status: 503, isUndone: false },
  { status: 504, isUndone: false },
];

/** NetBox's error bodies as one line: `detail`, or each field with its messages. */
export function explainNetbox(_status: number, body: unknown): string {
  // What stands before NetBox's API answers in plain words.
  if (typeof body === "string") return body.trim();
  if (typeof body !== "object" || body === null) return "";
  if ("detail" in body && typeof body.detail === "string")
    return /^You do not have permission/.test(body.detail)
      ? "the token's user lacks that object permission (docs/privileges.md lists them)"
      : body.detail;
  return Object.entries(body)
    .map(([field, messages]) => {
      const all: unknown[] = Array.isArray(messages) ? messages : [messages];
      const text = all.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join(" ");
      return `${field === "__all__" ? "" : `${field}: `}${text}`;
    })
    .join("; ")
    .slice(0, 500);
}

/** NetBox's REST API: lists whole collections, writes single objects. */
export class NetboxClient {
  private readonly http: HttpClient;
  private readonly writes = new Map<string, Semaphore>();
  private readonly collections = new Map<
    string,
    { path: string; at: number; rows: Promise<Map<number, PageRow> | undefined> }
  >();
  private readonly gatherings = new Map<string, Gathering<PageRow>>();
  readonly url: string;
  readonly required: RequiredFields;

  /** @param branchName the branch that is read in the place of main; nothing is written then */
  constructor(
    private readonly settings: NetboxSettings,
    readonly branchName?: string,
  ) {
    keepSecret(settings.token);
    this.url = settings.url;
    this.required = new RequiredFields(
      () => this.list("extras/custom-fields", wire.customField, wire.customFieldFields),
      settings.customFields ?? {},
    );
    this.http = new HttpClient({
      ...settings,
      baseUrl: settings.url,
      headers: {
        Authorization: settings.token.startsWith("nbt_") ? `Bearer ${settings.token}` : `Token ${settings.token}`,
      },
      ...(branchName === undefined ? {} : this.readingBranch(branchName)),
      places: 6,
      keepAlive: 1000, // gunicorn closes an idle connection after 2 s by default
      timeoutSetting: "netbox-proxmox:netbox.requestTimeout",
      explain: (status, body) =>
        branchName !== undefined && status === 400 && /^(Invalid branch|Selected branch)/.test(String(body))
          ? `the branch ${branchName} of NetBox was merged, archived or deleted while it was read: plan main, or another branch`
          : explainNetbox(status, body),
      notNow: netboxNotNow,
    });
  }

  private readingBranch(name: string): Pick<HttpSettings, "authorize" | "beforeWrite"> {
    return {
      authorize: async () => ({ "X-NetBox-Branch": (await this.branch())?.schemaId ?? "" }),
      beforeWrite: (what) => refuseWrite(name, what),
    };
  }

  /** Of main, and of branches, by their names. */
  private readonly others = new Map<string | undefined, NetboxClient>();
  private found: Promise<NetboxBranch> | undefined;

  /** Main, whatever branch this one reads. */
  get main(): NetboxClient {
    return this.ofBranch(undefined);
  }

  /** The same NetBox, read from a branch, or from main. */
  ofBranch(name: string | undefined): NetboxClient {
    if (name === this.branchName) return this;
    const other = this.others.get(name) ?? new NetboxClient(this.settings, name);
    this.others.set(name, other);
    return other;
  }

  /** The branch that is read, looked up once; undefined where that is main. @throws UserError where it can't be read */
  async branch(): Promise<NetboxBranch | undefined> {
    if (this.branchName === undefined) return undefined;
    this.found ??= findBranch(this.main, this.branchName);
    return this.found;
  }

  async close(): Promise<void> {
    await Promise.all([this.http.close(), ...[...this.others.values()].map((other) => other.close())]);
  }

  /** Version and plugins. Turns what a first call can meet into sentences for the user. */
  async status(): Promise<wire.NetboxStatus> {
    try {
      const status = await this.http.send(wire.status, { method: "GET", path: "/api/status/", deadline: 15 });
      this.known = Promise.resolve(status);
      return status;
    } catch (error) {
      throw this.firstContact(error);
    }
  }

  private known: Promise<wire.NetboxStatus> | undefined;

  /** Is NetBox of this release or a later one? It is asked once, and by {@link status} already. */
  async isSince(major: number, minor: number): Promise<boolean> {
    this.known ??= this.status();
    return isVersionSince((await this.known).version, major, minor);
  }

  /** Is a plugin installed, by the name of its package? It is asked for once, with the release. */
  async hasPlugin(name: string): Promise<boolean> {
    this.known ??= this.status();
    return (await this.known).plugins.includes(name);
  }

  /** The user of the token, as NetBox shows it. */
  myself<T>(schema: z.ZodType<T>): Promise<T> {
    return this.http.send(schema, { method: "GET", path: "/api/authentication-check/" });
  }

  /** What of these the token's user may do with a kind of objects. Whether it may delete them, NetBox doesn't tell. */
  async allowed(path: string, asked: ReadonlySet<string>): Promise<Set<string>> {
    const changes = asked.has("add") || asked.has("change");
    const [seen, { actions }] = await Promise.all([
      this.count(path).then(
        () => true,
        (error: unknown) => {
          if (error instanceof HttpError && error.status === 403) return false;
          throw error;
        },
      ),
      changes
        ? this.http.send(wire.listMetadata, { method: "OPTIONS", path: `/api/${path}/` })
        : wire.listMetadata.parse({}),
    ]);
    return new Set([
      ...(seen ? ["view"] : []),
      ...("POST" in actions ? ["add"] : []),
      ...("PUT" in actions ? ["change"] : []),
    ]);
  }

  /** Which of NetBox's tokens is the one in use? One of version 1 is told by the end that NetBox shows of it. */
  async ownTokenId(): Promise<number | undefined> {
    const { token } = this.settings;
    const key = /^nbt_([^.]+)\./.exec(token)?.[1];
    const shown = z.object({ id: z.number(), display: z.string(), version: z.number() });
    const all = await this.list(
      "users/tokens",
      shown,
      "id,display,version",
      key === undefined ? { version: 1 } : { key },
    );
    const isOwn = ({ display, version }: z.infer<typeof shown>) =>
      key === undefined ? version === 1 && token.endsWith(display.replace(/^\*+/, "")) : display === key;
    return all.find(isOwn)?.id;
  }

  private firstContact(error: unknown): unknown {
    if (!(error instanceof HttpError)) return error;
    const { failure } = error;
    if (failure.kind === "status" && (failure.status === 403 || failure.status === 401))
      return new UserError(
        `NetBox at ${this.url} refuses the token (${explainNetbox(failure.status, failure.body)}): make a token in NetBox (Admin → API Tokens) and set it with \`pulumi config set --path 'netbox-proxmox:netbox.token' --secret\` or NETBOX_API_TOKEN.`,
      );
    if (failure.kind === "tls")
      return new UserError(
        `NetBox at ${this.url} shows a certificate that is not trusted (${failure.detail}): set netbox-proxmox:netbox.caFile or .fingerprint.`,
      );
    if (failure.kind !== "status")
      return new UserError(
        `NetBox at ${this.url} can't be reached (${failure.detail}): check netbox-proxmox:netbox.url and that NetBox is up.`,
      );
    return new UserError(
      `${this.url} does not answer like a NetBox (${error.message}): check netbox-proxmox:netbox.url.`,
    );
  }

  /**
   * Every object that the query selects, each once and by ascending ids. Lists in it may be of any length. The caller checks that
   * the filters were honoured.
   */
  async list<T>(path: string, item: z.ZodType<T>, fields: string, query: Query = {}): Promise<T[]> {
    return (await this.listWithin(Number.POSITIVE_INFINITY, path, item, fields, query)) ?? [];
  }

  /** The same, unless it takes more pages than these: then nothing, after the first one. */
  async listWithin<T>(
    pages: number,
    path: string,
    item: z.ZodType<T>,
    fields: string,
    query: Query = {},
  ): Promise<T[] | undefined> {
    const parts = this.split(path, query, fields);
    const lists = await Promise.all(parts.map((part) => this.settled(path, fields, part, pages)));
    const read = lists.filter((each) => each !== undefined);
    if (read.length < lists.length) return undefined;
    const rows = new Map(read.flatMap((each) => [...each]));
    const sorted = lists.length === 1 ? [...rows.values()] : [...rows.values()].sort((a, b) => a.id - b.id);
    return sorted.map((row) => this.parsed(path, item, row));
  }

  /** The query as queries of which each fits into a URL, whichever page it asks for. */
  private split(path: string, query: Query, fields: string): Query[] {
    const others = search({ fields, ordering: "id", limit: pageSize, offset: farthest });
    const line = `GET ${new URL(this.url).pathname.replace(/\/$/, "")}/api/${path}/?${others.toString()} HTTP/1.1`;
    return splitQuery(query, longestRequestLine - line.length);
  }

  /** All that one URL selects, read anew where it changed meanwhile; nothing where it has more pages than are wanted. */
  private async settled(
    path: string,
    fields: string,
    query: Query,
    most: number,
  ): Promise<Map<number, PageRow> | undefined> {
    for (let attempt = 1; ; attempt++) {
      const { rows, isWhole, isTooMany } = await this.pages(path, fields, query, most);
      if (isTooMany) return undefined;
      if (isWhole) return rows;
      if (attempt === 3)
        throw new UserError(
          `NetBox's ${path} (${this.url}/api/${path}/) changed three times while it was read: run again when fewer people write.`,
        );
    }
  }

  private pages(path: string, fields: string, query: Query, most?: number): Promise<Pages> {
    return readPages(
      (place) =>
        this.http.send(wire.page(anyRow), {
          method: "GET",
          path: `/api/${path}/`,
          query: search({ ...query, fields, ordering: "id", ...place }),
        }),
      most,
    );
  }

  private parsed<T>(path: string, item: z.ZodType<T>, row: { id: number }): T {
    const result = item.safeParse(row);
    if (result.success) return result.data;
    throw new UserError(
      `${this.url}/api/${path}/${row.id}/ is not what this version of NetBox's API gives (${firstIssue(result.error)}): upgrade NetBox, or this program.`,
    );
  }

  /** Are there objects of a kind, or those that a query selects? One that the token may not see counts as there. */
  async hasAny(path: string, query: Query = {}): Promise<boolean> {
    try {
      return (await this.count(path, query)) > 0;
    } catch (error) {
      if (error instanceof HttpError && error.status === 403) return true;
      throw error;
    }
  }

  /** One object, or undefined where NetBox has none that the token may see. */
  async find<T>(path: string, id: number, item: z.ZodType<T>, fields: string): Promise<T | undefined> {
    const gathered = this.gathered(path, "id", fields, ({ id: own }) => own);
    const whole = gathered.lists < manyLists ? undefined : await this.whole(path, fields);
    const row = whole?.get(id) ?? (await gathered.get(id))[0];
    return row === undefined ? undefined : this.parsed(path, item, row);
  }

  /**
   * Everything of a kind, read once for all single objects that are asked for in the next minute; undefined where that is too
   * much to read. Objects that this process wrote to are left out.
   */
  private async whole(path: string, fields: string): Promise<Map<number, PageRow> | undefined> {
    const key = `${path}?${fields}`;
    const known = this.collections.get(key);
    if (known && Date.now() - known.at < wholeLifetime) return known.rows;
    // What a change meanwhile keeps out of the list is asked for by itself.
    const read = async () =>
      (await this.count(path)) > largestWhole ? undefined : (await this.pages(path, fields, {})).rows;
    const rows = read().catch(() => undefined);
    this.collections.set(key, { path, at: Date.now(), rows });
    return rows;
  }

  /** What is being written to is asked for anew. */
  private async forget(path: string, id: number): Promise<void> {
    for (const each of this.collections.values()) if (each.path === path) (await each.rows)?.delete(id);
  }

  /** How many objects a query selects. */
  async count(path: string, selection: Query = {}): Promise<number> {
    const parts = this.split(path, selection, "id");
    // An object may be selected by several of them.
    if (parts.length > 1) return (await this.list(path, anyRow, "id", selection)).length;
    const query = search({ ...parts[0], fields: "id", limit: 1 });
    return (await this.http.send(wire.page(z.unknown()), { method: "GET", path: `/api/${path}/`, query })).count;
  }

  /** The objects that a field of theirs, an id or a nested object, leads to one other object. */
  async listOf<T>(
    path: string,
    filter: { name: string; field: string; id: number },
    item: z.ZodType<T>,
    fields: string,
  ): Promise<T[]> {
    const keyOf = ({ [filter.field]: led }: Record<string, unknown>) => Number(isRecord(led) ? led.id : led);
    const rows = await this.gathered(path, filter.name, fields, keyOf).get(filter.id);
    return rows.map((row) => this.parsed(path, item, row));
  }

  private gathered(path: string, filter: string, fields: string, keyOf: (row: PageRow) => number): Gathering<PageRow> {
    const key = `${path}?${filter}&${fields}`;
    const made =
      this.gatherings.get(key) ??
      new Gathering<PageRow>(async (ids) => {
        const found = new Map<number, PageRow[]>();
        for (const row of await this.list(path, anyRow, fields, { [filter]: ids }))
          found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), row]);
        return found;
      });
    this.gatherings.set(key, made);
    return made;
  }

  /** Makes one object. What made one is not sent again: whoever makes something looks up first whether an earlier run did. */
  create<T>(path: string, item: z.ZodType<T>, json: object): Promise<T> {
    return this.required.creating(path, [json], ([body]) =>
      this.http.send(item, { method: "POST", path: `/api/${path}/`, json: body }),
    );
  }

  /**
   * Makes several, in requests of so many as NetBox takes; each request makes all of its objects or none.
   * @param made is told what a request made, and where in the list it began: a later one may fail
   */
  async createAll<T>(
    path: string,
    item: z.ZodType<T>,
    bodies: readonly object[],
    made: (objects: T[], start: number) => void,
  ): Promise<void> {
    let start = 0;
    for (const part of bulks(bodies)) {
      const send = (json: readonly object[]) =>
        this.http.send(item.array(), { method: "POST", path: `/api/${path}/`, json });
      made(await this.required.creating(path, part, send), start);
      start += part.length;
    }
  }

  /**
   * Changes or deletes one object from what it is at that moment, or leaves it; asked anew where somebody else changed it in
   * between. Django saves whole rows, so two writes of one object at once would undo each other: they take turns here, and
   * other programs and people are met by the object's version.
   * @returns the object as it was; undefined where NetBox says 404
   */
  async change<T>(
    path: string,
    id: number,
    item: z.ZodType<T>,
    fields: string,
    decide: (found: T) => object | "delete" | undefined,
  ): Promise<T | undefined> {
    const key = `${path}/${id}`;
    const turn = this.writes.get(key) ?? new Semaphore(1);
    this.writes.set(key, turn);
    return turn.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.changeOnce(path, id, item, fields, decide);
        } catch (error) {
          if (isGone(error)) return undefined;
          if (!(error instanceof HttpError) || error.status !== 412) throw error;
          if (attempt === 5)
            throw new UserError(
              `${this.url}/api/${key}/ was changed by others five times while this wrote to it: run again when fewer people write.`,
            );
        }
      }
    });
  }

  private async changeOnce<T>(
    room: string,
    id: number,
    item: z.ZodType<T>,
    fields: string,
    decide: (found: T) => object | "delete" | undefined,
  ): Promise<T> {
    const path = `/api/${room}/${id}/`;
    const query = search({ fields });
    const { body: found, etag } = await this.http.sendTagged(item, { method: "GET", path, query });
    const wanted = decide(found);
    // Older ones give no version to compare.
    const headers: Record<string, string> = etag === undefined ? {} : { "If-Match": etag };
    if (wanted === "delete") await this.http.send(z.undefined(), { method: "DELETE", path, headers });
    else if (wanted !== undefined)
      await this.required.changing(
        room,
        wanted,
        (json) => this.http.send(wire.made, { method: "PATCH", path, json, headers }),
        async () => {
          const query = search({ fields: "custom_fields" });
          return (await this.http.send(wire.customFieldsOf, { method: "GET", path, query })).custom_fields;
        },
      );
    if (wanted !== undefined) await this.forget(room, id);
    return found;
  }
}

/** NetBox's own 404 for an object; a 404 without its JSON is a wrong URL, not a missing object. */
const isGone = (error: unknown): boolean =>
  error instanceof HttpError &&
  error.failure.kind === "status" &&
  error.failure.status === 404 &&
  typeof error.failure.body === "object" &&
  error.failure.body !== null &&
  "detail" in error.failure.body;
