import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backendFolder, clearDeadLocks, heldText, noteRun } from "../../cli/locks";
import { projectRoot } from "../../tools/root";

describe("locks of the file backend", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-locks-"));
    mkdirSync(join(folder, ".pulumi", "locks", "organization", "p", "s"), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const lockAt = (name: string) => join(folder, ".pulumi", "locks", "organization", "p", "s", `${name}.json`);
  const noteAt = (pid: number) => join(folder, ".pulumi", "netbox-proxmox", "p", "s", `${pid}.json`);
  const lock = (pid: number, host = hostname()) =>
    writeFileSync(lockAt(String(pid)), JSON.stringify({ pid, hostname: host, timestamp: "2026-01-01T00:00:00Z" }));

  /** A process that was noted, and has ended since unless it is to live. */
  async function noted(): Promise<number> {
    const child = spawn("sleep", ["60"]);
    const pid = child.pid ?? 0;
    lock(pid);
    noteRun(folder, "p", "s", pid);
    await new Promise((resolve) => {
      child.once("close", resolve);
      child.kill("SIGKILL");
    });
    return pid;
  }
  const edit = (pid: number, change: object) =>
    writeFileSync(noteAt(pid), JSON.stringify({ ...JSON.parse(readFileSync(noteAt(pid), "utf8")), ...change }));

  it("go when their process was noted and is dead", async () => {
    const pid = await noted();
    expect(clearDeadLocks(folder, "p", "s")).toEqual({ cleared: 1, held: [] });
    expect(existsSync(lockAt(String(pid)))).toBe(false);
    expect(existsSync(noteAt(pid))).toBe(false);
    expect(clearDeadLocks(folder, "p", "other")).toEqual({ cleared: 0, held: [] });
  });

  it("go when their process's number is another's by now", () => {
    lock(process.pid);
    noteRun(folder, "p", "s", process.pid);
    edit(process.pid, { started: "1" });
    expect(clearDeadLocks(folder, "p", "s").cleared).toBe(1);
  });

  it("stay while their process lives", () => {
    lock(process.pid);
    const unnote = noteRun(folder, "p", "s", process.pid);
    expect(clearDeadLocks(folder, "p", "s").held).toMatchObject([{ pid: process.pid }]);
    unnote();
    expect(existsSync(noteAt(process.pid))).toBe(false);
  });

  it.each([
    ["of another container", { namespace: "pid:[1]" }],
    ["of another host, or from before a restart", { boot: "another" }],
  ])("stay where the process was one %s, though nothing has its number here", async (_where, change) => {
    const pid = await noted();
    edit(pid, change);
    expect(clearDeadLocks(folder, "p", "s")).toMatchObject({ cleared: 0, held: [{ pid }] });
    expect(existsSync(lockAt(String(pid)))).toBe(true);
  });

  it("stay where nobody noted the run, whatever the host is called", () => {
    lock(2 ** 22 + 1);
    expect(clearDeadLocks(folder, "p", "s").cleared).toBe(0);
  });

  it("stay where they can't be read", () => {
    writeFileSync(lockAt("broken"), "{");
    expect(clearDeadLocks(folder, "p", "s").held).toHaveLength(1);
  });

  it("are told with what holds them, and the way out", () => {
    expect(heldText("prod", [{ pid: 7, hostname: "ci-1", timestamp: "2026-01-01T00:00:00Z" }])).toBe(
      "Stack prod is locked by process 7 on ci-1 since 2026-01-01T00:00:00Z: wait until it has ended. If you know that it is dead, run `pulumi cancel --yes prod`.",
    );
  });

  it("are looked for where the backend is", () => {
    expect(backendFolder(projectRoot(), {})).toBe(join(projectRoot(), ".pulumi-state"));
    expect(backendFolder(projectRoot(), { PULUMI_BACKEND_URL: "file:///var/state" })).toBe("/var/state");
    expect(backendFolder(projectRoot(), { PULUMI_BACKEND_URL: "s3://bucket" })).toBeUndefined();
  });
});
