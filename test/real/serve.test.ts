import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";
import { ownInstance } from "../harness/services";
import { seedWith, TestSystems } from "../harness/systems";

// A real NetBox's event rule calls `ops serve`, and what was changed is done.

const secret = "a-webhook-secret-of-the-test";
const services = join(projectRoot(), "test", "real", "services.sh");

describe("a change in NetBox", () => {
  let systems: TestSystems;
  let child: ChildProcess;
  let said = "";

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith("- { name: one, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71 }] }"),
    );
    const started = spawnSync(services, ["worker", String(ownInstance())], { encoding: "utf8" });
    expect(started.stderr).toBe("");
    const stack = await systems.stack({}, "prod");
    const { env, args } = stack.reach;
    const file = args[args.indexOf("--config-file") + 1] ?? "";
    const command = `node dist/cli/run.js up --stack prod --config-file '${file}' --yes --skip-preview --non-interactive`;
    child = spawn(
      process.execPath,
      [
        "dist/cli/main.js",
        "serve",
        "--stack",
        "prod",
        "--port",
        "0",
        "--quiet",
        "1",
        "--ignore-user",
        "site",
        "--no-initial",
        "--command",
        command,
      ],
      { cwd: projectRoot(), env: { ...env, NETBOX_WEBHOOK_SECRET: secret }, stdio: ["ignore", "pipe", "pipe"] },
    );
    const url = await new Promise<string>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          const found = /listening at (\S+)/.exec(said)?.[1];
          if (found !== undefined) resolve(found);
        });
      child.once("close", () => reject(new Error(said)));
    });
    // As docs/pipelines.md says.
    const made = (path: string, body: object) => systems.clients.netbox("POST", path, body) as Promise<{ id: number }>;
    const { id } = await made("extras/webhooks/", {
      name: "netbox-proxmox",
      payload_url: `${url}prod`,
      http_method: "POST",
      http_content_type: "application/json",
      secret,
    });
    await made("extras/event-rules/", {
      name: "netbox-proxmox",
      object_types: [
        "virtualization.virtualmachine",
        "virtualization.vminterface",
        "virtualization.virtualdisk",
        "ipam.ipaddress",
      ],
      event_types: ["object_created", "object_updated", "object_deleted"],
      action_type: "webhook",
      action_object_type: "extras.webhook",
      action_object_id: id,
    });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await ended;
    spawnSync(services, ["worker-down"]);
    await systems.close();
  });

  async function until(holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 90_000; !(await holds()); await sleep(500))
      if (Date.now() > deadline) throw new Error(`nothing came of it:\n${said}`);
  }

  it("is signed by NetBox, and brings the guest to what it says", async () => {
    const id = systems.lab.guestIds.get("one");
    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory: 768 });
    await until(async () => (await systems.ourGuests())[0]?.config.memory === "768");
    await until(async () => /prod: done/.test(said));
    expect(said).toMatch(/virtualization.virtualmachine one updated by tests: prod/);
    // What the program itself wrote into NetBox made no further run.
    await until(async () => /updated by site: our own, ignored/.test(said));
    await sleep(3000);
    expect(said.match(/prod: begins/g)).toHaveLength(1);
  });

  it("that decommissions the guest takes it away", async () => {
    const id = systems.lab.guestIds.get("one");
    const path = `virtualization/virtual-machines/${id}/`;
    await systems.clients.netbox("PATCH", path, { status: "decommissioning" });
    await until(async () => (await systems.ourGuests()).length === 0);
  });
});
