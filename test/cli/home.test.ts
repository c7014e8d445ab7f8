import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pulumiHome, quietHome } from "../../cli/home";
import { pulumiEnvironment, pulumiFolder } from "../../cli/pulumi";
import { projectRoot } from "../../tools/root";

describe("the CLI's home folder", () => {
  it("is the user's own in everything but its logs", () => {
    const folder = quietHome() ?? "";
    expect(lstatSync(join(folder, "logs")).isFile()).toBe(true);
    for (const name of ["workspaces", "plugins", "versions"].filter((each) => existsSync(join(pulumiHome(), each))))
      expect(readlinkSync(join(folder, name))).toBe(join(pulumiHome(), name));
    expect(quietHome()).toBe(folder);
  });

  it("takes no log, and the CLI works without", async () => {
    const logs = () => (existsSync(join(pulumiHome(), "logs")) ? readdirSync(join(pulumiHome(), "logs")).length : 0);
    const before = logs();
    const env = pulumiEnvironment(await pulumiFolder());
    const ran = spawnSync("pulumi", ["stack", "ls", "--json"], { cwd: projectRoot(), env, encoding: "utf8" });
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stderr).toBe("");
    expect(logs()).toBe(before);
  });
});
