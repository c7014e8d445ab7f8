import { setTimeout as sleep } from "node:timers/promises";
import type { TestSystems } from "./systems";

/** A branch of NetBox, as a person works with it through the API. */
export class TestBranch {
  constructor(
    private readonly systems: TestSystems,
    readonly id: number,
    readonly schemaId: string,
    readonly name: string,
  ) {}

  /** Makes one and waits until it is ready. */
  static async make(systems: TestSystems, name: string, description = ""): Promise<TestBranch> {
    const made = await call(systems, "POST", "plugins/branching/branches/", { body: { name, description } });
    if (made.status !== 201) throw new Error(made.text);
    const { id, schema_id: schemaId } = JSON.parse(made.text) as { id: number; schema_id: string };
    const branch = new TestBranch(systems, id, schemaId, name);
    await branch.until("ready");
    return branch;
  }

  call(method: string, path: string, body?: unknown): Promise<BranchAnswer> {
    return call(this.systems, method, path, { body, branch: this.schemaId });
  }

  async write<T>(method: string, path: string, body: unknown): Promise<T> {
    const { status, text } = await this.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} in ${this.name}: ${status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async list<T>(path: string): Promise<T[]> {
    const { status, text } = await this.call("GET", path);
    if (status >= 300) throw new Error(`GET ${path} in ${this.name}: ${status} ${text}`);
    return (JSON.parse(text) as { results: T[] }).results;
  }

  private async state(): Promise<{ status: { value: string }; last_sync: string | null }> {
    const { text } = await call(this.systems, "GET", `plugins/branching/branches/${this.id}/`);
    return JSON.parse(text);
  }

  /** @param synced its last sync before: a job that hasn't begun leaves the status as it was */
  async until(status: string, synced?: string | null): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const {
        status: { value: now },
        last_sync: sync,
      } = await this.state();
      if (now === status && sync !== synced) return;
      if (now === "failed" || Date.now() > deadline) throw new Error(`the branch ${this.name} is ${now}`);
      await sleep(100);
    }
  }

  /** A job of it, to its end. */
  async act(action: "sync" | "merge", more: object = {}): Promise<void> {
    const { last_sync: synced } = await this.state();
    const asked = await call(this.systems, "POST", `plugins/branching/branches/${this.id}/${action}/`, {
      body: { commit: true, ...more },
    });
    if (asked.status !== 200) throw new Error(asked.text);
    if (action === "sync") await this.until("ready", synced);
    else await this.until("merged");
  }
}

export interface BranchAnswer {
  status: number;
  type: string;
  text: string;
}

/** One request to the systems' NetBox, as its administrator. */
export async function call(
  systems: TestSystems,
  method: string,
  path: string,
  { body, branch }: { body?: unknown; branch?: string } = {},
): Promise<BranchAnswer> {
  const { url, token } = systems.endpoints.netbox;
  const response = await fetch(`${url}/api/${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Connection: "close",
      ...(branch === undefined ? {} : { "X-NetBox-Branch": branch }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type") ?? "", text };
}
