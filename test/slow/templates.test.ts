import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { pulumiFolder } from "../../cli/pulumi";
import { templatesGrants, templatesPermissions } from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { ImageServer, qcow2 } from "../harness/images";
import { seedWith, TestSystems } from "../harness/systems";

// The whole life of templates.yml by the real CLI and a token with the documented rights: built by the API and over ssh, run
// again, a newer image beside the old one, which stays while a linked clone needs it, destroyed.

const gigabyte = 1024 ** 3;

describe("a stack from templates.yml", () => {
  let systems: TestSystems;
  let images: ImageServer;
  let stack: Stack;
  let file: string;
  const wanted = {
    defaults: { storage: "local", importStorage: "local" },
    templates: {
      noble: {
        image: { url: "", checksumUrl: "" },
        method: "api",
        size: "10G",
        bridge: "vmbr0",
        agent: false,
        tags: ["Ubuntu"],
        notes: "For web servers;\n$(touch /tmp/pwned) `id`",
      } as Record<string, unknown>,
      bookworm: {
        image: { url: "", checksumUrl: "" },
        nodes: ["pve1"],
        method: "ssh",
        vmid: 9200,
        storage: "ceph",
        packages: ["qemu-guest-agent"],
        commands: ["echo 'it'\"'\"'s done' > /etc/motd; echo $HOME"],
      } as Record<string, unknown>,
    },
    osTemplates: { debian: { appliance: "debian-12-standard", storage: "local", nodes: ["pve2"] } },
  };
  const write = () => writeFileSync(file, stringify(wanted));
  const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
  const configOf = (vmid: number) => cluster().guests.get(vmid)?.shown(false) ?? {};
  const choices = async () => {
    const [set] = await systems.clients.all<{ extra_choices: [string, string][] }>(
      "extras/custom-field-choice-sets",
      "&name=proxmox-vm-templates",
    );
    return set?.extra_choices.map(([value, label]) => `${value}: ${label.replace(/[0-9a-f]{8}/, "RECIPE")}`);
  };

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("[]"));
    images = await ImageServer.open();
    images.files.set("noble server.img", qcow2(3 * gigabyte, "noble 1"));
    images.files.set("debian-12.qcow2", qcow2(2 * gigabyte, "bookworm 1"));
    wanted.templates.noble.image = { url: images.url("noble server.img"), checksumUrl: images.url("SHA256SUMS") };
    wanted.templates.bookworm.image = { url: images.url("debian-12.qcow2"), checksumUrl: images.url("BSDSUMS") };
    const reach = await systems.reachAs("templates", templatesGrants, templatesPermissions);
    file = join(systems.folder, "templates.yml");
    write();
    const { ssh } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const { proxmox, ...config } = systems.config({ program: "templates", templates: { file } });
    stack = new Stack({
      cli: await pulumiFolder(),
      name: "templates",
      folder: join(systems.folder, "templates"),
      secrets: {},
      config: { ...config, proxmox: { "pve-lab": { ...Object(Object(proxmox)["pve-lab"]), ssh } } },
      env: labEnvironment(reach),
    });
    await stack.init();
  });
  afterAll(async () => {
    await images.close();
    await systems.close();
  });

  it("is built by both ways, as its preview says", async () => {
    const preview = await stack.preview();
    expect(preview.errors).toEqual([]);
    const made = await stack.up();
    expect(made.errors).toEqual([]);
    expect(made.changes).toEqual(preview.changes);
    expect(made.output).toMatch(/template noble \(VM 9002 on pve1 of pve-lab\): imports its disk/);
    expect(made.output).toContain("install qemu-guest-agent in the image");
    // One on each node, as `local` is not shared; the demo's own templates keep their ids.
    for (const [vmid, node] of [
      [9002, "pve1"],
      [9003, "pve2"],
    ] as const) {
      expect(cluster().guests.get(vmid)?.node).toBe(node);
      expect(configOf(vmid)).toMatchObject({
        name: "noble",
        template: 1,
        memory: "1024",
        cores: 1,
        serial0: "socket",
        vga: "serial0",
        boot: "order=scsi0",
        scsihw: "virtio-scsi-single",
        tags: "template;ubuntu",
        cpu: "x86-64-v2-AES",
        ostype: "l26",
        scsi0: expect.stringMatching(/^local:\d+\/base-\d+-disk-0.*discard=on.*size=10G/),
        ide2: expect.stringContaining("cloudinit"),
        description: expect.stringContaining("$(touch /tmp/pwned) `id`"),
      });
      expect(configOf(vmid).agent).toBeUndefined();
    }
    expect(configOf(9200)).toMatchObject({ name: "bookworm", template: 1, agent: "enabled=1" });
    expect(configOf(9200).scsi0).toMatch(/^ceph:base-9200-disk-0.*size=2G/);
    expect(configOf(9200).description).toMatch(
      /^Image: .*debian-12.qcow2\nChecksum: sha256:[0-9a-f]{64}\nPackages: qemu-guest-agent\nBuilt: \d{4}-\d\d-\d\d\n\nManaged by Pulumi stack netbox-proxmox\/templates as template bookworm \([0-9a-f]{8}\)/,
    );
    // The newest of PVE's list, in the order of versions.
    expect(cluster().storages.find("pve2", "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst")).toBeDefined();
    expect(await choices()).toEqual([
      "9002: noble (pve1, RECIPE)",
      "9003: noble (pve2, RECIPE)",
      "9200: bookworm (pve1, RECIPE)",
      "9000: 9000",
      "9001: 9001",
    ]);
    expect(await stack.outputs()).toMatchObject({
      templates: { "pve-lab": { noble: { pve1: 9002, pve2: 9003 }, bookworm: { pve1: 9200 } } },
    });
  });

  it("changes nothing when it is run again, and has no drift", async () => {
    const again = await stack.up("--expect-no-changes");
    expect(again.errors).toEqual([]);
    const refreshed = await stack.preview("--refresh", "--expect-no-changes");
    expect(refreshed.errors).toEqual([]);
  });

  it("changes in place what can change, and builds nothing anew", async () => {
    wanted.templates.noble.memory = 2048;
    write();
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect(run.changes.update).toBe(2);
    expect(run.changes.create).toBeUndefined();
    expect(configOf(9003).memory).toBe("2048");
    await stack.up("--expect-no-changes");
  });

  it("builds a newer image beside the old one, which stays while a linked clone needs it", async () => {
    const clone = { newid: 150, name: "linked" };
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu/9002/clone", clone);
    images.files.set("noble server.img", qcow2(3 * gigabyte, "noble 2"));
    const preview = await stack.preview();
    expect(preview.errors).toEqual([]);
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect(run.changes).toEqual(preview.changes);
    expect(run.output).toContain("Template noble (VM 9002 on pve1) stays: a linked clone needs it (VM 150).");
    expect(run.output).toContain("Template noble (VM 9003 on pve2) goes: a newer build takes its place.");
    expect(configOf(9002)).toMatchObject({ tags: "superseded;template;ubuntu", template: 1 });
    expect(cluster().guests.has(9003)).toBe(false);
    expect(configOf(9004)).toMatchObject({ name: "noble", template: 1, tags: "template;ubuntu" });
    expect(configOf(9005)).toMatchObject({ name: "noble", template: 1 });
    expect((await choices())?.slice(0, 4)).toEqual([
      "9004: noble (pve1, RECIPE)",
      "9005: noble (pve2, RECIPE)",
      "9200: bookworm (pve1, RECIPE)",
      "9002: noble (pve1, RECIPE, superseded)",
    ]);
    const after = await stack.up("--expect-no-changes");
    expect(after.errors).toEqual([]);
    // Without the clone it goes.
    await systems.clients.proxmox("DELETE", "/nodes/pve1/qemu/150", {});
    const gone = await stack.up();
    expect(gone.errors).toEqual([]);
    expect(cluster().guests.has(9002)).toBe(false);
  });

  it("is listed with what uses it, and NetBox's choices are written from the list", async () => {
    const { args, env } = stack.reach;
    const set = "proxmox-vm-templates";
    const [row] = await systems.clients.all<{ id: number; extra_choices: [string, string][] }>(
      "extras/custom-field-choice-sets",
      `&name=${set}`,
    );
    const before = row?.extra_choices;
    const body = { extra_choices: [["8000", "not there any more"], ["mine", "a person's"], ...(before ?? [])] };
    await systems.clients.netbox("PATCH", `extras/custom-field-choice-sets/${row?.id}/`, body);
    const { out, err, code } = await runOps(["templates", ...args, "--write"], env);
    expect([code, err]).toEqual([0, ""]);
    const lines = out.split("\n").map((line) => line.replace(/ {2,}/g, " | ").trim());
    expect(lines).toContain("pve-lab | 9004 | noble | pve1 | 0 d | netbox-proxmox/templates");
    expect(lines.find((line) => line.startsWith("pve-lab | 9100"))).toMatch(/9100 \| alpine|9100 \| \S+ \| pve1/);
    expect(lines).toContain("proxmox-vm-templates offers 5 templates: 0 new, 1 taken away.");
    expect((await choices())?.filter((each) => !/^9\d{3}: /.test(each))).toEqual(["mine: a person's"]);
    await systems.clients.netbox("PATCH", `extras/custom-field-choice-sets/${row?.id}/`, { extra_choices: before });
    const json = await runOps(["templates", ...args, "--json"], env);
    expect((JSON.parse(json.out) as { id: string }[]).map(({ id }) => id)).toContain("9005");
  });

  it("stays as it is where the list of checksums can't be read", async () => {
    const before = wanted.templates.noble.image;
    wanted.templates.noble.image = { url: images.url("noble server.img"), checksumUrl: images.url("nothing") };
    write();
    const run = await stack.up();
    expect(run.errors).toEqual([]);
    expect(run.changes.create ?? run.changes.delete ?? run.changes.update).toBeUndefined();
    expect(run.output).toContain("Template noble stays as it was built: its list of checksums can't be read");
    wanted.templates.noble.image = before;
    write();
  });

  it("is destroyed, and leaves nothing but what was there", async () => {
    const run = await stack.destroy();
    expect(run.errors).toEqual([]);
    expect([...cluster().guests.keys()].sort()).toEqual([100, 9000, 9001, 9100]);
    expect(await choices()).toEqual(["9000: 9000", "9001: 9001"]);
    for (const node of ["pve1", "pve2"])
      expect(
        cluster()
          .storages.list(node, "local")
          .filter(({ content }) => content === "import"),
      ).toEqual([]);
    expect(cluster().storages.find("pve2", "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst")).toBeUndefined();
  });
});
