import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { undocumented } from "../../bench/undocumented";
import { pulumiFolder } from "../../cli/pulumi";
import { discoveryGrants, discoveryPermissions, intentPermissions } from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { Stack, type StackRun } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

const guests = `
- { name: web1, vcpus: 1, memory: 512, disks: [{ name: scsi0, size: 8192 }], interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan@4 } }] }
- { name: ct1, vcpus: 1, memory: 512, customFields: { proxmox_vm_type: lxc, proxmox_vm_storage: ceph, proxmox_lxc_templates: "9100" }, disks: [{ name: rootfs, size: 8192 }], interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.41/24, dnsName: ct1.lab.example }] }] }
- { name: new1, status: staged, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71 }] }
`;

const ops = (run: StackRun) => [...new Set(run.steps.map(({ op }) => op))];

/** Renamed stacks, a NetBox that moves and a lost state, through the real CLI. */
describe("what a stack owns", { timeout: 180_000 }, () => {
  let systems: TestSystems;
  let stack: Stack;
  let folder: string;
  const settings = (site: object = {}) => ({ site: { protect: false, promote: true, ...site } });

  /** The names of the first stack's folder, under another name or with other settings. */
  const stackNamed = async (name: string, changes: Record<string, unknown>, env: NodeJS.ProcessEnv = {}) =>
    new Stack({
      cli: await pulumiFolder(),
      name,
      folder,
      config: systems.config(changes),
      secrets: {},
      env: { ...stack.reach.env, ...env },
    });
  const pulumi = (...args: string[]) =>
    execFileSync("pulumi", [...args, "--non-interactive"], { cwd: folder, env: stack.reach.env, stdio: "pipe" });
  const writes = () =>
    systems.lab.log.calls
      .filter(
        ({ method, path }) => !["GET", "HEAD", "dig", "rndc", "AXFR"].includes(method) && !path.includes("/agent/"),
      )
      .map(({ system, method, path }) => `${system} ${method} ${path}`);
  const running = () =>
    [...(systems.lab.proxmox.get("pve-lab")?.cluster.guests.values() ?? [])]
      .map(({ name, vmid }) => `${vmid} ${name}`)
      .sort();

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith(guests));
    const defaults = { ...(systems.config().defaults as object), snapshotBefore: ["memory"], snapshotDays: 7 };
    const config = systems.config;
    systems.config = (changes = {}) => config.call(systems, { defaults, ...changes });
    folder = join(systems.folder, "first");
    stack = await systems.stack(settings(), "first");
    expect((await stack.up()).errors).toEqual([]);
    const { id } = await systems.clients.vm("web1");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory: 1024 });
    expect((await stack.up()).errors).toEqual([]);
  });
  afterAll(() => systems.close());

  it("is found again by its marks when its state is lost: nothing is written", async () => {
    const before = await systems.inventory();
    rmSync(stack.stateFile);
    rmSync(`${stack.stateFile}.bak`, { force: true });
    pulumi("stack", "init", "first");
    systems.lab.log.clear();
    expect((await stack.up()).errors).toEqual([]);
    expect(writes()).toEqual([]);
    expect(await systems.inventory()).toEqual(before);
    const { code, output } = await stack.preview("--refresh", "--expect-no-changes");
    expect([code, output]).toEqual([0, expect.anything()]);
    const safety = stack
      .resources()
      .find(({ type, outputs }) => type.endsWith("ProxmoxSnapshot") && outputs.name === "web1");
    expect(safety?.outputs.kept).toHaveLength(1);
  });

  it("is refused to a state of another name, with the setting that says it was renamed", async () => {
    pulumi("stack", "rename", "second");
    stack = await stackNamed("second", settings());
    systems.lab.log.clear();
    const refused = await stack.preview();
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(
      /holds what Pulumi stack netbox-proxmox\/first made .*netbox-proxmox:site\.formerStacks.*two stacks must not share/s,
    );
    expect((await stack.up()).code).not.toBe(0);
    expect(writes()).toEqual([]);
  });

  it("is taken over under its new name: nothing but marks is written", async () => {
    stack = await stackNamed("second", settings({ formerStacks: ["first"] }));
    const before = running();
    const addresses = (await systems.clients.addresses()).map(({ address }) => address);
    const preview = await stack.preview("--refresh");
    expect([preview.errors, ops(preview)]).toEqual([[], ["update"]]);
    systems.lab.log.clear();
    const up = await stack.up();
    expect([up.errors, ops(up)]).toEqual([[], ["update"]]);
    expect(writes().filter((each) => /status|DELETE|POST .*(clone|snapshot)/.test(each))).toEqual([]);
    expect(running()).toEqual(before);
    expect((await systems.clients.addresses()).map(({ address }) => address)).toEqual(addresses);
    expect(await systems.inventory()).not.toMatch(/netbox-proxmox\/first\b/);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
    stack = await stackNamed("second", settings());
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("is taken over from a NetBox that moved, where the settings say so", async () => {
    const { url } = systems.endpoints.netbox;
    const moved = url.replace("127.0.0.1", "localhost");
    expect(moved).not.toBe(url);
    const at = (netbox: object) => ({ ...settings(), netbox: { url: moved, ...netbox } });
    stack = await stackNamed("second", at({}), { NETBOX_SERVER_URL: moved });
    const refused = await stack.preview();
    expect(refused.output).toMatch(/was recorded from the NetBox at .*netbox-proxmox:netbox\.formerUrls/s);
    stack = await stackNamed("second", at({ formerUrls: [url] }), { NETBOX_SERVER_URL: moved });
    const first = await stack.preview();
    expect([first.errors, ops(first)]).toEqual([[], ["update"]]);
    // A refresh asks as the last `up` was configured, but for the environment.
    stack = await stackNamed("second", at({ formerUrls: [url] }), {
      NETBOX_SERVER_URL: moved,
      NETBOX_PROXMOX_FORMER_URLS: url,
    });
    const preview = await stack.preview("--refresh");
    expect([preview.errors, ops(preview)]).toEqual([[], ["update"]]);
    systems.lab.log.clear();
    const up = await stack.up();
    expect([up.errors, ops(up)]).toEqual([[], ["update"]]);
    expect(writes().filter((each) => /status|DELETE|POST .*(clone|snapshot)/.test(each))).toEqual([]);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
    stack = await stackNamed("second", at({}), { NETBOX_SERVER_URL: moved });
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("goes with its stack, whatever that was called before", async () => {
    const gone = await stack.destroy();
    expect(gone.errors).toEqual([]);
    expect(await systems.ourGuests()).toEqual([]);
    expect(await systems.ourAddresses()).toEqual([]);
    expect(await systems.newRecords()).toEqual([]);
  });
});

const wanted = `
environment: { cluster: pve-lab, template: 9000, memory: 1024 }
guests:
  shop01: { vcpus: 1, disks: { scsi0: 10G }, interfaces: { net0: { vlan: 71, addresses: [{ next: 10.71.0.0/24 }] } } }
`;

/** The programs that write NetBox's objects: their marks are in the change log, which nobody can write anew. */
describe.each(["discovery", "intent"])("what a stack of %s owns", { timeout: 180_000 }, (program) => {
  it("is kept when it is renamed, when NetBox moves, and when its state is lost", async () => {
    const systems = await TestSystems.open(program === "discovery" ? undocumented(4) : seedWith("[]"));
    try {
      const folder = join(systems.folder, "first");
      const file = join(systems.folder, "vms.yml");
      writeFileSync(file, wanted);
      const { url } = systems.endpoints.netbox;
      const settings = (site: object = {}) => ({
        program,
        site,
        ...(program === "intent" ? { intent: { file } } : {}),
      });
      const permissions = program === "discovery" ? discoveryPermissions : intentPermissions;
      const reach = await systems.reachAs(program, discoveryGrants, permissions);
      const first = await systems.stack(settings(), "first", { env: labEnvironment(reach) });
      const pulumi = (...args: string[]) =>
        execFileSync("pulumi", [...args, "--non-interactive"], { cwd: folder, env: first.reach.env, stdio: "pipe" });
      const stackNamed = async (name: string, changes: Record<string, unknown>, env: NodeJS.ProcessEnv = {}) =>
        new Stack({
          cli: await pulumiFolder(),
          name,
          folder,
          config: systems.config(changes),
          secrets: {},
          env: { ...first.reach.env, ...env },
        });
      const writes = () =>
        systems.lab.log.calls.filter(({ system, method }) => system === "netbox" && method !== "GET");
      const updatesOnly = async (stack: Stack) => {
        systems.lab.log.clear();
        const preview = await stack.preview();
        const up = await stack.up();
        expect([preview.errors, ops(preview)]).toEqual([[], ["update"]]);
        expect([up.errors, ops(up), writes()]).toEqual([[], ["update"], []]);
        const { code, output } = await stack.preview("--refresh", "--expect-no-changes");
        expect([code, output]).toEqual([0, expect.anything()]);
      };
      expect((await first.up()).errors).toEqual([]);

      const before = await systems.inventory();
      rmSync(first.stateFile);
      rmSync(`${first.stateFile}.bak`, { force: true });
      pulumi("stack", "init", "first");
      systems.lab.log.clear();
      expect((await first.up()).errors).toEqual([]);
      // Discovery writes the links between a node's interfaces anew, as they are.
      const isLink = (call: string) => program === "discovery" && /^PATCH \/api\/dcim\/interfaces\//.test(call);
      expect(
        writes()
          .map(({ method, path }) => `${method} ${path}`)
          .filter((call) => !isLink(call)),
      ).toEqual([]);
      expect(await systems.inventory()).toEqual(before);
      // The nodes' roles and types, which the run before saw as other people's, are in the state after another one.
      if (program === "discovery") {
        const second = await first.up();
        expect([second.errors, ops(second)]).toEqual([[], ["update"]]);
        expect(await systems.inventory()).toEqual(before);
      }
      expect((await first.preview("--refresh", "--expect-no-changes")).code).toBe(0);

      pulumi("stack", "rename", "second");
      expect((await (await stackNamed("second", settings())).preview()).output).toMatch(/site\.formerStacks/);
      await updatesOnly(await stackNamed("second", settings({ formerStacks: ["first"] })));

      const moved = url.replace("127.0.0.1", "localhost");
      const env = { NETBOX_SERVER_URL: moved };
      const at = (netbox: object) => ({ ...settings(), netbox: { url: moved, ...netbox } });
      expect((await (await stackNamed("second", at({}), env)).preview()).output).toMatch(/netbox\.formerUrls/);
      await updatesOnly(await stackNamed("second", at({ formerUrls: [url] }), env));

      const gone = await (await stackNamed("second", at({}), env)).destroy();
      expect(gone.errors).toEqual([]);
    } finally {
      await systems.close();
    }
  });
});
