import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discoveryGrants, discoveryPermissions, intentPermissions } from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import type { Stack, StackRun } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { intentFile, intentSeed } from "../harness/intent";
import { TestSystems } from "../harness/systems";

// A file, then NetBox, then guests, then what discovery says of them: three stacks in a row, each with its own tokens.

describe("vms.yml", () => {
  let systems: TestSystems;
  let intent: Stack;
  let site: Stack;
  let file: string;
  let env: NodeJS.ProcessEnv;
  const vm = async (name: string) =>
    (await systems.clients.all<Record<string, unknown>>("virtualization/virtual-machines", `&name=${name}`))[0] ?? {};
  const steps = ({ steps }: StackRun) => steps.map(({ op, name }) => `${op} ${name}`).sort();

  beforeAll(async () => {
    systems = await TestSystems.open(intentSeed());
    file = join(systems.folder, "vms.yml");
    const { netbox } = await systems.reachAs("intent", [], intentPermissions);
    env = { NETBOX_API_TOKEN: netbox.token };
    intent = await systems.stack(
      { program: "intent", proxmox: undefined, bind9: undefined, intent: { file } },
      "intent",
      { env },
    );
    site = await systems.stack({ site: { promote: true } }, "site");
  });
  afterAll(() => systems.close());

  it("says all that is wrong with it, each with its line and column", async () => {
    writeFileSync(
      file,
      "environment:\n  cluster: nowhere\nguests:\n  a:\n    vcpu: 2\n    memory: lots\n  b:\n    interfaces:\n      net0: { vlan: 5000 }\n",
    );
    const wrong = await intent.preview();
    expect(wrong.code).not.toBe(0);
    for (const text of [
      "vms.yml:5:11: guests.a.vcpu is no key here; correct or remove it",
      "vms.yml:6:13: guests.a.memory won't do: ",
      "vms.yml:9:21: guests.b.interfaces.net0.vlan won't do: ",
    ])
      expect(wrong.output).toContain(text);
    writeFileSync(
      file,
      "environment:\n  cluster: nowhere\nguests:\n  a:\n    tags: [unheard]\n    interfaces: { net0: { vlan: 4000 } }\n",
    );
    const missing = await intent.preview();
    expect(missing.output).toMatch(
      /vms\.yml:2:12: NetBox has no cluster "nowhere"; add it there, or below netbox\.clusters here/,
    );
    expect(missing.output).toMatch(/vms\.yml:5:12: NetBox has no tag "unheard"/);
    expect(missing.output).toMatch(/vms\.yml:6:33: NetBox has no VLAN 4000/);
    writeFileSync(file, "guests:\n  a: {\n");
    expect((await intent.preview()).output).toMatch(/vms\.yml:\d+:\d+: /);
  });

  it("fills NetBox with guests that are staged, and what they need", async () => {
    writeFileSync(file, intentFile);
    const made = await intent.up();
    expect(made.errors).toEqual([]);
    expect(await vm("shop01")).toMatchObject({
      status: { value: "staged" },
      vcpus: 2,
      memory: 2048,
      disk: 12288,
      primary_ip4: { address: "10.79.0.2/24" },
      primary_ip6: { address: "fd71::79/64" },
    });
    const again = await intent.preview("--refresh", "--expect-no-changes");
    expect([again.code, again.errors, steps(again)]).toEqual([0, [], []]);
  });

  it("becomes guests on Proxmox VE, whose status is NetBox's from then on", async () => {
    const built = await site.up();
    expect(built.errors).toEqual([]);
    expect((await systems.ourGuests()).map(({ name, status }) => `${name} ${status}`)).toEqual([
      "shop01 running",
      "shop02 running",
    ]);
    expect(await vm("shop01")).toMatchObject({ status: { value: "active" } });
    const quiet = await intent.preview("--refresh", "--expect-no-changes");
    expect([quiet.code, steps(quiet)]).toEqual([0, []]);
  });

  it("is left alone by discovery", async () => {
    const reach = await systems.reachAs("discovery", discoveryGrants, discoveryPermissions);
    const discovery = await systems.stack({ program: "discovery", discovery: { tags: ["web"] } }, "discovery", {
      env: labEnvironment(reach),
    });
    const run = await discovery.up();
    expect(run.errors).toEqual([]);
    expect(run.output).toMatch(/managed +pve-lab +\d+ +shop01 +by Pulumi stack netbox-proxmox\/site/);
    expect(steps(run).filter((step) => /guest-/.test(step))).toEqual([]);
  });

  it("is written from NetBox, and that file plans nothing", async () => {
    const exported = join(systems.folder, "exported.yml");
    const { netbox } = systems.endpoints;
    const run = await runOps(["vms", "export", "--out", exported], { ...env, NETBOX_SERVER_URL: netbox.url });
    expect(run).toMatchObject({ code: 0, err: "" });
    const text = readFileSync(exported, "utf8");
    const prerequisites = intentFile.slice(intentFile.indexOf("netbox:"), intentFile.indexOf("guests:"));
    writeFileSync(file, `${prerequisites}${text}`);
    const same = await intent.preview("--diff", "--expect-no-changes");
    expect(steps(same), same.output).toEqual([]);
    expect(same.code).toBe(0);
    // In another stack it takes what is there, and writes nothing.
    const other = await systems.stack(
      { program: "intent", proxmox: undefined, bind9: undefined, intent: { file: exported } },
      "other",
      { env },
    );
    systems.lab.log.clear();
    const taken = await other.up();
    expect(taken.errors).toEqual([]);
    expect(systems.lab.log.calls.filter(({ system, method }) => system === "netbox" && method !== "GET")).toEqual([]);
    expect((await other.preview("--refresh", "--expect-no-changes")).code).toBe(0);
    writeFileSync(file, intentFile);
  });

  it("is not needed for a refresh, which loses nothing of the state for its mistakes", async () => {
    const { id } = await vm("shop01");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory: 3072 });
    const before = [await intent.outputs(), intent.resources().map(({ urn }) => urn)];
    writeFileSync(file, "guests:\n  a: {\n");
    const run = await intent.refresh();
    expect([run.code, steps(run)]).toEqual([0, ["update vm-shop01"]]);
    expect(run.output).toContain("What stands in the state is read all the same");
    expect([await intent.outputs(), intent.resources().map(({ urn }) => urn)]).toEqual(before);
    writeFileSync(file, intentFile);
  });

  it("decommissions a guest that is taken out of it", async () => {
    writeFileSync(file, intentFile.slice(0, intentFile.indexOf("  shop02:")));
    const run = await intent.up();
    expect(run.errors).toEqual([]);
    expect(steps(run)).toEqual(["delete vm-shop02", "update vm-shop01"]);
    expect(await vm("shop02")).toMatchObject({ status: { value: "decommissioning" } });
    const torn = await site.up();
    expect(torn.errors).toEqual([]);
    expect((await systems.ourGuests()).map(({ name }) => name)).toEqual(["shop01"]);
    expect(await vm("shop02")).toEqual({});
  });
});
