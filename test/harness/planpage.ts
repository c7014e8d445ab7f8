import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { PlanReport } from "../../stacks/plan/report";
import { printPlanPage } from "../../stacks/planpage/page";
import type { PageAssets } from "../../stacks/selfcontainedpage";
import { projectRoot } from "../../tools/root";

/** What tools/build.mjs brings to dist/, from the sources. */
function pageAssets(): PageAssets {
  const read = (name: string) => readFileSync(join(projectRoot(), "stacks", "planpage", name), "utf8");
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true };
  return { script: ts.transpileModule(read("browser.ts"), { compilerOptions }).outputText, style: read("page.css") };
}

/** A plan's page as the sources make it, without a build. */
export const planPageOf = (report: PlanReport): string => printPlanPage(report, "UTC", pageAssets());
