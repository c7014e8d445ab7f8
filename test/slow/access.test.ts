import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { commandLines, killTree } from "../../cli/processes";
import { pulumiFolder } from "../../cli/pulumi";
import { accessGrants, accessPermissions } from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { seedWith, TestSystems } from "../harness/systems";

// What happens to access over time, and when something goes wrong, by the real CLI.

type Values = Record<string, unknown>;

describe("access", () => {
  let systems: TestSystems;
  afterEach(() => systems.close());

  /** A stack of a file, by a token with the documented rights. */
  async function open(file: Values, more: Values = {}, env: NodeJS.ProcessEnv = {}) {
    systems = await TestSystems.open(seedWith("- { name: one, interfaces: [{ name: net0, vlan: 71 }] }"));
    const path = join(systems.folder, "access.yml");
    const write = (content: Values) => writeFileSync(path, stringify(content));
    write(file);
    const reach = await systems.reachAs("access", accessGrants, accessPermissions);
    const stack = new Stack({
      cli: await pulumiFolder(),
      name: "access",
      folder: join(systems.folder, "access"),
      secrets: {},
      config: systems.config({ program: "access", access: { file: path, ...more } }),
      env: { ...labEnvironment(reach), ...env },
    });
    await stack.init();
    return { stack, write, users: access().users };
  }
  const access = () =>
    (systems.lab.proxmox.get("pve-lab") ?? expect.unreachable("the seed has that cluster")).cluster.access;
  const tokensOf = (userid: string) => [...(access().users.get(userid)?.tokens.keys() ?? [])];
  const robot = (more: Values = {}) => ({
    token_setup: [{ name: "ci", ugid: "robot@pve", role: "PVEAuditor", paths: ["/vms"], ...more }],
  });

  it("takes over from a token that was there before, which goes on for the overlap", async () => {
    const { stack, write } = await open(robot({ overlap: "1m" }));
    await systems.clients.proxmox("POST", "/access/users", { userid: "robot@pve", comment: "a person's" });
    await systems.clients.proxmox("POST", "/access/users/robot@pve/token/ci", { comment: "a person's" });
    const first = await stack.up();
    expect(first.errors).toEqual([]);
    expect(first.output).toContain(
      "ci-b takes over from ci in this run, since it is there, and its secret is not known here",
    );
    expect(tokensOf("robot@pve")).toEqual(["ci", "ci-b"]);
    expect((await stack.up("--expect-no-changes")).errors).toEqual([]);
    await sleep(61_000);
    const later = await stack.up();
    expect(later.errors).toEqual([]);
    expect(tokensOf("robot@pve")).toEqual(["ci-b"]);
    // What people made stays when the stack goes, and as it was.
    write({ users: {} });
    expect((await stack.up()).errors).toEqual([]);
    expect(tokensOf("robot@pve")).toEqual([]);
    expect(access().users.get("robot@pve")?.details.comment).toBe("a person's");
  });

  it("keeps the last token as long as a place has not got the new one", async () => {
    const sinks = [{ vault: "ci/robot" }];
    const at = { vault: { address: "http://127.0.0.1:9" } };
    const { stack, write } = await open(robot({ overlap: "0m" }), at, { VAULT_TOKEN: "hvs.nobody" });
    expect((await stack.up()).errors).toEqual([]);
    write(robot({ overlap: "0m", rotation: 1, sinks }));
    const failed = await stack.up();
    expect(failed.errors.join()).toMatch(
      /Unable to reach the secret secret\/ci\/robot: .*check access\.vault\.address/,
    );
    expect(tokensOf("robot@pve")).toEqual(["ci", "ci-b"]);
    const again = await stack.up();
    expect(again.code).not.toBe(0);
    expect(tokensOf("robot@pve")).toEqual(["ci", "ci-b"]); // its time is over, and it is still needed
    write(robot({ overlap: "0m", rotation: 1 }));
    expect((await stack.up()).errors).toEqual([]);
    expect(tokensOf("robot@pve")).toEqual(["ci-b"]);
  });

  it("goes on after a run that was killed, without a token too many", async () => {
    const { stack } = await open(robot());
    systems.lab.setLatency({ proxmox: 150 });
    const { pid, done } = stack.start("up", ["--yes", "--skip-preview"]);
    while (!systems.lab.log.calls.some(({ method, path }) => method === "POST" && path.includes("/token/")))
      await sleep(5);
    killTree(pid);
    await done;
    stack.clearDeadLocks();
    systems.lab.setLatency({ proxmox: 0 });
    const again = await stack.up();
    expect(again.errors).toEqual([]);
    // Whether its answer was written down or not: the current one's secret is known.
    const { credentials } = (await stack.outputs("--show-secrets")) as { credentials: Record<string, string> };
    const [id = "", secret] = (credentials["pve-lab/robot@pve!ci"] ?? "").split("=");
    expect(
      access()
        .users.get("robot@pve")
        ?.tokens.get(id.split("!")[1] ?? "")?.secret,
    ).toBe(secret);
    expect((await stack.up("--expect-no-changes")).errors).toEqual([]);
    expect((await stack.destroy()).errors).toEqual([]);
  });

  it("never takes the rights of the credential that runs it, in a plan or on destroy", async () => {
    systems = await TestSystems.open(seedWith("[]"));
    const path = join(systems.folder, "access.yml");
    // The program's own user, made by an administrator's stack.
    const own = { programs: { access: { netbox: false } } };
    writeFileSync(path, stringify(own));
    const config = systems.config({ program: "access", access: { file: path } });
    const options = {
      cli: await pulumiFolder(),
      name: "own",
      folder: join(systems.folder, "own"),
      config,
      secrets: {},
    };
    const administrator = new Stack({ ...options, env: labEnvironment(systems.endpoints) });
    await administrator.init();
    expect((await administrator.up()).errors).toEqual([]);
    const { credentials } = (await administrator.outputs("--show-secrets")) as { credentials: Record<string, string> };
    const PROXMOX_VE_API_TOKEN = credentials["pve-lab/netbox-access@pve!access"];
    const env = {
      ...labEnvironment(systems.endpoints),
      PROXMOX_VE_API_TOKEN,
      PROXMOX_VE_API_TOKEN_PVE_LAB: PROXMOX_VE_API_TOKEN,
    };
    const itself = new Stack({ ...options, env });
    expect((await itself.up("--expect-no-changes")).errors).toEqual([]); // its rights are enough for itself
    writeFileSync(path, stringify({ users: {} }));
    const refused = await itself.preview();
    expect(refused.errors.join()).toMatch(
      /netbox-access@pve!access, with which this stack works on pve-lab, would lose/,
    );
    writeFileSync(path, stringify(own));
    const destroyed = await itself.destroy();
    expect(destroyed.errors.join()).toMatch(
      /Refused to delete (token|ACL entry) netbox-access@pve|Refused to delete ACL entry/,
    );
    expect((await itself.up()).errors).toEqual([]);
    expect((await administrator.destroy()).errors).toEqual([]);
    expect([...access().users.keys()].sort()).toEqual(["pulumi@pve", "root@pam"]);
  });

  it("gives a program of this project what it needs: the site's guests are built with its tokens", async () => {
    const { stack } = await open({ programs: { site: {} } });
    expect((await stack.up()).errors).toEqual([]);
    const { credentials } = (await stack.outputs("--show-secrets")) as { credentials: Record<string, string> };
    const proxmox = credentials["pve-lab/netbox-site@pve!site"] ?? "";
    const env = { NETBOX_API_TOKEN: credentials["NetBox/netbox-site/site"], PROXMOX_VE_API_TOKEN_PVE_LAB: proxmox };
    const config = { site: { protect: false } };
    const site = new Stack({
      cli: await pulumiFolder(),
      name: "site",
      folder: join(systems.folder, "site"),
      secrets: {},
      config: systems.config(config),
      env,
    });
    await site.init();
    expect((await site.up()).errors).toEqual([]);
    expect((await systems.ourGuests()).map(({ name }) => name)).toEqual(["one"]);
    expect((await site.destroy()).errors).toEqual([]);
    expect((await stack.destroy()).errors).toEqual([]);
  });

  it("tells a scheduled job of tokens that are due, expire or have expired, and when each was used", async () => {
    const { stack } = await open(robot({ rotateAfter: "30d", expire: "60d" }));
    expect((await stack.up()).errors).toEqual([]);
    const tokens = (...more: string[]) => runOps(["tokens", ...stack.reach.args, ...more], stack.reach.env);
    expect((await tokens()).code).toBe(0);
    const soon = Math.floor(Date.now() / 1000) + 86_400;
    await systems.clients.proxmox("POST", "/access/users/robot@pve/token/person", { expire: soon });
    const expiring = await tokens();
    expect(expiring.code).toBe(3);
    expect(expiring.out).toMatch(/pve-lab\/robot@pve!person +expiring +unknown +in 2[34] h/);
    expect(expiring.out).toMatch(/1 of \d+ needs care: pve-lab\/robot@pve!person \(expiring\)/);
    expect((await tokens("--within", "1h")).code).toBe(0);
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu/9000/clone", { newid: 777, full: 1 });
    const used = JSON.parse((await tokens("--usage", "--json", "--within", "1h")).out) as {
      token: string;
      lastUsed?: number;
    }[];
    const last = (token: string) => used.find((each) => each.token === token)?.lastUsed;
    expect(last("pve-lab/pulumi@pve!lab")).toBeGreaterThan(soon - 86_400 - 600);
    expect(last("pve-lab/robot@pve!ci")).toBeUndefined();
    expect(used.find(({ token }) => token.startsWith("NetBox/access/"))?.lastUsed).toBeDefined();
    expect((await runOps(["tokens", "--within", "soon"], {})).err).toMatch(
      /--within soon: write minutes, hours or days/,
    );
    expect((await stack.destroy()).errors.join()).toBe("");
  });

  it("shows no secret in logs, plans, arguments or messages, however much is logged", async () => {
    const sinks = [
      { file: join(tmpdir(), `netbox-proxmox-sink-${process.pid}.json`) },
      { stack: "access", key: "netbox-proxmox:passwords.own", project: "FOLDER" },
    ];
    const file = (rotation: number) => ({
      ...robot({ rotation, sinks: [sinks[0], { ...sinks[1], project: join(systems.folder, "access") }] }),
      users: { "jane@pve": { generatePassword: true } },
      netbox: { users: { anna: {} }, tokens: [{ name: "reports", user: "anna", rotation }] },
    });
    const { stack, write } = await open({}, {}, { PULUMI_EXPERIMENTAL: "true" });
    const said: string[] = [];
    const secrets = new Set<string>();
    const watched = async (command: string, ...args: string[]) => {
      const { pid, done } = stack.start(command, args);
      let isOver = false;
      const looking = (async () => {
        while (!isOver) {
          said.push(commandLines(pid));
          await sleep(50);
        }
      })();
      const run = await done;
      isOver = true;
      await looking;
      said.push(run.output);
      return run;
    };
    // From -v=9 on the engine's own log prints every answer, secret or not: the wrapper refuses that for this program.
    const verbose = ["--logtostderr", "-v=8", "--debug"];
    for (const rotation of [0, 1]) {
      write(file(rotation));
      expect(
        (await watched("preview", "--diff", "--save-plan", join(systems.folder, "access", "plan.json"), ...verbose))
          .code,
      ).toBe(0);
      expect((await watched("up", "--yes", "--skip-preview", "--diff", ...verbose)).errors).toEqual([]);
      const shown = (await stack.outputs("--show-secrets")) as {
        credentials: Record<string, string>;
        passwords: Record<string, string>;
      };
      for (const each of [...Object.values(shown.credentials), ...Object.values(shown.passwords)])
        secrets.add(each.slice(Math.max(each.indexOf("="), each.indexOf(".")) + 1));
    }
    // Something that fails in the middle.
    systems.lab.set({ setup: "call", system: "proxmox", call: "PUT .*", how: "status", status: 500, times: 9 });
    systems.lab.set({ setup: "call", system: "netbox", call: "PATCH .*", how: "status", status: 500, times: 9 });
    write(file(2));
    expect((await watched("up", "--yes", "--skip-preview", "--refresh", ...verbose)).code).not.toBe(0);
    systems.lab.set({ setup: "clear" });
    expect((await watched("destroy", "--yes", "--skip-preview", "--run-program", ...verbose)).code).toBe(0);
    expect(secrets.size).toBe(5);
    const kept = readdirSync(join(systems.folder, "access"), { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => ({ name, text: readFileSync(join(parentPath, name), "latin1") }));
    const log = { name: "the lab's log", text: JSON.stringify(systems.lab.log.calls) };
    const heard = said.map((text, n) => ({ name: `output or processes ${n}`, text }));
    const hits = [...kept, log, ...heard].flatMap(({ name, text }) =>
      [...secrets].flatMap((secret) =>
        text.includes(secret)
          ? [
              `${name}: ${text
                .split("\n")
                .find((line) => line.includes(secret))
                ?.slice(0, 160)}`,
            ]
          : [],
      ),
    );
    expect([...new Set(hits)].slice(0, 20)).toEqual([]);
  }, 240_000);

  it("says what is wrong with its file and its settings", async () => {
    const { stack, write } = await open({ token_setup: [{ name: "ci", ugid: "robot@nowhere", rol: "x" }] });
    expect((await stack.preview()).errors.join()).toMatch(
      /access\.yml has a mistake:\s+.*access\.yml:4:10: token_setup\.0\.rol is no key here/,
    );
    write({ token_setup: [{ name: "ci", ugid: "robot@nowhere" }], roles: { R: { privileges: ["VM.Monitor"] } } });
    const two = (await stack.preview()).errors.join();
    expect(two).toMatch(/Nothing was changed, since .*access\.yml has 2 mistakes/);
    expect(two).toMatch(/has no realm nowhere/);
    expect(two).toMatch(/VM\.Monitor is no privilege of Proxmox VE 9\.2\.11/);
    stack.configure(systems.config({ program: "access", access: { file: "/nonexistent.yml" } }));
    expect((await stack.preview()).errors.join()).toMatch(
      /There is no file \/nonexistent\.yml: write it \(docs\/access\.md\)/,
    );
    stack.configure(systems.config({ program: "access", access: { overlap: "long", vault: { address: "vault" } } }));
    const settings = (await stack.preview()).errors.join();
    expect(settings).toMatch(/netbox-proxmox:access\.overlap is wrong: write minutes, hours or days/);
    expect(settings).toMatch(/netbox-proxmox:access\.vault\.address is wrong: write a URL/);
    expect(existsSync(stack.stateFile)).toBe(true);
    expect(readFileSync(stack.stateFile, "utf8")).not.toContain("ProxmoxToken");
  });
});
