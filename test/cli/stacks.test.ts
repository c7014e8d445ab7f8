import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readOtherStacks } from "../../stacks/site/otherstacks";
import type { Stack } from "../../tools/stack";
import { runOps } from "../harness/cli";
import { seedWith, TestSystems } from "../harness/systems";

describe("ops stacks plan", () => {
  let systems: TestSystems;
  let stack: Stack;
  let folder: string;
  beforeAll(async () => {
    const names = ["a1", "a2", "a3", "b1", "b2", "c1"];
    const seed = seedWith(names.map((name) => `- { name: ${name}, tags: [part-${name[0]}, web] }`).join("\n"));
    seed.netbox.tags.push("part-a", "part-b", "part-c");
    systems = await TestSystems.open(seed);
    stack = await systems.stack({}, "prod", { secrets: { "netbox.token": systems.reach.netbox.token } });
  });
  afterAll(() => systems.close());
  beforeEach(() => {
    folder = join(systems.folder, "prod");
    for (const file of ["a", "b", "c", "1", "2"]) rmSync(join(folder, `Pulumi.prod-${file}.yaml`), { force: true });
  });
  const env = () => ({ ...stack.reach.env, PROXMOX_VE_API_TOKEN: Object.values(systems.reach.proxmox)[0]?.token });
  const plan = (...args: string[]) => runOps(["stacks", "plan", ...stack.reach.args, ...args], env());

  it("writes files whose scopes share no guest, without the base's secrets", async () => {
    const { code, out, err } = await plan("--tag-prefix", "part-", "--most", "3");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/^ {5}3 guests {2}prod-part-a {2}tag part-a {2}Pulumi.prod-part-a.yaml/m);
    expect(out).toMatch(/^ {5}3 guests {2}prod-2 {2}tag part-b or part-c/m);
    expect(out).toMatch(/pulumi stack init prod-part-a && pulumi config cp --path netbox-proxmox:netbox.token/);
    const text = readFileSync(join(folder, "Pulumi.prod-part-a.yaml"), "utf8");
    expect(text).not.toMatch(/secure|encryptionsalt/);
    const { config } = parse(text) as { config: Record<string, unknown> };
    expect(config["netbox-proxmox:site"]).toEqual({ protect: false, scope: { tags: ["part-a"] } });
    expect(readOtherStacks(folder, "prod").map(({ scope }) => scope)).toEqual([
      { tags: ["part-b", "part-c"] },
      { tags: ["part-a"] },
    ]);

    const again = await plan("--tag-prefix", "part-", "--most", "3");
    expect(again.code).toBe(1);
    expect(again.err).toMatch(/Pulumi.prod-part-a.yaml, Pulumi.prod-2.yaml are there already: .*Nothing was written/);
    for (const name of ["prod-part-a", "prod-2"]) rmSync(join(folder, `Pulumi.${name}.yaml`));
  });

  it("says where one stack will do, what can't be divided, and what is mistyped; and writes nothing then", async () => {
    expect((await plan()).out).toMatch(/6 guests {2}prod {2}all\nOne stack will do: nothing is written/);
    const small = await plan("--most", "2", "--json");
    expect(small.code).toBe(2);
    expect(JSON.parse(small.out)).toMatchObject({
      stacks: [{ guests: 6, scope: {} }],
      notes: [expect.stringMatching(/^6 guests can't be divided further: give each a site/)],
    });
    const whole = await plan("--most", "2");
    expect(whole.out).toMatch(
      /\nnote: 6 guests can't be divided further: .*\nNothing is written: prod stays one stack of more than 2 guests\.\n$/,
    );
    const dry = await plan("--most", "3", "--tag-prefix", "part-", "--dry-run", "--prefix", "live");
    expect(dry.out).toMatch(/live-part-a .*\n.*\nNothing is written/);
    expect(existsSync(join(folder, "Pulumi.live-part-a.yaml"))).toBe(false);
    expect((await plan("--most", "many")).err).toBe("--most many: write a number of guests, like 1000.\n");
    expect((await plan("--by", "region")).err).toMatch(/--by region: write one of clusters, sites, tenants, tags/);
  });
});
