import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { guestGrants, guestPermissions, opsGrants } from "../../stacks/access/privileges";
import { runOps } from "../harness/cli";
import { limitedNetboxToken, limitedToken } from "../harness/rights";
import { seedWith, TestSystems } from "../harness/systems";

/** A running VM and a container of NetBox, one more VM that NetBox doesn't know, and a template. */
function seed() {
  const wanted = seedWith(`- { name: web1, status: active, customFields: { proxmox_vmid: "201" }, interfaces: [] }
- { name: ct1, status: active, customFields: { proxmox_vmid: "202", proxmox_vm_type: lxc }, interfaces: [] }
- { name: old1, status: failed, customFields: { proxmox_vmid: "204" }, interfaces: [] }`);
  const cluster = wanted.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
  const vm = (name: string) => ({ name, memory: "1024", cores: 2, scsi0: "local-lvm:8G", ostype: "l26" });
  cluster.guests = [
    {
      vmid: 201,
      type: "qemu",
      node: "pve1",
      template: false,
      running: true,
      config: {
        ...vm("web-one"),
        tags: "web",
        description:
          "Managed by Pulumi stack netbox-proxmox/prod from https://nb.example/virtualization/virtual-machines/1/",
      },
    },
    {
      vmid: 202,
      type: "lxc",
      node: "pve2",
      template: false,
      running: true,
      config: { hostname: "ct1", ostype: "debian", memory: 512, rootfs: "local-lvm:2G", tags: "web;small" },
    },
    { vmid: 203, type: "qemu", node: "pve2", template: false, running: false, config: vm("spare") },
    { vmid: 204, type: "qemu", node: "pve2", template: false, running: false, config: vm("old1") },
    { vmid: 9000, type: "qemu", node: "pve1", template: true, running: false, config: vm("debian") },
  ];
  return wanted;
}

