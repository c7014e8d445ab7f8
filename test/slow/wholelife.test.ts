import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResourceStep, Stack, StackRun } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

const steps = (run: StackRun) => run.steps.map(({ op, type, name }) => `${op} ${type} ${name}`).sort();

/** One guest of each kind of life; `more` are further lines of YAML. */
const guest = (name: string, host: number, more: string[] = [], disk = "scsi0", size = 8192) =>
  [
    `- name: ${name}`,
    "  vcpus: 1",
    "  memory: 512",
    `  disks: [{ name: ${disk}, size: ${size}, customFields: { proxmox_disk_storage_volume: ceph } }]`,
    `  interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.${host}/24, dnsName: ${name}.lab.example }] }]`,
    ...more.map((line) => `  ${line}`),
  ].join("\n");

class Life {
  private constructor(
    readonly systems: TestSystems,
    readonly stack: Stack,
  ) {}

  static async open(guests: string[], site: object = {}): Promise<Life> {
    const seed = seedWith(guests.join("\n"));
    const field = (name: string, type: string) => ({ name, type, objectTypes: ["virtualization.virtualmachine"] });
    seed.netbox.customFields.push(field("proxmox_rebuild", "integer"), field("proxmox_reboot_policy", "text"));
    const systems = await TestSystems.open(seed);
    return new Life(systems, await systems.stack({ site: { protect: false, ...site } }));
  }

  /** Everything that a run said, on one line where the CLI broke it. */
  static said = ({ output }: StackRun): string => output.replace(/\s+/g, " ");

  async patch(name: string, body: Record<string, unknown>): Promise<number> {
    const { id } = await this.systems.clients.vm(name);
    await this.systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
    return id;
  }

  async up(): Promise<StackRun> {
    const run = await this.stack.up();
    expect(run.errors).toEqual([]);
    return run;
  }

  async clean(): Promise<void> {
    const again = await this.stack.preview("--refresh", "--expect-no-changes");
    expect(steps(again)).toEqual([]);
    expect(again.code).toBe(0);
  }

  path = async (name: string): Promise<string> => {
    const { node, type, vmid } = await this.systems.clients.guest(name);
    return `/nodes/${node}/${type}/${vmid}`;
  };
}

describe("statuses", () => {
  let life: Life;
  beforeAll(async () => {
    life = await Life.open([
      guest("new01", 101, ["status: staged", "tags: [promote]"]),
      guest("ill01", 102),
      guest("ill02", 103, ["status: failed"]),
    ]);
  });
  afterAll(() => life.systems.close());

  it("staged with promote is built, started, and then active in NetBox", async () => {
    const made = await life.up();
    expect(steps(made)).toContain("create NetboxPromotion new01");
    expect((await life.systems.clients.guest("new01")).status).toBe("running");
    expect((await life.systems.clients.vm("new01")).status.value).toBe("active");
    // A person's later choice is theirs.
    await life.clean();
    await life.patch("new01", { status: "offline" });
    await life.up();
    expect((await life.systems.clients.vm("new01")).status.value).toBe("offline");
    expect((await life.systems.clients.guest("new01")).status).toBe("stopped");
  });

  it("failed leaves a guest exactly as it is, and makes none", async () => {
    expect((await life.systems.clients.guests()).map(({ name }) => name)).not.toContain("ill02");
    await life.systems.clients.proxmox("POST", `${await life.path("ill01")}/status/stop`);
    await life.patch("ill01", { status: "failed", memory: 4096 });
    const before = await life.systems.inventory();
    expect(steps(await life.stack.up("--refresh"))).toEqual([]);
    expect(await life.systems.inventory()).toBe(before);
    await life.patch("ill01", { status: "active" });
    expect(steps(await life.up())).toEqual(["update ProxmoxVm ill01"]);
    const mended = await life.systems.clients.guest("ill01");
    expect([mended.status, mended.config.memory]).toEqual(["running", "4096"]);
  });
});

