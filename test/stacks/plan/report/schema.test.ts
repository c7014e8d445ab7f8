import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { PlanReport } from "../../../../stacks/plan/report";
import { jsonReport, planReportSchema, planSchemaText } from "../../../../stacks/plan/report/schema";
import { projectRoot } from "../../../../tools/root";
import { largeReport, sampleReport } from "../../../harness/reports";

describe("docs/plan.schema.json", () => {
  it("is what the schema says: run `npm run docs` where it is not", () => {
    expect(readFileSync(join(projectRoot(), "docs", "plan.schema.json"), "utf8")).toBe(planSchemaText());
  });

  it("takes reports as they are, and is of the same form", () => {
    for (const report of [sampleReport, largeReport(20)])
      expect(planReportSchema.parse(JSON.parse(jsonReport(report)))).toEqual(JSON.parse(JSON.stringify(report)));
    // Held by the compiler: each is of the other's type.
    const same = (report: PlanReport): z.output<typeof planReportSchema> => report;
    expect(same(sampleReport)).toBe(sampleReport);
  });

  it("takes no report of another form", () => {
    expect(planReportSchema.safeParse({ ...sampleReport, format: 2 }).success).toBe(false);
  });
});
