import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Vm } from "../../lab/proxmox/qemu/vm";
import { schemaPermissions } from "../../stacks/access/privileges";
import type { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { limitedNetboxToken } from "../harness/rights";
import { seedWith, TestSystems } from "../harness/systems";

describe("ops netbox-schema", () => {
  let systems: TestSystems;
  let stack: Stack;
  beforeAll(async () => {
    const seed = seedWith("- { name: one, interfaces: [{ name: net0 }] }");
    // A NetBox that knows little of us, and holds one field of its own under our name.
    seed.netbox.customFields = [
      { name: "proxmox_vmid", type: "text", objectTypes: ["virtualization.virtualmachine"] },
      { name: "gateway", type: "text", objectTypes: ["ipam.vlan"] },
    ];
    seed.netbox.choiceSets = {};
    seed.netbox.prefixes = [];
    systems = await TestSystems.open(seed);
    // To make fields takes other rights than the site program's.
    const token = await limitedNetboxToken(systems.clients, schemaPermissions, "schema");
    const site = { planUrl: "https://reports.example.com/{stack}.html" };
    stack = await systems.stack({ site }, "test", { env: { NETBOX_API_TOKEN: token } });
  });
  afterAll(() => systems.close());

  const schema = (...args: string[]) => runOps(["netbox-schema", ...stack.reach.args, ...args], stack.reach.env);
  const names = async (path: string) => (await systems.clients.all<{ name: string }>(path)).map(({ name }) => name);

  it("lists what is missing, creates it and nothing else, and then finds nothing", async () => {
    const before = await names("extras/custom-fields");
    const planned = await schema("--dry-run");
    expect(planned.err).toBe("");
    expect(planned.out).toMatch(/missing {2}choice set {4}proxmox-nodes/);
    expect(planned.out).toMatch(/missing {2}custom field {2}proxmox_vm_type/);
    expect(planned.out).not.toMatch(/custom field {2}proxmox_vmid\n/);
    expect(planned.out).toMatch(/unfit {4}custom field {2}gateway is not for ipam.prefix; add that in NetBox/);
    expect(planned.code).toBe(2);
    expect(await names("extras/custom-fields")).toEqual(before);

    const made = await schema("--option", "cpu", "discard", "efitype", "pre-enrolled-keys", "version");
    expect(made.out).toMatch(/created {2}custom field {2}proxmox_option_pre_enrolled_keys/);
    expect(made.out).toMatch(/created {2}custom field {2}proxmox_option_discard/);
    expect(await names("extras/custom-fields")).toEqual(
      expect.arrayContaining([
        ...before,
        "proxmox_vm_type",
        "proxmox_rebuild",
        "proxmox_option_cpu",
        "allocate_from",
        "proxmox_option_efitype",
      ]),
    );
    const sets = await systems.clients.all<{ name: string; extra_choices: [string, string][] }>(
      "extras/custom-field-choice-sets",
    );
    const choices = (name: string) => sets.find((set) => set.name === name)?.extra_choices.map(([value]) => value);
    expect(choices("proxmox-nodes")).toEqual(["pve1", "pve2"]);
    expect(choices("proxmox-storages")).toEqual(["ceph", "local", "local-lvm"]);
    expect(choices("proxmox-lxc-templates")).toContain("9100");

    // What was made on the clusters since becomes a choice, and what is gone stays one.
    const { cluster } = systems.lab.proxmox.get("pve-lab") ?? expect.unreachable("the seed has that cluster");
    cluster.guests.get(9000)?.config.set("template", 0);
    cluster.add(new Vm(9010, "pve1")).config.set("template", 1);
    expect((await schema("--dry-run")).out).toMatch(/^missing {2}choice {8}proxmox-vm-templates 9010$/m);
    expect((await schema()).out).toMatch(/^created {2}choice {8}proxmox-vm-templates 9010$/m);
    const kept = await systems.clients.all<{ name: string; extra_choices: [string, string][] }>(
      "extras/custom-field-choice-sets",
    );
    const templates = kept.find(({ name }) => name === "proxmox-vm-templates")?.extra_choices.map(([value]) => value);
    expect(templates).toEqual([...(choices("proxmox-vm-templates") ?? []), "9010"]);

    const again = await schema("--json");
    expect(JSON.parse(again.out)).toEqual({ created: [], unfit: [expect.objectContaining({ name: "gateway" })] });
  });

  it("--links makes links to consoles and the plan, and puts them right, but for what people set", async () => {
    interface Link {
      id: number;
      name: string;
      object_types: string[];
      link_text: string;
      link_url: string;
      enabled: boolean;
    }
    const all = () => systems.clients.all<Link>("extras/custom-links");
    const planned = await schema("--links", "--dry-run");
    expect(planned.err).toBe("");
    expect(planned.out).toMatch(/^missing {2}custom link {3}netbox-proxmox console pve-lab$/m);
    expect(await all()).toEqual([]);
    expect((await schema("--links")).out).toMatch(/^created {2}custom link {3}netbox-proxmox plan test$/m);
    const [console, plan] = await all();
    const { url } = Object.values(systems.reach.proxmox)[0] ?? expect.unreachable("the seed has that cluster");
    expect(console).toMatchObject({ object_types: ["virtualization.virtualmachine"], enabled: true });
    expect(console?.link_url).toContain(`${url}/?console=`);
    expect(plan?.link_url).toBe("https://reports.example.com/test.html");
    await systems.clients.netbox("PATCH", `extras/custom-links/${plan?.id}/`, { link_url: "x", enabled: false });
    expect((await schema("--links", "--dry-run")).out).toMatch(/^differs {2}custom link {3}netbox-proxmox plan test$/m);
    expect((await schema("--links")).out).toMatch(/^changed {2}custom link {3}netbox-proxmox plan test$/m);
    expect((await all())[1]).toMatchObject({ link_url: "https://reports.example.com/test.html", enabled: false });
    expect(JSON.parse((await schema("--links", "--json")).out)).toMatchObject({ created: [], changed: [] });
  });

  it("tells a wrong word, an option that isn't there, and a configuration that is missing", async () => {
    const wrong = await runOps(["netbox-shema"], {});
    expect(wrong.err).toMatch(/unknown command 'netbox-shema'/);
    expect(wrong.code).toBe(64);
    const option = await schema("--option", "warp");
    expect(option.err).toBe("There is no option warp; docs/attributes.md lists those that there are.\n");
    expect(option.code).toBe(1);
    const bare = await runOps(["netbox-schema"], {});
    expect(bare.err).toMatch(/netbox-proxmox:proxmox is missing: no Proxmox VE cluster is named/);
    expect(bare.err).not.toMatch(/^\s+at /m);
  });
});
