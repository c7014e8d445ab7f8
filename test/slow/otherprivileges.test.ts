import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { undocumented } from "../../bench/undocumented";
import {
  accessGrants,
  accessPermissions,
  discoveryGrants,
  discoveryPermissions,
  type Grant,
  guestGrants,
  guestPermissions,
  inventoryGrants,
  inventoryPermissions,
  type ObjectPermission,
  opsGrants,
  opsPermissions,
  planGrants,
  planPermissions,
  platformGrants,
  templatesGrants,
  templatesPermissions,
} from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { runOps } from "../harness/cli";
import { ImageServer, qcow2 } from "../harness/images";
import { addRecords, inventorySeed } from "../harness/inventory";
import { isCi } from "../harness/sample";
import { seedWith, TestSystems } from "../harness/systems";
import { eachAction, eachPrivilege, firstErrors, provenNeeded } from "./needed";

// The same as privileges.test.ts for the programs beside the site. CI has a sample: a life that takes several runs of the CLI is
// only in `npm run test:slow`.

const whole = it.skipIf(isCi);

/** A systems of its own, with tokens of these rights; closed afterwards. */
async function onSystems(
  seed: Parameters<typeof TestSystems.open>[0],
  grants: Grant[],
  permissions: ObjectPermission[],
  life: (systems: TestSystems, env: Record<string, string>) => Promise<string>,
): Promise<string> {
  const systems = await TestSystems.open(seed, {}, "lab");
  try {
    return await life(systems, labEnvironment(await systems.reachAs("limited", grants, permissions)));
  } finally {
    await systems.close();
  }
}

/** A program that shrugs at what it may not see: what it finds is compared with what it finds with all rights. */
function compared<T>(find: (held: T[]) => Promise<string>, all: T[]): (held: T[]) => Promise<string> {
  const whole = find(all);
  return async (held) => {
    const [wanted, found] = [await whole, await find(held)];
    const lines = found.split("\n");
    const missing = wanted.split("\n").filter((line) => !lines.includes(line));
    return missing.length === 0 ? "" : `not found: ${missing[0]}`;
  };
}

// ---- discovery

const discovered = (grants: Grant[]): Promise<string> =>
  onSystems(undocumented(4), grants, discoveryPermissions, async (systems, env) => {
    const { cluster } = systems.lab.proxmox.get("pve-lab") ?? expect.unreachable("the seed has that cluster");
    const agent = async (path: string, params = {}) =>
      systems.clients.proxmox("POST", `/nodes/pve1/qemu/300${path}`, params);
    await agent("/status/stop");
    await agent("/config", { agent: 1 });
    await agent("/status/start");
    expect(cluster.guests.get(300)?.config.get("agent")).toBe("1");
    const stack = await systems.stack({ program: "discovery" }, "discovery", { env });
    const failed = await firstErrors([() => stack.up()]);
    if (failed !== "") return failed;
    const list = async (path: string, show: (row: Record<string, unknown>) => unknown) =>
      (await systems.clients.all<Record<string, unknown>>(path)).map((row) => `${path} ${JSON.stringify(show(row))}`);
    const all = [
      await list("virtualization/virtual-machines", ({ name, memory, disk }) => [name, memory, disk]),
      await list("virtualization/interfaces", ({ name, mac_address }) => [name, mac_address]),
      await list("ipam/ip-addresses", ({ address }) => address),
      await list("dcim/interfaces", ({ name, type }) => [name, type]),
      await list("extras/custom-field-choice-sets", ({ name, extra_choices }) => [name, extra_choices]),
    ];
    const asked = systems.lab.log.calls.filter(({ path, status }) => path.includes("/agent/") && status === 200);
    return [...all.flat(), `agents answered: ${asked.length > 0}`].join("\n");
  });

// ---- access

const accessFile = (n: number) => ({
  roles: { Life: { privileges: n === 1 ? ["VM.Audit"] : ["VM.Audit", "VM.Clone"] } },
  groups: { crew: { comment: `version ${n}` } },
  users: { "life@pve": { comment: `version ${n}`, groups: ["crew"] } },
  acl: [
    { path: "/vms", role: "Life", group: "crew" },
    { path: "/access/groups/crew", role: "PVEUserAdmin", user: "life@pve", propagate: n === 1 },
  ],
  token_setup: [{ name: "ci", ugid: "life@pve", role: "Life", paths: ["/storage"], comment: `version ${n}` }],
  netbox: {
    groups: { crew: { description: `version ${n}` } },
    users: { life: { groups: ["crew"], email: `v${n}@example.com` } },
    permissions: {
      life: { objectTypes: ["ipam.ipaddress"], actions: n === 1 ? ["view"] : ["view", "add"], users: ["life"] },
    },
    tokens: [{ name: "ci", user: "life", description: `version ${n}` }],
  },
});

