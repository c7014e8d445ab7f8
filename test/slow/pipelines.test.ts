import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { pulumiFolder } from "../../cli/pulumi";
import { planGrants, planPermissions } from "../../stacks/access/privileges";
import { zonesOf } from "../../tools/labstack";
import { projectRoot } from "../../tools/root";
import { limitedNetboxToken, limitedToken } from "../harness/rights";
import { seedWith, TestSystems } from "../harness/systems";

// The steps of examples/github/ and examples/gitlab/, run as their runners would, in a fresh checkout, against the lab.

const root = projectRoot();
type Variables = Record<string, string>;

interface Job {
  strategy?: { matrix: { stack: string } };
  environment?: string;
  concurrency?: { group: string };
  steps: { name?: string; run?: string; env?: Variables }[];
}

/** A host of comments and issues, as far as pipelines use it: GitHub's and GitLab's paths over the same rows. */
class FakeCodeHost {
  readonly comments: { id: number; body: string }[] = [];
  readonly issues: { number: number; title: string; body: string; isOpen: boolean }[] = [];
  readonly tokens = new Set<string>();
  private readonly server: Server;

  constructor() {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const { authorization, "private-token": token } = request.headers;
      this.tokens.add(String(authorization ?? token));
      const sent = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Variables) : {};
      const answer = this.answer(`${request.method} ${(request.url ?? "").replace(/\?.*/, "")}`, sent);
      response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? { message: "Not Found" }));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(call: string, sent: Variables): unknown {
    const body = sent.body ?? sent.description ?? "";
    const shown = () =>
      this.issues.filter(({ isOpen }) => isOpen).map((each) => ({ ...each, iid: each.number, description: each.body }));
    if (/^GET .*\/(issues\/7\/comments|merge_requests\/7\/notes)$/.test(call)) return this.comments;
    if (/^POST .*\/(issues\/7\/comments|merge_requests\/7\/notes)$/.test(call))
      return this.comments.push({ id: this.comments.length + 1, body });
    const comment = /^(?:PATCH|PUT) .*\/(?:comments|notes)\/(\d+)$/.exec(call)?.[1];
    if (comment !== undefined) return Object.assign(this.comments[Number(comment) - 1] ?? {}, { body });
    if (/^GET .*\/issues$/.test(call)) return shown();
    if (/^POST .*\/issues$/.test(call))
      return this.issues.push({ number: this.issues.length + 101, title: sent.title ?? "", body, isOpen: true });
    if (/^POST .*\/issues\/\d+\/(comments|notes)$/.test(call)) return {};
    const issue = this.issues.find(({ number }) => call.endsWith(`/issues/${number}`));
    if (issue === undefined) return undefined;
    if (sent.state === "closed" || sent.state_event === "close") issue.isOpen = false;
    return Object.assign(issue, body === "" ? {} : { body });
  }
}

