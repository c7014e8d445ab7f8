import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { pulumiFolder } from "../../cli/pulumi";
import { ProxmoxCluster } from "../../providers/proxmox/client";
import { accessGrants, accessPermissions } from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { seedWith, TestSystems } from "../harness/systems";

// The whole life of a token_setup.json by the real CLI: created, run again, extended, rotated with both tokens valid, destroyed;
// by a token with the documented rights.

interface TokenSetup {
  token_setup: Record<string, unknown>[];
  [section: string]: unknown;
}

describe("a stack from token_setup.json", () => {
  let systems: TestSystems;
  let stack: Stack;
  let file: string;
  let sink: string;
  const secrets = new Set<string>();
  const setup: TokenSetup = {
    token_setup: [
      {
        name: "netbox",
        ugid: "netbox@pve",
        role: "NetboxRole",
        comment: "NetBox",
        expire: 0,
        privsep: 1,
        privileges: ["VM.Audit", "VM.PowerMgmt"],
      },
    ],
  };
  const write = () => writeFileSync(file, file.endsWith(".json") ? JSON.stringify(setup) : stringify(setup));

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
    const reach = await systems.reachAs("access", accessGrants, accessPermissions);
    file = join(systems.folder, "token_setup.json");
    sink = join(systems.folder, "out");
    write();
    stack = new Stack({
      cli: await pulumiFolder(),
      name: "access",
      folder: join(systems.folder, "access"),
      secrets: {},
      config: systems.config({ program: "access", access: { file } }),
      env: labEnvironment(reach),
    });
    await stack.init();
  });
  afterAll(() => systems.close());

  /** A call to Proxmox VE with a token. @returns its status */
  async function statusWith(credential: string, path = "/version"): Promise<string> {
    const { url, caFile } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const settings = {
      url,
      token: credential,
      caFile,
      requestTimeout: 10,
      taskTimeout: 10,
      shutdownTimeout: 1,
      parallelClones: 1,
    };
    const cluster = new ProxmoxCluster("pve-lab", settings);
    try {
      return await cluster.get(path, z.unknown()).then(
        () => "ok",
        (error: unknown) => String(error).replace(/.*: (\d{3}) .*/s, "$1"),
      );
    } finally {
      await cluster.close();
    }
  }
  const outputs = async (...args: string[]) => {
    return (await stack.outputs(...args)) as {
      credentials: Record<string, string>;
      tokens: Record<string, { value: string; "full-tokenid": string; info: object }>;
      inventory: Record<string, { state: string; generation: number }>;
      audit: string[];
    };
  };
  const entry = "pve-lab/netbox@pve!netbox";
  /** The credential of the current token; every one that was shown is remembered. */
  async function credential(): Promise<string> {
    const shown = (await outputs("--show-secrets")).credentials[entry] ?? "";
    secrets.add(shown.slice(shown.indexOf("=") + 1));
    return shown;
  }

  it("is created, and changes nothing when it is run again", async () => {
    const preview = await stack.preview();
    expect(preview.errors).toEqual([]);
    expect(preview.output).toContain("would do: name them as paths");
    const made = await stack.up();
    expect(made.errors).toEqual([]);
    expect(made.changes).toEqual({ create: 6 });
    const { tokens } = await outputs("--show-secrets");
    expect(tokens[entry]).toEqual({
      "full-tokenid": "netbox@pve!netbox",
      info: { comment: "NetBox", expire: "0", privsep: "1" },
      value: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await statusWith(await credential(), "/nodes/pve1/qemu/9000/config")).toBe("ok");
    const hidden = await outputs();
    expect(hidden.credentials).toBe("[secret]");
    const again = await stack.up("--expect-no-changes");
    expect(again.errors).toEqual([]);
    expect(again.changes).toEqual({ same: 6 });
    const refreshed = await stack.preview("--refresh", "--expect-no-changes");
    expect(refreshed.errors).toEqual([]);
    expect(refreshed.code).toBe(0);
  });

  it("is extended: groups, scoped rights, a program of this project with NetBox, a place for the secret", async () => {
    file = join(systems.folder, "access.yml");
    stack.configure(systems.config({ program: "access", access: { file } }));
    Object.assign(setup.token_setup[0] ?? {}, {
      sinks: [{ file: join(sink, "netbox.json") }],
      overlap: "0m",
      paths: ["/vms"],
    });
    setup.groups = { robots: { comment: "Robots" } };
    setup.users = { "netbox@pve": { groups: ["robots"], comment: "NetBox's" } };
    setup.acl = [{ path: "/storage/local", role: "PVEDatastoreUser", group: "robots" }];
    setup.programs = { plan: { netboxSinks: [{ env: join(sink, ".env"), variable: "NETBOX_API_TOKEN" }] } };
    write();
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect(
      run.steps
        .filter(({ op }) => op === "delete")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["pve-lab/acl/NetboxRole/token/netbox@pve!netbox", "pve-lab/acl/NetboxRole/user/netbox@pve"]);
    const held = JSON.parse(readFileSync(join(sink, "netbox.json"), "utf8")) as { value: string };
    expect(held.value).toBe((await outputs("--show-secrets")).tokens[entry]?.value);
    const line = readFileSync(join(sink, ".env"), "utf8");
    const token = /^NETBOX_API_TOKEN=(nbt_\S+)$/m.exec(line)?.[1] ?? "";
    secrets.add(token);
    secrets.add(token.split(".")[1] ?? "");
    const answer = await fetch(`${systems.endpoints.netbox.url}/api/virtualization/virtual-machines/?limit=1`, {
      headers: { Authorization: `Bearer ${token}`, Connection: "close" },
    });
    expect(answer.status).toBe(200);
    expect((await stack.up("--expect-no-changes")).errors).toEqual([]);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("is rotated: both tokens are valid, then the old one goes", async () => {
    const old = await credential();
    Object.assign(setup.token_setup[0] ?? {}, { rotation: 1 });
    write();
    const preview = await stack.preview();
    expect(preview.output).toContain(
      "netbox-b takes over from netbox in this run, since its rotation counter was changed",
    );
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect(run.steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual(
      preview.steps.map(({ op, name }) => `${op} ${name}`).sort(),
    );
    const next = await credential();
    expect(next).toMatch(/^netbox@pve!netbox-b=/);
    expect([await statusWith(old), await statusWith(next)]).toEqual(["ok", "ok"]);
    expect(readFileSync(join(sink, "netbox.json"), "utf8")).toContain(next.split("=")[1]);
    const listed = await runOps(["tokens", ...stack.reach.args, "--usage"], stack.reach.env);
    expect(listed.err).toBe("");
    expect(listed.out).toMatch(/pve-lab\/netbox@pve!netbox\s+overlapping/);
    expect(listed.out).toMatch(
      /pve-lab\/netbox@pve!netbox-b\s+current\s+\d+ min ago\s+never .*VM\.Audit, VM\.PowerMgmt on \/vms/,
    );
    expect(listed.code).toBe(0);
    const after = await stack.up();
    expect(after.changes).toMatchObject({ delete: 2 });
    expect([await statusWith(old), await statusWith(next)]).toEqual(["401", "ok"]);
    const { audit } = await outputs();
    expect(
      audit.find((line) => line.includes("rotated pve-lab token netbox@pve!netbox-b (generation 1)")),
    ).toBeDefined();
    expect(audit.at(-1)).toContain("taken away pve-lab token netbox@pve!netbox");
  });

  it("leaves no secret in the clear: in no state, plan, log, history or message, and takes all away", async () => {
    const gone = await stack.destroy();
    expect(gone.errors).toEqual([]);
    const { access } = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    expect([...access.users.keys()].sort()).toEqual(["pulumi@pve", "root@pam"]);
    expect([...access.roles.keys()].filter((name) => /^Netbox/.test(name))).toEqual([]);
    expect(access.acl.filter(({ ugid }) => !ugid.startsWith("pulumi@pve"))).toEqual([]);
    expect(readdirSync(sink)).toEqual([]);
    expect(await systems.clients.all("users/users", "&username=netbox-plan")).toEqual([]);
    const kept = readdirSync(join(systems.folder, "access"), { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"));
    expect(secrets.size).toBe(4);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(kept.filter((text) => text.includes(secret)).length).toBe(0);
    }
  });
});
