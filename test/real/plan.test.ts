import { describe, expect, it } from "vitest";
import type { StackRun } from "../../tools/stack";
import { demoSeed, TestSystems } from "../harness/systems";

/** A plan as comparable lines: every resource with all of its inputs, but for where NetBox is. */
const lines = ({ steps }: StackRun, netboxUrl: string): string[] =>
  steps
    .map(({ op, type, name, new: wanted }) => {
      const inputs = Object.entries(wanted).sort(([a], [b]) => (a < b ? -1 : 1));
      return `${op} ${type} ${name} ${JSON.stringify(inputs)}`.replaceAll(netboxUrl, "https://netbox");
    })
    .sort();

async function plan(where: "lab" | "given"): Promise<string[]> {
  const systems = await TestSystems.open(demoSeed(), {}, where);
  try {
    const planned = await (await systems.stack()).preview();
    expect(planned.errors).toEqual([]);
    return lines(planned, systems.endpoints.netbox.url);
  } finally {
    await systems.close();
  }
}

describe("the demo's seed", () => {
  it("gives the same plan on a real NetBox as on the lab's", async () => {
    const [real, lab] = [await plan("given"), await plan("lab")];
    expect(real).toHaveLength(55); // all but the stack itself
    expect(real).toEqual(lab);
  });
});
