import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pulumiFolder } from "../../cli/pulumi";
import { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { seedWith, TestSystems } from "../harness/systems";

// A stack that was renamed and whose NetBox moved, by the command, which refreshes first with the program run.

const guests = `
- { name: web1, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan@4 } }] }
- { name: ct1, vcpus: 1, memory: 512, customFields: { proxmox_vm_type: lxc, proxmox_vm_storage: ceph, proxmox_lxc_templates: "9100" }, disks: [{ name: rootfs, size: 8192 }], interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.41/24, dnsName: ct1.lab.example }] }] }
`;

describe("the command on a stack that was renamed and whose NetBox moved", { timeout: 600_000 }, () => {
  let systems: TestSystems;
  let stack: Stack;
  let folder: string;
  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(guests), {}, "lab");
    folder = join(systems.folder, "first");
    stack = await systems.stack({ site: { protect: false } }, "first");
    expect((await stack.up()).errors).toEqual([]);
  });
  afterAll(() => systems.close());

  /** The stack under its new name, with these settings. */
  const renamed = async (site: object, netbox: object) => {
    const { NETBOX_SERVER_URL: _url, ...env } = stack.reach.env;
    const config = systems.config({ site: { protect: false, ...site }, netbox });
    return new Stack({ cli: await pulumiFolder(), name: "second", folder, config, secrets: {}, env });
  };
  const run = async (of: Stack, ...words: string[]) => {
    const { args, env } = of.reach;
    const { code, out, err } = await runOps([...words, "--non-interactive", ...args], env);
    return { code, said: `${out}${err}` };
  };
  const written = () =>
    systems.lab.log.calls
      .filter(({ method }) => ["POST", "PUT", "PATCH", "DELETE"].includes(method))
      .map(({ system, method, path }) => `${system} ${method} ${path}`);

  it("refuses without the settings, takes over by nothing but marks with them, and needs them no more", async () => {
    const { url } = systems.endpoints.netbox;
    const moved = url.replace("127.0.0.1", "localhost");
    execFileSync("pulumi", ["stack", "rename", "second", "--non-interactive"], { cwd: folder, env: stack.reach.env });
    const before = await systems.inventory();

    const refused = await run(await renamed({}, { url: moved }), "preview");
    expect(refused.code).not.toBe(0);
    expect(refused.said).toMatch(/formerStacks/);

    const told = await renamed({ formerStacks: ["first"] }, { url: moved, formerUrls: [url] });
    systems.lab.log.clear();
    const up = await run(told, "up", "--yes", "--skip-preview");
    expect([up.code, up.said]).toEqual([0, expect.anything()]);
    expect(written().filter((call) => /status|clone|DELETE|available-ips/.test(call))).toEqual([]);
    const plain = (text: string) =>
      text.replaceAll(moved, url).replaceAll("netbox-proxmox/second", "netbox-proxmox/first");
    expect(plain(await systems.inventory())).toBe(before);
    expect(await systems.inventory()).not.toMatch(/netbox-proxmox\/first\b/);

    const again = await run(told, "preview", "--expect-no-changes");
    expect([again.code, again.said]).toEqual([0, expect.anything()]);
    const done = await run(await renamed({}, { url: moved }), "preview", "--expect-no-changes");
    expect([done.code, done.said]).toEqual([0, expect.anything()]);
  });
});