describe("placement", () => {
  let life: Life;
  beforeAll(async () => {
    life = await Life.open([
      guest("db1", 111, ["tags: [anti-affinity-db]"]),
      guest("db2", 112, ["tags: [anti-affinity-db]"]),
      guest("pin1", 113, ["device: pve2"]),
      guest(
        "pin2",
        114,
        ["customFields: { proxmox_node: pve1, proxmox_vm_type: lxc, proxmox_lxc_templates: '9100' }"],
        "rootfs",
      ),
    ]);
  });
  afterAll(() => life.systems.close());
  const nodeOf = async (name: string) => (await life.systems.clients.guest(name)).node;

  it("follows the device, the custom field, and keeps those apart that share an anti-affinity tag", async () => {
    const planned = await life.stack.preview();
    expect(Life.said(planned)).toMatch(/New guests go to the node with most memory to give: pve1: db\d; pve2: db\d\./);
    const made = await life.up();
    const placed = ({ type, name }: ResourceStep) => type === "ProxmoxVm" && name === "db1";
    const chosen = made.steps.find(placed)?.new.placement;
    expect(planned.steps.find(placed)?.new.placement).toBe(chosen);
    expect(await nodeOf("db1")).toBe(chosen);
    expect(new Set([await nodeOf("db1"), await nodeOf("db2")]).size).toBe(2);
    expect([await nodeOf("pin1"), await nodeOf("pin2")]).toEqual(["pve2", "pve1"]);
    await life.clean();
  });

  it("that changes in NetBox migrates, a running guest online, and never replaces", async () => {
    const uuid = (await life.systems.clients.guest("pin1")).config.smbios1;
    const [device] = await life.systems.clients.all<{ id: number }>("dcim/devices", "&name=pve1");
    await life.patch("pin1", { device: device?.id });
    await life.patch("pin2", { custom_fields: { proxmox_node: "pve2" } });
    const planned = await life.stack.preview();
    expect(steps(planned)).toEqual(["update ProxmoxContainer pin2", "update ProxmoxVm pin1"]);
    await life.up();
    expect([await nodeOf("pin1"), await nodeOf("pin2")]).toEqual(["pve1", "pve2"]);
    expect((await life.systems.clients.guest("pin1")).config.smbios1).toBe(uuid);
    expect((await life.systems.clients.guest("pin1")).status).toBe("running");
    await life.clean();
  });

  it("by hand is found again, noted and left", async () => {
    await life.systems.clients.proxmox("POST", `${await life.path("pin1")}/migrate`, { target: "pve2", online: 1 });
    const again = await life.stack.preview("--refresh", "--expect-no-changes");
    expect(again.code).toBe(0);
    expect(Life.said(again)).toMatch(
      /pin1 \(.*\) runs on pve2, though NetBox names pve1: it was moved by hand, and stays/,
    );
  });
});

