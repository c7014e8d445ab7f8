import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { projectRoot } from "../../tools/root";
import { isCi } from "../harness/sample";

// `npm run bench` at a small size, in CI at its smallest, to keep it alive; of its figures those that no busy machine changes.

const guests = isCi ? 20 : 100;

function bench(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const options = { cwd: projectRoot(), encoding: "utf8" as const, maxBuffer: 1e8 };
  return new Promise((resolve) =>
    execFile(process.execPath, ["dist/bench/main.js", ...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  );
}

const phase = z.object({
  phase: z.string(),
  guests: z.number(),
  resources: z.number(),
  state: z.number(),
  cpu: z.number(),
  memory: z.number(),
  requests: z.object({ netbox: z.number(), proxmox: z.number(), bind9: z.number() }),
  endpoints: z.record(z.string(), z.number()),
});

describe("npm run bench", () => {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-bench-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("measures the whole life of guests, and asks for no guest by itself where nothing changes", {
    timeout: 600_000,
  }, async () => {
    const out = join(folder, "bench.json");
    const { status, stdout, stderr } = await bench("--sizes", `${guests}`, "--latency", "none", "--out", out);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/\| resources a guest +\| ≤ 5 +\| 5 +\| holds +\|/);
    expect(stdout).toMatch(/\| state a guest +\| ≤ 12 kB +\| [\d.]+ kB +\| holds +\|/);
    const phases = new Map(
      z
        .array(phase)
        .parse(JSON.parse(readFileSync(out, "utf8")))
        .map((each) => [each.phase, each]),
    );
    expect([...phases.keys()]).toEqual([
      ...[
        "up from nothing",
        "no-change preview",
        "plan by the command",
        "plan --drift by the command",
        "preview --refresh",
        "up changing 1 %",
        "refresh",
        "destroy",
      ],
      ...["floor of up", "bare preview"],
    ]);
    for (const { cpu, memory } of phases.values()) expect(Math.min(cpu, memory)).toBeGreaterThan(0);
    const of = (name: string) => phases.get(name) as z.infer<typeof phase>;
    const single = (name: string) =>
      Object.entries(of(name).endpoints).reduce((sum, [call, count]) => sum + (/ID/.test(call) ? count : 0), 0);
    expect(single("no-change preview")).toBe(0);
    expect(of("no-change preview").requests.netbox).toBeLessThanOrEqual(40);
    expect(single("preview --refresh")).toBeLessThanOrEqual(guests);
    expect(of("preview --refresh").requests.netbox).toBeLessThanOrEqual(60);
    expect(of("preview --refresh").requests.bind9).toBe(6);
  });

  it.skipIf(isCi)("compares a plan in a tidy NetBox with one in an untidy one", { timeout: 600_000 }, async () => {
    const { status, stdout, stderr } = await bench("--untidy", "--sizes", "100");
    expect(status, stderr).toBe(0);
    // 2,000 prefixes and 50,000 addresses are so many more pages of NetBox's.
    const rows = stdout.split("\n").flatMap((line) => /^\| (.+?) +\| 100 .*\| (\d+) \/ (\d+) +\|$/.exec(line) ?? []);
    expect([rows[1], rows[5]]).toEqual(["preview", "plan without the engine"]);
    expect(Number(rows[3]) - Number(rows[2])).toBeGreaterThan(50);
    expect([rows[6], rows[7]]).toEqual([rows[2], rows[3]]);
  });

  it("tells a mistyped size", async () => {
    const { status, stderr } = await bench("--sizes", "few");
    expect(status).toBe(1);
    expect(stderr).toBe("--sizes few: write whole numbers of guests from 20 to 10000, like 100,1000\n");
  });
});
