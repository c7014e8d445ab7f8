import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { refuseWrite } from "../branch";
import type { ProxmoxSettings } from "../connections";
import { messageOf, UserError } from "../errors";
import { HttpClient, type HttpRequest } from "../http/client";
import { HttpError } from "../http/errors";
import { keepSecret } from "../http/redact";
import { pause } from "../http/retry";
import { Shared } from "../semaphore";
import { splitAuthId } from "./access/view";
import { agentPlaces } from "./agents";
import { momentaryAnswer, proxmoxNotNow } from "./answers";
import { explainProxmox, ProxmoxTaskError, says } from "./errors";
import type { Asked, LookOutcome } from "./looks";
import * as wire from "./schemas";

/** Milliseconds: half of what PVE gives a ticket. */
const ticketLifetime = 3_600_000;

/** Requests to the cluster at once. */
const places = 8;
/** How often a task is begun that was not done for a reason that passes. */
const taskAttempts = 4;

/** Gets each line of a task's log as it comes. */
export type OnLine = (line: string) => void;

export type RequestParameters = Record<string, string | number>;

/** The API of one cluster: requests, logins, and tasks that are waited for. */
export abstract class ProxmoxApi {
  protected readonly http: HttpClient;
  /** Who calls: `USER@REALM!TOKENID`, or the user that logs in. */
  readonly authId: string;
  /** The user of the token, without the token's name. */
  readonly user: string;
  /** Seconds. */
  readonly shutdownTimeout: number;
  readonly taskTimeout: number;

  constructor(
    readonly name: string,
    protected readonly settings: ProxmoxSettings,
    branch?: string,
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
      explain: explainProxmox,
      notNow: proxmoxNotNow,
      beforeWrite: (what) => refuseWrite(branch, what),
    });
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
  get<T>(path: string, schema: z.ZodType<T>, query: RequestParameters = {}): Promise<T> {
    return this.http.send(wire.data(schema), { method: "GET", path, query: parameters(query) });
  }

  /** A write that is done when it answers. */
  async write(method: "POST" | "PUT" | "DELETE", path: string, form: RequestParameters): Promise<void> {
    await this.send(method, path, form, z.unknown());
  }

  /** A write that answers with a task; done when the task has ended well. @throws ProxmoxTaskError, HttpError, UserError */
  async task(method: Asked["method"], path: string, form: RequestParameters, onLine?: OnLine): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.wait(await this.send(method, path, form, z.string()), onLine);
      } catch (error) {
        if (await this.isOver({ method, path, form }, error, attempt)) return;
        await pause(attempt);
      }
    }
  }

  /** Was a task that met this done all the same? @throws what it met, where it is not to be asked for again */
  private async isOver(asked: Asked, error: unknown, attempt: number): Promise<boolean> {
    // What PVE answers for most requests is only that a task has begun: its exit status is the answer.
    const isTask = error instanceof ProxmoxTaskError;
    if (!isTask && !(error instanceof HttpError)) throw error;
    const row = momentaryAnswer(isTask ? "task" : "start", error, isTask ? error.exitstatus : error.message);
    // What any request may meet has been asked again by the HTTP client.
    const isRepeated = !isTask && row?.from.includes("request") === true;
    if (row === undefined || row.remedy === "give up" || (isRepeated && row.remedy === "ask again")) throw error;
    if (row.remedy === "look first") {
      const outcome = await this.look(asked, row.isUndone === true);
      if (outcome.is === "done") return true;
      if (isRepeated || row.isOver !== true) throw error;
      const what = row.isUndone === true ? `its task was never started (${messageOf(error)})` : messageOf(error);
      if (outcome.is === "unclear") throw new UserError(`${what}; ${outcome.why}`);
    }
    if (attempt === taskAttempts) throw error;
    return false;
  }

  /** What became of a task, by its object. @param isUndone did it certainly do nothing? */
  protected abstract look(asked: Asked, isUndone: boolean): Promise<LookOutcome>;

  /** A write that answers with what it made. */
  obtain<T>(method: "POST" | "PUT", path: string, form: RequestParameters, schema: z.ZodType<T>): Promise<T> {
    return this.send(method, path, form, schema);
  }

  private async send<T>(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    values: RequestParameters,
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
      this.discard();
      throw error;
    } finally {
      this.forget();
    }
  }

  /** What others asked for before a change is no answer for who comes after it. */
  abstract forget(): void;

  /** What was read is worth nothing: a write may have been done. */
  protected abstract discard(): void;

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
      const { status, exitstatus = "" } = await this.taskStatus(path);
      const ended = status === "stopped";
      if (ended) this.forget();
      if (ended && (exitstatus === "OK" || exitstatus.startsWith("WARNINGS"))) return;
      if (ended || Date.now() > deadline)
        throw new ProxmoxTaskError(
          ended
            ? exitstatus
            : `not done after ${this.taskTimeout} s, and still running on ${node} (raise netbox-proxmox:proxmox["${this.name}"].taskTimeout)`,
          await this.taskLog(path),
        );
      await sleep(Math.max(50, Math.min(1000, (Date.now() - started) / 7)));
    }
  }

  private async taskStatus(path: string): Promise<wire.TaskStatus> {
    try {
      return await this.get(`${path}/status`, wire.taskStatus);
    } catch (error) {
      // A task whose log is gone, or never was, runs no more.
      if (says.noSuchTask(error)) return { status: "stopped", exitstatus: "no such task" };
      throw error;
    }
  }

  protected async taskLog(path: string, start = 0): Promise<string[]> {
    const lines = await this.get(`${path}/log`, wire.taskLog, { limit: 500, start });
    // A task that has said nothing yet says that.
    return lines.map(({ t }) => t).filter((line) => line !== "no content");
  }

  /** Is the caller an API token, which may not do all that a login may? */
  get isByToken(): boolean {
    return this.settings.token !== undefined;
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
}

const parameters = (values: RequestParameters) =>
  new URLSearchParams(Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]));
