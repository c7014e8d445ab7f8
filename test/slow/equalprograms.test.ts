import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { undocumented } from "../../bench/undocumented";
import { pulumiFolder } from "../../cli/pulumi";
import {
  accessGrants,
  accessPermissions,
  discoveryGrants,
  discoveryPermissions,
  intentPermissions,
  templatesGrants,
  templatesPermissions,
} from "../../stacks/access/privileges";
import { labEnvironment } from "../../tools/labstack";
import { Stack } from "../../tools/stack";
import { previewIsEqual } from "../harness/enginesteps";
import { ImageServer, qcow2 } from "../harness/images";
import { intentFile, intentSeed } from "../harness/intent";
import { isCi } from "../harness/sample";
import { seedWith, TestSystems } from "../harness/systems";

// As equal.test.ts, of the other programs: made, unchanged, changed, and found otherwise by a refresh.

/** A stack's life, and what is compared of it. @param change of what it reads */
async function isEqualThroughLife(stack: Stack, change: () => unknown): Promise<void> {
  expect(await previewIsEqual(stack)).toBeGreaterThan(0);
  expect((await stack.up()).errors).toEqual([]);
  await previewIsEqual(stack, true);
  await change();
  expect(await previewIsEqual(stack)).toBeGreaterThan(0);
  expect((await stack.up()).errors).toEqual([]);
  // Of a rotation the old token goes in the run behind it.
  await previewIsEqual(stack);
}

describe("the simulation is equal to the engine's preview", () => {
  let systems: TestSystems;
  afterEach(() => systems.close());

  it.skipIf(isCi)("of discovery", async () => {
    systems = await TestSystems.open(undocumented(6), {}, "lab");
    const reach = await systems.reachAs("discovery", discoveryGrants, discoveryPermissions);
    const stack = await systems.stack({ program: "discovery" }, "discovery", { env: labEnvironment(reach) });
    await isEqualThroughLife(stack, async () => {
      await systems.clients.proxmox("PUT", "/nodes/pve1/qemu/300/config", { memory: 4096, description: "another" });
      await systems.clients.proxmox("PUT", "/nodes/pve2/qemu/301/config", { cores: 3, name: "renamed" });
      await systems.clients.proxmox("POST", "/nodes/pve3/qemu/302/status/stop");
    });
  });

  it.skipIf(isCi)("of vms.yml", async () => {
    systems = await TestSystems.open(intentSeed(), {}, "lab");
    const file = join(systems.folder, "vms.yml");
    writeFileSync(file, intentFile);
    const { netbox } = await systems.reachAs("intent", [], intentPermissions);
    const config = { program: "intent", proxmox: undefined, bind9: undefined, intent: { file } };
    const stack = await systems.stack(config, "intent", { env: { NETBOX_API_TOKEN: netbox.token } });
    await isEqualThroughLife(stack, () => {
      const changed = intentFile.replace("memory: 2G", "memory: 3G").replace(/ {2}shop02:[\s\S]*/, "");
      writeFileSync(file, changed.replace("scsi0: 10G,", "scsi0: 12G, scsi2: 1G,"));
    });
  });

  it("of access.yml, with its secrets, through a rotation", async () => {
    systems = await TestSystems.open(seedWith("- { name: one, interfaces: [{ name: net0, vlan: 71 }] }"), {}, "lab");
    const file = join(systems.folder, "access.yml");
    const write = (more: object) => {
      const token = { name: "ci", ugid: "robot@pve", role: "PVEAuditor", paths: ["/vms"], overlap: "0m", ...more };
      writeFileSync(file, stringify({ token_setup: [token] }));
    };
    write({});
    const reach = await systems.reachAs("access", accessGrants, accessPermissions);
    const stack = await systems.stack({ program: "access", access: { file } }, "access", {
      env: labEnvironment(reach),
    });
    await isEqualThroughLife(stack, () =>
      write({ rotation: 1, sinks: [{ file: join(systems.folder, "token.json") }] }),
    );
  });

  it.skipIf(isCi)("of templates.yml", async () => {
    systems = await TestSystems.open(seedWith("[]"), {}, "lab");
    const images = await ImageServer.open();
    try {
      images.files.set("noble.img", qcow2(3 * 1024 ** 3, "noble 1"));
      const file = join(systems.folder, "templates.yml");
      const write = (more: object) => {
        const image = { url: images.url("noble.img"), checksumUrl: images.url("SHA256SUMS") };
        const noble = { image, method: "api", nodes: ["pve1"], size: "10G", bridge: "vmbr0", agent: false, ...more };
        const defaults = { storage: "local", importStorage: "local" };
        const osTemplates = { debian: { appliance: "debian-12-standard", storage: "local", nodes: ["pve2"] } };
        writeFileSync(file, stringify({ defaults, templates: { noble }, osTemplates }));
      };
      write({});
      const reach = await systems.reachAs("templates", templatesGrants, templatesPermissions);
      const { ssh } = systems.endpoints.proxmox["pve-lab"] ?? expect.unreachable("the seed has that cluster");
      const { proxmox, ...config } = systems.config({ program: "templates", templates: { file } });
      const stack = new Stack({
        cli: await pulumiFolder(),
        name: "templates",
        folder: join(systems.folder, "templates"),
        secrets: {},
        config: { ...config, proxmox: { "pve-lab": { ...Object(Object(proxmox)["pve-lab"]), ssh } } },
        env: labEnvironment(reach),
      });
      await stack.init();
      await isEqualThroughLife(stack, () => write({ size: "12G", tags: ["lts"] }));
    } finally {
      await images.close();
    }
  });
});