describe("restarts", () => {
  let life: Life;
  beforeAll(async () => {
    life = await Life.open(
      [
        guest("r-never", 121),
        guest("r-needed", 122, ["customFields: { proxmox_reboot_policy: when-needed }"]),
        guest("r-ask", 123, ["customFields: { proxmox_reboot_policy: ask }"]),
      ].map((text) => text.replace("customFields: { proxmox_reboot", "customFields: { proxmox_reboot")),
    );
    await life.up();
  });
  afterAll(() => life.systems.close());
  const pending = async (name: string) =>
    (
      await life.systems.clients.proxmox<{ key: string; pending?: unknown }[]>(
        "GET",
        `${await life.path(name)}/pending`,
      )
    )
      .filter((option) => option.pending !== undefined)
      .map(({ key }) => key);

  it("that a change needs are named in the plan, done where they may be, and kept in the outputs where not", async () => {
    for (const name of ["r-never", "r-needed", "r-ask"]) await life.patch(name, { memory: 1024 });
    const planned = Life.said(await life.stack.preview());
    expect(planned).toMatch(
      /r-never \(\S+\): memory takes effect when it is started anew; its reboot policy \(never\)/,
    );
    expect(planned).toMatch(/r-needed \(\S+\): memory takes effect when it is started anew; this run restarts it/);
    expect(planned).toMatch(
      /r-ask \(\S+\): memory takes .* pulumi config set --path 'netbox-proxmox:site.reboots\[0\]' r-ask/,
    );
    const done = await life.up();
    expect(await pending("r-never")).toEqual(["memory"]);
    expect(await pending("r-needed")).toEqual([]);
    expect(await pending("r-ask")).toEqual(["memory"]);
    expect(done.steps.find(({ type, name }) => type === "ProxmoxVm" && name === "r-never")?.new.pending).toEqual([
      "memory",
    ]);
    await life.clean();
  });

  it("that were asked for are done once they are allowed", async () => {
    life.stack.configure(life.systems.config({ site: { protect: false, reboots: ["r-ask"] } }));
    expect(steps(await life.up())).toEqual(["update ProxmoxVm r-ask"]);
    expect(await pending("r-ask")).toEqual([]);
    expect(await pending("r-never")).toEqual(["memory"]);
    await life.clean();
  });
});

describe("disks that NetBox doesn't list", () => {
  let life: Life;
  beforeAll(async () => {
    const bare = (name: string, more: string) =>
      `- { name: ${name}, vcpus: 1, memory: 512, ${more}interfaces: [{ name: net0, vlan: 71 }] }`;
    const lxc = "customFields: { proxmox_vm_type: lxc, proxmox_lxc_templates: '9100' }, ";
    life = await Life.open([bare("bare1", ""), bare("bare2", lxc)]);
    await life.up();
  });
  afterAll(() => life.systems.close());

  it("stay as they are when it begins to list others", async () => {
    const before = await life.systems.clients.guest("bare1");
    for (const [name, disk, custom_fields] of [
      ["bare1", "scsi1", {}],
      ["bare2", "mp0", { proxmox_option_mp: "/srv" }],
    ] as const) {
      const { id } = await life.systems.clients.vm(name);
      await life.systems.clients.netbox("POST", "virtualization/virtual-disks/", {
        virtual_machine: id,
        name: disk,
        size: 1024,
        custom_fields: { proxmox_disk_storage_volume: "ceph", ...custom_fields },
      });
    }
    expect(steps(await life.up())).toEqual(["update ProxmoxContainer bare2", "update ProxmoxVm bare1"]);
    const after = await life.systems.clients.guest("bare1");
    expect(after.config.scsi0).toBe(before.config.scsi0);
    expect(after.config.scsi1).toMatch(/^ceph:.*size=1G/);
    expect(after.config).not.toHaveProperty("unused0");
    await life.clean();
    // And it stays so when its template is another one, or none, and when the listed one goes.
    const { id } = await life.systems.clients.vm("bare1");
    const [disk] = await life.systems.clients.all<{ id: number }>(
      "virtualization/virtual-disks",
      `&virtual_machine_id=${id}`,
    );
    await life.systems.clients.netbox("PATCH", `virtualization/virtual-disks/${disk?.id}/`, { name: "scsi2" });
    life.stack.configure(life.systems.config({ site: { protect: false }, defaults: { bridge: "vmbr0" } }));
    await life.up();
    expect((await life.systems.clients.guest("bare1")).config.scsi0).toBe(before.config.scsi0);
    await life.clean();
  });
});

