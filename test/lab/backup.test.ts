import { beforeEach, describe, expect, it } from "vitest";
import { Caller, type Sent, twoNodes } from "./calls";

// Back-up jobs, archives and what becomes of them, by the rules that the recordings of a genuine cluster show.

let root: Caller;
beforeEach(async () => {
  root = new Caller(twoNodes());
  const ostemplate = "shared:vztmpl/alpine-3.22-default_amd64.tar.xz";
  const rootfs = "local:1";
  await root.call("POST", "/nodes/pve1/lxc", {
    vmid: 300,
    ostemplate,
    rootfs,
    hostname: "web",
    memory: 64,
    description: "kept",
  });
  await root.call("POST", "/nodes/pve1/qemu", { vmid: 200, name: "db", scsi0: "local:1", net0: "virtio,bridge=vmbr0" });
});

const archives = () => root.call<Sent[]>("GET", "/nodes/pve1/storage/shared/content", { content: "backup" });

describe("a back-up", () => {
  it("is an archive with notes, which protection keeps", async () => {
    const notes = "{{guestname}} of {{node}}";
    const dump = { vmid: 300, storage: "shared", compress: "zstd", "notes-template": notes, protected: 1 };
    await root.call("POST", "/nodes/pve1/vzdump", dump);
    const [archive] = await archives();
    expect(archive).toMatchObject({ subtype: "lxc", vmid: 300, format: "tar.zst", notes: "web of pve1", protected: 1 });
    const path = `/nodes/pve1/storage/shared/content/${archive?.volid}`;
    expect(await root.refused("DELETE", path)).toMatch(/cannot remove protected volume 'backup\/vzdump-lxc-300-/);
    await root.call("PUT", path, { protected: 0, notes: "first\nsecond" });
    expect((await archives())[0]?.notes).toBe("first");
    expect(await root.call("GET", path)).toMatchObject({ notes: "first\nsecond", protected: 0, format: "raw" });
    await root.call("DELETE", path);
    expect(await archives()).toEqual([]);
  });

  it("takes a guest's configuration and volumes, and gives them back on any node", async () => {
    await root.call("POST", "/nodes/pve1/vzdump", { vmid: "200,300", storage: "shared" });
    const [one, two] = await archives();
    const [ct, vm] = one?.subtype === "lxc" ? [one, two] : [two, one];
    const restored = { vmid: 301, ostemplate: String(ct?.volid), restore: 1, storage: "local", memory: 96 };
    await root.call("POST", "/nodes/pve2/lxc", restored);
    expect(await root.call("GET", "/nodes/pve2/lxc/301/config")).toMatchObject({
      hostname: "web",
      memory: 96,
      description: "kept\n",
      rootfs: "local:301/vm-301-disk-0.raw,size=1G",
      unprivileged: 1,
    });
    await root.call("POST", "/nodes/pve2/qemu", { vmid: 201, archive: String(vm?.volid), unique: 1 });
    const config = await root.call<Sent>("GET", "/nodes/pve2/qemu/201/config");
    const before = await root.call<Sent>("GET", "/nodes/pve1/qemu/200/config");
    expect(config).toMatchObject({ name: "db", scsi0: "local:201/vm-201-disk-0.raw,size=1G" });
    expect(config.net0).not.toBe(before.net0);
  });

  it("is restored over a guest only by force, and never over a protected one", async () => {
    await root.call("POST", "/nodes/pve1/vzdump", { vmid: 300, storage: "shared" });
    const [archive] = await archives();
    const restore = { vmid: 300, ostemplate: String(archive?.volid), restore: 1, storage: "local" };
    expect(await root.refused("POST", "/nodes/pve1/lxc", restore)).toBe("500 CT 300 already exists on node 'pve1'");
    await root.call("POST", "/nodes/pve1/lxc", { ...restore, force: 1 });
    const { rootfs } = await root.call<Sent>("GET", "/nodes/pve1/lxc/300/config");
    expect(rootfs).toBe("local:300/vm-300-disk-1.raw,size=1G");
    await root.call("PUT", "/nodes/pve1/lxc/300/config", { protection: 1 });
    expect(await root.refused("POST", "/nodes/pve1/lxc", { ...restore, force: 1 })).toBe(
      "500 unable to restore CT 300 - protection mode enabled",
    );
    const missing = "shared:backup/vzdump-lxc-300-2020_01_01-03_00_00.tar.zst";
    expect(await root.refused("POST", "/nodes/pve1/lxc", { ...restore, vmid: 302, ostemplate: missing })).toBe(
      `500 unable to restore CT 302 - volume '${missing}' does not exist`,
    );
    expect(root.cluster.guests.has(302)).toBe(false);
  });

  it("passes over guests of other nodes, and fails for those that are nowhere", async () => {
    expect(await root.call("POST", "/nodes/pve2/vzdump", { vmid: 300, storage: "shared" })).toBe("OK");
    expect(await root.refused("POST", "/nodes/pve1/vzdump", { vmid: 999, storage: "shared" })).toBe("500 job errors");
    expect(await root.refused("POST", "/nodes/pve1/vzdump")).toContain('{"vmid":"property is missing"}');
    expect(await root.refused("POST", "/nodes/pve1/vzdump", { vmid: 300, all: 1 })).toContain(
      "conflicts with option 'vmid'",
    );
  });
});

describe("a retention", () => {
  it.each([
    ["keep-last=2", ["01-04", "01-03"]],
    ["keep-last=1,keep-weekly=2", ["01-04", "12-20"]],
    ["keep-monthly=2", ["01-04", "12-20"]],
    ["keep-daily=1", ["01-04"]],
    ["keep-last=0", ["01-04", "01-03", "01-02", "12-20"]],
    ["keep-all=1", ["01-04", "01-03", "01-02", "12-20"]],
  ])("of %s keeps %s and what is protected", async (keep, kept) => {
    for (const date of ["2025_12_20", "2026_01_02", "2026_01_03", "2026_01_04", "2026_01_05"]) {
      const volid = `shared:backup/vzdump-lxc-300-${date}-03_00_00.tar.zst`;
      const isProtected = date === "2026_01_05";
      const format = "tar.zst";
      const added = root.cluster.storages.add("pve1", {
        volid,
        storage: "shared",
        content: "backup",
        format,
        size: 1,
        filled: 1,
        protected: isProtected,
      });
      added.ctime = Date.parse(`${date.replaceAll("_", "-")}T03:00:00Z`) / 1000;
    }
    const marks = await root.call<{ volid: string; mark: string }[]>("GET", "/nodes/pve1/storage/shared/prunebackups", {
      "prune-backups": keep,
    });
    const dateOf = (volid: string) => /-\d{4}_(\d\d)_(\d\d)-/.exec(volid)?.slice(1).join("-");
    const by = (wanted: string) => marks.filter(({ mark }) => mark === wanted).map(({ volid }) => dateOf(volid));
    expect(by("keep").sort()).toEqual([...kept].sort());
    expect(by("protected")).toEqual(["01-05"]);
    await root.call("DELETE", "/nodes/pve1/storage/shared/prunebackups", { "prune-backups": keep, vmid: 300 });
    expect(await archives()).toHaveLength(kept.length + 1);
  });

  it("is needed, in the request or in the storage", async () => {
    expect(await root.refused("GET", "/nodes/pve1/storage/shared/prunebackups")).toBe(
      "500 no prune-backups options configured for storage 'shared'",
    );
  });
});

describe("a back-up job", () => {
  const job = { id: "nightly", schedule: "03:00", storage: "shared" };

  it("says which guests and volumes it takes, and which none does", async () => {
    await root.call("POST", "/cluster/backup", { ...job, vmid: "300,777" });
    const tree = await root.call<{ children: { id: number; type: string }[] }>(
      "GET",
      "/cluster/backup/nightly/included_volumes",
    );
    expect(tree.children).toMatchObject([
      { id: 300, type: "lxc", children: [{ id: "300:rootfs", included: 1, reason: "rootfs" }] },
      { id: 777, type: "unknown" },
    ]);
    expect(await root.call("GET", "/cluster/backup-info/not-backed-up")).toEqual([
      { vmid: 200, type: "qemu", name: "db" },
    ]);
    await root.call("PUT", "/cluster/backup/nightly", { exclude: "200", delete: "vmid" });
    expect(await root.call("GET", "/cluster/backup/nightly")).toMatchObject({ all: 1, exclude: "200", enabled: 1 });
  });

  it("is refused with the inner status in its text, once its file is locked", async () => {
    expect(await root.refused("POST", "/cluster/backup", job)).toBe(
      "500 400 Parameter verification failed.\nvmid: property is missing",
    );
    expect(await root.refused("POST", "/cluster/backup", { id: "j", storage: "shared", all: 1 })).toContain(
      "neither 'starttime' nor 'schedule' were set",
    );
    await root.call("POST", "/cluster/backup", { ...job, all: 1 });
    expect(await root.refused("POST", "/cluster/backup", { ...job, all: 1 })).toBe("500 Job 'nightly' already exists");
    expect(await root.refused("PUT", "/cluster/backup/nosuch", { enabled: 0 })).toBe("500 no such vzdump job");
  });

  it("with a pool that is gone breaks the list of what is not backed up", async () => {
    await root.call("POST", "/pools", { poolid: "p" });
    await root.call("POST", "/cluster/backup", { ...job, pool: "p" });
    await root.call("DELETE", "/pools/p");
    expect(await root.refused("GET", "/cluster/backup-info/not-backed-up")).toBe("500 pool 'p' does not exist");
  });
});

describe("the right to back up", () => {
  it("is asked for by the task, and hides archives", async () => {
    await root.call("POST", "/nodes/pve1/vzdump", { vmid: 300, storage: "shared" });
    const other = root.limited("VM.Audit Datastore.Audit Datastore.AllocateSpace");
    const list = () => other.call("GET", "/nodes/pve1/storage/shared/content", { content: "backup" });
    expect(await list()).toEqual([]);
    expect(await other.refused("POST", "/nodes/pve1/vzdump", { vmid: 300, storage: "shared" })).toBe(
      "500 Permission check failed (/vms/300, VM.Backup)",
    );
    root.cluster.access.roles.get(other.authId)?.privs.add("VM.Backup");
    expect(await list()).toHaveLength(1);
    const limited = { vmid: 300, storage: "shared", bwlimit: 5 };
    expect(await other.refused("POST", "/nodes/pve1/vzdump", limited)).toBe(
      "403 Permission check failed (/, Sys.Modify)",
    );
  });
});
