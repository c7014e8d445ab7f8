import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLines } from "../../cli/processes";
import { labSecrets } from "../../tools/labstack";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

/** Every file below a folder, with its content. */
const files = (folder: string): { name: string; text: string }[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({
      name: join(parentPath, name),
      text: readFileSync(join(parentPath, name), "latin1"),
    }));

// From -v=9 on the engine's own log prints a stack's configuration with its secrets: there they have to come by environment.
const ways = [
  { where: "the stack's configuration", verbose: [] },
  { where: "the environment", verbose: ["--logtostderr", "-v=11"] },
];

describe.each(ways)("secrets in $where", ({ where, verbose }) => {
  let systems: TestSystems;
  let stack: Stack;
  let marked: string[];
  const password = "marked-guest-password-7";
  const said: string[] = [];

  beforeAll(async () => {
    const container =
      "customFields: { proxmox_vm_type: lxc, proxmox_vm_storage: ceph, proxmox_lxc_templates: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst' }";
    systems = await TestSystems.open(
      seedWith(
        [
          "- { name: s1, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan } }] }",
          `- { name: s2, vcpus: 1, memory: 512, ${container}, disks: [{ name: rootfs, size: 2048 }], interfaces: [{ name: net0, vlan: 71 }] }`,
        ].join("\n"),
      ),
    );
    const defaults = { ...(systems.config().defaults as object), password: "main" };
    const config = { site: { protect: false }, defaults, passwords: {} };
    const secrets = { ...labSecrets(systems.reach), 'passwords["main"]': password };
    const experimental = { PULUMI_EXPERIMENTAL: "true" }; // saves plans
    const env = { GUEST_PASSWORD_MAIN: password, ...experimental };
    stack = await systems.stack(
      config,
      "secrets",
      where === "the environment" ? { env } : { secrets, env: experimental },
    );
    const { netbox, proxmox, ssh } = systems.reach;
    const key = readFileSync(ssh.keyFile, "utf8").split("\n")[2] ?? "";
    const tokens = Object.values(proxmox).map(({ token }) => token.slice(token.indexOf("=") + 1));
    marked = [netbox.token, netbox.token.split(".")[1] ?? "", ...tokens, password, key];
    expect(marked.every((secret) => secret.length > 10)).toBe(true);
  });
  afterAll(() => systems.close());

  /** Runs while it looks at all command lines, and keeps what was said. */
  async function watched(command: string, ...args: string[]): Promise<number> {
    const { pid, done } = stack.start(command, args);
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        said.push(commandLines(pid));
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    })();
    const { code, output } = await done;
    isOver = true;
    await looking;
    said.push(output);
    return code;
  }

  it("are in no state, history, plan, log, message, argument or transcript", async () => {
    const plan = join(systems.folder, "secrets", "plan.json");
    expect(await watched("preview", "--diff", "--json", ...verbose)).toBe(0);
    expect(await watched("preview", "--save-plan", plan)).toBe(0);
    expect(readFileSync(plan, "utf8")).toContain("ProxmoxVm");
    expect(await watched("up", "--yes", "--skip-preview", "--show-config", ...verbose)).toBe(0);
    const cluster = systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    expect(cluster.guests.get(100_001)?.config.get("cipassword")).toBe(password); // they were used
    // Failures of every system, in the middle of a change.
    const { id } = await systems.clients.vm("s1");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory: 1024 });
    for (const call of ["proxmox PUT .*/config", "netbox GET .*", "bind9 dig .*"]) {
      const [system = "", ...rest] = call.split(" ");
      systems.lab.set({
        setup: "call",
        system: system as "proxmox",
        call: rest.join(" "),
        how: "status",
        status: 500,
        times: 9,
      });
      expect(await watched("up", "--yes", "--skip-preview", "--refresh", ...verbose)).not.toBeNaN();
      systems.lab.set({ setup: "clear" });
    }
    expect(await watched("refresh", "--yes", "--skip-preview")).toBe(0);
    expect(await watched("destroy", "--yes", "--skip-preview")).toBe(0);

    const kept = files(join(systems.folder, "secrets"));
    const log = { name: "the lab's log", text: JSON.stringify(systems.lab.log.calls) };
    const heard = said.map((text, n) => ({ name: `output or processes ${n}`, text }));
    expect(kept.some(({ name }) => name.includes("history"))).toBe(true);
    const hits = [...kept, log, ...heard].flatMap(({ name, text }) =>
      marked.filter((secret) => text.includes(secret)).map((secret) => `${name}: secret ${marked.indexOf(secret)}`),
    );
    expect([...new Set(hits)]).toEqual([]);
  }, 240_000);
});
