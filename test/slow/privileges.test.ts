import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { type Grant, type ObjectPermission, siteGrants, sitePermissions } from "../../stacks/access/privileges";
import { limitedNetboxToken, limitedToken } from "../harness/rights";
import { seedWith, TestSystems } from "../harness/systems";
import { eachAction, eachPrivilege, firstErrors, provenNeeded } from "./needed";

// Every test that runs the program gives it tokens with the documented privileges: they are sufficient. Here one after
// another is missing from a life that needs them all.

// ---- Proxmox VE

const machines = `
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

/** Builds two guests that use everything, changes one and migrates it, takes all away. A guest that is left out stops it. */
async function lifeOnProxmox(grants: Grant[]): Promise<string> {
  const systems = await TestSystems.open(seedWith(machines), {}, "lab");
  try {
    const patch = async (body: object) =>
      systems.clients.netbox("PATCH", `virtualization/virtual-machines/${(await systems.clients.vm("v1")).id}/`, body);
    for (const poolid of ["team", "other"]) await systems.clients.proxmox("POST", "/pools", { poolid });
    const options = { vga: "std", hostpci0: "mapping=gpu", startup: "order=1" };
    const proxmox = { pool: "team", ha: "managed", options, snapshotBefore: ["memory"] };
    await patch({ local_context_data: { proxmox } });
    const { id } = await systems.clients.vm("c1");
    const privileged = { local_context_data: { proxmox: { unprivileged: false } } };
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, privileged);
    limitedToken(systems.lab, grants);
    const stack = await systems.stack({ site: { protect: false, strict: true } });
    return await firstErrors([
      () => stack.up(),
      async () => {
        const local_context_data = { proxmox: { ...proxmox, pool: "other" } };
        await patch({ memory: 1024, custom_fields: { proxmox_node: "pve2" }, local_context_data });
        return stack.up();
      },
      () => stack.destroy(),
    ]);
  } finally {
    await systems.close();
  }
}

// ---- NetBox

const allocated = "interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan@4 } }]";
const documented = `
- { name: kept, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.31/24, dnsName: kept.lab.example }] }] }
- { name: deleted, vcpus: 1, memory: 512, ${allocated} }
- { name: decommissioned, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71 }] }
- { name: later, status: planned, vcpus: 1, memory: 512, ${allocated} }
`;

/** Builds guests with addresses and names in netbox-dns, changes and removes some, meets another automation, takes all away. */
async function lifeInNetbox(permissions: ObjectPermission[]): Promise<string> {
  const systems = await TestSystems.open(seedWith(documented), {}, "lab");
  const { clients } = systems;
  try {
    const guest = async (method: string, name: string, body?: object) =>
      clients.netbox(method, `virtualization/virtual-machines/${(await clients.vm(name)).id}/`, body);
    const made = async (path: string, body: object) =>
      ((await clients.netbox("POST", path, body)) as { id: number }).id;
    const server = await made("plugins/netbox-dns/nameservers/", { name: "ns1.lab.example" });
    const soa = { nameservers: [server], soa_mname: server, soa_rname: "hostmaster.lab.example", default_ttl: 600 };
    await made("plugins/netbox-dns/zones/", { name: "lab.example", ...soa });
    await limitedNetboxToken(clients, permissions);
    const file = join(systems.folder, "policies.yml");
    writeFileSync(file, "policies: [{ use: owner, then: warn }, { use: public-address, then: warn }]\n");
    const stack = await systems.stack({ site: { protect: false }, policies: { file } });
    return await firstErrors([
      () => stack.up(),
      async () => {
        await guest("PATCH", "decommissioned", { status: "decommissioning" });
        // Its address is free then, while it still has it: the new one must not get it.
        await guest("DELETE", "deleted");
        await guest("PATCH", "later", { status: "active" });
        const [named] = await clients.all<{ id: number }>("ipam/ip-addresses", "&address=10.71.0.31");
        await clients.netbox("PATCH", `ipam/ip-addresses/${named?.id}/`, { address: "10.71.0.32/24" });
        return stack.up();
      },
      async () => {
        const hook = await made("extras/webhooks/", { name: "flask", payload_url: "http://127.0.0.1:9/vm" });
        const rule = await made("extras/event-rules/", {
          name: "proxmox-clone-vm-and-set-resources-flask-application",
          event_types: ["object_created"],
          object_types: ["virtualization.virtualmachine"],
          action_type: "webhook",
          action_object_type: "extras.webhook",
          action_object_id: hook,
        });
        const { output, ...run } = await stack.preview();
        await clients.netbox("DELETE", `extras/event-rules/${rule}/`);
        // To be refused is right here.
        const isRefused = /netbox-proxmox-automation enabled/.test(output.replace(/\s+/g, " "));
        return isRefused ? { ...run, output, errors: [], code: 0 } : { ...run, output, errors: [output] };
      },
      () => stack.destroy(),
    ]);
  } finally {
    await systems.close();
  }
}

describe("the documented privileges", () => {
  it("are sufficient on Proxmox VE, and each of them is needed", async () => {
    await provenNeeded(...eachPrivilege(siteGrants), lifeOnProxmox);
  }, 600_000);

  it("are sufficient in NetBox, and each of them is needed", async () => {
    // The journal is written after a run, which it never fails: test/providers/netbox/extras/journal.test.ts.
    await provenNeeded(...eachAction(sitePermissions.filter(({ only }) => only !== "journal")), lifeInNetbox);
  }, 600_000);
});