function bash(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    // As GitHub's runner starts it.
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

describe("in pipelines", () => {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-pipelines-"));
  const checkout = join(folder, "checkout");
  let systems: TestSystems;
  let github: FakeCodeHost;
  let gitlab: FakeCodeHost;
  let urls: { github: string; gitlab: string };
  let secrets: Variables;
  /** What the jobs that only look have instead: tokens that may do nothing else. */
  let plan: Variables;
  let runner: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const guests = [1, 2].map(
      (n) =>
        `- { name: w${n}, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, addresses: [10.71.0.${n + 20}/24] }] }`,
    );
    systems = await TestSystems.open(seedWith(guests.join("\n")));
    [github, gitlab] = [new FakeCodeHost(), new FakeCodeHost()];
    urls = { github: await github.listen(), gitlab: await gitlab.listen() };
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" });
    for (const file of files.trim().split("\n")) {
      mkdirSync(dirname(join(checkout, file)), { recursive: true });
      cpSync(join(root, file), join(checkout, file));
    }
    rmSync(join(checkout, "Pulumi.dev.yaml"));
    // What a user commits: the stack's file without secrets. The ssh key is one of them.
    const config = systems.config();
    const { ns1 } = config.bind9 as { ns1: { keyFile: string } };
    const key = readFileSync(ns1.keyFile, "utf8");
    mkdirSync(join(folder, "state"));
    secrets = {
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "the-passphrase-of-the-pipeline",
      NETBOX_API_TOKEN: systems.reach.netbox.token,
      PROXMOX_VE_API_TOKEN: Object.values(systems.reach.proxmox)[0]?.token ?? "",
      BIND9_SSH_KEY: key.trim(),
    };
    plan = {
      NETBOX_API_TOKEN: await limitedNetboxToken(systems.clients, planPermissions, "plan"),
      PROXMOX_VE_API_TOKEN: limitedToken(systems.lab, planGrants, "plan"),
    };
    const bind9 = { ns1: Object.fromEntries(Object.entries(ns1).filter(([name]) => name !== "keyFile")) };
    const all = Object.entries({ ...config, bind9 }).map(([name, value]) => [`netbox-proxmox:${name}`, value]);
    writeFileSync(join(checkout, "Pulumi.prod.yaml"), stringify({ config: Object.fromEntries(all) }));
    expect(zonesOf(systems.lab.seed).length).toBeGreaterThan(0);
    const { PATH, HOME, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH } = process.env;
    runner = { PATH: `${await pulumiFolder()}:${PATH}`, HOME, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH, CI: "true" };
    const made = await bash("pulumi stack init prod", checkout, { ...runner, ...secrets });
    expect(made.code, made.output).toBe(0);
  }, 120_000);
  afterAll(async () => {
    github.close();
    gitlab.close();
    await systems.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const of = (job: string): Variables => (job === "up" ? secrets : { ...secrets, ...plan });
  const workflow = (name: string): Job => {
    const text = readFileSync(join(root, "examples", "github", `${name}.yml`), "utf8");
    const { jobs } = parse(text) as { jobs: Record<string, Job> };
    const job = jobs[name];
    if (job === undefined) throw new Error(`${name}.yml has no job ${name}`);
    return job;
  };

  /** What only installs and builds is done once: every job does the same in a checkout of its own. */
  const installed = new Set<string>();
  const isDone = (script: string) => {
    if (!/^npm (ci|run build)/.test(script)) return false;
    const before = installed.has(script);
    installed.add(script);
    return before;
  };

  /** Every `run` step of a workflow's job, with what its expressions stand for. */
  async function runWorkflow(name: string): Promise<{ code: number; output: string }> {
    const values: Variables = {
      "matrix.stack": "prod",
      "github.token": "ghs_token-of-the-job",
      ...Object.fromEntries(Object.entries(of(name)).map(([key, value]) => [`secrets.${key}`, value])),
    };
    const filled = (text: string) =>
      text.replace(/\$\{\{ ([\w.]+) \}\}/g, (_all, expression: string) => {
        const value = values[expression];
        if (value === undefined) throw new Error(`nothing is known of ${expression}`);
        return value;
      });
    let output = "";
    for (const { run, env = {} } of workflow(name).steps) {
      if (run === undefined || isDone(run)) continue;
      const own = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, filled(value)]));
      const github = {
        GITHUB_ACTIONS: "true",
        GITHUB_API_URL: urls.github,
        GITHUB_REPOSITORY: "acme/site",
        GITHUB_REF: "refs/pull/7/merge",
      };
      const ended = await bash(filled(run), checkout, { ...runner, ...github, ...own });
      output += ended.output;
      if (ended.code !== 0) return { code: ended.code, output };
    }
    return { code: 0, output };
  }

  /** A job of gitlab-ci.yml: its before_script and script in one shell. */
  async function runGitLab(name: string): Promise<{ code: number; output: string }> {
    const file = parse(readFileSync(join(root, "examples", "gitlab", "gitlab-ci.yml"), "utf8"), {
      merge: true,
    }) as Record<string, { script?: string[]; before_script?: string[] }>;
    const lines = [...(file.default?.before_script ?? []), ...(file[name]?.script ?? [])].filter(
      (line) => !isDone(line),
    );
    const variables = {
      ...of(name),
      GITLAB_CI: "true",
      CI_API_V4_URL: urls.gitlab,
      CI_PROJECT_ID: "12",
      CI_MERGE_REQUEST_IID: "7",
      GITLAB_TOKEN: "glpat-token-of-the-project",
      STACK: "prod",
    };
    return bash(lines.join("\n"), checkout, { ...runner, ...variables });
  }

  const noSecret = (text: string) => {
    for (const [name, secret] of [...Object.entries(secrets), ...Object.entries(plan)])
      if (name !== "PULUMI_BACKEND_URL") expect(text.includes(secret), `${name} is shown`).toBe(false);
  };

  it("a pull request gets its plan as one comment, and the merge makes it so", { timeout: 400_000 }, async () => {
    const first = await runWorkflow("preview");
    expect(first.code, first.output).toBe(0);
    expect(github.comments).toHaveLength(1);
    const [comment] = github.comments;
    expect(comment?.body).toMatch(
      /^<!-- netbox-proxmox preview of prod -->\n\n### Plan of netbox-proxmox\/prod.*\n\n\*\*\d+ to create/,
    );
    expect(comment?.body).toContain("w1");
    expect((await runWorkflow("preview")).code).toBe(0);
    expect(github.comments).toHaveLength(1);
    expect(await systems.ourGuests()).toEqual([]);

    const up = await runWorkflow("up");
    expect(up.code, up.output).toBe(0);
    expect((await systems.ourGuests()).map(({ name, status }) => `${name} ${status}`)).toEqual([
      "w1 running",
      "w2 running",
    ]);
    expect((await runWorkflow("preview")).code).toBe(0);
    expect(github.comments[0]?.body).toContain("**No changes**");
    noSecret(JSON.stringify(github.comments) + first.output + up.output);
  });

  it("a plan that can't be made is told on the pull request, and fails", { timeout: 400_000 }, async () => {
    const ids = ["w1", "w2"].map((name) => systems.lab.guestIds.get(name));
    const give = (memory: number) =>
      Promise.all(
        ids.map((id) => systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory })),
      );
    // One alone would be left out; all are as if NetBox were read wrongly.
    await give(1);
    const refused = await runWorkflow("preview");
    expect(refused.code).not.toBe(0);
    expect(github.comments[0]?.body).toMatch(/### prod: can't be planned/);
    expect(github.comments[0]?.body).toMatch(/w1 \(\S+\): 1 MB of memory are less than PVE takes/);
    await give(512);
  });

  it("drift opens one issue, and its end closes it", { timeout: 400_000 }, async () => {
    const quiet = await runWorkflow("drift");
    expect(quiet.code, quiet.output).toBe(0);
    expect(github.issues).toEqual([]);
    const vm = (await systems.ourGuests())[0];
    const path = `/nodes/${vm?.node}/qemu/${vm?.vmid}/config`;
    await systems.clients.proxmox("PUT", path, { memory: 1024 });
    for (let n = 0; n < 2; n++) expect((await runWorkflow("drift")).code).toBe(0);
    expect(github.issues).toEqual([
      expect.objectContaining({
        title: "Drift of prod",
        isOpen: true,
        body: expect.stringMatching(/memory 1024 → 512/),
      }),
    ]);
    await systems.clients.proxmox("PUT", path, { memory: 512 });
    expect((await runWorkflow("drift")).code).toBe(0);
    expect(github.issues.map(({ isOpen }) => isOpen)).toEqual([false]);
    expect([...github.tokens]).toEqual(["Bearer ghs_token-of-the-job"]);
  });

  it("GitLab does the same", { timeout: 400_000 }, async () => {
    const id = systems.lab.guestIds.get("w2");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory: 768 });
    const preview = await runGitLab("preview");
    expect(preview.code, preview.output).toBe(0);
    expect(gitlab.comments).toHaveLength(1);
    expect(gitlab.comments[0]?.body).toContain("memory 512 → 768");
    const up = await runGitLab("up");
    expect(up.code, up.output).toBe(0);
    const vm = (await systems.ourGuests())[1];
    expect(vm?.config.memory).toBe("768");
    await systems.clients.proxmox("PUT", `/nodes/${vm?.node}/qemu/${vm?.vmid}/config`, { name: "changed" });
    expect((await runGitLab("drift")).code).toBe(0);
    expect(gitlab.issues.map(({ title, isOpen }) => `${title} ${isOpen}`)).toEqual(["Drift of prod true"]);
    expect([...gitlab.tokens]).toEqual(["glpat-token-of-the-project"]);
    noSecret(JSON.stringify([gitlab.comments, gitlab.issues]) + preview.output + up.output);
  });

  it("every job of a stack has a group of its own, and only the steps that need secrets have them", () => {
    for (const name of ["preview", "up", "drift"]) {
      const { concurrency, environment, steps } = workflow(name);
      expect(concurrency?.group).toMatch(/\{\{ matrix.stack \}\}/);
      expect(environment).toMatch(/\{\{ matrix.stack \}\}/);
      for (const { run, env = {} } of steps)
        if (/npm ci/.test(run ?? "")) expect(Object.values(env).filter((value) => /secrets/.test(value))).toEqual([]);
    }
  });
});
