import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";
import type { Stack } from "../../tools/stack";
import { HttpReceiver } from "../harness/receiver";
import { seedWith, TestSystems } from "../harness/systems";

// What a run leaves behind besides what it does: the journal, metrics and notices.

describe("an up with site.journal", () => {
  const receiver = new HttpReceiver();
  let systems: TestSystems;
  let stack: Stack;
  let metrics: string;
  beforeAll(async () => {
    const url = await receiver.listen();
    systems = await TestSystems.open(
      seedWith("- { name: one, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71 }] }"),
    );
    metrics = join(systems.folder, "netbox.prom");
    stack = await systems.stack(
      {
        site: { journal: true, planUrl: "https://reports.example.com/{stack}.html", protect: false },
        notify: { hook: { type: "webhook", url: `${url}/hook` } },
      },
      "prod",
    );
  });
  afterAll(async () => {
    await systems.close();
    await receiver.close();
  });

  /** A command of this project as a user's shell starts it. */
  async function run(...words: string[]): Promise<{ code: number | null; out: string }> {
    const child = spawn(process.execPath, [...words, ...stack.reach.args], {
      cwd: projectRoot(),
      env: { ...process.env, ...stack.reach.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        out += chunk.toString();
      });
    return { code: await new Promise((resolve) => child.once("close", resolve)), out };
  }
  const entries = async () =>
    (
      await systems.clients.all<{ assigned_object_type: string; assigned_object_id: number; comments: string }>(
        "extras/journal-entries",
      )
    ).map(({ assigned_object_type: type, assigned_object_id: id, comments }) => ({ place: `${type}/${id}`, comments }));

  it("tells each guest's journal what was done, and says in metrics that it went well", {
    timeout: 240_000,
  }, async () => {
    const id = systems.lab.guestIds.get("one");
    const up = await run("dist/cli/pipeline.js", "up", "--metrics", metrics);
    expect(up.code, up.out).toBe(0);
    const [made, ...others] = await entries();
    expect(others).toEqual([]);
    expect(made?.place).toBe(`virtualization.virtualmachine/${id}`);
    expect(made?.comments).toMatch(/^`up` of \S+prod at \S+Z:\n\n/);
    expect(made?.comments).toMatch(/^- VM one created$/m);
    expect(made?.comments).toMatch(/\n\n\[Report\]\(https:\/\/reports\.example\.com\/prod\.html\)$/);
    const shown = readFileSync(metrics, "utf8");
    expect(shown).toContain('netbox_proxmox_run_success{operation="up",program="site",stack="prod"} 1');
    expect(shown).toContain('netbox_proxmox_waiting_restarts{program="site",stack="prod"} 0');
    expect(shown).toContain('netbox_proxmox_limits_reached{program="site",stack="prod"} 0');

    await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { memory: 768 });
    const again = await run("dist/cli/run.js", "up", "--yes");
    expect(again.code, again.out).toBe(0);
    const texts = (await entries()).map(({ comments }) => comments);
    expect(texts).toHaveLength(2);
    expect(texts.filter((text) => /memory 512 → 768/.test(text))).toHaveLength(1);

    // Nothing of what it wrote is news to it.
    const quiet = await run("dist/cli/pipeline.js", "drift", "--metrics", metrics);
    expect(quiet.code, quiet.out).toBe(0);
    expect(readFileSync(metrics, "utf8")).toContain('netbox_proxmox_drift_changes{program="site",stack="prod"} 0');
    expect(receiver.received.map(({ body }) => body)).toEqual([]);
  });
});
