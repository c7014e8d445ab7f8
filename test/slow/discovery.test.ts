import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { undocumented } from "../../bench/undocumented";
import { discoveryGrants, discoveryPermissions } from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import type { Stack, StackRun } from "../../tools/stack";
import { isCi } from "../harness/sample";
import { isReal } from "../harness/services";
import { TestSystems } from "../harness/systems";

// Proxmox VE read into NetBox by the real CLI: what is there, what changes, what goes, and what is another program's.

describe("discovery of many guests", () => {
  it("gives no changes by a second run, and asks NetBox in bulk", { timeout: 600_000 }, async () => {
    // Each costs a real NetBox a second of CPU and more.
    const guests = isReal ? (isCi ? 20 : 60) : 200;
    const systems = await TestSystems.open(undocumented(guests));
    try {
      const reach = await systems.reachAs("discovery", discoveryGrants, discoveryPermissions);
      const stack = await systems.stack({ program: "discovery" }, "discovery", { env: labEnvironment(reach) });
      const made = await stack.up();
      expect(made.errors).toEqual([]);
      expect(await systems.clients.all("virtualization/virtual-machines")).toHaveLength(guests);
      systems.lab.log.clear();
      const again = await stack.preview("--expect-no-changes");
      expect(again.output).not.toContain("Outputs:");
      expect([again.code, again.errors]).toEqual([0, []]);
      const single = systems.lab.log.calls.filter(
        ({ system, path }) => system === "netbox" && /\/\d+\/(\?|$)/.test(path),
      );
      expect(single).toEqual([]);
      const refreshed = await stack.preview("--refresh", "--expect-no-changes");
      expect([refreshed.code, refreshed.errors]).toEqual([0, []]);
    } finally {
      await systems.close();
    }
  });
});

describe.skipIf(isReal)("discovery into a NetBox that has nothing", () => {
  it("makes the cluster, too, and finishes what an interrupted run began, as its own", {
    timeout: 200_000,
  }, async () => {
    const systems = await TestSystems.open(undocumented(4));
    try {
      const [cluster] = await systems.clients.all<{ id: number }>("virtualization/clusters", "&name=pve-lab");
      await systems.clients.netbox("DELETE", `virtualization/clusters/${cluster?.id}/`);
      const reach = await systems.reachAs("discovery", discoveryGrants, discoveryPermissions);
      const discovery = { site: "Lab" };
      const stack = await systems.stack({ program: "discovery", discovery }, "discovery", {
        env: labEnvironment(reach),
      });
      systems.lab.faults.add({
        system: "netbox",
        call: "^POST /api/virtualization/interfaces/",
        how: "drop before",
        times: 2,
      });
      systems.lab.faults.add({
        system: "netbox",
        call: "^POST /api/virtualization/virtual-disks/",
        how: "drop after",
        times: 1,
      });
      const broken = await stack.up();
      expect(broken.errors.length).toBeGreaterThan(1);
      const finished = await stack.up();
      expect(finished.errors).toEqual([]);
      expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
      const rows = await systems.clients.all<{ name: string }>("virtualization/virtual-machines");
      expect(rows.map(({ name }) => name).sort()).toEqual(["ct303", "vm300", "vm301", "vm302"]);
      const undone = await stack.destroy();
      expect(undone.errors).toEqual([]);
      for (const path of ["virtualization/virtual-machines", "dcim/devices", "virtualization/clusters"])
        expect(await systems.clients.all(path)).toEqual([]);
    } finally {
      await systems.close();
    }
  });
});