describe("config contexts", () => {
  let systems: TestSystems;
  afterAll(() => systems.close());

  it("of a role serve its guests, by weight, and a guest's own wins", async () => {
    const seed = seedWith(
      [
        guest("ctx1", 171, ["role: Proxmox VM"]),
        guest("ctx2", 172, ["role: Proxmox VM", "localContext: { proxmox: { user: own } }"]),
        guest("ctx3", 173),
      ].join("\n"),
    );
    const roles = ["Proxmox VM"];
    seed.netbox.configContexts = [
      { name: "later", weight: 2000, roles, data: { proxmox: { user: "role", nameservers: ["10.71.0.99"] } } },
      {
        name: "earlier",
        weight: 1000,
        roles,
        data: { proxmox: { user: "early", options: { agent: 1 }, searchDomain: "role.example" } },
      },
    ];
    systems = await TestSystems.open(seed);
    const stack = await systems.stack({ site: { protect: false } });
    expect((await stack.up()).errors).toEqual([]);
    const of = async (name: string) => {
      const { config } = await systems.clients.guest(name);
      return [config.ciuser, config.nameserver, config.searchdomain];
    };
    expect(await of("ctx1")).toEqual(["role", "10.71.0.99", "role.example"]);
    expect(await of("ctx2")).toEqual(["own", "10.71.0.99", "role.example"]);
    expect(await of("ctx3")).toEqual(["admin", "10.71.0.53", "lab.example"]);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });
});

