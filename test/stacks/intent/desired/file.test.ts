import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseVms, vmsSchema } from "../../../../stacks/intent/desired/file";
import { projectRoot } from "../../../../tools/root";

const problems = (text: string) => {
  const parsed = parseVms(text, "vms.yml");
  return "problems" in parsed ? parsed.problems : [];
};

describe("vms.yml", () => {
  it("is read as docs/intent.md shows it", () => {
    const guide = readFileSync(join(projectRoot(), "docs", "intent.md"), "utf8");
    const [, example = ""] = /```yaml\n(# vms\.yml[\s\S]*?)```/.exec(guide) ?? [];
    const parsed = parseVms(example, "vms.yml");
    expect("value" in parsed && Object.keys(parsed.value.guests)).toEqual(["shop01", "shop02"]);
  });

  it("may have guests that take everything from the environment", () => {
    expect(problems("environment: { cluster: a }\nguests:\n  one:\n  two: {}\n")).toEqual([]);
  });

  it.each([
    ["guests:\n  a: { cpu: 2 }\n", "vms.yml:2:13: guests.a.cpu is no key here; correct or remove it"],
    ["guests:\n  a:\n    memory: 2 GB\n", "vms.yml:3:13: guests.a.memory won't do: "],
    ["guests:\n  a: 5\n", "vms.yml:2:6: guests.a won't do: "],
    ["guests:\n\ta: 5\n", "vms.yml:2:1: "],
    ["netbox: { vlans: [{ vid: 0, name: x }] }\n", "vms.yml:1:26: netbox.vlans.0.vid won't do: "],
    ["- a\n", "vms.yml:1:1: "],
  ])("%j is said with its place", (text, said) => {
    const [first = ""] = problems(text);
    expect(first.slice(0, said.length)).toBe(said);
  });

  it("has a JSON Schema that names the same keys", () => {
    expect(vmsSchema()).toMatchObject({
      properties: { environment: {}, netbox: {}, guests: {} },
      additionalProperties: false,
    });
  });
});
