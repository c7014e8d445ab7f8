import { createHash, X509Certificate } from "node:crypto";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, type Dispatcher, request } from "undici";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { killTree } from "../../cli/processes";
import { pulumiFolder } from "../../cli/pulumi";
import { loadSeed } from "../../lab/netbox/load";
import { platformGrants } from "../../stacks/access/privileges";
import { readSettings } from "../../stacks/settings";
import { labEnvironment } from "../../tools/labstack";
import { Stack } from "../../tools/stack";
import { isReal, realServices } from "../harness/services";
import { demoSeed, seedWith, TestSystems } from "../harness/systems";

// NetBox's own containers by the real CLI. On the lab alone the containers are told what to do, and do nothing. With the real
// services they are real Debian machines, with real PostgreSQL, Valkey, nginx and NetBox from PyPI in them.

const minutes = isReal ? 25 : 2;

const template = "debian-12-standard_12.7-1_amd64.tar.zst";
const hour = { timeout: minutes * 60_000 };

describe("a stack from platform.yml", () => {
  let systems: TestSystems;
  let stack: Stack;
  let file: string;
  const wanted = {
    name: "netbox.lab.example",
    node: "pve1",
    template: `local:vztmpl/${template}`,
    storage: "local-lvm",
    networks: {
      backend: { vnet: "nbback", zone: "netbox", make: true, address: "127.30.0.1/24" },
      dmz: { bridge: "vmbr30", make: true },
    },
    dmz: { address: "127.30.1.13/24" },
    containers: { netbox: { vmid: 200 }, postgresql: { vmid: 201 }, valkey: { vmid: 202 }, nginx: { vmid: 203 } },
    ports: { postgresql: 18932, valkey: 18979, netbox: 18901, https: 18943, http: 18980 },
    netbox: {
      version: "4.7.2",
      plugins: { "netbox-plugin-dns": "1.7.3" } as Record<string, string | null>,
      pluginsConfig: {} as Record<string, unknown>,
      configuration: { TIME_ZONE: "Europe/Berlin", BANNER_LOGIN: `it's "x" \\ $(touch /pwned)\n{}` } as Record<
        string,
        unknown
      >,
      ...(isReal ? { restoreFrom: "/netbox.dump" } : {}),
      workers: 1,
    },
    protect: false,
    reaches: ["pve-lab"],
    discovery: { clusters: ["pve-lab"] },
    // What comes from a machine that shares its network has this address.
    databaseClients: ["127.0.0.1/32"],
  };
  const write = () => writeFileSync(file, stringify(wanted));
  const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
  const configOf = (vmid: number) => cluster().guests.get(vmid)?.shown(false) ?? {};
  const outputs = async () =>
    (await stack.outputs("--show-secrets")) as { url: string; token: string; certificate: string; discovery: object };
  /** The root of a container's machine. */
  const rootOf = (vmid: number) => join(systems.folder, "lab", "nodes", "pve-lab", "pve1", "containers", String(vmid));
  const given = () => systems.lab.hosts.find(({ node }) => node === "pve1")?.given ?? [];

  /** Through nginx, as the name that its certificate has. */
  async function ask(path: string, method: Dispatcher.HttpMethod = "GET", json?: unknown) {
    const { token, certificate } = await outputs();
    const agent = new Agent({ connect: { ca: certificate, servername: wanted.name } });
    try {
      const headers = { authorization: `Bearer ${token}`, host: wanted.name, "content-type": "application/json" };
      const { statusCode, body } = await request(`https://127.30.1.13:18943${path}`, {
        dispatcher: agent,
        method,
        headers,
        body: json === undefined ? null : JSON.stringify(json),
      });
      return { status: statusCode, body: await body.text() };
    } finally {
      await agent.close();
    }
  }

  beforeAll(async () => {
    const seed = seedWith("[]");
    systems = await TestSystems.open(seed, {}, "lab", isReal ? { debian: realServices().debian } : {});
    const reach = await systems.reachAs("platform", platformGrants, []);
    file = join(systems.folder, "platform.yml");
    write();
    const { ssh } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const { proxmox, netbox: _netbox, ...config } = systems.config({ program: "platform", platform: { file } });
    stack = new Stack({
      cli: await pulumiFolder(),
      name: "platform",
      folder: join(systems.folder, "platform"),
      secrets: {},
      config: { ...config, proxmox: { "pve-lab": { ...Object(Object(proxmox)["pve-lab"]), ssh } } },
      env: labEnvironment(reach),
    });
    await stack.init();
  });
  afterAll(() => systems.close(), 120_000);

  it("is built: networks, containers, firewalls, and what runs in them", hour, async () => {
    const preview = await stack.preview();
    expect(preview.errors).toEqual([]);
    if (isReal) {
      // Killed while NetBox is installed: what was cut off on the node goes on, and the next run waits for it.
      const { pid, done } = stack.start("up", ["--yes", "--skip-preview"]);
      await vi.waitFor(() => expect(existsSync(join(rootOf(200), "opt/netbox/venvs"))).toBe(true), 300_000);
      killTree(pid);
      await done;
      expect(stack.clearDeadLocks()).toBe(1);
      // The dump comes into the container once that is there, as `pct push` would bring it.
      const first = await stack.up();
      expect(first.errors.join()).toContain("there is no /netbox.dump in the container");
      copyFileSync(realServices().dump, join(rootOf(200), "netbox.dump"));
    }
    const made = await stack.up();
    expect(made.errors).toEqual([]);
    if (!isReal) expect(made.changes).toEqual(preview.changes);
    expect(configOf(201)).toMatchObject({
      hostname: "netbox-postgresql",
      onboot: 1,
      startup: "order=1,up=15",
      features: "nesting=1",
      unprivileged: 1,
      net0: expect.stringMatching(/bridge=nbback.*firewall=1.*gw=127.30.0.1.*ip=127.30.0.11\/24/),
      description: expect.stringContaining("from https://netbox.lab.example:18943/#postgresql"),
    });
    expect(configOf(203).net1).toMatch(/bridge=vmbr30.*ip=127.30.1.13\/24/);
    expect(cluster().firewall.guest(201).options).toMatchObject({ enable: 1, policy_in: "DROP" });
    expect(cluster().firewall.guest(201).rules).toMatchObject([
      { type: "in", action: "ACCEPT", proto: "tcp", source: "127.30.0.10", dport: "18932" },
      { source: "127.0.0.1/32" },
    ]);
    expect([...cluster().sdn.vnets.keys()]).toEqual(["nbback"]);
    expect(cluster().node("pve1").bridges).toContain("vmbr30");
    if (isReal) {
      const status = await ask("/api/status/");
      expect(status.status).toBe(200);
      expect(JSON.parse(status.body)).toMatchObject({ "netbox-version": "4.7.2", plugins: { netbox_dns: "1.7.3" } });
      expect((await ask("/static/netbox.css")).status).toBe(200);
      for (const vmid of [200, 201, 202, 203]) expect(existsSync(join(rootOf(vmid), "pwned"))).toBe(false);
    } else {
      const scripts = given().map(({ vmid, words }) => `${vmid} ${words.slice(4).join(" ")}`);
      expect(scripts.find((line) => line.includes("netbox==4.7.2 netbox-plugin-dns==1.7.3"))).toBeDefined();
    }
    // Its output is a discovery stack's configuration.
    const { discovery } = (await outputs()) as { discovery: Record<string, unknown> };
    const get = (key: string) => JSON.stringify(discovery[`netbox-proxmox:${key}`]);
    expect(readSettings({ get }, ["pve-lab"])).toMatchObject({
      value: { discovery: { readOnly: true, clusters: { "pve-lab": {} } } },
    });
    // No command line on the node or in a container holds a secret.
    const { token } = await outputs();
    const secret = token.split(".")[1] ?? "none";
    expect(JSON.stringify(given().map(({ words }) => words))).not.toContain(secret);
    expect(stack.exported()).not.toContain(secret);
    expect(made.output).not.toContain(secret);
  });

  it("changes nothing when it is run again, and has no drift", hour, async () => {
    const again = await stack.up("--expect-no-changes");
    expect(again.errors).toEqual([]);
    const refreshed = await stack.preview("--refresh", "--expect-no-changes");
    expect(refreshed.errors).toEqual([]);
  });

  it("is upgraded with plugins, after a back-up", hour, async () => {
    Object.assign(wanted.netbox, {
      version: "4.7.3",
      plugins: { "netbox-plugin-dns": null, "netbox-reorder-rack": null },
    });
    write();
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    if (!isReal) return;
    const status = await ask("/api/status/");
    expect(JSON.parse(status.body)).toMatchObject({
      "netbox-version": "4.7.3",
      plugins: { netbox_dns: "1.7.3", netbox_reorder_rack: "1.1.5" },
    });
    await stack.up("--expect-no-changes");
  });

  it("refuses a plugin without a release for it, with a clear word", async () => {
    wanted.netbox.plugins["netbox-secrets"] = null;
    write();
    const run = await stack.preview();
    expect(run.errors.join()).toContain(
      "netbox.plugins.netbox-secrets has no release for NetBox 4.7.3 that is known here",
    );
    delete wanted.netbox.plugins["netbox-secrets"];
    write();
  });

  it.runIf(isReal)("mends a file that somebody changed, and a service that somebody stopped", hour, async () => {
    const path = join(rootOf(200), "opt/netbox/conf/configuration.py");
    writeFileSync(path, "BROKEN = True\n");
    const run = await stack.up("--refresh");
    expect(run.errors).toEqual([]);
    expect((await ask("/api/status/")).status).toBe(200);
  });

  it.runIf(isReal)("is finished by the next run where an answer is lost, at any step", hour, async () => {
    wanted.netbox.configuration.BANNER_LOGIN = "another";
    write();
    for (const step of [3, 7, 10]) {
      let left = step;
      systems.lab.faults.watch = ({ system, body }, moment) =>
        system === "node" && moment === "done" && body.includes("cd /") && --left === 0 ? "drop" : undefined;
      const cut = await stack.up();
      systems.lab.faults.watch = undefined;
      expect(cut.errors.join()).toMatch(/connection to Node pve1 of pve-lab .* broke/);
    }
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect((await ask("/login/")).body).toContain("another");
  });

  it.runIf(isReal)("is what the site program works with", hour, async () => {
    const { url, token, certificate } = await outputs();
    expect(url).toBe("https://netbox.lab.example:18943");
    // What the demo's NetBox holds.
    await loadSeed(async (method, path, body) => {
      const answer = await ask(`/api/${path}`, z.enum(["GET", "POST", "PATCH"]).parse(method), body);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 300)}`);
      return answer.body === "" ? undefined : JSON.parse(answer.body);
    }, demoSeed());
    // Without the name in DNS it is reached by its address, and known by its certificate.
    const fingerprint = createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex");
    const site = await systems.stack({ netbox: { url: "https://127.30.1.13:18943", fingerprint } }, "site", {
      env: { NETBOX_API_TOKEN: token },
    });
    const preview = await site.preview();
    expect(preview.errors).toEqual([]);
    expect(preview.steps.filter(({ type, op }) => type === "ProxmoxVm" && op === "create").length).toBeGreaterThan(3);
  });

  it.runIf(isReal)("goes back to the version before, with the database of then", hour, async () => {
    Object.assign(wanted.netbox, { version: "4.7.2", plugins: { "netbox-plugin-dns": "1.7.3" } });
    write();
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect(JSON.parse((await ask("/api/status/")).body)).toMatchObject({ "netbox-version": "4.7.2" });
  });

  it("is destroyed, and leaves nothing", hour, async () => {
    const run = await stack.destroy();
    expect(run.errors).toEqual([]);
    expect([...cluster().guests.keys()].sort()).toEqual([100, 9000, 9001, 9100]);
    expect(cluster().sdn.zones.size + cluster().sdn.vnets.size + cluster().sdn.subnets.size).toBe(0);
    expect(cluster().node("pve1").bridges).not.toContain("vmbr30");
  });
});