describe("discovery", () => {
  let systems: TestSystems;
  let stack: Stack;
  const lab = (method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Record<string, string | number> = {}) =>
    systems.clients.proxmox(method, path, params);
  const machine = async (name: string) => {
    const rows = await systems.clients.all<Record<string, unknown>>("virtualization/virtual-machines", `&name=${name}`);
    return rows[0] ?? {};
  };

  beforeAll(async () => {
    systems = await TestSystems.open(undocumented(12));
    const reach = await systems.reachAs("discovery", discoveryGrants, discoveryPermissions);
    stack = await systems.stack({ program: "discovery" }, "discovery", { env: labEnvironment(reach) });
  });
  afterAll(() => systems.close());

  const steps = ({ steps }: StackRun) => steps.map(({ op, name }) => `${op} ${name}`);

  it("puts what runs into NetBox, once", async () => {
    const made = await stack.up();
    expect(made.errors).toEqual([]);
    expect(await machine("vm300")).toMatchObject({
      status: { value: "active" },
      vcpus: 1,
      memory: 1024,
      disk: 10240,
      device: { name: "pve1" },
      comments: "A note\nof two lines",
      start_on_boot: { value: "on" },
      primary_ip4: { address: "10.71.4.10/24" },
      custom_fields: { proxmox_vmid: "300", proxmox_vm_type: { value: "vm" }, proxmox_node: { value: "pve1" } },
    });
    expect(await machine("ct303")).toMatchObject({ role: { name: "Proxmox LXC" }, disk: 5120 });
    const again = await stack.preview("--expect-no-changes");
    expect(again.output).not.toContain("Stack trace");
    expect([again.code, again.errors]).toEqual([0, []]);
    const refreshed = await stack.preview("--refresh", "--expect-no-changes");
    expect(steps(refreshed)).toEqual([]);
    expect([refreshed.code, refreshed.errors]).toEqual([0, []]);
  });

  it("shows each change on Proxmox VE as one update", { timeout: 300_000 }, async () => {
    const changes: [() => Promise<unknown>, string, RegExp][] = [
      [() => lab("PUT", "/nodes/pve1/qemu/300/config", { memory: 4096 }), "guest-pve-lab-300", /memory 1024 → 4096/],
      [() => lab("PUT", "/nodes/pve2/qemu/301/config", { cores: 3 }), "guest-pve-lab-301", /vcpus 2 → 3/],
      [
        () => lab("PUT", "/nodes/pve2/qemu/301/config", { name: "renamed" }),
        "guest-pve-lab-301",
        /name "vm301" → "renamed"/,
      ],
      [() => lab("PUT", "/nodes/pve3/qemu/302/config", { tags: "web" }), "guest-pve-lab-302", /tags .*web/],
      [
        () => lab("PUT", "/nodes/pve3/qemu/302/config", { net1: "virtio,bridge=vmbr0" }),
        "guest-pve-lab-302",
        /net1 added/,
      ],
      [
        () => lab("PUT", "/nodes/pve1/qemu/300/resize", { disk: "scsi0", size: "9G" }),
        "guest-pve-lab-300",
        /scsi0\.size 8192 → 9216/,
      ],
      [
        () => lab("PUT", "/nodes/pve1/qemu/300/config", { description: "another" }),
        "guest-pve-lab-300",
        /comments .* → "another"/,
      ],
      [() => lab("POST", "/nodes/pve1/qemu/300/status/stop"), "guest-pve-lab-300", /status "active" → "offline"/],
      [
        () => lab("POST", "/nodes/pve1/qemu/300/snapshot", { snapname: "s1" }),
        "guest-pve-lab-300",
        /proxmox_snapshots empty → 1/,
      ],
      [
        () =>
          lab("POST", "/nodes/pve1/lxc/303/resize", {}).catch(() =>
            lab("PUT", "/nodes/pve1/lxc/303/resize", { disk: "rootfs", size: "5G" }),
          ),
        "guest-pve-lab-303",
        /rootfs\.size 4096 → 5120/,
      ],
    ];
    for (const [change, name, said] of changes) {
      await change();
      const run = await stack.up();
      expect(run.errors).toEqual([]);
      expect(steps(run).filter((step) => !/tag-/.test(step))).toEqual([`update ${name}`]);
      expect(run.output).toMatch(said);
    }
    expect((await stack.preview("--expect-no-changes")).code).toBe(0);
  });

  it("keeps what people write, and lists it where Proxmox VE says otherwise", async () => {
    const { id } = await machine("vm302");
    const path = `virtualization/virtual-machines/${String(id)}/`;
    await systems.clients.netbox("PATCH", path, { description: "a person's", memory: 9999 });
    const run = await stack.up("--refresh");
    expect(run.errors).toEqual([]);
    expect(run.output).toMatch(/conflicting +pve-lab +302 +vm302 +memory: NetBox has 9999, Proxmox VE 3072/);
    expect(await machine("vm302")).toMatchObject({ description: "a person's", memory: 9999 });
    expect((await stack.preview("--expect-no-changes")).code).toBe(0);
    await systems.clients.netbox("PATCH", path, { memory: 3072 });
    expect(steps(await stack.up())).toEqual(["update guest-pve-lab-302"]);
  });

  it("marks what vanishes, and removes it after its grace time", async () => {
    await lab("POST", "/nodes/pve1/qemu/306/status/stop");
    await lab("DELETE", "/nodes/pve1/qemu/306");
    const marked = await stack.up();
    expect(steps(marked)).toEqual(["update guest-pve-lab-306"]);
    expect(marked.output).toMatch(/gone +pve-lab +306 +vm306 +missing since .*: removed once 7d are over/);
    expect(await machine("vm306")).toMatchObject({ status: { value: "offline" } });
    expect((await stack.preview("--expect-no-changes")).code).toBe(0);
    // An unreachable cluster removes nothing, however long the grace time is over.
    stack.configure(
      systems.config({
        program: "discovery",
        discovery: { graceTime: "0m" },
        proxmox: { "pve-lab": { url: "https://127.0.0.1:9" } },
      }),
    );
    const away = await stack.preview();
    expect(steps(away)).toEqual([]);
    expect(away.output).toMatch(/unreachable +pve-lab/);
    stack.configure(systems.config({ program: "discovery", discovery: { graceTime: "0m" } }));
    expect(steps(await stack.up())).toEqual(["delete guest-pve-lab-306"]);
    expect(await machine("vm306")).toEqual({});
    stack.configure(systems.config({ program: "discovery" }));
  });

  it("hands a guest over to the site program by one tag, which then plans nothing", async () => {
    for (const name of ["vm304", "ct307", "renamed"]) {
      const vm = (await machine(name)) as { id: number; tags: { slug: string }[] };
      const tags = [...vm.tags.map(({ slug }) => ({ slug })), { slug: "adopt" }];
      await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${vm.id}/`, { tags });
    }
    const { options: _options, ...defaults } = systems.config().defaults as Record<string, unknown>;
    const site = await systems.stack({ defaults: { bridge: "vmbr0", template: defaults.template } }, "site");
    const adopted = await site.up();
    expect(adopted.errors).toEqual([]);
    expect((await systems.ourGuests()).map(({ vmid }) => vmid)).toEqual([307, 301, 304]);
    const next = await site.preview("--diff");
    expect(steps(next), next.output).toEqual([]);
    const left = await stack.up();
    expect(left.errors).toEqual([]);
    expect(steps(left).sort()).toEqual([301, 304, 307].map((vmid) => `update guest-pve-lab-${vmid}`));
    expect((await stack.preview("--expect-no-changes")).code).toBe(0);
    expect((await site.preview("--expect-no-changes")).code).toBe(0);
  });

  it("only looks where it is told so", async () => {
    await lab("PUT", "/nodes/pve3/qemu/308/config", { memory: 512 });
    const file = join(systems.folder, "report.json");
    stack.configure(systems.config({ program: "discovery", discovery: { readOnly: true, reportFile: file } }));
    const run = await stack.up();
    expect(steps(run)).toEqual([]);
    expect(run.output).toMatch(/changed +pve-lab +308 +vm308 +memory 3072 → 512/);
    const { outputs } = stack.resources().find(({ type }) => type === "pulumi:pulumi:Stack") ?? {};
    expect(outputs).toEqual({ clusters: ["pve-lab"] });
    const { rows, ...report } = JSON.parse(readFileSync(file, "utf8")) as {
      rows: { vmid?: number; details: string[] }[];
    };
    expect(report).toMatchObject({ readOnly: ["pve-lab"], counts: { changed: 1 }, sinceLastRun: "0 min" });
    expect(rows.find(({ vmid }) => vmid === 308)?.details).toEqual(["memory 3072 → 512"]);
    stack.configure(systems.config({ program: "discovery" }));
  });

  it("is undone by destroy, but for what others use", async () => {
    const run = await stack.destroy();
    expect(run.errors).toEqual([]);
    const left = await systems.clients.all<{ name: string }>("virtualization/virtual-machines");
    expect(left.map(({ name }) => name).sort()).toEqual(["ct307", "renamed", "vm304"]);
    // The node of those that were handed over.
    const devices = await systems.clients.all<{ name: string }>("dcim/devices");
    expect(devices.map(({ name }) => name)).toEqual(["pve2"]);
  });
});
