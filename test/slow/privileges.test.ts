import { describe, expect, it } from "vitest";
import { Semaphore } from "../../providers/semaphore";
import { type Grant, siteGrants } from "../../stacks/privileges";
import { limitedToken } from "../rights";
import { seedWith, World } from "../world";

// Every test that runs the program gives it a token with the documented privileges: they are sufficient. Here one after
// another is missing from a life that needs them all.

const guests = `
- name: v1
  vcpus: 2
  memory: 512
  customFields: { proxmox_node: pve1 }
  disks: [{ name: scsi0, size: 8192 }, { name: scsi1, size: 1024, customFields: { proxmox_disk_storage_volume: ceph } }]
  interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.31/24 }] }]
- name: c1
  memory: 512
  customFields: { proxmox_vm_type: lxc, proxmox_vm_storage: ceph, proxmox_lxc_templates: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst' }
  disks: [{ name: rootfs, size: 2048 }]
  interfaces: [{ name: net0, vlan: 71 }]
`;

/** Builds two guests that use everything, changes one and migrates it, takes all away. @returns the first errors, or none */
async function life(grants: Grant[]): Promise<string[]> {
  const world = await World.open(seedWith(guests), {}, "lab");
  try {
    const patch = async (body: object) =>
      world.consoles.netbox("PATCH", `virtualization/virtual-machines/${(await world.consoles.vm("v1")).id}/`, body);
    for (const poolid of ["team", "other"]) await world.consoles.proxmox("POST", "/pools", { poolid });
    const options = { vga: "std", hostpci0: "mapping=gpu" };
    const proxmox = { pool: "team", ha: "managed", options };
    await patch({ local_context_data: { proxmox } });
    limitedToken(world.lab, grants);
    const stack = await world.stack({ site: { protect: false } });
    const steps = [
      () => stack.up(),
      async () => {
        const local_context_data = { proxmox: { ...proxmox, pool: "other" } };
        await patch({ memory: 1024, custom_fields: { proxmox_node: "pve2" }, local_context_data });
        return stack.up();
      },
      () => stack.destroy(),
    ];
    for (const step of steps) {
      const { errors, code } = await step();
      if (errors.length > 0) return errors.map((error) => error.replace(/\s+/g, " "));
      expect(code).toBe(0);
    }
    return [];
  } finally {
    await world.close();
  }
}

const withoutOne = (path: string, privilege: string): Grant[] =>
  siteGrants.map((grant) =>
    grant.path === path ? { ...grant, privileges: grant.privileges.filter((each) => each !== privilege) } : grant,
  );

describe("the documented privileges on Proxmox VE", () => {
  it("are sufficient, and each of them is needed", async () => {
    const cases = siteGrants.flatMap(({ path, privileges }) => privileges.map((privilege) => ({ path, privilege })));
    const places = new Semaphore(2);
    const whole = places.run(() => life(siteGrants));
    const told = await Promise.all(
      cases.map(({ path, privilege }) =>
        places.run(async () => `${path} ${privilege}: ${(await life(withoutOne(path, privilege))).join("; ")}`),
      ),
    );
    process.stdout.write(`${told.join("\n")}\n`);
    expect(await whole).toEqual([]);
    expect(told.filter((line) => line.endsWith(": "))).toEqual([]);
  }, 600_000);
});
