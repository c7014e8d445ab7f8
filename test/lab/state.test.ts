import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab } from "../../lab";
import { demoSeed, zonesOf } from "../../tools/labstack";
import { SystemClients } from "../../tools/systemclients";

// A lab that begins with a recorded state, of one node or of a cluster.

const volume = (volid: string, content = "images") => ({ volid, content, format: "raw", size: 1024 ** 3 });
const own = (name: string, n: number, local: string) => ({
  name,
  ip: `192.0.2.${n}`,
  dns: { dns1: "192.0.2.53", search: "example.invalid" },
  network: [{ iface: "vmbr0", type: "bridge" }],
  storage_status: [{ storage: "local", total: 1024 ** 4 }],
  content: { local: [volume(local)], shared: [volume("shared:120/vm-120-disk-0.raw")] },
  tasks: [],
});
const [pve1, pve2] = [own("pve1", 11, "local:110/vm-110-disk-0.raw"), own("pve2", 12, "local:iso/own.iso")];
const common = {
  version: { version: "9.2.11", release: "9.2", repoid: "0000000000000000" },
  storage: [
    { storage: "local", type: "dir", path: "/var/lib/vz", content: "images,iso,backup,snippets,import" },
    { storage: "shared", type: "dir", path: "/mnt/shared", content: "images,backup", shared: 1 },
  ],
  users: [{ userid: "root@pam", enable: 1, expire: 0, groups: "", email: "root@example.invalid", "realm-type": "pam" }],
  groups: [],
  domains: [{ realm: "pam", type: "pam" }],
  acl: [],
  roles: [{ roleid: "PVEAuditor", privs: "Sys.Audit", special: 1 }],
  pools: [],
  guests: [
    { vmid: 110, type: "qemu", node: "pve1", config: { scsi0: "local:110/vm-110-disk-0.raw,size=1G" } },
    { vmid: 120, type: "qemu", node: "pve2", config: { scsi0: "shared:120/vm-120-disk-0.raw,size=1G" } },
  ],
  lxc: [],
};
const cluster = {
  name: "pair",
  config_nodes: [
    { node: "pve1", nodeid: "1" },
    { node: "pve2", nodeid: "2" },
  ],
};
const states = {
  cluster: { ...common, cluster, nodes: { pve2, pve1 }, node: pve2 },
  alone: { ...common, guests: common.guests.slice(0, 1), node: pve1, ...pve1 },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Row = Record<string, unknown>;

async function withState(
  state: object,
  work: (
    call: <T = Row[]>(method: "GET" | "POST", path: string, params?: Row) => Promise<T>,
    lab: Lab,
  ) => Promise<void>,
): Promise<void> {
  const file = join(folder, "state.json");
  writeFileSync(file, JSON.stringify(state));
  const lab = await Lab.start({ seed: demoSeed(), proxmoxState: file, folder: join(folder, "lab") });
  const clients = new SystemClients(lab.endpoints, zonesOf(lab.seed));
  try {
    await work(
      (method, path, params = {}) => clients.proxmox(method, path, params as Record<string, string | number>),
      lab,
    );
  } finally {
    await clients.close();
    await lab.close();
  }
}

describe("a state of two nodes", () => {
  it("has each node's own storage, what both share once, and says which node is asked", async () => {
    await withState(states.cluster, async (call) => {
      const status = await call("GET", "/cluster/status");
      expect(status.map(({ name, local, nodeid }) => ({ name, local, nodeid }))).toEqual([
        { name: "pair", local: undefined, nodeid: undefined },
        { name: "pve1", local: 0, nodeid: 1 },
        { name: "pve2", local: 1, nodeid: 2 },
      ]);
      const volumes = async (node: string, storage: string) =>
        (await call("GET", `/nodes/${node}/storage/${storage}/content`)).map(({ volid }) => volid);
      expect(await volumes("pve1", "local")).toEqual(["local:110/vm-110-disk-0.raw"]);
      expect(await volumes("pve2", "local")).toEqual(["local:iso/own.iso"]);
      expect(await volumes("pve1", "shared")).toEqual(["shared:120/vm-120-disk-0.raw"]);
      const guests = await call("GET", "/cluster/resources", { type: "vm" });
      expect(guests.map(({ vmid, node }) => `${vmid} on ${node}`)).toEqual(["110 on pve1", "120 on pve2"]);
    });
  });

  it("takes files from outside: written on a node's disk, served to it, archives renamed and copied", async () => {
    await withState(states.cluster, async (call, lab) => {
      const content = async (node: string, storage: string) =>
        (await call("GET", `/nodes/${node}/storage/${storage}/content`)).map(({ volid, size, ctime }) => [
          volid,
          size,
          ctime,
        ]);
      lab.set({ setup: "put-file", node: "pve1", path: "/var/lib/vz/snippets/u.yaml", text: "#cloud-config\n" });
      expect(await content("pve1", "local")).toContainEqual(["local:snippets/u.yaml", 14, expect.any(Number)]);
      expect(() => lab.set({ setup: "put-file", node: "pve1", path: "/root/u.yaml", text: "" })).toThrow(
        "no storage of pve1 has /root/u.yaml",
      );
      lab.set({ setup: "http-serve", node: "pve2", port: 8099, files: { "a.iso": { base64: "QUJD" } } });
      const url = "http://127.0.0.1:8099/a.iso";
      expect(await call<Row>("GET", "/nodes/pve2/query-url-metadata", { url })).toMatchObject({ size: 3 });
      await expect(
        call("GET", "/nodes/pve2/query-url-metadata", { url: "http://127.0.0.1:8099/b.iso" }),
      ).rejects.toThrow("404 File not found");
      await call("POST", "/nodes/pve1/vzdump", { vmid: 110, storage: "shared" });
      await lab.proxmox.get("pair")?.cluster.tasks.idle(5000);
      const dir = "/mnt/shared/dump";
      const name = "vzdump-qemu-110-2026_01_05-03_00_00.vma.zst";
      lab.set({ setup: "name-backup", node: "pve1", dir, vmid: 110, name, size: 3_000_000 });
      const older = "vzdump-qemu-110-2026_01_04-03_00_00.vma.zst";
      lab.set({ setup: "copy-backup", node: "pve2", dir, from: name, name: older });
      const archives = (await content("pve2", "shared")).filter(([volid]) => String(volid).includes("backup/"));
      expect(archives).toEqual([
        [`shared:backup/${name}`, 3_000_000, Date.UTC(2026, 0, 5, 3) / 1000],
        [`shared:backup/${older}`, 3_000_000, Date.UTC(2026, 0, 4, 3) / 1000],
      ]);
    });
  });
});

it("takes a state of one node as before", async () => {
  await withState(states.alone, async (call) => {
    expect(await call("GET", "/cluster/status")).toMatchObject([{ name: "pve1", nodeid: 0, local: 1 }]);
    expect(await call("GET", "/nodes/pve1/storage/local/content")).toMatchObject([
      { volid: "local:110/vm-110-disk-0.raw" },
    ]);
  });
});
