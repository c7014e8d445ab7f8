import { spawn } from "node:child_process";
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { UserError } from "../providers/errors";
import { Gatherer, type Pace } from "./gatherer";
import { operate } from "./operation";

// `ops serve`: NetBox's event rules call here, and one `up` at a time per stack follows, here or in a pipeline.

/** A webhook's body holds one object; NetBox sends no more than that. */
const largestBody = 1_000_000;

/** What NetBox says of a change; a rule with a template of its own may say less. */
const event = z.looseObject({
  event: z.string().optional(),
  object_type: z.string().optional(),
  model: z.string().optional(),
  /** Before NetBox 4.7, */
  username: z.string().optional(),
  /** and since. */
  request: z.looseObject({ user: z.string().optional() }).nullish(),
  data: z.looseObject({ id: z.number().optional(), display: z.string().optional() }).optional(),
});

export interface ServeOptions {
  stacks: string[];
  /** The webhook's secret in NetBox. */
  secret: string;
  pace: Pace;
  /** Whose changes are no news: the program's own user in NetBox. */
  ignored: string[];
  /** Brings a stack to what NetBox says. @returns whether it went well */
  run: (stack: string) => Promise<boolean>;
  say: (line: string) => void;
}

/** The receiver of webhooks: POST / is for all stacks, POST /STACK for one, GET /healthz for whoever looks after it. */
export class Receiver {
  private readonly server: Server;
  private readonly gatherers: Map<string, Gatherer>;

  constructor(private readonly options: ServeOptions) {
    const { stacks, pace, run, say } = options;
    this.gatherers = new Map(
      stacks.map((stack) => [
        stack,
        new Gatherer(pace, async () => {
          say(`${stack}: begins`);
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
        ({ status, body }) =>
          response
            .writeHead(status, { "Content-Type": "application/json", Connection: "close" })
            .end(`${JSON.stringify(body)}\n`),
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
    await Promise.all([...this.gatherers.values()].map((gatherer) => gatherer.close()));
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const path = (request.url ?? "/").replace(/\?.*/, "");
    if (request.method === "GET" && path === "/healthz") return { status: 200, body: { stacks: this.options.stacks } };
    if (request.method !== "POST") return { status: 405, body: { error: "POST a NetBox webhook here" } };
    const body = await bodyOf(request);
    if (body === undefined) return { status: 413, body: { error: "too large" } };
    // Before anything else is told, so that nobody learns the stacks' names.
    if (!this.isSigned(body, request.headers["x-hook-signature"]))
      return { status: 401, body: { error: "X-Hook-Signature is not the HMAC-SHA512 of the body with the secret" } };
    const named = decodeURIComponent(path.slice(1));
    if (named !== "" && !this.gatherers.has(named))
      return { status: 404, body: { error: `there is no stack ${named}` } };
    const { isNews, text } = this.read(body);
    const stacks = named === "" ? this.options.stacks : [named];
    this.options.say(`${text}: ${isNews ? stacks.join(", ") : "our own, ignored"}`);
    if (isNews) for (const stack of stacks) this.gatherers.get(stack)?.note();
    return { status: 202, body: { stacks: isNews ? stacks : [] } };
  }

  private isSigned(body: Buffer, signature: string | string[] | undefined): boolean {
    const expected = createHmac("sha512", this.options.secret).update(body).digest();
    const given = Buffer.from(typeof signature === "string" ? signature : "", "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private read(body: Buffer): { isNews: boolean; text: string } {
    const parsed = event.safeParse(jsonOf(body.toString()));
    if (!parsed.success) return { isNews: true, text: "NetBox calls" };
    const { event: what = "changed", object_type: type, model, username, request, data } = parsed.data;
    const user = request?.user ?? username ?? "somebody";
    const object = [type ?? model ?? "object", data?.display ?? data?.id]
      .filter((part) => part !== undefined)
      .join(" ");
    // A name in NetBox may hold anything.
    const text = `${object} ${what} by ${user}`.replace(/[^\x20-\x7e]+/g, "?").slice(0, 200);
    return { isNews: !this.options.ignored.includes(user), text };
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

/** `up` by this machine's own CLI. */
export async function runUp(stack: string): Promise<boolean> {
  const words = ["--stack", stack, "--yes", "--skip-preview", "--non-interactive", "--suppress-outputs"];
  return (await operate("up", words, "inherit")).code === 0;
}

/** A command of the user's, with the stack's name in STACK. */
export const runCommand =
  (command: string) =>
  (stack: string): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const child = spawn(command, { shell: true, stdio: "inherit", env: { ...process.env, STACK: stack } });
      child.once("error", reject);
      child.once("close", (code) => resolve(code === 0));
    });

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
