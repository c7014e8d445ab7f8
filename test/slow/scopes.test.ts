import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

/** A stack for each dimension, and three guests for each stack. */
const scopes: Record<string, Record<string, string[]>> = {
  berlin: { sites: ["berlin"] },
  munich: { sites: ["munich"] },
  acme: { tenants: ["acme"] },
  batch: { tags: ["batch"] },
};
const names = Object.keys(scopes);

const guests = names
  .flatMap((stack) =>
    [1, 2, 3].map(
      (n) =>
        `- { name: ${stack}${n}, vcpus: 1, memory: 512, tags: [${stack === "batch" ? "batch" : "web"}], interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan } }] }`,
    ),
  )
  .join("\n");

describe("four stacks of one NetBox, as four CI runners run them at once", () => {
  let systems: TestSystems;
  let stacks: Stack[];
  let files: string;

  beforeAll(async () => {
    const seed = seedWith(guests);
    seed.netbox.tags.push("batch");
    systems = await TestSystems.open(seed, { clone: 100 });
    const { clients, lab } = systems;
    const made = async (path: string, name: string) =>
      ((await clients.netbox("POST", path, { name, slug: name })) as { id: number }).id;
    const fields: Record<string, object> = {
      berlin: { site: await made("dcim/sites/", "berlin") },
      munich: { site: await made("dcim/sites/", "munich") },
      acme: { tenant: await made("tenancy/tenants/", "acme") },
    };
    // A cluster of one site has only that site's guests.
    const [cluster] = await clients.all<{ id: number }>("virtualization/clusters");
    const everywhere = { scope_type: null, scope_id: null, site: null };
    await clients.netbox("PATCH", `virtualization/clusters/${cluster?.id}/`, everywhere);
    for (const [name, id] of lab.guestIds)
      await clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, fields[name.slice(0, -1)] ?? {});
    files = join(systems.folder, "files");
    mkdirSync(files);
    // One repository's stack files, one state; everything else is each runner's own.
    const env = {
      NETBOX_PROXMOX_STACK_FILES: files,
      PULUMI_BACKEND_URL: `file://${join(systems.folder, "state")}`,
      ...Object.fromEntries(
        Object.entries(systems.reach.proxmox).map(([, { token }]) => ["PROXMOX_VE_API_TOKEN", token]),
      ),
      NETBOX_API_TOKEN: systems.reach.netbox.token,
    };
    mkdirSync(join(systems.folder, "state"));
    stacks = [];
    for (const name of names) {
      stacks.push(await systems.stack({ site: { protect: false, scope: scopes[name] } }, name, { env }));
      copyFileSync(join(systems.folder, name, `Pulumi.${name}.yaml`), join(files, `Pulumi.${name}.yaml`));
    }
  });
  afterAll(() => systems.close());

  it("each build their own guests and none of another's", async () => {
    const runs = await Promise.all(stacks.map((stack) => stack.up()));
    expect(runs.flatMap(({ errors }) => errors)).toEqual([]);
    const made = await systems.ourGuests();
    expect(made.map(({ name }) => name).sort()).toEqual(
      names.flatMap((name) => [1, 2, 3].map((n) => `${name}${n}`)).sort(),
    );
    for (const { name, config } of made)
      expect(String(config.description)).toContain(`stack netbox-proxmox/${name.slice(0, -1)} from`);
    const again = await Promise.all(stacks.map((stack) => stack.preview("--refresh", "--expect-no-changes")));
    expect(again.flatMap(({ errors }) => errors)).toEqual([]);
  });

  it("say so with the guests' names where a change in NetBox puts one into two of them, and change nothing", async () => {
    const id = systems.lab.guestIds.get("berlin2");
    const tag = { tags: [{ slug: "batch" }] };
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, tag);
    const before = await systems.inventory();
    const runs = await Promise.all(stacks.map((stack) => stack.up()));
    const [berlin, munich, acme, batch] = runs.map(({ errors }) => errors.join("\n"));
    expect([munich, acme]).toEqual(["", ""]);
    expect(berlin).toMatch(/berlin2 \(http\S+\) is in the scope of stack batch \(Pulumi.batch.yaml: tag batch\), too/);
    expect(batch).toMatch(
      /berlin2 \(http\S+\) is in the scope of stack berlin \(Pulumi.berlin.yaml: site berlin\), too/,
    );
    expect(await systems.inventory()).toBe(before);
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { tags: [{ slug: "web" }] });
  });

  it("say so where a guest leaves a scope, and what a scope names that is not there", async () => {
    const id = systems.lab.guestIds.get("acme1");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { tenant: null });
    const left = await stacks[2]?.preview();
    expect(left?.output.replace(/\s+/g, " ")).toMatch(
      /acme1 \(\S+ VM \d+ on pve-lab\) has left the scope of this stack \(tenant acme\)/,
    );
    const file = join(systems.folder, "acme", "Pulumi.acme.yaml");
    const content = parse(readFileSync(file, "utf8")) as { config: Record<string, { scope?: object }> };
    const site = content.config["netbox-proxmox:site"];
    if (site) site.scope = { tenants: ["acmee"] };
    writeFileSync(file, stringify(content));
    const wrong = await stacks[2]?.preview();
    expect(wrong?.errors.join()).toMatch(/does not know what netbox-proxmox:site.scope names \(.*acmee/);
  });
});
