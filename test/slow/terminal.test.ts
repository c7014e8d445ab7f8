import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commandLines } from "../../cli/processes";
import {
  guestGrants,
  guestPermissions,
  inventoryGrants,
  inventoryPermissions,
  opsGrants,
} from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { runOps } from "../harness/cli";
import { limitedToken } from "../harness/rights";
import { seedWith, TestSystems } from "../harness/systems";
import { onTerminal, opsOnTerminal } from "../harness/terminal";

const esc = "\u001b";

/** Two clusters with the same nodes and, in part, the same VMIDs. */
function twoClusters() {
  const seed = seedWith(`- { name: web1, status: active, customFields: { proxmox_vmid: "201" }, interfaces: [] }
- { name: web2, status: active, cluster: pve-b, customFields: { proxmox_vmid: "201" }, interfaces: [] }`);
  const first = seed.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
  const vm = (vmid: number, name: string) => ({
    vmid,
    type: "qemu" as const,
    node: "pve1",
    template: false,
    running: true,
    config: { name, memory: "1024", cores: 2, tags: "web", scsi0: "ceph:1G", net0: "virtio,bridge=vmbr0" },
  });
  const ct = {
    vmid: 202,
    type: "lxc" as const,
    node: "pve2",
    template: false,
    running: true,
    config: { hostname: "ct1", memory: 512, rootfs: "ceph:1G", tags: "web" },
  };
  seed.proxmox = {
    "pve-lab": { ...first, guests: [vm(201, "web1"), ct] },
    "pve-b": { ...first, guests: [vm(201, "web2"), vm(301, "only-b")] },
  };
  seed.netbox.clusters = [...new Set([...seed.netbox.clusters, "pve-b"])];
  return seed;
}

