import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type RunMetrics, withRun, writeMetrics } from "../../cli/metrics";

const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-metrics-"));
afterAll(() => rmSync(folder, { recursive: true }));

const up: RunMetrics = {
  stack: "prod",
  program: "site",
  operation: "up",
  endedAt: 1_800_000_000,
  duration: 12.5,
  succeeded: true,
  drift: 0,
  waitingRestarts: 2,
  limitsReached: 0,
};
const values = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("the metrics of runs", () => {
  it("say when the last good up was, and what it left", () => {
    expect(values(withRun("", up))).toEqual([
      'netbox_proxmox_last_success_timestamp_seconds{program="site",stack="prod"} 1800000000',
      'netbox_proxmox_run_timestamp_seconds{operation="up",program="site",stack="prod"} 1800000000',
      'netbox_proxmox_run_success{operation="up",program="site",stack="prod"} 1',
      'netbox_proxmox_run_duration_seconds{operation="up",program="site",stack="prod"} 12.5',
      'netbox_proxmox_drift_changes{program="site",stack="prod"} 0',
      'netbox_proxmox_waiting_restarts{program="site",stack="prod"} 2',
      'netbox_proxmox_limits_reached{program="site",stack="prod"} 0',
    ]);
  });

  it("of a failed run keep what it didn't find out, and the last success", () => {
    const text = withRun(withRun("", up), {
      stack: "prod",
      program: "site",
      operation: "up",
      endedAt: 1_800_009_000,
      duration: 3,
      succeeded: false,
      limitsReached: 1,
    });
    expect(values(text)).toEqual([
      'netbox_proxmox_last_success_timestamp_seconds{program="site",stack="prod"} 1800000000',
      'netbox_proxmox_run_timestamp_seconds{operation="up",program="site",stack="prod"} 1800009000',
      'netbox_proxmox_run_success{operation="up",program="site",stack="prod"} 0',
      'netbox_proxmox_run_duration_seconds{operation="up",program="site",stack="prod"} 3',
      'netbox_proxmox_drift_changes{program="site",stack="prod"} 0',
      'netbox_proxmox_waiting_restarts{program="site",stack="prod"} 2',
      'netbox_proxmox_limits_reached{program="site",stack="prod"} 1',
    ]);
  });

  it("stand in one file whoever writes at once, which everybody may read and is never half there", async () => {
    const file = join(folder, "shared", "netbox.prom");
    const stacks = Array.from({ length: 12 }, (_, n) => `stack-${n}`);
    await Promise.all(stacks.map((stack) => writeMetrics(file, { ...up, stack })));
    const text = readFileSync(file, "utf8");
    for (const stack of stacks)
      expect(text).toContain(`netbox_proxmox_run_success{operation="up",program="site",stack="${stack}"} 1`);
    expect(text.match(/^# TYPE netbox_proxmox_run_success gauge$/gm)).toHaveLength(1);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readdirSync(join(folder, "shared"))).toEqual(["netbox.prom"]);
  });

  it("say why they can't be written", async () => {
    const file = join(folder, "plain");
    writeFileSync(file, "");
    await expect(writeMetrics(join(file, "netbox.prom"), up)).rejects.toThrow(/^Unable to write .*netbox\.prom: /);
  });
});
