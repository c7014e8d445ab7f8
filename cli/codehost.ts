import { z } from "zod";
import { UserError } from "../providers/errors";

// The place where a repository lives, as far as pipelines speak to it: one comment on a pull request, one issue.

/** What carries a text of ours, known by a marker in it, so that the next run changes it instead of adding another. */
export interface CodeHost {
  /** Writes the one comment of this marker on the pull request at hand. */
  comment(marker: string, body: string): Promise<void>;
  /** Opens or rewrites the one issue of this marker. */
  openIssue(marker: string, title: string, body: string): Promise<void>;
  /** Closes it, if there is one. */
  closeIssue(marker: string, why: string): Promise<void>;
}

type Environment = NodeJS.ProcessEnv;
const label = "drift";
/** Characters of a comment at most: GitHub takes 65,536. */
export const longest = 60_000;

const row = z.object({ id: z.number(), body: z.string().nullish() });
const issueRow = z.object({ number: z.number(), body: z.string().nullish() });
const note = z.object({ id: z.number(), body: z.string() });
const ticket = z.object({ iid: z.number(), description: z.string().nullish() });

function required(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === "")
    throw new UserError(`${name} is not set: ${what}. Is this run outside of a pipeline?`);
  return value;
}

/** A JSON API with pages. */
class Api {
  constructor(
    private readonly url: string,
    private readonly headers: Record<string, string>,
  ) {}

  async send(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.headers, Accept: "application/json", "Content-Type": "application/json" },
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new UserError(`${this.url} can't be reached (${error instanceof Error ? error.message : String(error)}).`);
    });
    const text = await response.text();
    if (!response.ok)
      throw new UserError(
        `${method} ${this.url}${path} is answered with ${response.status} (${text.slice(0, 300)}): give the job's token the right to write comments and issues.`,
      );
    return text === "" ? undefined : JSON.parse(text);
  }

  async all<T>(path: string, item: z.ZodType<T>): Promise<T[]> {
    const found: T[] = [];
    for (let page = 1; ; page++) {
      const separator = path.includes("?") ? "&" : "?";
      const rows = z.array(item).parse(await this.send("GET", `${path}${separator}per_page=100&page=${page}`));
      found.push(...rows);
      if (rows.length < 100) return found;
    }
  }
}

class GitHub implements CodeHost {
  private readonly api: Api;
  private readonly repository: string;

  constructor(private readonly env: Environment) {
    const token = required(env, "GITHUB_TOKEN", "the workflow gives it as github.token");
    this.repository = required(env, "GITHUB_REPOSITORY", "GitHub's runner sets it");
    this.api = new Api(env.GITHUB_API_URL ?? "https://api.github.com", {
      Authorization: `Bearer ${token}`,
      "X-GitHub-Api-Version": "2022-11-28",
    });
  }

  async comment(marker: string, body: string): Promise<void> {
    const number = /^refs\/pull\/(\d+)\//.exec(this.env.GITHUB_REF ?? "")?.[1];
    if (number === undefined) throw new UserError("GITHUB_REF is no pull request's: run this on pull_request events.");
    const room = `/repos/${this.repository}/issues`;
    const known = (await this.api.all(`${room}/${number}/comments`, row)).find((each) => each.body?.includes(marker));
    if (known) await this.api.send("PATCH", `${room}/comments/${known.id}`, { body });
    else await this.api.send("POST", `${room}/${number}/comments`, { body });
  }

  private async find(marker: string): Promise<number | undefined> {
    const open = await this.api.all(`/repos/${this.repository}/issues?state=open&labels=${label}`, issueRow);
    return open.find(({ body }) => body?.includes(marker))?.number;
  }

  async openIssue(marker: string, title: string, body: string): Promise<void> {
    const number = await this.find(marker);
    const room = `/repos/${this.repository}/issues`;
    if (number === undefined) await this.api.send("POST", room, { title, body, labels: [label] });
    else await this.api.send("PATCH", `${room}/${number}`, { title, body });
  }

  async closeIssue(marker: string, why: string): Promise<void> {
    const number = await this.find(marker);
    if (number === undefined) return;
    const room = `/repos/${this.repository}/issues/${number}`;
    await this.api.send("POST", `${room}/comments`, { body: why });
    await this.api.send("PATCH", room, { state: "closed", state_reason: "completed" });
  }
}

class GitLab implements CodeHost {
  private readonly api: Api;
  private readonly room: string;

  constructor(private readonly env: Environment) {
    const token = required(env, "GITLAB_TOKEN", "make a project access token with the scope api, and set it there");
    this.room = `/projects/${required(env, "CI_PROJECT_ID", "GitLab's runner sets it")}`;
    this.api = new Api(required(env, "CI_API_V4_URL", "GitLab's runner sets it"), { "PRIVATE-TOKEN": token });
  }

  async comment(marker: string, body: string): Promise<void> {
    const number = required(this.env, "CI_MERGE_REQUEST_IID", "run this in merge request pipelines");
    const room = `${this.room}/merge_requests/${number}/notes`;
    const known = (await this.api.all(room, note)).find((each) => each.body.includes(marker));
    if (known) await this.api.send("PUT", `${room}/${known.id}`, { body });
    else await this.api.send("POST", room, { body });
  }

  private async find(marker: string): Promise<number | undefined> {
    const open = await this.api.all(`${this.room}/issues?state=opened&labels=${label}`, ticket);
    return open.find(({ description }) => description?.includes(marker))?.iid;
  }

  async openIssue(marker: string, title: string, description: string): Promise<void> {
    const number = await this.find(marker);
    if (number === undefined) await this.api.send("POST", `${this.room}/issues`, { title, description, labels: label });
    else await this.api.send("PUT", `${this.room}/issues/${number}`, { title, description });
  }

  async closeIssue(marker: string, why: string): Promise<void> {
    const number = await this.find(marker);
    if (number === undefined) return;
    await this.api.send("POST", `${this.room}/issues/${number}/notes`, { body: why });
    await this.api.send("PUT", `${this.room}/issues/${number}`, { state_event: "close" });
  }
}

/** The one that this pipeline belongs to; nothing outside of a pipeline. */
export function codeHostOf(env: Environment): CodeHost | undefined {
  if (env.GITHUB_ACTIONS === "true") return new GitHub(env);
  if (env.GITLAB_CI === "true") return new GitLab(env);
  return undefined;
}