describe("a password", () => {
  let life: Life;
  let stack: Stack;
  const secret = "correct-horse-9";
  beforeAll(async () => {
    life = await Life.open([
      guest("pw1", 151),
      guest("pw2", 152, ["customFields: { proxmox_vm_type: lxc, proxmox_lxc_templates: '9100' }"], "rootfs", 2048),
    ]);
    const env = { GUEST_PASSWORD_MAIN: secret };
    const defaults = { ...(life.systems.config().defaults as object), password: "main" };
    stack = await life.systems.stack({ site: { protect: false }, defaults }, "secret", { env });
  });
  afterAll(() => life.systems.close());

  it("reaches the guest, and nothing that is kept or shown", async () => {
    const made = await stack.up();
    expect(made.errors).toEqual([]);
    const calls = life.systems.lab.proxmox.get("pve-lab")?.cluster.guests.get(100_001)?.config.get("cipassword");
    expect(calls).toBe(secret);
    expect(stack.exported()).not.toContain(secret);
    expect(JSON.stringify(made)).not.toContain(secret);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("that changes is set anew, and shows as that alone", async () => {
    const env = { GUEST_PASSWORD_MAIN: "battery-staple-9" };
    const defaults = { ...(life.systems.config().defaults as object), password: "main" };
    const next = await life.systems.stack({ site: { protect: false }, defaults }, "secret", { env });
    expect(steps(await next.preview())).toEqual(["update ProxmoxVm pw1"]);
    expect((await next.up()).errors).toEqual([]);
    const config = life.systems.lab.proxmox.get("pve-lab")?.cluster.guests.get(100_001)?.config;
    expect(config?.get("cipassword")).toBe("battery-staple-9");
  });
});

describe("two clusters in one stack", () => {
  let systems: TestSystems;
  let stack: Stack;
  beforeAll(async () => {
    const far = [`- name: there\n  cluster: pve-two`, guest("x", 162).split("\n").slice(1).join("\n")].join("\n");
    const seed = seedWith([guest("here", 161), far.replace("x.lab.example", "there.lab.example")].join("\n"));
    const first = seed.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    seed.proxmox["pve-two"] = first;
    systems = await TestSystems.open(seed);
    stack = await systems.stack({ site: { protect: false } });
  });
  afterAll(() => systems.close());
  const namesOn = async (cluster: string) =>
    (await systems.clients.guests(cluster))
      .filter(({ config }) => String(config.description).includes("Managed by"))
      .map(({ name }) => name);

  it("puts each guest on its own", async () => {
    expect((await stack.up()).errors).toEqual([]);
    expect([await namesOn("pve-lab"), await namesOn("pve-two")]).toEqual([["here"], ["there"]]);
    expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
  });

  it("refuses a guest that changes its cluster, with the way to do it", async () => {
    const { id } = await systems.clients.vm("here");
    const [two] = await systems.clients.all<{ id: number }>("virtualization/clusters", "&name=pve-two");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { cluster: two?.id });
    const refused = await stack.up();
    expect(Life.said(refused)).toMatch(
      /here \(\S+\): it was built on cluster pve-lab, and is on pve-two in NetBox now; a guest can't change its cluster: set it back, or decommission it and document a new guest there/,
    );
    expect([await namesOn("pve-lab"), await namesOn("pve-two")]).toEqual([["here"], ["there"]]);
  });
});

describe("adoption", () => {
  let life: Life;
  beforeAll(async () => {
    life = await Life.open([
      guest("old1", 131, ["tags: [adopt]", "customFields: { proxmox_vmid: '301' }"]),
      guest("old2", 132, ["tags: [adopt]"], "scsi0", 3072),
      guest(
        "old3",
        133,
        ["tags: [adopt]", "customFields: { proxmox_vmid: '303', proxmox_vm_type: lxc }"],
        "rootfs",
        2048,
      ),
      guest("plain", 134, ["customFields: { proxmox_vmid: '304' }"]),
    ]);
    const { clients } = life.systems;
    const clone = (path: string, body: Record<string, string | number>) =>
      clients.proxmox("POST", path, { full: 1, ...body });
    await clone("/nodes/pve1/qemu/9000/clone", { newid: 301, name: "legacy" });
    await clients.proxmox("PUT", "/nodes/pve1/qemu/301/config", { description: "hand-made", memory: 2048 });
    await clone("/nodes/pve1/qemu/9000/clone", { newid: 302, name: "old2" });
    const exact = {
      memory: 512,
      cores: 1,
      sockets: 1,
      ciuser: "admin",
      nameserver: "10.71.0.53",
      searchdomain: "lab.example",
    };
    await clients.proxmox("PUT", "/nodes/pve1/qemu/302/config", {
      ...exact,
      net0: "virtio,bridge=vmbr0,tag=71",
      ipconfig0: "ip=10.71.0.132/24,gw=10.71.0.1",
    });
    await clients.proxmox("POST", "/nodes/pve1/qemu/302/status/start");
    await clone("/nodes/pve1/lxc/9100/clone", { newid: 303, hostname: "old3" });
    await clients.nsupdate("lab.example.", ["update add old1.lab.example. 600 A 10.71.0.131"]);
    await clients.nsupdate("lab.example.", ["update add old2.lab.example. 300 A 192.0.2.7"]);
  });
  afterAll(() => life.systems.close());

  it("logs what differs, writes the mark and nothing else", async () => {
    const { clients } = life.systems;
    const strip = ({
      config: { digest: _digest, description: _description, ...config },
    }: Awaited<ReturnType<typeof clients.guest>>) => config;
    const before = [await clients.guest("legacy"), await clients.guest("old2"), await clients.guest("old3")];
    const planned = await life.stack.preview();
    expect(planned.errors).toEqual([]);
    expect(Life.said(planned)).toMatch(
      /old1 \(\S+\) is adopted: VM 301 on pve1 gets the mark of this stack and stays as it is. The next run would change: name: legacy → old1/,
    );
    expect(Life.said(planned)).toMatch(/memory: 2048 → 512/);
    await life.up();
    const after = [await clients.guest("legacy"), await clients.guest("old2"), await clients.guest("old3")];
    expect(after.map(strip)).toEqual(before.map(strip));
    expect(after.map(({ status }) => status)).toEqual(before.map(({ status }) => status));
    expect(after[0]?.config.description).toMatch(/^hand-made\n\nManaged by Pulumi stack netbox-proxmox\/test from /);
    expect(await life.systems.newRecords()).toEqual(expect.arrayContaining(["old2.lab.example. A 192.0.2.7"]));
    // What was found by its name has its VMID in NetBox now.
    const [found] = await clients.all<{ custom_fields: { proxmox_vmid: string } }>(
      "virtualization/virtual-machines",
      "&name=old2",
    );
    expect(found?.custom_fields.proxmox_vmid).toBe("302");
  });

  it("is followed by the honest list of what differs, and nothing is replaced", async () => {
    const next = await life.stack.preview();
    // Built by hand just as NetBox says, old2 is not in it.
    expect(steps(next)).toEqual([
      "update Bind9Record ns1/old1.lab.example",
      "update Bind9Record ns1/old2.lab.example",
      "update ProxmoxContainer old3",
      "update ProxmoxVm old1",
    ]);
    expect(Life.said(next)).toMatch(
      /old1 \(\S+\) was adopted as it is; this run changes: name: legacy → old1 description: hand-made/,
    );
    const refreshed = await life.stack.preview("--refresh");
    const changed = (name: string) => {
      const step = refreshed.steps.find((each) => each.name === name && each.op === "update");
      return Object.keys(step?.new ?? {})
        .filter((key) => JSON.stringify(step?.old[key]) !== JSON.stringify(step?.new[key]))
        .filter((key) => !["pending", "silent", "uuid", "system", "adopted", "adopt"].includes(key))
        .sort();
    };
    expect(changed("old1")).toEqual(expect.arrayContaining(["name", "memory", "description", "power"]));
    expect(changed("ns1/old1.lab.example")).toEqual(["reverse", "ttl"]);
    expect(changed("ns1/old2.lab.example")).toEqual(["records", "reverse"]);
    const uuid = (await life.systems.clients.guest("legacy")).config.smbios1;
    await life.up();
    const mended = await life.systems.clients.guest("old1");
    expect([mended.vmid, mended.config.smbios1, mended.status]).toEqual([301, uuid, "running"]);
    expect(await life.systems.newRecords()).toEqual(
      expect.arrayContaining(["old2.lab.example. A 10.71.0.132", "old1.lab.example. A 10.71.0.131"]),
    );
    await life.clean();
  });

  it("is never done where it wasn't asked for", async () => {
    await life.systems.clients.proxmox("POST", "/nodes/pve1/qemu/9000/clone", {
      newid: 305,
      name: "stranger",
      full: 1,
    });
    const id = await life.patch("plain", { status: "active" });
    expect(id).toBeGreaterThan(0);
    const [nic] = await life.systems.clients.all<{ id: number }>(
      "virtualization/interfaces",
      `&virtual_machine_id=${id}`,
    );
    expect(nic).toBeDefined();
    await life.systems.clients.netbox("POST", "virtualization/virtual-machines/", {
      name: "thief",
      cluster: 1,
      custom_fields: { proxmox_vmid: "305" },
    });
    const refused = await life.stack.preview();
    expect(Life.said(refused)).toMatch(/VMID 305 is taken on pve1 by stranger, which is not ours/);
    const { id: thief } = await life.systems.clients.vm("thief");
    await life.systems.clients.netbox("DELETE", `virtualization/virtual-machines/${thief}/`);
    await life.patch("plain", { status: "planned" });
  });

  it("is released by a destroy, which says so, but for what NetBox takes out", async () => {
    const { clients } = life.systems;
    const before = [await clients.guest("old1"), await clients.guest("old2")];
    await life.patch("old3", { status: "decommissioning" });
    const destroyed = await life.stack.destroy();
    expect(destroyed.errors).toEqual([]);
    const said = Life.said(destroyed);
    expect(said).toMatch(/old1 \(\S+\) was adopted, and is released: its marks are taken away/);
    expect(said).toMatch(/old3 \(\S+\) was adopted, and is deleted: decommissioning\./);
    const after = [await clients.guest("old1"), await clients.guest("old2")];
    const marked = ({ config: { digest: _digest, description, ...config }, status }: (typeof before)[number]) => ({
      status,
      config,
      marked: String(description ?? "").includes("Managed by"),
    });
    expect(after.map(marked)).toEqual(before.map((each) => ({ ...marked(each), marked: false })));
    expect(before.map((each) => marked(each).marked)).toEqual([true, true]);
    expect((await clients.guests()).map(({ name }) => name)).not.toContain("old3");
    expect(await life.systems.newRecords()).toEqual(
      expect.arrayContaining(["old2.lab.example. A 10.71.0.132", "old1.lab.example. A 10.71.0.131"]),
    );
    expect((await life.systems.newRecords()).join()).not.toContain("netbox-proxmox");
    expect(life.stack.resources()).toEqual([]);
  });
});

describe("what replaces", () => {
  let life: Life;
  beforeAll(async () => {
    life = await Life.open(
      [
        guest("anew1", 141),
        guest("kind1", 142, ["customFields: { proxmox_vm_type: vm, proxmox_lxc_templates: '9100' }"]),
      ],
      { maxRemovals: 1 },
    );
    await life.up();
  });
  afterAll(() => life.systems.close());

  it("is a rebuild counter, which deletes before it creates", async () => {
    const before = (await life.systems.clients.guest("anew1")).config.smbios1;
    await life.patch("anew1", { custom_fields: { proxmox_rebuild: 1 } });
    const planned = await life.stack.preview();
    expect(steps(planned)).toEqual([
      "create-replacement ProxmoxVm anew1",
      "delete-replaced ProxmoxVm anew1",
      "replace ProxmoxVm anew1",
    ]);
    await life.up();
    const after = await life.systems.clients.guest("anew1");
    expect(after.config.smbios1).not.toBe(before);
    expect(after.status).toBe("running");
    expect(await life.systems.newRecords()).toContain("anew1.lab.example. A 10.71.0.141");
    await life.clean();
  });

  it("is the guest's kind, at the same VMID", async () => {
    const { id } = await life.systems.clients.vm("kind1");
    const [disk] = await life.systems.clients.all<{ id: number }>(
      "virtualization/virtual-disks",
      `&virtual_machine_id=${id}`,
    );
    await life.systems.clients.netbox("PATCH", `virtualization/virtual-disks/${disk?.id}/`, { name: "rootfs" });
    await life.patch("kind1", { custom_fields: { proxmox_vm_type: "lxc" } });
    expect(steps(await life.stack.preview())).toEqual([
      "create-replacement ProxmoxContainer kind1",
      "delete-replaced ProxmoxVm kind1",
      "replace ProxmoxContainer kind1",
    ]);
    await life.up();
    const after = await life.systems.clients.guest("kind1");
    expect([after.vmid, after.type, after.status]).toEqual([100_002, "lxc", "running"]);
    await life.clean();
  });

  it("is never a disk on another bus, which is refused", async () => {
    const { id } = await life.systems.clients.vm("anew1");
    const [disk] = await life.systems.clients.all<{ id: number }>(
      "virtualization/virtual-disks",
      `&virtual_machine_id=${id}`,
    );
    const rename = (name: string) =>
      life.systems.clients.netbox("PATCH", `virtualization/virtual-disks/${disk?.id}/`, { name });
    await rename("virtio0");
    const refused = await life.stack.preview();
    expect(Life.said(refused)).toMatch(
      /anew1 \(\S+\): its boot disk scsi0 would be detached and an empty virtio0 put in its place/,
    );
    await rename("scsi0");
    await life.clean();
  });

  it("counts with the removals", async () => {
    await life.patch("anew1", { custom_fields: { proxmox_rebuild: 2 } });
    await life.patch("kind1", { custom_fields: { proxmox_rebuild: 1 } });
    const before = await life.systems.inventory();
    const refused = await life.stack.up();
    expect(Life.said(refused)).toMatch(
      /2 guests would be deleted and made anew, and 1 are allowed at once: anew1 \(\S+\), kind1 \(\S+\)/,
    );
    expect(await life.systems.inventory()).toBe(before);
  });
});