const lifeOfAccess = (grants: Grant[], permissions: ObjectPermission[]): Promise<string> =>
  onSystems(seedWith("[]"), grants, permissions, async (systems, env) => {
    const file = join(systems.folder, "access.yml");
    writeFileSync(file, stringify(accessFile(1)));
    const stack = await systems.stack({ program: "access", access: { file } }, "access", { env });
    const failed = await firstErrors([
      () => stack.up(),
      () => {
        writeFileSync(file, stringify(accessFile(2)));
        return stack.up();
      },
      () => stack.preview("--refresh", "--expect-no-changes"),
      () => stack.destroy(),
    ]);
    return failed;
  });

// ---- plan

const guests = `
- { name: one, vcpus: 1, memory: 512, disks: [{ name: scsi0, size: 8192 }], interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan@4 } }] }
- { name: lost, vcpus: 1, memory: 512, disks: [{ name: scsi0, size: 8192 }], interfaces: [{ name: net0, vlan: 71 }] }
`;

/** Plans a guest that came, one that somebody deleted in NetBox, and one that was lost on Proxmox VE; and meets what is not there. */
const planned = (grants: Grant[], permissions: ObjectPermission[]): Promise<string> =>
  onSystems(seedWith(guests), grants, permissions, async (systems, env) => {
    const site = await systems.stack({ site: { protect: false } }, "plan");
    expect(await firstErrors([() => site.up()])).toBe("");
    const { clients } = systems;
    const made = async (path: string, body: object) =>
      ((await clients.netbox("POST", path, body)) as { id: number }).id;
    await clients.netbox("DELETE", `virtualization/virtual-machines/${(await clients.vm("one")).id}/`);
    const [lost] = (await systems.ourGuests()).filter(({ name }) => name === "lost");
    await clients.proxmox("POST", `/nodes/${lost?.node}/qemu/${lost?.vmid}/status/stop`);
    await clients.proxmox("DELETE", `/nodes/${lost?.node}/qemu/${lost?.vmid}`);
    const [cluster] = await clients.all<{ id: number }>("virtualization/clusters", "&name=pve-lab");
    const two = await made("virtualization/virtual-machines/", {
      name: "two",
      cluster: cluster?.id,
      vcpus: 1,
      memory: 512,
    });
    const [vlan] = await clients.all<{ id: number }>("ipam/vlans", "&vid=71");
    const nic = { virtual_machine: two, name: "net0", mode: "access", untagged_vlan: vlan?.id };
    await made("virtualization/interfaces/", { ...nic, custom_fields: { allocate_from: "vlan@4" } });
    await made("virtualization/virtual-disks/", {
      virtual_machine: two,
      name: "scsi0",
      size: 8192,
      custom_fields: { proxmox_disk_storage_volume: "ceph" },
    });
    const run = await site.with(env).preview("--refresh", "--run-program");
    if (run.errors.length > 0) return run.errors.join("; ").replace(/\s+/g, " ");
    const steps = run.steps.map(({ op, type, name }) => `${op} ${type} ${name}`);
    for (const wanted of [
      /^create ProxmoxVm lost$/,
      /^create ProxmoxVm two$/,
      /^delete ProxmoxVm one$/,
      /^create NetboxIpAllocation/,
    ])
      if (!steps.some((step) => wanted.test(step))) return `not planned: ${wanted.source} of ${steps.join(", ")}`;
    for (const [proxmox, told] of [
      [{ storage: "nowhere" }, /nowhere/],
      [{ bridge: "vmbr99" }, /vmbr99/],
    ] as const) {
      await clients.netbox("PATCH", `virtualization/virtual-machines/${two}/`, { local_context_data: { proxmox } });
      const refused = await site.with(env).preview();
      if (!told.test(refused.errors.join())) return `was not refused: ${told.source}`;
    }
    return "";
  });

// ---- ops

