import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { messageOf, UserError } from "../providers/errors";
import { projectRoot } from "../tools/root";
import { afterRun, type EndedRun, endedRun } from "./afterrun";
import type { BranchPlans } from "./branchplans";
import { Gatherer, type Pace } from "./gatherer";
import { journalUp, planForJournal } from "./journal";
import { type RunMetrics, withRun } from "./metrics";
import { printable, type ReadEvent, readEvent } from "./netboxevents";
import { unattended, watchedRun } from "./watched";

// `ops serve`: NetBox's event rules call here, and one `up` at a time per stack follows, here or in a pipeline.

/** A webhook's body holds one object; NetBox sends no more than that. */
const largestBody = 1_000_000;

export interface ServeOptions {
  stacks: string[];
  /** The webhook's secret in NetBox. */
  secret: string;
  pace: Pace;
  /** Whose changes are no news: the program's own user in NetBox. */
  ignored: string[];
  /** Brings a stack to what NetBox says. @returns whether it went well */
  run: (stack: string) => Promise<boolean>;
  /** What follows in branches of NetBox. */
  branches: BranchPlans;
  /** What GET /metrics answers. */
  metrics: () => string;
  say: (line: string) => void;
}

interface Answered {
  status: number;
  body: unknown;
  /** The same as text of this type, where it is no JSON. */
  text?: { type: string; content: string };
}

/** The receiver of webhooks: POST / is for all stacks, POST /STACK for one, GET /healthz and /metrics for whoever looks after it. */
export class Receiver {
  private readonly server: Server;
  private readonly gatherers: Map<string, Gatherer>;
  /** Events of which is looked up where they happened. */
  private readonly following = new Set<Promise<void>>();
  /** By stack, the branches that were merged since its last run began. */
  private readonly merged = new Map<string, Set<string>>();

