import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { printMark } from "../../providers/ownership/mark";
import { containerHandler } from "../../providers/proxmox/nodes/lxc/container.handler";
import { vmHandler } from "../../providers/proxmox/nodes/qemu/vm.handler";
import { seedWith, TestSystems } from "../harness/systems";

// A worker that PVE never started, and one whose end nobody knows: the object decides what comes next.

let systems: TestSystems;

beforeAll(async () => {
  systems = await TestSystems.open(seedWith("- { name: one }"), {}, "lab");
  connect();
});
afterEach(() => systems.lab.set({ setup: "clear" }));
afterAll(() => systems.close());

const cluster = () => systems.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has that cluster");
const asked = (pattern: RegExp) =>
  systems.lab.log.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;
const unstarted = (type: string) => systems.lab.set({ setup: "lost-workers", share: 1, type, times: 1 });

/** As another run would: without a list of guests that this one has read. */
const connect = () => systems.context({ shutdownTimeout: 1, taskTimeout: 5 });

let lastVmid = 850;
const marked = () => {
  const vmid = ++lastVmid;
  const mark = { stack: "netbox-proxmox/test", netboxUrl: "https://nb", netboxId: vmid };
  return { cluster: "pve-lab", vmid, mark, name: `g${vmid}`, description: printMark(mark), tags: [], cores: 1 };
};
const vm = (changes: Record<string, unknown> = {}) => ({
  ...marked(),
  template: 9000,
  fullClone: true,
  sockets: 1,
  memory: 512,
  networks: {},
  cloudInit: { ipconfig: {} },
  power: "stopped",
  ...changes,
});
const container = (changes: Record<string, unknown> = {}) => ({
  ...marked(),
  type: "lxc",
  template: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
  fullClone: false,
  node: "pve1",
  storage: "ceph",
  memory: 512,
  disks: { rootfs: { size: "4G" } },
  networks: {},
  power: "stopped",
  ...changes,
});

describe("a task that was never started", () => {
  it.each(["qmclone", "resize", "qmstart", "qmshutdown", "qmdestroy"])("is asked for again: %s", async (type) => {
    unstarted(type);
    const wanted = vm({ power: "running", disks: { scsi0: { size: "40G" } } });
    const made = await vmHandler.create(wanted);
    expect(made.state).toMatchObject({ power: "running", disks: { scsi0: { size: "40G" } } });
    await vmHandler.delete(made.id, { ...made.state });
    expect(cluster().guests.has(wanted.vmid)).toBe(false);
    expect([...cluster().tasks.all.values()].filter((task) => task.lost).at(-1)?.type).toBe(type);
  });

  it("is asked for again wherever it comes in a run of many", async () => {
    systems.lab.set({ setup: "lost-workers", share: 0.2 });
    const made = await Promise.all(Array.from({ length: 4 }, () => vmHandler.create(vm({ power: "running" }))));
    for (const { state } of made) expect(state).toMatchObject({ power: "running" });
    await Promise.all(made.map(({ id, state }) => vmHandler.delete(id, { ...state })));
  });

  it("and left a container that is only locked is told with what removes that", async () => {
    const wanted = container();
    unstarted("vzcreate");
    const left = /never started.*CT \d+ on pve1 is locked \(create\).*`pct unlock \d+ && pct destroy \d+`/;
    await expect(containerHandler.create(wanted)).rejects.toThrow(left);
    expect(asked(/POST .*\/lxc$/)).toBe(1);
    await expect(containerHandler.create(wanted)).rejects.toThrow(/`pct unlock \d+ && pct destroy \d+`/);
    cluster().remove(cluster().guests.get(wanted.vmid) ?? expect.unreachable("it is there"));
    const made = await containerHandler.create(wanted);
    await containerHandler.delete(made.id, { ...made.state });
  });

  it("and left a container's template locked is told with what unlocks that too", async () => {
    const made = await containerHandler.create(container());
    const template = cluster().guests.get(lastVmid) ?? expect.unreachable("it is there");
    template.config.set("template", 1);
    connect();
    const wanted = container({ template: template.vmid, fullClone: true, disks: undefined });
    unstarted("vzclone");
    await expect(containerHandler.create(wanted)).rejects.toThrow(
      new RegExp(`never started.*\`pct unlock ${template.vmid}\`.*\`pct unlock ${wanted.vmid} && pct destroy`),
    );
    // A run that comes later sees our own mark on what is no container yet.
    await expect(containerHandler.create(wanted)).rejects.toThrow(/is locked by a clone that no task of ours runs/);
    cluster().remove(cluster().guests.get(wanted.vmid) ?? expect.unreachable("it is there"));
    template.config.delete("lock");
    template.config.delete("template");
    await containerHandler.delete(made.id, { ...made.state });
  });
});

describe("a task whose end nobody knows", () => {
  const ends = (type: string, isDone: boolean) =>
    systems.lab.set({ setup: "task", type, fails: "unexpected status", isDone });

  it.each(["qmclone", "resize", "qmstart", "qmshutdown", "qmdestroy"])(
    "is neither failure nor success, the guest decides: %s",
    async (type) => {
      for (const isDone of [true, false]) {
        ends(type, isDone);
        const wanted = vm({ power: "running", disks: { scsi0: { size: "40G" } } });
        const made = await vmHandler.create(wanted);
        expect(made.state).toMatchObject({ power: "running", disks: { scsi0: { size: "40G" } } });
        await vmHandler.delete(made.id, { ...made.state });
        expect(cluster().guests.has(wanted.vmid)).toBe(false);
      }
    },
  );

  it("and whose guest can't tell ends the run with what is known", async () => {
    const made = await vmHandler.create(vm({ power: "running" }));
    ends("qmreboot", true);
    const api = connect().cluster("pve-lab");
    await expect(api.task("POST", `/nodes/pve1/qemu/${lastVmid}/status/reboot`, {})).rejects.toThrow(
      /unexpected status.*nobody can tell/,
    );
    await vmHandler.delete(made.id, { ...made.state });
  });
});

describe("a container's template", () => {
  it("is cloned once at a time, as PVE locks it meanwhile", async () => {
    const made = await containerHandler.create(container());
    const template = cluster().guests.get(lastVmid) ?? expect.unreachable("it is there");
    connect();
    const clones = [1, 2, 3].map(() => container({ template: template.vmid, fullClone: true, disks: undefined }));
    systems.lab.set({ setup: "latency", clone: 100 });
    const all = await Promise.all(clones.map((wanted) => containerHandler.create(wanted)));
    systems.lab.set({ setup: "latency", clone: 0 });
    for (const { id, state } of [...all, made]) await containerHandler.delete(id, { ...state });
  });
});