const listed = (grants: Grant[], permissions: ObjectPermission[]): Promise<string> =>
  onSystems(seedWith("[]"), grants, permissions, async (systems, env) => {
    await systems.clients.proxmox("POST", "/access/users", { userid: "robot@pve" });
    await systems.clients.proxmox("POST", "/access/users/robot@pve/token/ci", {});
    await systems.clients.proxmox("PUT", "/access/acl", { path: "/vms", roles: "PVEVMUser", users: "robot@pve" });
    await systems.clients.proxmox("PUT", "/access/acl", { path: "/vms", roles: "PVEVMUser", tokens: "robot@pve!ci" });
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu/9000/clone", { newid: 777, full: 1 });
    const stack = await systems.stack({}, "ops", { env });
    const { out, err } = await runOps(["tokens", ...stack.reach.args, "--usage"], stack.reach.env);
    if (err !== "") return err;
    if (!/pve-lab\/robot@pve!ci .*VM\.Audit and \d+ more on \/vms/.test(out))
      return `rights are missing: ${out.slice(0, 200)}`;
    if (!/pve-lab\/pulumi@pve!lab .*0 min ago/.test(out)) return `usage is missing: ${out.slice(0, 200)}`;
    if (!/NetBox\/admin\//.test(out) && !/NetBox\/site\//.test(out))
      return `other users' tokens are missing: ${out.slice(0, 200)}`;
    for (const [path, name] of [
      ["dcim/device-roles", "Proxmox VM"],
      ["virtualization/cluster-types", "Proxmox"],
    ]) {
      const [row] = await systems.clients.all<{ id: number }>(path ?? "", `&name=${encodeURIComponent(name ?? "")}`);
      if (row) await systems.clients.netbox("DELETE", `${path}/${row.id}/`);
    }
    const schema = await runOps(["netbox-schema", ...stack.reach.args], stack.reach.env);
    return schema.err;
  });

/** Lists guests, touches both kinds and takes their snapshots. */
const handledGuests = (grants: Grant[], permissions: ObjectPermission[]): Promise<string> =>
  onSystems(inventorySeed(), grants, permissions, async (systems, env) => {
    const { args, env: all } = (await systems.stack({}, "ops", { env })).reach;
    for (const words of [
      ["stop", "web1", "ct1", "--record"],
      ["start", "web1", "ct1", "--record"],
      ["snapshot", "create", "one", "web1", "ct1"],
      ["snapshot", "rollback", "one", "web1", "ct1", "--yes"],
      ["snapshot", "delete", "one", "web1", "ct1"],
    ]) {
      const { out, err, code } = await runOps([...words, ...args], all);
      if (code !== 0) return `${words.join(" ")}: ${err}${out}`.replace(/\s+/g, " ");
      if (words[0] === "snapshot") continue;
      const status = (await systems.clients.vm("web1")).status.value;
      if (status !== (words[0] === "stop" ? "offline" : "active")) return `NetBox says ${status} after ${words[0]}`;
    }
    return "";
  });

// ---- the inventory

/** The graph, a node and relationship a line, and what could not be read. */
const inventoried = (grants: Grant[], permissions: ObjectPermission[]): Promise<string> =>
  onSystems(inventorySeed(), grants, permissions, async (systems, env) => {
    await addRecords(systems);
    const folder = join(systems.folder, "graph");
    const { args, env: all } = (await systems.stack({}, "inventory", { env })).reach;
    const { err, code } = await runOps(["graph", "--out", folder, ...args], all);
    if (code !== 0) return err;
    const text = readFileSync(join(folder, "graph.json"), "utf8");
    return text.replaceAll(systems.endpoints.netbox.url, "").split("\n").slice(1).join("\n");
  });

// ---- templates

const builtTemplates = (grants: Grant[], permissions: ObjectPermission[]): Promise<string> =>
  onSystems(seedWith("[]"), grants, permissions, async (systems, env) => {
    const images = await ImageServer.open();
    images.files.set("one.qcow2", qcow2(1024 ** 3, "one"));
    const file = join(systems.folder, "templates.yml");
    const image = { url: images.url("one.qcow2"), checksumUrl: images.url("SHA256SUMS") };
    const write = (changes: object) =>
      writeFileSync(
        file,
        stringify({
          templates: {
            one: { image, storage: "ceph", importStorage: "local", size: "2G", nodes: ["pve1"], ...changes },
          },
          osTemplates: { alpine: { appliance: "alpine-3.22-default", storage: "local", nodes: ["pve1"] } },
        }),
      );
    write({});
    const stack = await systems.stack({ program: "templates", templates: { file } }, "templates", { env });
    try {
      const failed = await firstErrors([
        () => stack.up(),
        () => {
          write({ memory: 2048, bridge: "vmbr0", vlan: 71, tags: ["x"], agent: true });
          return stack.up();
        },
        () => stack.preview("--refresh", "--expect-no-changes"),
      ]);
      if (failed !== "") return failed;
      // What is superseded stays in NetBox while a guest names it, and on Proxmox VE while a linked clone needs it.
      const [cluster] = await systems.clients.all<{ id: number }>("virtualization/clusters", "&name=pve-lab");
      await systems.clients.netbox("POST", "virtualization/virtual-machines/", {
        name: "named",
        cluster: cluster?.id,
        custom_fields: { proxmox_vm_templates: "9002" },
      });
      await systems.clients.proxmox("POST", "/nodes/pve1/qemu/9002/clone", { newid: 150, name: "linked" });
      images.files.set("one.qcow2", qcow2(1024 ** 3, "two"));
      const newer = await stack.up();
      if (newer.errors.length > 0) return newer.errors.join("; ").replace(/\s+/g, " ");
      if (!newer.output.includes("a linked clone needs it")) return "the linked clone was not seen";
      await systems.clients.proxmox("DELETE", "/nodes/pve1/qemu/150", {});
      const gone = await stack.up();
      if (gone.errors.length > 0) return gone.errors.join("; ").replace(/\s+/g, " ");
      const isOffered = async () => {
        const [set] = await systems.clients.all<{ extra_choices: string[][] }>(
          "extras/custom-field-choice-sets",
          "&name=proxmox-vm-templates",
        );
        return set?.extra_choices.some(([value]) => value === "9002");
      };
      if (!(await isOffered())) return "the guest's choice was taken away";
      await systems.clients.netbox(
        "DELETE",
        `virtualization/virtual-machines/${(await systems.clients.vm("named")).id}/`,
      );
      const tidied = await stack.up();
      if (tidied.errors.length > 0) return tidied.errors.join("; ").replace(/\s+/g, " ");
      if (await isOffered()) return "what no guest names is still offered";
      return await firstErrors([() => stack.destroy()]);
    } finally {
      await images.close();
    }
  });

// ---- platform

const builtPlatform = (grants: Grant[]): Promise<string> =>
  onSystems(seedWith("[]"), grants, [], async (systems, env) => {
    const file = join(systems.folder, "platform.yml");
    const write = (changes: object) =>
      writeFileSync(
        file,
        stringify({
          name: "netbox.lab.example",
          node: "pve1",
          storage: "local-lvm",
          protect: false,
          template: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
          networks: {
            backend: { vnet: "nbback", zone: "netbox", make: true, address: "10.30.0.1/24" },
            dmz: { bridge: "vmbr30", make: true },
          },
          dmz: { address: "192.0.2.10/24" },
          netbox: { version: "4.7.3" },
          containers: {
            netbox: { vmid: 200 },
            postgresql: { vmid: 201 },
            valkey: { vmid: 202 },
            nginx: { vmid: 203, ...changes },
          },
        }),
      );
    write({});
    const { ssh } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
    const { proxmox } = systems.config();
    const clusters = { "pve-lab": { ...Object(Object(proxmox)["pve-lab"]), ssh } };
    const stack = await systems.stack({ program: "platform", platform: { file }, proxmox: clusters }, "platform", {
      env,
    });
    return firstErrors([
      () => stack.up(),
      () => {
        write({ cores: 3, memory: 1024, disk: "6G" });
        return stack.up();
      },
      () => stack.preview("--refresh", "--expect-no-changes"),
      () => stack.destroy(),
    ]);
  });

describe("the documented privileges of the other programs", () => {
  whole("of discovery, on Proxmox VE, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachPrivilege(discoveryGrants), compared(discovered, discoveryGrants));
  });

  whole("of access, on Proxmox VE, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachPrivilege(accessGrants), (held) => lifeOfAccess(held, accessPermissions));
  });

  whole("of access, in NetBox, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachAction(accessPermissions), (held) => lifeOfAccess(accessGrants, held));
  });

  whole("of a plan, on Proxmox VE, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachPrivilege(planGrants), (held) => planned(held, planPermissions));
  });

  whole("of templates, on Proxmox VE, are sufficient, and each is needed", { timeout: 600_000 }, async () => {
    await provenNeeded(...eachPrivilege(templatesGrants), (held) => builtTemplates(held, templatesPermissions));
  });

  whole("of templates, in NetBox, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachAction(templatesPermissions), (held) => builtTemplates(templatesGrants, held));
  });

  whole("of platform, on Proxmox VE, are sufficient, and each is needed", { timeout: 900_000 }, async () => {
    await provenNeeded(...eachPrivilege(platformGrants), builtPlatform);
  });

  it("of the inventory, on Proxmox VE, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    const find = (held: Grant[]) => inventoried(held, inventoryPermissions);
    await provenNeeded(...eachPrivilege(inventoryGrants), compared(find, inventoryGrants));
  });

  it("of the inventory, in NetBox, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    const find = (held: ObjectPermission[]) => inventoried(inventoryGrants, held);
    await provenNeeded(...eachAction(inventoryPermissions), compared(find, inventoryPermissions));
  });

  it("of ops on guests, on both systems, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachPrivilege(guestGrants), (held) => handledGuests(held, guestPermissions));
    await provenNeeded(...eachAction(guestPermissions), (held) => handledGuests(guestGrants, held));
  });

  it("of ops, on Proxmox VE, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachPrivilege(opsGrants), (held) => listed(held, opsPermissions));
  });

  it("of ops, in NetBox, are sufficient, and each is needed", { timeout: 300_000 }, async () => {
    await provenNeeded(...eachAction(opsPermissions), (held) => listed(opsGrants, held));
  });
});
