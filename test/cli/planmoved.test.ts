import { describe, expect, it } from "vitest";
import type { ReportedPlan } from "../../cli/plan";
import type { ApprovedChange } from "../../cli/planfile";
import { engineDifferences, movedSince, propertiesIn } from "../../cli/planmoved";
import type { PlanStep } from "../../stacks/plan/steps";

const urn = (name: string) => `urn:pulumi:s::p::pulumi-nodejs:dynamic/proxmox:ProxmoxVm::${name}`;
const change = (name: string, action: "create" | "update" | "delete", memory?: number) => ({
  ...{ urn: urn(name), object: "VM", name, system: "Proxmox VE" as const, action },
  fields: memory === undefined ? [] : [{ name: "memory", before: 512, after: memory }],
  effects: [],
});
const step = (name: string, action: PlanStep["action"], inputs: Record<string, unknown> = {}): [string, PlanStep] => [
  urn(name),
  { token: "pulumi-nodejs:dynamic/proxmox:ProxmoxVm", name, action, inputs, changed: [], problems: [] },
];
const planOf = (changes: ReturnType<typeof change>[], steps: [string, PlanStep][] = []): ReportedPlan => ({
  report: {
    ...{ format: 1 as const, stack: "p/s", program: "site", madeAt: "2026-11-28T14:02:00.000Z", isRefreshed: true },
    ...{ changes, unchanged: 0, problems: [], warnings: [], notes: [], policies: [], capacity: [] },
  },
  steps: new Map(steps),
  outputs: { existing: [], declared: [] },
});
const approved = (...changes: ReturnType<typeof change>[]): ApprovedChange[] => changes;

describe("what moved since a plan was approved", () => {
  it.each([
    ["nothing", approved(change("a", "update", 1024)), planOf([change("a", "update", 1024)]), []],
    ["a new guest", approved(), planOf([change("b", "create")]), ["VM b is to be created, which is not in the plan"]],
    [
      "another value",
      approved(change("a", "update", 1024)),
      planOf([change("a", "update", 2048)]),
      ["VM a: memory is to be 2048, and the plan has 1024"],
    ],
    [
      "another action",
      approved(change("a", "update", 1024)),
      planOf([change("a", "delete")]),
      ["VM a is to be deleted, and the plan has it changed"],
    ],
    ["done already", approved(change("a", "update", 1024)), planOf([], [step("a", "same", { memory: 1024 })]), []],
    ["deleted already", approved(change("a", "delete")), planOf([]), []],
    [
      "back in NetBox",
      approved(change("a", "delete")),
      planOf([], [step("a", "same")]),
      ["VM a stays, and the plan has it deleted"],
    ],
    [
      "set back",
      approved(change("a", "update", 1024)),
      planOf([], [step("a", "same", { memory: 512 })]),
      ["VM a: memory is to be 512, and the plan has 1024"],
    ],
    ["gone", approved(change("a", "create")), planOf([]), ["VM a is wanted no more, and the plan has it created"]],
  ])("%s", (_what, before, now, parts) => {
    expect(movedSince(before, now)).toEqual(parts);
  });

  it("is told of the engine's plan, too: an action, a value, and never by a secret or an unknown one", () => {
    const plan = planOf([change("a", "update", 1024)], [step("a", "update", { memory: 1024, password: "x" })]);
    const engine = (steps: string[], updates: Record<string, unknown>) => ({
      manifest: {},
      resourcePlans: { [urn("a")]: { steps, goal: { type: "t", inputDiff: { updates }, outputDiff: {} } } },
    });
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:…" };
    expect(engineDifferences(engine(["update"], { memory: 1024, password: secret }), plan)).toEqual([]);
    expect(engineDifferences(engine(["update"], { memory: 2048 }), plan)).toEqual([
      "VM a gets another memory by Pulumi",
    ]);
    expect(engineDifferences(engine(["same"], {}), plan)).toEqual([
      "VM a is changed in the report, and left as it is by Pulumi",
    ]);
  });

  it("has the names of properties from the engine's message", () => {
    expect(propertiesIn("resource u violates plan: properties changed: =~memory[{768}], ++tags[[]]")).toEqual([
      "memory",
      "tags",
    ]);
  });
});
