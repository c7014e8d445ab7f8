import { Pool, request } from "undici"; // connection pools with limits, deadlines and own connectors, which fetch doesn't expose
import { type ZodType, z } from "zod";
import { failureOf, HttpError } from "./errors";
import { redact } from "./redact";
import { withRetry } from "./retry";
import { connectorFor, type TlsSettings } from "./tls";

export interface HttpSettings extends TlsSettings {
  /** Scheme, host, port and, where there is one, a path; no trailing slash. */
  baseUrl: string;
  headers: Record<string, string>;
  /** Headers of every request that have to be asked for first, such as a login's. */
  authorize?: (method: HttpRequest["method"]) => Promise<Record<string, string>>;
  /** Connections at most. */
  connections: number;
  /** Milliseconds an idle connection is kept: less than the server keeps it. */
  keepAlive: number;
  /** Seconds until an answer must be there, and the setting that says so. */
  requestTimeout: number;
  timeoutSetting: string;
  /** Says what an answer that is no success means. */
  explain: (status: number, body: unknown) => string;
}

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  path: string;
  query?: URLSearchParams;
  json?: unknown;
  form?: URLSearchParams;
  headers?: Record<string, string>;
  /** It is what `authorize` itself asks. */
  isLogin?: boolean;
  /** Seconds until the answer must be there, where that is less than is set. */
  deadline?: number;
}

/** A server reached over HTTP: pool → deadline → typed errors → retry → JSON → zod. */
export class HttpClient {
  private readonly pool: Pool;

  constructor(private readonly settings: HttpSettings) {
    // Not an Agent: that replaces a pool whose last connection was closed, and the two together open more connections than are set.
    this.pool = new Pool(new URL(settings.baseUrl).origin, {
      connect: connectorFor(settings),
      connections: settings.connections,
      pipelining: 1,
      keepAliveTimeout: settings.keepAlive,
      keepAliveMaxTimeout: settings.keepAlive,
      headersTimeout: settings.requestTimeout * 1000,
      bodyTimeout: settings.requestTimeout * 1000,
    });
  }

  get baseUrl(): string {
    return this.settings.baseUrl;
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  /** The parsed body of a success. @throws HttpError */
  async send<T>(schema: ZodType<T>, sent: HttpRequest): Promise<T> {
    return (await this.sendTagged(schema, sent)).body;
  }

  /** The same with the version of what the body shows, where the server gives one. */
  async sendTagged<T>(schema: ZodType<T>, sent: HttpRequest): Promise<{ body: T; etag: string | undefined }> {
    const { body, etag } = await withRetry(sent.method !== "POST", () => this.once(sent));
    const parsed = schema.safeParse(body);
    if (parsed.success) return { body: parsed.data, etag };
    throw new HttpError(
      sent.method,
      this.url(sent),
      { kind: "status", status: 200, body: null },
      `the answer is not what this version of the API gives (${firstIssue(parsed.error)})`,
    );
  }

  private url({ path, query }: HttpRequest): string {
    const search = query === undefined || query.size === 0 ? "" : `?${query.toString()}`;
    return `${this.settings.baseUrl}${path}${search}`;
  }

  private async once(sent: HttpRequest): Promise<{ body: unknown; etag: string | undefined }> {
    const url = this.url(sent);
    const authorization = sent.isLogin ? {} : await this.settings.authorize?.(sent.method);
    const { method, json, form, headers } = sent;
    const seconds = Math.min(sent.deadline ?? Number.POSITIVE_INFINITY, this.settings.requestTimeout);
    const body = form?.toString() ?? (json === undefined ? undefined : JSON.stringify(json));
    const type = form
      ? { "Content-Type": "application/x-www-form-urlencoded" }
      : json === undefined
        ? {}
        : { "Content-Type": "application/json" };
    let status: number;
    let text: string;
    let reason: string;
    let etag: string | undefined;
    try {
      const response = await request(url, {
        method,
        body,
        headers: { Accept: "application/json", ...this.settings.headers, ...authorization, ...type, ...headers },
        dispatcher: this.pool,
        signal: AbortSignal.timeout(seconds * 1000),
      });
      status = response.statusCode;
      reason = response.statusText;
      etag = z.string().optional().catch(undefined).parse(response.headers.etag);
      text = await response.body.text();
    } catch (error) {
      const failure = failureOf(error);
      const raise = seconds === this.settings.requestTimeout ? ` (raise ${this.settings.timeoutSetting})` : "";
      const late = `no answer within ${seconds} s${raise}`;
      const detail = failure.kind === "timeout" ? late : failure.kind === "status" ? "" : failure.detail;
      throw new HttpError(method, url, failure, redact(detail));
    }
    const parsed = parseBody(text);
    if (status < 400 && parsed !== notJson) return { body: parsed, etag };
    const known = parsed === notJson ? undefined : parsed;
    if (status < 400)
      throw new HttpError(
        method,
        url,
        { kind: "status", status, body: undefined },
        "the answer is not JSON; is this the right URL?",
      );
    throw new HttpError(
      method,
      url,
      { kind: "status", status, body: known },
      redact(`${status} ${this.settings.explain(status, known) || reason}`),
    );
  }
}

/** Where a value is not what was expected, and what it is instead. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.join(".") ?? "";
  return `${place ? `${place}: ` : ""}${issue?.message ?? "unknown shape"}`;
}

const notJson = Symbol("not JSON");

function parseBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return notJson;
  }
}
