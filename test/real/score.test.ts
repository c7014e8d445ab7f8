import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/root";

const root = projectRoot();

describe.skipIf(!existsSync(join(root, "..", "shared", "golden", "proxmox")))("the lab's score", () => {
  it("is 95 % of all recorded answers of Proxmox VE, and no sequence under 90 %", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "dist", "tools", "score.js")], {
      encoding: "utf8",
    });
    expect(status, stdout + stderr).toBe(0);
  }, 300_000);
});
