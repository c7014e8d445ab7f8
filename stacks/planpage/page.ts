import type { PlanReport } from "../plan/report";
import { planPageData } from "../plan/report/pagedata";
import { assetsIn, type PageAssets, printPage } from "../selfcontainedpage";

/**
 * A plan as one page that needs nothing but itself.
 * @param timeZone of the times in it: `Europe/Berlin`; the machine's own where it is left out
 */
export function printPlanPage(report: PlanReport, timeZone?: string, assets: PageAssets = assetsIn(__dirname)): string {
  const data = planPageData(report, timeZone);
  const { title, summary } = data;
  const withoutScript = `${title}: ${summary}. This page needs JavaScript to show each change.`;
  return printPage({ ...assets, title, data, withoutScript });
}
