import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check"; // makes up random changes, and the smallest ones that break a property
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Lab } from "../../lab";
import { parseSaved, readSaved, type SavedLab, writeSaved } from "../../lab/saved";
import { demoSeed, zonesOf } from "../../tools/labstack";
import { projectRoot } from "../../tools/root";
import { SystemClients } from "../../tools/systemclients";

const root = projectRoot();
const text = (saved: SavedLab) => JSON.stringify(saved);

/** A lab with everything that a saved one has to have. */
class Subject {
  private constructor(
    readonly lab: Lab,
    readonly clients: SystemClients,
    readonly folder: string,
  ) {}

  static async open(saved?: SavedLab): Promise<Subject> {
    const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-test-"));
    const from = saved === undefined ? { seed: demoSeed() } : { saved };
    const lab = await Lab.start({ ...from, folder: join(folder, "lab"), save: join(folder, "saved.json") });
    return new Subject(lab, new SystemClients(lab.endpoints, zonesOf(lab.seed)), folder);
  }

  async close(): Promise<void> {
    await this.clients.close();
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Answers of all three systems. */
  async answers(): Promise<unknown> {
    const { clients, lab } = this;
    const proxmox = [
      ...["/cluster/resources", "/cluster/ha/resources", "/cluster/ha/rules", "/cluster/sdn/vnets", "/cluster/options"],
      ...["/access/users", "/access/users/robot@pve/token", "/access/roles", "/access/acl", "/access/groups"],
      ...["/access/permissions", "/pools", "/storage", "/nodes/pve1/tasks", "/nodes/pve1/network"],
      ...["/nodes/pve1/storage/local/content", "/nodes/pve1/storage/ceph/content", "/nodes/pve1/qemu/100/config"],
      ...["/nodes/pve1/qemu/100/pending", "/nodes/pve1/qemu/100/firewall/rules", "/nodes/pve1/qemu/400/snapshot"],
      ...["/nodes/pve1/qemu/400/config", "/nodes/pve1/qemu/400/pending", "/nodes/pve2/lxc/401/config"],
    ];
    const netbox = [
      ...["dcim/sites", "dcim/devices", "virtualization/virtual-machines", "virtualization/interfaces"],
      ...["ipam/ip-addresses", "ipam/prefixes", "extras/tags", "extras/custom-fields", "extras/journal-entries"],
      ...["core/object-changes", "users/users", "users/tokens", "extras/config-contexts", "plugins/netbox-dns/records"],
      "plugins/netbox-dns/zones",
    ];
    const shown: Record<string, unknown> = {};
    for (const path of proxmox)
      shown[path] = await clients.proxmox("GET", path).catch((error: unknown) => `refused: ${String(error)}`);
    for (const path of netbox) shown[path] = await clients.all(path);
    shown.records = await clients.records();
    shown.serials = lab.zones.all().map(({ serial }) => serial);
    // Where a lab is, and how long its guests run, is not what it holds.
    const {
      netbox: { url },
    } = lab.endpoints;
    return JSON.parse(
      JSON.stringify(shown)
        .replaceAll(url, "NETBOX")
        .replace(/"uptime":\d+/g, '"uptime":0'),
    );
  }

  /** Uses what the seed does not. */
  async furnish(): Promise<void> {
    const { clients, lab } = this;
    const pve = clients.proxmox.bind(clients);
    const netbox = clients.netbox.bind(clients);
    await pve("POST", "/nodes/pve1/qemu/9000/clone", { newid: 400, name: "cloned", full: 1, storage: "local-lvm" });
    await pve("POST", "/nodes/pve1/qemu/400/status/start");
    await pve("PUT", "/nodes/pve1/qemu/400/config", { memory: 4096, delete: "cores", cipassword: "Hidden-1" });
    await pve("POST", "/nodes/pve1/qemu/400/snapshot", { snapname: "before", description: "first" });
    await pve("POST", "/nodes/pve1/qemu/400/snapshot", { snapname: "after", vmstate: 1 });
    await pve("POST", "/nodes/pve2/lxc", {
      vmid: 401,
      ostemplate: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
      hostname: "ct",
      storage: "local-lvm",
      password: "Hidden-2",
    });
    await pve("POST", "/cluster/ha/resources", { sid: "vm:400", state: "started" });
    await pve("POST", "/cluster/ha/rules", { rule: "stay", type: "node-affinity", resources: "vm:400", nodes: "pve1" });
    await pve("POST", "/cluster/sdn/zones", { zone: "inner", type: "simple" });
    await pve("POST", "/cluster/sdn/vnets", { vnet: "back", zone: "inner" });
    await pve("PUT", "/cluster/sdn");
    await pve("POST", "/nodes/pve1/network", { iface: "vmbr77", type: "bridge" });
    await pve("POST", "/nodes/pve1/qemu/100/firewall/rules", { type: "in", action: "ACCEPT", proto: "tcp" });
    await pve("POST", "/pools", { poolid: "shop", comment: "of the shop" });
    await pve("PUT", "/pools", { poolid: "shop", vms: "400", storage: "ceph" });
    await pve("POST", "/access/groups", { groupid: "crew" });
    await pve("POST", "/access/users", { userid: "robot@pve", groups: "crew", email: "robot@lab.example" });
    await pve("POST", "/access/users/robot@pve/token/ci", { privsep: 1, comment: "of ci" });
    await pve("POST", "/access/roles", { roleid: "Looker", privs: "VM.Audit" });
    await pve("PUT", "/access/acl", { path: "/vms", roles: "Looker", tokens: "robot@pve!ci" });
    const [vm] = await clients.all<{ id: number }>("virtualization/virtual-machines", "&name=web01");
    const entry = { assigned_object_type: "virtualization.virtualmachine", assigned_object_id: vm?.id };
    await netbox("POST", "extras/journal-entries/", { ...entry, kind: "info", comments: "noted" });
    const tag = Object(await netbox("POST", "extras/tags/", { name: "gone", slug: "gone" }));
    await netbox("DELETE", `extras/tags/${tag.id}/`);
    const user = Object(await netbox("POST", "users/users/", { username: "robot", password: "Limited-lab-1" }));
    await netbox("POST", "users/tokens/", { user: user.id, version: 2 });
    const server = Object(await netbox("POST", "plugins/netbox-dns/nameservers/", { name: "ns1.lab.example" }));
    await netbox("POST", "plugins/netbox-dns/zones/", {
      name: "plugin.example",
      soa_mname: server.id,
      soa_rname: "host.lab.example",
      nameservers: [server.id],
    });
    await clients.nsupdate("lab.example.", ['update add note.lab.example. 300 TXT "a b"']);
    for (const { cluster } of lab.proxmox.values()) await cluster.tasks.idle(5000);
  }
}

describe("a saved lab", () => {
  const subjects: Subject[] = [];
  const open = async (saved?: SavedLab) => {
    const subject = await Subject.open(saved);
    subjects.push(subject);
    return subject;
  };
  let first: Subject;
  let saved: SavedLab;

  beforeAll(async () => {
    first = await Subject.open();
    await first.furnish();
    saved = await first.lab.save();
  });
  afterEach(async () => {
    for (const subject of subjects.splice(0)) await subject.close();
  });
  afterAll(() => first.close());

  it("is the same document when it is loaded and saved again", async () => {
    const second = await open(parseSaved(text(saved), "it"));
    expect(JSON.parse(text(await second.lab.save()))).toEqual(JSON.parse(text(saved)));
  });

  it("gives the answers that it gave, by the keys and tokens that it had", async () => {
    const before = await first.answers();
    const second = await open(parseSaved(text(await first.lab.save()), "it"));
    const { proxmox, netbox, ssh } = second.lab.endpoints;
    expect(proxmox["pve-lab"]?.fingerprint).toBe(first.lab.endpoints.proxmox["pve-lab"]?.fingerprint);
    expect([netbox.token, ssh.hostKey]).toEqual([first.lab.endpoints.netbox.token, first.lab.endpoints.ssh.hostKey]);
    const ci = first.lab.proxmox.get("pve-lab")?.cluster.access.users.get("robot@pve")?.tokens.get("ci");
    expect(second.lab.proxmox.get("pve-lab")?.cluster.access.users.get("robot@pve")?.tokens.get("ci")).toEqual(ci);
    expect(await second.answers()).toEqual(before);
    expect(JSON.stringify(before)).not.toContain("refused: ");
  });

  it("goes on where it ended: ids, names of disks and process ids are not given twice", async () => {
    const second = await open(parseSaved(text(saved), "it"));
    const tags = async ({ clients }: Subject) =>
      Object(await clients.netbox("POST", "extras/tags/", { name: "next", slug: "next" })).id as unknown;
    expect(await tags(second)).toBe(await tags(first));
    await second.clients.proxmox("POST", "/nodes/pve1/qemu/400/status/stop");
    await second.clients.proxmox("POST", "/nodes/pve1/qemu/400/status/start");
    const cluster = second.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    expect(cluster.guests.get(400)?.config.get("memory")).toBe("4096");
    const duplicate = second.clients.netbox("POST", "extras/tags/", { name: "next", slug: "next" });
    await expect(duplicate).rejects.toThrow(/already exists/);
  });

  it("holds whatever the zones, options and objects are", { timeout: 60_000 }, async () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const value = fc.string({ minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(label, value, { maxKeys: 4 }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        async (all, n) => {
          const cluster = first.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
          const vm = cluster.guests.get(100) ?? expect.unreachable("the seed has that guest");
          const zone = first.lab.zones.get("lab.example") ?? expect.unreachable("the seed has that zone");
          vm.pending.clear();
          for (const [key, content] of Object.entries(all)) {
            vm.config.set(`x-${key}`, content);
            vm.pending.set(`y-${key}`, content.length % 2 === 0 ? content : null);
            zone.names.set(`${key}.lab.example.`, new Map([["TXT", { ttl: n, values: [content] }]]));
          }
          zone.serial = n;
          const one = await first.lab.save();
          const second = await Subject.open(parseSaved(text(one), "it"));
          try {
            expect(JSON.parse(text(await second.lab.save()))).toEqual(JSON.parse(text(one)));
          } finally {
            await second.close();
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it("is written when the control URL asks for it, readable by its owner alone", async () => {
    const second = await open(parseSaved(text(saved), "it"));
    const response = await fetch(`${second.lab.endpoints.control.url}/save`, { method: "POST" });
    const file = join(second.folder, "saved.json");
    expect([response.status, await response.json()]).toEqual([200, { file }]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(text(readSaved(file)))).toEqual(JSON.parse(text(saved)));
  });

  it("is not made while a task runs on, which is said", { timeout: 30_000 }, async () => {
    const second = await open(parseSaved(text(saved), "it"));
    second.lab.set({ setup: "task", type: "qmstop" });
    const cluster = second.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
    cluster.tasks.run("pve1", "qmstop", "100", "root@pam", async () => {});
    await expect(second.lab.save()).rejects.toThrow(/^task UPID:pve1:.*:qmstop:100:root@pam: still runs/);
  });

  it.each([
    ["nothing", undefined, /^\S+ can't be read \(ENOENT\): name a file/],
    ["a truncated file", (whole: string) => whole.slice(0, -100), /^\S+ is no whole JSON document: /],
    ["another file", () => '{"version":3,"deployment":{}}', /^\S+ is no saved lab: /],
    ["an old format", (whole: string) => whole.replace('"version":1', '"version":0'), /has format 0 and .* format 1: /],
    [
      "a file with a part missing",
      (whole: string) => whole.replace('"lastPid"', '"lastPdi"'),
      /^\S+ is not a whole saved lab \(proxmox.0.lastPid: /,
    ],
    [
      "a table that this NetBox has not",
      (whole: string) => whole.replace('"model":"site"', '"model":"rack"'),
      /^\S+ is not a whole saved lab \(netbox.tables.\d+.model: rack is no model of this lab's NetBox\)/,
    ],
  ])("is refused in one sentence where it is %s", (_, spoil, said) => {
    const file = join(first.folder, "spoilt.json");
    rmSync(file, { force: true });
    if (spoil !== undefined) writeFileSync(file, spoil(text(saved)));
    let message = "";
    try {
      readSaved(file);
    } catch (error) {
      message = String(error instanceof Error ? error.message : error);
    }
    expect(message).toMatch(said);
    expect(message).not.toContain("\n");
  });

  it("can't be written to a folder that is not there", () => {
    expect(() => writeSaved(join(first.folder, "none", "lab.json"), saved)).toThrow(/can't be written \(ENOENT\): /);
  });

  /** `npm run lab` with these flags, until it has printed its line; then it is stopped. */
  async function run(...flags: string[]): Promise<{ code: number | null; line: string; said: string }> {
    const ports = ["proxmox", "netbox", "ssh", "node-ssh", "dns", "control"].flatMap((name) => [`--${name}-port`, "0"]);
    const folder = join(first.folder, "command");
    const program = join(root, "dist", "lab", "main.js");
    const child = spawn(process.execPath, [program, "--folder", folder, ...ports, ...flags], { cwd: root });
    let line = "";
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      line += chunk.toString();
      if (line.includes("\n")) child.kill("SIGTERM");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, line, said };
  }

  it("is what npm run lab writes at its end and begins with", { timeout: 60_000 }, async () => {
    const one = join(first.folder, "one.json");
    const two = join(first.folder, "two.json");
    writeSaved(one, saved);
    const loaded = await run("--load", one, "--save", two);
    expect([loaded.code, loaded.said]).toEqual([0, ""]);
    expect(JSON.parse(loaded.line)).toMatchObject({
      proxmox: { "pve-lab": { fingerprint: saved.keys.certificate.fingerprint } },
    });
    expect(JSON.parse(readFileSync(two, "utf8"))).toEqual(JSON.parse(readFileSync(one, "utf8")));
    const refused = await run("--load", join(first.folder, "none.json"));
    expect([refused.code, refused.said]).toMatchObject([
      1,
      expect.stringMatching(/^The lab can't start: .*\(ENOENT\)/),
    ]);
    const both = await run("--load", one, "--seed", one);
    expect(both.said).toContain("--load takes the place of --seed and --proxmox-state");
  });
});
