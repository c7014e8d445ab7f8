import { Pool, request } from "undici"; // connection pools with limits, deadlines and own connectors, which fetch doesn't expose
import { type ZodType, z } from "zod";
import { failureOf, HttpError } from "./errors";
import { type Deadline, Lane, LateError } from "./lane";
import { redact } from "./redact";
import { type NotNow, notNowOf, withRetry } from "./retry";
import { connectorFor, type TlsSettings } from "./tls";

export interface HttpSettings extends TlsSettings {
  /** Scheme, host, port and, where there is one, a path; no trailing slash. */
  baseUrl: string;
  /** The same at other servers of one system: the next one is asked where nobody can connect to the last, and only then. */
  otherUrls?: readonly string[];
  headers: Record<string, string>;
  /** Headers of every request that have to be asked for first, such as a login's. */
  authorize?: (method: HttpRequest["method"]) => Promise<Record<string, string>>;
  /** Requests at once, each on a connection of its own. */
  places: number;
  /** The same for what may hang, which is asked with `mayHang`: apart from the others. */
  hangingPlaces?: number;
  /** Milliseconds an idle connection is kept: less than the server keeps it. */
  keepAlive: number;
  /** Seconds for which the server may be silent once a request was sent, and the setting that says so. */
  requestTimeout: number;
  timeoutSetting: string;
  /** Is asked before a request that may change something; it throws where nothing may. */
  beforeWrite?: (what: string) => void;
  /** Says what an answer that is no success means: its JSON, or its text where that is short and plain. */
  explain: (status: number, body: unknown) => string;
  /** The answers that mean "not now". */
  notNow: readonly NotNow[];
}

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  path: string;
  query?: URLSearchParams;
  json?: unknown;
  form?: URLSearchParams;
  /** The body as it is; `headers` say what it is. */
  text?: string;
  headers?: Record<string, string>;
  /** Does nothing hang on the answer but its status? It then need not be JSON. */
  takesAnyAnswer?: boolean;
  /** It is what `authorize` itself asks. */
  isLogin?: boolean;
  /** Seconds of silence, where that is less than is set; a function is asked when the request is sent. */
  deadline?: number | (() => number);
  /** It is sent in the lane of what may hang. */
  mayHang?: boolean;
  /** Is it the same when it comes twice? Taken from the method where it isn't said: all but POST are. */
  isIdempotent?: boolean;
}

/** One of the servers of a system, with the connections to it. */
interface Endpoint {
  url: string;
  pool: Pool;
}

/** A server reached over HTTP: lane → deadline → typed errors → retry → JSON → zod. */
export class HttpClient {
  private readonly endpoints: Endpoint[];
  private endpoint: Endpoint;
  private readonly lane: Lane;
  private readonly hanging: Lane | undefined;

  constructor(private readonly settings: HttpSettings) {
    const { places, hangingPlaces = 0, requestTimeout } = settings;
    this.lane = new Lane(places, requestTimeout);
    this.hanging = hangingPlaces === 0 ? undefined : new Lane(hangingPlaces, requestTimeout);
    const options: Pool.Options = {
      connect: connectorFor(settings),
      connections: places + hangingPlaces,
      pipelining: 1,
      keepAliveTimeout: settings.keepAlive,
      keepAliveMaxTimeout: settings.keepAlive,
      // The lanes time requests.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    // Not an Agent: that replaces a pool whose last connection was closed, and the two together open more connections than are set.
    const open = (url: string): Endpoint => ({ url, pool: new Pool(new URL(url).origin, options) });
    this.endpoint = open(settings.baseUrl);
    this.endpoints = [this.endpoint, ...(settings.otherUrls ?? []).map(open)];
  }

  get baseUrl(): string {
    return this.settings.baseUrl;
  }

  async close(): Promise<void> {
    await Promise.all(this.endpoints.map(({ pool }) => pool.destroy()));
  }

  /** The parsed body of a success. @throws HttpError */
  async send<T>(schema: ZodType<T>, sent: HttpRequest): Promise<T> {
    return (await this.sendTagged(schema, sent)).body;
  }

  /** The same with the version of what the body shows, where the server gives one. */
  async sendTagged<T>(schema: ZodType<T>, sent: HttpRequest): Promise<{ body: T; etag: string | undefined }> {
    if (sent.method !== "GET" && sent.method !== "OPTIONS" && sent.isLogin !== true)
      this.settings.beforeWrite?.(`a ${sent.method} to ${urlOf(this.endpoint, { ...sent, query: undefined })}`);
    const lane = (sent.mayHang === true ? this.hanging : undefined) ?? this.lane;
    const { requestTimeout } = this.settings;
    const { deadline = requestTimeout } = sent;
    const seconds = () => Math.min(typeof deadline === "number" ? deadline : deadline(), requestTimeout);
    // Between two attempts its place is another's.
    const { body, etag } = await withRetry(sent.isIdempotent ?? sent.method !== "POST", async () => {
      // A login has a place of its own to wait for.
      const authorization = sent.isLogin === true ? {} : await this.settings.authorize?.(sent.method);
      return this.anywhere(sent, (endpoint) =>
        lane.run((until) => this.once(endpoint, sent, authorization ?? {}, until), seconds),
      );
    });
    const parsed = schema.safeParse(body);
    if (parsed.success) return { body: parsed.data, etag };
    throw new HttpError(
      sent.method,
      urlOf(this.endpoint, sent),
      { kind: "status", status: 200, body: null },
      `the answer is not what this version of the API gives (${firstIssue(parsed.error)})`,
    );
  }

  /** Asks the server that answered last, or the next one where it can't be connected to: nothing was sent then. */
  private async anywhere<T>(sent: HttpRequest, ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      const { endpoint } = this;
      try {
        return await ask(endpoint);
      } catch (error) {
        const typed = this.typed(endpoint, sent, error);
        if (typed.failure.kind !== "unreachable") throw typed;
        const next = this.endpoints[(this.endpoints.indexOf(endpoint) + 1) % this.endpoints.length];
        // Others that were under way may have met the same, and gone on already.
        if (next !== undefined && this.endpoint === endpoint) this.endpoint = next;
        if (tried >= this.endpoints.length) throw typed;
      }
    }
  }

