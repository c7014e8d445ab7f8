import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seedWith, TestSystems } from "../harness/systems";

// Migration, and who is stopped that isn't there, as a genuine cluster of two was recorded and as PVE's sources have it.

let systems: TestSystems;
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
});
afterAll(() => systems.close());

type Row = Record<string, unknown>;
const call = <T = Row>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, params: Row = {}) =>
  systems.clients.proxmox<T>(method, path, params as Record<string, string | number>);
const cluster = () => [...systems.lab.proxmox.values()][0]?.cluster ?? expect.unreachable("the lab has a cluster");
/** How the task that was asked for ended: its exit status, and its log without the times. */
async function ended(asked: Promise<unknown>): Promise<{ exit?: string; log: string[] }> {
  const { tasks } = cluster();
  const before = tasks.all.size;
  await asked.catch(() => {});
  await tasks.idle(5000);
  const { exitstatus, log } = [...tasks.all.values()][before] ?? expect.unreachable("no task began");
  return { exit: exitstatus, log: log.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, "")) };
}
const migrate = (node: string, vmid: number, params: Row) =>
  call("POST", `/nodes/${node}/qemu/${vmid}/migrate`, params);

describe("a migration", () => {
  it("takes local disks along, to another storage where it is asked for", async () => {
    await ended(call("POST", "/nodes/pve1/qemu", { vmid: 660, scsi0: "local-lvm:1" }));
    expect(await call("GET", "/nodes/pve1/qemu/660/migrate")).toMatchObject({
      running: 0,
      allowed_nodes: ["pve2"],
      not_allowed_nodes: { pve2: {} },
      local_disks: [{ drivename: "scsi0", volid: "local-lvm:vm-660-disk-0", cdrom: 0, is_attached: 1 }],
    });
    const { exit, log } = await ended(migrate("pve1", 660, { target: "pve2" }));
    expect(exit).toBe("OK");
    expect(log).toContain("found local disk 'local-lvm:vm-660-disk-0' (attached)");
    expect((await call("GET", "/nodes/pve2/qemu/660/config")).scsi0).toBe("local-lvm:vm-660-disk-0,size=1G");
    await ended(migrate("pve2", 660, { target: "pve1", targetstorage: "ceph" }));
    expect((await call("GET", "/nodes/pve1/qemu/660/config")).scsi0).toBe("ceph:vm-660-disk-0,size=1G");
    expect(cluster().storages.owned(660)).toHaveLength(1);
  });

  it("is refused at once, or aborts with its reason in the log", async () => {
    await expect(migrate("pve1", 660, { target: "pve1" })).rejects.toThrow(/target is local node/);
    await expect(migrate("pve1", 660, { target: "pve9" })).rejects.toThrow(/no such cluster node 'pve9'/);
    await expect(migrate("pve1", 660, { target: "pve2", targetstorage: "none" })).rejects.toThrow(
      /storage 'none' does not exist/,
    );
    await expect(migrate("pve1", 660, { target: "pve2", migration_type: "insecure" })).rejects.toThrow(
      /Only root may use this option/,
    );
    await ended(call("POST", "/nodes/pve1/qemu/660/status/start"));
    await expect(migrate("pve1", 660, { target: "pve2" })).rejects.toThrow(/can't migrate running VM without --online/);
    await ended(call("POST", "/nodes/pve2/qemu/9001/clone", { newid: 661 }));
    const { exit, log } = await ended(migrate("pve2", 661, { target: "pve1" }));
    expect(exit).toBe("migration aborted");
    expect(log.at(-2)).toMatch(
      /^ERROR: migration aborted \(duration [\d:]+\): Problem found while scanning volumes - can't migrate '.*' as it's a clone of 'base-9001-disk-0'/,
    );
    expect((await call("GET", "/nodes/pve2/qemu/661/config")).lock).toBeUndefined();
  });

  it("of a running container stops it, and starts it there", async () => {
    await expect(call("POST", "/nodes/pve1/lxc/9100/migrate", { target: "pve1" })).rejects.toThrow(/local node/);
    await ended(call("POST", "/nodes/pve1/lxc/9100/clone", { newid: 662, full: 1 }));
    await ended(call("POST", "/nodes/pve1/lxc/662/status/start"));
    await expect(call("POST", "/nodes/pve1/lxc/662/migrate", { target: "pve2" })).rejects.toThrow(
      /--online or --restart/,
    );
    const live = await ended(call("POST", "/nodes/pve1/lxc/662/migrate", { target: "pve2", online: 1 }));
    expect(live).toMatchObject({ exit: "migration aborted" });
    await ended(call("POST", "/nodes/pve1/lxc/662/migrate", { target: "pve2", restart: 1 }));
    expect(await call("GET", "/nodes/pve2/lxc/662/status/current")).toMatchObject({ status: "running" });
    expect(await call("GET", "/nodes/pve2/lxc/662/migrate")).toEqual({
      running: 1,
      "allowed-nodes": ["pve1"],
      "not-allowed-nodes": {},
    });
  });
});

it("finds a VM that isn't there in the task of its stop, and a container at once", async () => {
  const missing = "unable to find configuration file for VM 999 on node 'pve1'";
  for (const action of ["stop", "shutdown"])
    expect(await ended(call("POST", `/nodes/pve1/qemu/999/status/${action}`))).toMatchObject({ exit: missing });
  await expect(call("POST", "/nodes/pve1/qemu/999/status/reset")).rejects.toThrow(missing);
  await expect(call("POST", "/nodes/pve1/lxc/999/status/stop")).rejects.toThrow(/CT 999 not running/);
});