  constructor(private readonly options: ServeOptions) {
    const { stacks, pace, run, say } = options;
    this.gatherers = new Map(
      stacks.map((stack) => [
        stack,
        new Gatherer(pace, async () => {
          const merged = [...(this.merged.get(stack) ?? [])];
          this.merged.delete(stack);
          say(`${stack}: begins${merged.length === 0 ? "" : `, with what was merged: ${merged.join(", ")}`}`);
          const went = await run(stack).catch((error: unknown) => {
            say(`${stack}: ${error instanceof Error ? error.message : String(error)}`);
            return false;
          });
          say(`${stack}: ${went ? "done" : "failed"}`);
          return went;
        }),
      ]),
    );
    this.server = createServer((request, response) => {
      this.answer(request).then(
        ({ status, body, text }) =>
          response
            .writeHead(status, { "Content-Type": text?.type ?? "application/json", Connection: "close" })
            .end(text?.content ?? `${JSON.stringify(body)}\n`),
        () => response.destroy(),
      );
    });
    this.server.requestTimeout = 30_000;
  }

  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once("error", reject).listen(port, host, resolve));
    return (this.server.address() as AddressInfo).port;
  }

  /** As if something had changed for every stack: what NetBox said while nobody listened is lost. */
  noteAll(): void {
    for (const gatherer of this.gatherers.values()) gatherer.note();
  }

  /** Resolves when what runs has ended. */
  async close(): Promise<void> {
    this.server.close();
    await Promise.all(this.following);
    await this.options.branches.close();
    await Promise.all([...this.gatherers.values()].map((gatherer) => gatherer.close()));
  }

  private async answer(request: IncomingMessage): Promise<Answered> {
    const path = (request.url ?? "/").replace(/\?.*/, "");
    if (request.method === "GET" && path === "/healthz") return { status: 200, body: { stacks: this.options.stacks } };
    if (request.method === "GET" && path === "/metrics")
      return {
        status: 200,
        body: undefined,
        text: { type: "text/plain; version=0.0.4; charset=utf-8", content: this.options.metrics() },
      };
    if (request.method !== "POST") return { status: 405, body: { error: "POST a NetBox webhook here" } };
    const body = await bodyOf(request);
    if (body === undefined) return { status: 413, body: { error: "too large" } };
    // Before anything else is told, so that nobody learns the stacks' names.
    if (!this.isSigned(body, request.headers["x-hook-signature"]))
      return { status: 401, body: { error: "X-Hook-Signature is not the HMAC-SHA512 of the body with the secret" } };
    const named = decodeURIComponent(path.slice(1));
    if (named !== "" && !this.gatherers.has(named))
      return { status: 404, body: { error: `there is no stack ${named}` } };
    const read = readEvent(jsonOf(body.toString()));
    const stacks = named === "" ? this.options.stacks : [named];
    const why = this.options.ignored.includes(read.user)
      ? "our own"
      : read.asks.does === "nothing"
        ? read.asks.why
        : undefined;
    if (why !== undefined) {
      this.options.say(`${read.text}: ${why}, ignored`);
      return { status: 202, body: { stacks: [] } };
    }
    // NetBox waits for no look at NetBox.
    const following = this.follow(read, stacks).finally(() => this.following.delete(following));
    this.following.add(following);
    return { status: 202, body: { stacks } };
  }

  /** A change of main is run, and one of a branch is planned. */
  private async follow({ text, asks }: ReadEvent, stacks: readonly string[]): Promise<void> {
    const { say, branches } = this.options;
    const branch =
      asks.does === "plan" ? asks.branch : asks.does === "look up" ? await branches.branchOf(asks.request) : undefined;
    if (branch !== undefined) {
      say(
        `${text} in the branch ${printable(branch)}: ${branches.plans ? stacks.join(", ") : "no run of main, ignored"}`,
      );
      for (const stack of stacks) branches.note(stack, branch);
      return;
    }
    const merged = "merged" in asks ? asks.merged : undefined;
    if (merged !== undefined) branches.drop(merged);
    say(`${text}: ${stacks.join(", ")}`);
    for (const stack of stacks) {
      if (merged !== undefined) this.merged.set(stack, (this.merged.get(stack) ?? new Set()).add(printable(merged)));
      this.gatherers.get(stack)?.note();
    }
  }

  private isSigned(body: Buffer, signature: string | string[] | undefined): boolean {
    const expected = createHmac("sha512", this.options.secret).update(body).digest();
    const given = Buffer.from(typeof signature === "string" ? signature : "", "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    size += part.length;
    if (size > largestBody) return undefined;
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// ---- what follows

/** What a run of a stack came to; how it went is all that is known of one that another program does. */
export type StackRunner = (stack: string) => Promise<EndedRun>;

/** `up` by this machine's own CLI. */
export async function runUp(stack: string): Promise<EndedRun> {
  const began = Date.now();
  const plan = await planForJournal({ stack }, true);
  const run = await watchedRun("up", ["--stack", stack, "--yes", "--skip-preview", ...unattended], "inherit");
  if (plan !== undefined) await journalUp({ stack }, plan, run);
  return endedRun("up", run, began, run.code === 0);
}

/** What only says whether it went well, as a run. */
export const runnerOfResult =
  (run: (stack: string) => Promise<boolean>): StackRunner =>
  async (stack) => {
    const began = Date.now();
    return { operation: "up", succeeded: await run(stack), began };
  };

/** Runs a stack, and does what follows: of one that fails again and again people are told once. */
export class FollowedRuns {
  private readonly failing = new Set<string>();
  /** Of this process's own runs. */
  metrics = "";

  /** @param isRun does it run the stack, so that there are metrics of it? A pipeline that it starts has its own */
  constructor(
    private readonly runner: StackRunner,
    private readonly options: { isRun: boolean; metrics?: string | undefined },
  ) {}

  /** @returns whether it went well */
  async run(stack: string): Promise<boolean> {
    const began = Date.now();
    const ended = await this.runner(stack).catch(async (error: unknown) => {
      await this.follow(stack, { operation: "up", succeeded: false, began, errors: [messageOf(error)] });
      throw error;
    });
    await this.follow(stack, ended);
    return ended.succeeded;
  }

  private async follow(stack: string, ended: EndedRun): Promise<void> {
    const isAgain = !ended.succeeded && this.failing.has(stack);
    if (ended.succeeded) this.failing.delete(stack);
    else this.failing.add(stack);
    const keep = (run: RunMetrics) => {
      this.metrics = withRun(this.metrics, run);
    };
    await afterRun({ stack }, ended, {
      isQuiet: isAgain,
      ...(this.options.isRun ? { keep, metrics: this.options.metrics } : {}),
    });
  }
}

/** A plan of a branch by this machine's own CLI, which gives the report to who reviews it. */
export const planBranch = (stack: string, branch: string, post: string | undefined): Promise<boolean> =>
  ended(
    spawn(
      process.execPath,
      [
        ...[join(projectRoot(), "dist", "cli", "pipeline.js"), "preview", "--stack", stack, "--branch", branch],
        ...(post === undefined ? [] : ["--post", post]),
      ],
      { stdio: "inherit" },
    ),
  );

const ended = (child: ChildProcess): Promise<boolean> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });

/** A command of the user's, with the stack's name in STACK. */
export const runCommand =
  (command: string) =>
  (stack: string): Promise<boolean> =>
    ended(spawn(command, { shell: true, stdio: "inherit", env: { ...process.env, STACK: stack } }));

async function posted(url: string, headers: Record<string, string>, body: object): Promise<boolean> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  if (response.ok) return true;
  throw new UserError(`${url} is answered with ${response.status} (${(await response.text()).slice(0, 200)})`);
}

/** The workflow `up` of a GitHub repository. */
export const runGitHub = (repository: string, token: string, api: string) => (stack: string) =>
  posted(
    `${api}/repos/${repository}/dispatches`,
    { Authorization: `Bearer ${token}`, Accept: "application/vnd.github+json" },
    { event_type: "netbox", client_payload: { stacks: [stack] } },
  );

/** The pipeline of a GitLab project. */
export const runGitLab = (projectId: string, token: string, api: string, ref: string) => (stack: string) =>
  posted(
    `${api}/projects/${encodeURIComponent(projectId)}/trigger/pipeline`,
    {},
    { token, ref, variables: { STACK_OF_EVENT: stack } },
  );