  private async once(
    endpoint: Endpoint,
    sent: HttpRequest,
    authorization: Record<string, string>,
    deadline: Deadline,
  ): Promise<{ body: unknown; etag: string | undefined }> {
    const url = urlOf(endpoint, sent);
    const { method, json, form, text, headers } = sent;
    const body = text ?? form?.toString() ?? (json === undefined ? undefined : JSON.stringify(json));
    const type = form
      ? { "Content-Type": "application/x-www-form-urlencoded" }
      : json === undefined
        ? {}
        : { "Content-Type": "application/json" };
    const response = await request(url, {
      method,
      body,
      headers: { Accept: "application/json", ...this.settings.headers, ...authorization, ...type, ...headers },
      dispatcher: endpoint.pool,
      signal: deadline.signal,
    });
    deadline.heard();
    const chunks: Buffer[] = [];
    for await (const chunk of response.body) {
      deadline.heard();
      chunks.push(Buffer.from(chunk));
    }
    const status = response.statusCode;
    const answer = Buffer.concat(chunks).toString();
    const parsed = parseBody(answer);
    const { takesAnyAnswer = false } = sent;
    // Without a body to look at, a redirect to a page of a login would pass for success.
    const isSuccess = status < (takesAnyAnswer ? 300 : 400);
    if (isSuccess && takesAnyAnswer) return { body: undefined, etag: undefined };
    if (isSuccess && parsed !== notJson)
      return { body: parsed, etag: z.string().optional().catch(undefined).parse(response.headers.etag) };
    const known = parsed === notJson ? undefined : parsed;
    if (isSuccess)
      throw new HttpError(
        method,
        url,
        { kind: "status", status, body: undefined },
        "the answer is not JSON; is this the right URL?",
      );
    const isPlain = parsed === notJson && answer.length <= longestPlain && !answer.includes("<");
    const said = this.settings.explain(status, isPlain ? answer : known);
    const notNow = notNowOf(this.settings.notNow, status, said);
    throw new HttpError(
      method,
      url,
      { kind: "status", status, body: known, ...(notNow === undefined ? {} : { notNow }) },
      redact(`${status} ${said || response.statusText}`),
    );
  }

  /** What a request met, as an error that says method and URL. */
  private typed(endpoint: Endpoint, sent: HttpRequest, error: unknown): HttpError {
    if (error instanceof HttpError) return error;
    const failure = failureOf(error);
    if (failure.kind === "status") throw error;
    const isOwn = error instanceof LateError && error.seconds === this.settings.requestTimeout;
    const raise = isOwn ? ` (raise ${this.settings.timeoutSetting})` : "";
    return new HttpError(sent.method, urlOf(endpoint, sent), failure, redact(`${failure.detail}${raise}`));
  }
}

function urlOf({ url }: Endpoint, { path, query }: HttpRequest): string {
  const search = query === undefined || query.size === 0 ? "" : `?${query.toString()}`;
  return `${url}${path}${search}`;
}

/** Where a value is not what was expected, and what it is instead. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.join(".") ?? "";
  return `${place ? `${place}: ` : ""}${issue?.message ?? "unknown shape"}`;
}

/** Characters of an answer that is told as it is. */
const longestPlain = 200;
const notJson = Symbol("not JSON");

function parseBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return notJson;
  }
}
