import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../../tools/root";
import { seedWith, TestSystems } from "../harness/systems";

/** As a person runs it. */
function run(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join("dist", "cli", "run.js"), ...args], { cwd: projectRoot(), env });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
}

it("an up that fails in one place and deletes in another leaves a whole state, and nobody reads of a bug", async () => {
  const guest = (name: string, status: string) =>
    `- { name: ${name}, status: ${status}, interfaces: [{ name: net0, vlan: 71 }] }`;
  const seed = seedWith([guest("stays", "active"), guest("goes", "active"), guest("comes", "planned")].join("\n"));
  const systems = await TestSystems.open(seed, {}, "lab");
  try {
    const stack = await systems.stack({ site: { protect: false } });
    expect((await stack.up()).errors).toEqual([]);
    const patch = async (name: string, status: string) => {
      const { id } = await systems.clients.vm(name);
      await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { status });
    };
    await patch("goes", "decommissioning");
    await patch("comes", "active");
    systems.lab.set({ setup: "task", type: "qmclone", fails: "clone failed: no space left on device", times: 9 });
    const { args, env } = stack.reach;
    const words = ["up", ...args, "--yes", "--skip-preview", "--non-interactive", "--no-refresh"];
    const broken = await run(words, { ...process.env, ...env });
    expect(broken.code, broken.output).not.toBe(0);
    expect(broken.output).toContain("no space left on device");
    expect(broken.output).not.toMatch(/snapshot integrity|This is a bug|goroutine|We would appreciate a report/);
    expect(broken.output.match(/^… the state .*$/gm), broken.output).toEqual([
      "… the state still named what this run deleted, as other steps failed; it was put in order, and is whole again",
    ]);
    systems.lab.set({ setup: "clear" });
    const next = await run(words, { ...process.env, ...env });
    expect(next.code, next.output).toBe(0);
    expect(next.output).not.toContain("… the state");
    expect((await systems.ourGuests()).map(({ name }) => name)).toEqual(["comes", "stays"]);
  } finally {
    await systems.close();
  }
}, 180_000);