describe("ops on a terminal, and on several clusters", { timeout: 60_000 }, () => {
  let systems: TestSystems;
  let args: string[];
  let env: NodeJS.ProcessEnv;
  let night: string;
  const ops = (...words: string[]) => runOps([...words, ...args], env);
  const isRunning = (cluster: string, vmid: number) =>
    systems.lab.proxmox.get(cluster)?.cluster.guests.get(vmid)?.running;

  beforeAll(async () => {
    systems = await TestSystems.open(twoClusters(), { statistics: 0 }, "lab");
    const reach = await systems.reachAs(
      "ops",
      [...opsGrants, ...guestGrants, ...inventoryGrants],
      [...guestPermissions, ...inventoryPermissions],
    );
    ({ args, env } = (await systems.stack({}, "test", { env: labEnvironment(reach) })).reach);
    // Only to look, so that it is seen which one was used.
    night = limitedToken(systems.lab, inventoryGrants, "night");
  });
  afterAll(() => systems.close());
  beforeEach(() => systems.lab.set({ setup: "clear" }));

  // ---- several clusters, and named keys

  it("lists guests of both, and asks which one where a VMID is in both", async () => {
    const { out, code } = await ops("list");
    expect(code).toBe(0);
    expect(out).toMatch(/pve-b\/201 +web2 .*\npve-b\/301 +only-b .*\npve-lab\/201 +web1 /);
    expect((await ops("list", "--cluster", "pve-b")).out).not.toMatch(/web1/);
    const both = await ops("stop", "201");
    expect(both.err).toMatch(/^201 is 2 guests: write pve-b\/201 or pve-lab\/201\./);
    const one = await ops("stop", "pve-b/201", "--json");
    expect(JSON.parse(one.out)).toEqual([expect.objectContaining({ cluster: "pve-b", name: "web2", result: "done" })]);
    expect([isRunning("pve-b", 201), isRunning("pve-lab", 201)]).toEqual([false, true]);
    expect((await ops("start", "web2")).code).toBe(0);
    const { upid } = JSON.parse((await ops("tasks", "--cluster", "pve-b", "--json")).out)[0];
    expect((await ops("tasks", "log", upid)).err).toMatch(
      /^Several clusters have a node pve1: name one with --cluster\./,
    );
    expect((await ops("tasks", "log", upid, "--cluster", "pve-b")).err).toBe("It ended: OK\n");
  });

  it("goes on with one cluster where the other doesn't answer, and says so", async () => {
    const away = { ...env, PROXMOX_VE_ENDPOINT_PVE_B: "https://127.0.0.1:9" };
    const { out, err, code } = await runOps(["status", ...args], away);
    expect(out).toMatch(/pve-lab\/201 +web1 +pve1 +running/);
    expect(err).toMatch(/^Proxmox VE cluster pve-b at https:\/\/127\.0\.0\.1:9 can't be reached/);
    expect(code).toBe(1);
    const none = await runOps(["start", "only-b", ...args], away);
    expect(none.err).toMatch(/There is no guest only-b, and pve-b did not answer: write a name/);
  });

  it("makes ids of the inventory unique across clusters", async () => {
    const folder = join(systems.folder, "graph");
    const { code, err } = await ops("graph", "--out", folder);
    expect([code, err]).toEqual([0, ""]);
    const { nodes } = JSON.parse(readFileSync(join(folder, "graph.json"), "utf8"));
    const ids = nodes.map(
      ({ label, properties }: { label: string; properties: { id: string } }) => `${label} ${properties.id}`,
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([
        ...[
          "ProxmoxVM pve-b/pve1:201",
          "ProxmoxVM pve-lab/pve1:201",
          "ProxmoxNode pve-b/pve1",
          "ProxmoxStorage pve-b/ceph",
        ],
        ...["ProxmoxDisk pve-lab/201:scsi0", "ProxmoxNetworkInterface pve-b/301:net0", "ProxmoxCluster pve-b"],
      ]),
    );
    const away = { ...env, PROXMOX_VE_ENDPOINT_PVE_B: "https://127.0.0.1:9" };
    const half = await runOps(["graph", "--out", folder, ...args], away);
    expect(half.code).toBe(1);
    expect(half.err).toMatch(/^Proxmox VE cluster pve-b at .* can't be reached/);
    // Ids don't change their form for that.
    expect(readFileSync(join(folder, "graph.json"), "utf8")).toContain('"pve-lab/pve1:201"');
  });

  it("takes a named key of the stack or of the environment in the place of the program's token", async () => {
    const variables = { PROXMOX_VE_API_TOKEN_PVE_LAB_NIGHT: night, PROXMOX_VE_API_TOKEN_PVE_B_NIGHT: night };
    const listed = await runOps(["list", "--key", "night", ...args], { ...env, ...variables });
    expect(listed.out).toMatch(/pve-lab\/201 +web1/);
    const refused = await runOps(["reboot", "web1", "--key", "night", ...args], { ...env, ...variables });
    expect(refused.out).toMatch(/failed +web1 .*403/);
    const none = await ops("list", "--key", "night");
    expect(none.err).toMatch(
      /^pve-lab has no key night \(none is named\): set netbox-proxmox:proxmox\["pve-lab"\]\.keys\["night"\] \(pulumi config set --secret\), or PROXMOX_VE_API_TOKEN_PVE_LAB_NIGHT\./,
    );
    const half = await runOps(["list", "--key", "night", ...args], {
      ...env,
      PROXMOX_VE_API_TOKEN_PVE_LAB_NIGHT: "night",
    });
    expect(half.err).toMatch(/^PROXMOX_VE_API_TOKEN_PVE_LAB_NIGHT is no token: write USER@REALM!TOKENID=SECRET\./);

    const { reach } = await systems.stack({}, "keys", {
      secrets: { 'proxmox["pve-lab"].keys["night"]': night, 'proxmox["pve-b"].keys["night"]': night },
      env: labEnvironment(systems.reach),
    });
    const stacked = await runOps(["list", "--key", "night", ...reach.args], {
      ...reach.env,
      ...labEnvironment(systems.reach),
    });
    expect(stacked.err).toBe("");
    expect(stacked.out).toMatch(/pve-b\/301 +only-b/);
    const wrong = await runOps(["list", "--key", "day", ...reach.args], {
      ...reach.env,
      ...labEnvironment(systems.reach),
    });
    expect(wrong.err).toMatch(/^pve-\S+ has no key day \(night\): set /);
  });

  // ---- a terminal

  it("shows colours on a terminal, and none with NO_COLOR", async () => {
    const { shown, code } = await opsOnTerminal(["list", ...args], env);
    expect(code).toBe(0);
    expect(shown).toContain(`${esc}[32mrunning${esc}[0m`);
    expect((await opsOnTerminal(["list", ...args], { ...env, NO_COLOR: "1" })).shown).not.toContain(esc);
  });

  it("draws each look in the place of the one before, and how far many guests are", async () => {
    const watched = await opsOnTerminal(["status", "--watch", "--count", "2", "--interval", "0.2", ...args], env);
    expect(watched.shown.split(`${esc}[H${esc}[2J`)).toHaveLength(3);
    const many = await opsOnTerminal(["reboot", "web1", "ct1", ...args], env);
    expect(many.shown).toMatch(/0 of 2 done; at web1/);
    expect(many.shown).toMatch(/2 of 2 done/);
    expect(many.code).toBe(0);
  });

  it("asks, and does nothing without a yes", async () => {
    const question = /shutdown 3 guests: web2, only-b, web1\? \[y\/N\] |shutdown \d guests: .*\? \[y\/N\] /;
    const no = await opsOnTerminal(["shutdown", "--tag", "web", ...args], env, [[question, "n"]]);
    expect(no.shown).toMatch(/Nothing was done\./);
    expect(no.code).toBe(1);
    const nothing = await opsOnTerminal(["shutdown", "--tag", "web", ...args], env, [[question, ""]]);
    expect(nothing.shown).toMatch(/Nothing was done\./);
    expect([isRunning("pve-b", 201), isRunning("pve-lab", 202)]).toEqual([true, true]);
    const yes = await opsOnTerminal(["shutdown", "--tag", "web", ...args], env, [[question, "y"]]);
    expect(yes.code).toBe(0);
    expect([isRunning("pve-b", 201), isRunning("pve-lab", 202)]).toEqual([false, false]);
    await ops("start", "--tag", "web", "--yes");

    await ops("snapshot", "create", "kept", "web1");
    const back = await opsOnTerminal(["snapshot", "rollback", "kept", "web1", ...args], env, [
      [/Roll 1 guest back\? \[y\/N\] /, "yes"],
    ]);
    expect(back.shown).toMatch(/web1 \(pve-lab\/201\) goes back to kept of .* is lost, and it is switched off\./);
    expect(back.code).toBe(0);
    await ops("start", "web1");
    await ops("snapshot", "delete", "kept", "web1");
  });

  it("asks for the tokens that are missing, shows nothing of them, and takes what is typed for a token or not at all", async () => {
    const tokens = labEnvironment(systems.reach);
    const {
      NETBOX_API_TOKEN: _n,
      PROXMOX_VE_API_TOKEN_PVE_LAB: lab = "",
      PROXMOX_VE_API_TOKEN_PVE_B: b = "",
      ...without
    } = env;
    const netbox = tokens.NETBOX_API_TOKEN ?? "";
    const answers: [RegExp, string][] = [
      [/Token of NetBox: /, netbox],
      [/Token of pve-lab \(USER@REALM!TOKENID=SECRET\): /, lab],
      [/Token of pve-b \(USER@REALM!TOKENID=SECRET\): /, b],
    ];
    const { shown, code } = await opsOnTerminal(["list", ...args], without, answers);
    expect(code).toBe(0);
    expect(shown).toMatch(/pve-lab\/201 +web1/);
    for (const secret of [netbox, lab, b]) expect(shown).not.toContain(secret.split(/[.=]/)[1]);
    const wrong = await opsOnTerminal(
      ["list", ...args],
      { ...without, NETBOX_API_TOKEN: netbox, PROXMOX_VE_API_TOKEN_PVE_B: b },
      [[/Token of pve-lab .*: /, "not a token at all"]],
    );
    expect(wrong.shown).toMatch(/netbox-proxmox:proxmox\["pve-lab"\]\.token is wrong: write USER@REALM!TOKENID=SECRET/);
    expect(wrong.shown).not.toContain("not a token at all");
    const unattended = await runOps(["list", ...args], without);
    expect(unattended.code).toBe(1);
    expect(unattended.err).toMatch(/proxmox\["pve-lab"\]\.token is missing/);
  });

  // ---- secrets

  it("keeps secrets out of arguments, the shell's history, output, files and logs, whatever fails", async () => {
    const home = join(systems.folder, "home");
    const temporary = join(systems.folder, "tmp");
    for (const folder of [home, temporary]) mkdirSync(folder, { recursive: true });
    const tokens = labEnvironment(systems.reach);
    const own = { HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: join(home, ".cache") };
    const heard: { name: string; text: string }[] = [];
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        heard.push({ name: "processes", text: commandLines(process.pid) });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    const said = async (...words: string[]) => {
      const { out, err } = await runOps([...words, ...args], {
        ...env,
        ...tokens,
        ...own,
        PULUMI_HOME: process.env.PULUMI_HOME,
      });
      heard.push({ name: words.join(" "), text: `${out}\n${err}` });
    };
    try {
      for (const command of ["list", "status", "doctor", "tasks", "templates", "tokens"]) await said(command, "--json");
      await said("graph", "--out", join(systems.folder, "secret-graph"));
      await said("snapshot", "create", "secret1", "web1");
      await said("snapshot", "delete", "secret1", "web1");
      for (const system of ["proxmox", "netbox"] as const)
        for (const how of ["drop before", "status"] as const) {
          systems.lab.set({
            setup: "call",
            system,
            call: ".*",
            how,
            ...(how === "status" ? { status: 500 } : {}),
            times: 9,
          });
          await said(how === "status" ? "doctor" : "list");
          systems.lab.set({ setup: "clear" });
        }
      // Whoever writes one as an argument all the same finds it in no message.
      const typed = await runOps(["list", "--token=nbt_typed.5ecret5ecret5ecret"], env);
      expect(typed.code).toBe(64);
      expect(`${typed.out}${typed.err}`).not.toContain("5ecret");

      // A person at a shell who is asked.
      const {
        NETBOX_API_TOKEN: netbox = "",
        PROXMOX_VE_API_TOKEN_PVE_LAB: lab = "",
        PROXMOX_VE_API_TOKEN_PVE_B: b = "",
      } = tokens;
      const {
        NETBOX_API_TOKEN: _n,
        PROXMOX_VE_API_TOKEN_PVE_LAB: _l,
        PROXMOX_VE_API_TOKEN_PVE_B: _b,
        ...without
      } = env;
      const line = `${process.execPath} dist/cli/main.js list ${args.join(" ")}`;
      const shell = await onTerminal(
        ["bash", "--norc", "-i"],
        { ...without, ...own, HISTFILE: join(home, ".bash_history") },
        [
          [/bash-[\d.]+[#$] /, line],
          [/Token of NetBox: /, netbox],
          [/Token of pve-lab .*: /, lab],
          [/Token of pve-b .*: /, b],
          [/pve-lab\/201[\s\S]*bash-[\d.]+[#$] /, "exit"],
        ],
      );
      expect(shell.code).toBe(0);
      heard.push({ name: "the terminal", text: shell.shown });
    } finally {
      isOver = true;
      await looking;
    }
    expect(readFileSync(join(home, ".bash_history"), "utf8")).toContain("dist/cli/main.js list");
    const files = [home, temporary, join(systems.folder, "secret-graph")].flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => ({
          name: join(parentPath, name),
          text: readFileSync(join(parentPath, name), "latin1"),
        })),
    );
    const log = { name: "the lab's log", text: JSON.stringify(systems.lab.log.calls) };
    const secrets = Object.values(tokens).map((token) => token.split(/[.=]/)[1] ?? "");
    expect(secrets.every((secret) => secret.length > 20)).toBe(true);
    const hits = [...heard, ...files, log].flatMap(({ name, text }) =>
      secrets.filter((secret) => text.includes(secret)).map((secret) => `${name}: secret ${secrets.indexOf(secret)}`),
    );
    expect([...new Set(hits)]).toEqual([]);
  }, 120_000);
});
