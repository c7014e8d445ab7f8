import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanReport } from "../plan/report";
import { planPageData } from "../plan/report/pagedata";

/** What runs in the page, and what styles it. */
export interface PlanPageAssets {
  script: string;
  style: string;
}

/** They are kept beside this file; tools/build.mjs brings both to dist/. */
function ownAssets(): PlanPageAssets {
  const asset = (name: string): string => readFileSync(join(__dirname, name), "utf8");
  return { script: asset("browser.js"), style: asset("page.css") };
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const escapedHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * A plan as one page that needs nothing but itself: no server, no network, and nothing runs in it but our own script.
 * @param timeZone of the times in it: `Europe/Berlin`; the machine's own where it is left out
 */
export function printPlanPage(report: PlanReport, timeZone?: string, { script, style } = ownAssets()): string {
  const data = planPageData(report, timeZone);
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  // A name can't end the element that it stands in.
  const json = JSON.stringify(data).replace(/</g, "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapedHtml(data.title)}</title>
<style>${style}</style>
</head>
<body>
<main id="page"></main>
<noscript>${escapedHtml(data.title)}: ${escapedHtml(data.summary)}. This page needs JavaScript to show each change.</noscript>
<script type="application/json" id="data">${json}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}
