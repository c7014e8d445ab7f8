import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { planByFile } from "../../stacks/program";
import { parseYaml } from "../../stacks/yamlfile";
import { settingsWith } from "./site/desired/example";

const schema = z.strictObject({
  zone: z.string(),
  guests: z.record(z.string(), z.strictObject({ zone: z.string(), size: z.number().optional() })),
});
const parse = (text: string) => parseYaml(text, "vms.yml", schema);
const rest = (text: string) => {
  const parsed = parse(text);
  return "rest" in parsed ? parsed.rest : undefined;
};
const lines = (...guests: string[]) => ["zone: lab", "guests:", ...guests.map((each) => `  ${each}`)].join("\n");

describe("a file with mistakes", () => {
  it("keeps what is right of it, and of an entry what it can do without", () => {
    expect(rest(lines("a: { zone: x, szie: 3 }", "b: { zone: 5 }", "c: { zone: z, size: 1 }"))?.value).toEqual({
      zone: "lab",
      guests: { a: { zone: "x" }, c: { zone: "z", size: 1 } },
    });
  });

  it("keeps nothing where it is something else altogether, or no YAML", () => {
    expect(rest("[1, 2]")).toBeUndefined();
    expect(rest("zone: [")).toBeUndefined();
  });

  it("is told of an alias without its anchor", () => {
    expect(parse("zone: *none\nguests: {}\n")).toEqual({
      problems: ["vms.yml:1:7: there is no anchor &none; put a text that begins with * in quotes"],
    });
    expect(parse("zone: &one lab\nguests: { a: { zone: *one } }\n")).toMatchObject({ value: { zone: "lab" } });
  });

  it("tells what may follow from a mistake: what is in the same entry", () => {
    const left = rest(lines("a:", "  zone: x", "  szie: 3", "b: { zone: y }"));
    expect([4, 5, 6].map((line) => left?.follows(`vms.yml:${line}:1: is wrong too`))).toEqual([true, true, false]);
  });

  it("is told in one round with what a plan of the rest finds", async () => {
    const folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-test-"));
    try {
      const file = join(folder, "vms.yml");
      const settings = { ...settingsWith(), intent: { ...settingsWith().intent, file } };
      const run = (text: string, fails = false) => {
        writeFileSync(file, text);
        const parseFile = (content: string, name: string) => parseYaml(content, name, schema);
        return planByFile("intent", settings, parseFile, async ({ value, placeOf }) => {
          if (fails) throw new Error("NetBox is away");
          const names = Object.entries(value.guests).filter(([, { zone }]) => zone !== value.zone);
          return { problems: names.map(([name]) => `${placeOf(["guests", name])}: there is no such zone`) };
        });
      };
      const wrong = lines("a: { zone: lab, szie: 3 }", "b: { zone: other }", "c: { zone: other, szie: 1 }");
      await expect(run(wrong)).rejects.toThrow(
        [
          `Nothing was changed, since ${file} has 3 mistakes:`,
          `  ${file}:3:25: guests.a.szie is no key here; correct or remove it`,
          `  ${file}:5:27: guests.c.szie is no key here; correct or remove it`,
          `  ${file}:4:6: there is no such zone`,
        ].join("\n"),
      );
      await expect(run(wrong, true)).rejects.toThrow(`${file} has 2 mistakes`);
      await expect(run(lines("b: { zone: lab }"), true)).rejects.toThrow("NetBox is away");
      expect(await run(lines("b: { zone: lab }"))).toEqual({ problems: [], file });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