describe("ops on guests", { timeout: 60_000 }, () => {
  let systems: TestSystems;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    systems = await TestSystems.open(seed(), { statistics: 0 }, "lab");
    const token = limitedToken(systems.lab, [...opsGrants, ...guestGrants], "ops");
    const [user, secret] = token.split("=");
    const { url, caFile } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    // As other tools of Proxmox VE have it.
    env = {
      PROXMOX_API_URL: `${url}/api2/json`,
      PROXMOX_USERNAME: user,
      PROXMOX_TOKEN: secret,
      PROXMOX_VE_CA_FILE: caFile,
      PROXMOX_VE_CLUSTER: "pve-lab",
      NETBOX_SERVER_URL: systems.endpoints.netbox.url,
      NETBOX_API_TOKEN: await limitedNetboxToken(systems.clients, guestPermissions, "ops"),
    };
  });
  afterAll(() => systems.close());
  beforeEach(() => {
    systems.lab.set({ setup: "clear" });
    systems.lab.log.clear();
  });

  const ops = (...args: string[]) => runOps(args, env);
  const json = async (...args: string[]) => {
    const said = await ops(...args, "--json");
    return { ...said, value: JSON.parse(said.out) };
  };
  const statusInNetbox = async (name: string) => (await systems.clients.vm(name)).status.value;
  const coresOf = async (vmid: number) =>
    (await systems.clients.proxmox<{ cores: number }>("GET", `/nodes/pve1/qemu/${vmid}/config`)).cores;
  const isRunning = (vmid: number) => systems.lab.proxmox.get("pve-lab")?.cluster.guests.get(vmid)?.running;

  it("lists guests by NetBox's names, with what NetBox says", async () => {
    const { out, err, code } = await ops("list");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/^guest +name +type +node +status +NetBox/);
    expect(out).toMatch(/pve-lab\/201 +web1 +VM +pve1 +running +active +2 +1\.0 GiB +web/);
    expect(out).toMatch(/pve-lab\/202 +ct1 +CT +pve2 +running +active/);
    expect(out).toMatch(/pve-lab\/203 +spare +VM +pve2 +stopped +2/);
    expect(out).toMatch(/pve-lab\/9000 +debian +VM +pve1 +template/);
    expect((await ops("list", "--type", "ct")).out).not.toMatch(/web1/);
    const { value } = await json("list", "--tag", "small");
    expect(value).toEqual([expect.objectContaining({ vmid: 202, name: "ct1", netbox: "active", status: "running" })]);
  });

  it("watches with one request a cluster and look", async () => {
    systems.lab.log.clear();
    const { out, code } = await ops("status", "--watch", "--interval", "0.2", "--count", "3", "--json", "web1", "ct1");
    expect(code).toBe(0);
    const looks = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(looks).toHaveLength(3);
    expect(looks[0].guests[0].rates).toBeUndefined();
    expect(looks[2].guests[0]).toMatchObject({ name: "web1", rates: { netIn: 0, diskWrite: 0 } });
    const asked = systems.lab.log.calls.filter(({ path }) => path.includes("cluster/resources"));
    // One of them finds the guests.
    expect(asked).toHaveLength(4);
  });

  it("starts, shuts down, restarts, pauses and resumes, many at once, and says what NetBox would undo", async () => {
    const down = await json("shutdown", "web1", "202");
    expect(down.code).toBe(0);
    expect(down.value).toEqual([
      expect.objectContaining({ name: "web1", result: "done", before: "running", after: "stopped" }),
      expect.objectContaining({ name: "ct1", vmid: 202, result: "done" }),
    ]);
    expect([isRunning(201), isRunning(202)]).toEqual([false, false]);
    expect(await statusInNetbox("web1")).toBe("active");
    const again = await ops("shutdown", "web1");
    expect(again.out).toMatch(
      /unchanged {2}web1 \(pve-lab\/201\): was stopped already; NetBox \(http\S+\) says active: the next `up` of netbox-proxmox\/prod would undo this; --record writes offline/,
    );
    const up = await ops("start", "web1", "ct1");
    expect(up.out).toMatch(/done +web1 \(pve-lab\/201\): stopped → running in [\d.]+ s\n/);
    expect([isRunning(201), isRunning(202)]).toEqual([true, true]);
    expect((await ops("reboot", "web1", "ct1")).code).toBe(0);
    const paused = await json("suspend", "201");
    expect(paused.value[0]).toMatchObject({ after: "paused", netbox: { status: "active", wanted: "paused" } });
    expect((await json("resume", "201")).value[0]).toMatchObject({
      before: "paused",
      after: "running",
      result: "done",
    });
    expect((await json("stop", "203")).value[0]).toMatchObject({ result: "unchanged" });
    expect((await json("stop", "ct1")).value[0]).toMatchObject({ result: "done", after: "stopped" });
    expect((await json("start", "ct1")).value[0]).toMatchObject({ result: "done", after: "running" });
  });

  it("records the status in NetBox where that is asked for, and leaves one that says more", async () => {
    const stopped = await ops("stop", "web1", "--record");
    expect(stopped.out).toMatch(/NetBox said active, and says offline now/);
    expect(await statusInNetbox("web1")).toBe("offline");
    await ops("start", "web1", "old1", "--record");
    expect(await statusInNetbox("web1")).toBe("active");
    expect(await statusInNetbox("old1")).toBe("failed");
    await ops("stop", "old1");
    const container = await ops("suspend", "ct1", "--record");
    expect(container.out).toMatch(
      /failed +ct1 \(pve-lab\/202\): suspend failed, it is running: --record would write paused to NetBox, and a container can't be planned as that: leave it out/,
    );
    expect(await statusInNetbox("ct1")).toBe("active");
    expect((await ops("suspend", "ct1")).out).toMatch(
      /NetBox \(\S+\) says active, and no `up` sees that the container is suspended: `ops resume` ends it/,
    );
    await ops("resume", "ct1");
  });

  it("asks before it touches guests that were not named, and does nothing where nobody answers", async () => {
    const asked = await ops("shutdown", "--tag", "web");
    expect(asked.code).toBe(1);
    expect(asked.err).toBe("shutdown 2 guests: web1, ct1? Nobody is there to be asked: say --yes.\n");
    expect([isRunning(201), isRunning(202)]).toEqual([true, true]);
    const shown = await ops("shutdown", "--tag", "web", "--dry-run");
    expect(shown.out).toBe("would shutdown  web1 (pve-lab/201, running)\nwould shutdown  ct1 (pve-lab/202, running)\n");
    expect((await ops("reboot", "--tag", "web", "--yes")).code).toBe(0);
  });

  it("names stop where a guest doesn't follow, and goes on with the others", async () => {
    systems.lab.set({ setup: "acpi", vmid: 201, ignored: true });
    const said = await ops("shutdown", "web1", "ct1", "--timeout", "1");
    expect(said.code).toBe(1);
    expect(said.out).toMatch(
      /failed +web1 \(pve-lab\/201\): shutdown failed, it is running: it did not follow within 1 s \(--timeout\): `ops stop pve-lab\/201` switches it off/,
    );
    expect(said.out).toMatch(/done +ct1 .*running → stopped/);
    await ops("start", "ct1");
  });

  it("says what is wrong with guests, names and options", async () => {
    systems.lab.set({ setup: "lock-vm", vmid: 203, lock: "backup" });
    const locked = await ops("start", "203");
    expect(locked.out).toMatch(/it is locked \(backup\): wait for what does that .*qm unlock 203/);
    systems.lab.set({ setup: "unlock-vm", vmid: 203 });
    const cases: [string[], RegExp][] = [
      [["start", "nosuch"], /^There is no guest nosuch: write a name of NetBox, a VMID, or CLUSTER\/VMID/],
      [["start"], /^No guest is named: write names or VMIDs, --tag/],
      [["start", "--tag", "nosuch"], /^No guest is selected by that\.\n$/],
      [["start", "web1", "--node", "pve2"], /^web1 is not what the options ask for: it is pve-lab\/201 on pve1\./],
      [["list", "--cluster", "pve-x"], /^No cluster pve-x is configured: there is pve-lab\./],
      [["shutdown", "web1", "--timeout", "soon"], /^--timeout soon: write seconds, like 10\./],
      [["start", "web1", "--parallel", "0"], /^--parallel 0: write a whole number/],
      [["start", "web1", "--key", "night"], /^pve-lab has no key night \(none is named\)/],
    ];
    for (const [args, message] of cases) {
      const { err, code } = await ops(...args);
      expect(err).toMatch(message);
      expect(code).toBe(1);
    }
    const without = await runOps(["list"], { ...env, NETBOX_API_TOKEN: "" });
    expect(without.err).toMatch(/netbox\.token is missing\n +set NETBOX_API_TOKEN, or name a stack with --stack/);
    const template = await ops("start", "9000");
    expect(template.out).toMatch(/failed +debian \(pve-lab\/9000\): start failed, it is stopped: it is a template/);
    expect((await ops("resume", "203")).out).toMatch(/it is stopped, and there is nothing to resume: start it/);
    expect((await ops("reboot", "203")).out).toMatch(/it is stopped, and only a running guest restarts: start it/);
    expect((await ops("start", "--type", "vps")).code).toBe(64);
  });

  it("keeps hands on guests while NetBox is down, by Proxmox VE's names", async () => {
    const { out, err, code } = await runOps(["list"], { ...env, NETBOX_SERVER_URL: "http://127.0.0.1:9" });
    expect(err).toMatch(/NetBox at http:\/\/127\.0\.0\.1:9 can't be reached .* Names are Proxmox VE's own\./);
    expect(out).toMatch(/pve-lab\/201 +web-one/);
    expect(code).toBe(0);
    const record = await runOps(["stop", "203", "--record"], { ...env, NETBOX_SERVER_URL: "http://127.0.0.1:9" });
    expect(record.err).toMatch(/--record needs a NetBox that answers: nothing was done\./);
    const down = await runOps(["list"], { ...env, PROXMOX_API_URL: "https://127.0.0.1:9" });
    expect(down.err).toMatch(/Proxmox VE cluster pve-lab at https:\/\/127\.0\.0\.1:9 can't be reached/);
    expect(down.code).toBe(1);
    expect(down.out).toBe("No guest is known, as pve-lab did not answer.\n");
  });

  it("takes, lists, rolls back and deletes snapshots of both kinds", async () => {
    const taken = await ops("snapshot", "create", "before-it", "web1", "ct1", "--description", "before the upgrade");
    expect(taken.out).toBe("done    web1 (pve-lab/201): before-it taken\ndone    ct1 (pve-lab/202): before-it taken\n");
    const ram = await ops("snapshot", "create", "with-ram", "web1", "--ram");
    expect(ram.code).toBe(0);
    const { value } = await json("snapshot", "list", "web1", "ct1");
    expect(value).toEqual([
      expect.objectContaining({ vmid: 201, name: "before-it", description: "before the upgrade", withRam: false }),
      expect.objectContaining({ vmid: 201, name: "with-ram", withRam: true, isParent: true }),
      expect.objectContaining({ vmid: 202, name: "before-it", isParent: true }),
    ]);
    await systems.clients.proxmox("PUT", "/nodes/pve1/qemu/201/config", { cores: 4 });
    const refused = await ops("snapshot", "rollback", "before-it", "web1");
    expect(refused.err).toMatch(
      /web1 \(pve-lab\/201\) goes back to before-it of \S+: everything written in the last .* is lost, and it is switched off\./,
    );
    expect(refused.err).toMatch(/its settings go back too: cores: 4 → 2/);
    expect(refused.err).toMatch(/with-ram came after it/);
    expect(refused.err).toMatch(/Roll 1 guest back\? Nobody is there to be asked: say --yes\./);
    expect(refused.code).toBe(1);
    expect(await coresOf(201)).toBe(4);
    const back = await ops("snapshot", "rollback", "before-it", "web1", "ct1", "--yes", "--start");
    expect(back.out).toMatch(/done +web1 .*rolled back to; the next `up` brings its settings to what NetBox says/);
    expect(await coresOf(201)).toBe(2);
    expect((await ops("snapshot", "delete", "before-it", "web1", "ct1")).code).toBe(0);
    expect((await ops("snapshot", "delete", "with-ram", "web1")).code).toBe(0);
    expect((await json("snapshot", "list")).value).toEqual([]);
  });

  it("says what is wrong with snapshots", async () => {
    const cases: [string[], RegExp][] = [
      [["create", "with-ram", "web1", "ct1", "--ram"], /^Containers keep no RAM in snapshots \(pve-lab\/202\)/],
      [["create", "9lives", "web1"], /^9lives is no name for a snapshot/],
      [["create", "current", "web1"], /^current is no name for a snapshot/],
      [["rollback", "nosuch", "web1", "--yes"], /^web1 \(pve-lab\/201\) has no snapshot nosuch: it has none\./],
      [["delete", "nosuch", "ct1"], /^ct1 \(pve-lab\/202\) has no snapshot nosuch/],
    ];
    for (const [args, message] of cases) {
      const { err, code } = await ops("snapshot", ...args);
      expect(err).toMatch(message);
      expect(code).toBe(1);
    }
    await ops("snapshot", "create", "twice", "203");
    const taken = await ops("snapshot", "create", "twice", "203");
    expect(taken.out).toMatch(/failed +spare .*: twice was not taken: snapshot name 'twice' already used/);
    expect(taken.code).toBe(1);
    await ops("snapshot", "delete", "twice", "203");
  });

  it("shows tasks and their logs, and how they ended", async () => {
    systems.lab.set({ setup: "task", type: "qmstart", id: "203", fails: "start failed: no such disk" });
    expect((await ops("start", "203")).out).toMatch(/start failed: no such disk/);
    await ops("start", "203");
    const failed = await json("tasks", "--guest", "203", "--failed");
    expect(failed.value[0]).toMatchObject({ type: "qmstart", id: "203", status: "start failed: no such disk" });
    const { upid } = failed.value[0];
    const log = await ops("tasks", "log", upid);
    expect(log.out).toMatch(/TASK ERROR: start failed: no such disk/);
    expect(log.err).toBe("It ended: start failed: no such disk\n");
    expect(log.code).toBe(1);
    expect((await ops("tasks", "--guest", "203")).out).toMatch(
      /begun +node +type .*\n\S+Z +pve-lab\/pve2 +qmstart +203 +pulumi@pve.* OK +UPID:/,
    );
    expect((await ops("tasks", "log", "UPID:nonsense")).err).toMatch(/^UPID:nonsense is no task: copy a UPID/);
    await ops("stop", "203");
  });

  it("serves the guest that the environment names", async () => {
    const { out } = await runOps(["start"], {
      ...env,
      PROXMOX_VMID: "203",
      PROXMOX_NODE: "pve2",
      PROXMOX_VM_TYPE: "qemu",
    });
    expect(out).toMatch(/done +spare \(pve-lab\/203\)/);
    const other = await runOps(["stop"], { ...env, PROXMOX_VMID: "203", PROXMOX_VM_TYPE: "lxc" });
    expect(other.err).toMatch(/^203 is not what the options ask for/);
    expect((await runOps(["stop"], { ...env, PROXMOX_VMID: "203" })).code).toBe(0);
  });

  it("shows no colour but on a terminal", async () => {
    expect((await ops("list")).out).not.toContain("\u001b");
  });
});
