import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { backendFolder, clearDeadLocks } from "../../cli/locks";
import { projectRoot } from "../../tools/root";

describe("locks of the file backend", () => {
  const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-locks-"));
  const locks = join(folder, ".pulumi", "locks", "organization", "p", "s");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("go when their process is dead, and stay when it lives or is on another machine", () => {
    mkdirSync(locks, { recursive: true });
    const lock = (name: string, pid: number, host: string) =>
      writeFileSync(join(locks, `${name}.json`), JSON.stringify({ pid, hostname: host }));
    lock("dead", 2 ** 22 + 1, hostname());
    lock("alive", process.pid, hostname());
    lock("elsewhere", 2 ** 22 + 1, "another-machine");
    expect(clearDeadLocks(folder, "p", "s")).toBe(1);
    expect(existsSync(join(locks, "dead.json"))).toBe(false);
    expect(existsSync(join(locks, "alive.json"))).toBe(true);
    expect(existsSync(join(locks, "elsewhere.json"))).toBe(true);
    expect(clearDeadLocks(folder, "p", "other")).toBe(0);
  });

  it("are looked for where the backend is", () => {
    expect(backendFolder(projectRoot(), {})).toBe(join(projectRoot(), ".pulumi-state"));
    expect(backendFolder(projectRoot(), { PULUMI_BACKEND_URL: "file:///var/state" })).toBe("/var/state");
    expect(backendFolder(projectRoot(), { PULUMI_BACKEND_URL: "s3://bucket" })).toBeUndefined();
  });
});
