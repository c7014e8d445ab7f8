import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

// A page that needs nothing but itself: no server, no network, and nothing runs in it but our own script.

/** What runs in a page, and what styles it. */
export interface PageAssets {
  script: string;
  style: string;
}

/** Those that are kept in a folder; tools/build.mjs brings both to dist/. */
export function assetsIn(folder: string): PageAssets {
  const asset = (name: string): string => readFileSync(join(folder, name), "utf8");
  return { script: asset("browser.js"), style: asset("page.css") };
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const escapedHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

interface Page extends PageAssets {
  title: string;
  /** What the script draws. */
  data: object;
  /** What stands there where no script runs. */
  withoutScript?: string;
}

export function printPage({ title, data, script, style, withoutScript }: Page): string {
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  // A name can't end the element that it stands in.
  const json = JSON.stringify(data).replace(/</g, "\\u003c");
  const instead = withoutScript === undefined ? "" : `<noscript>${escapedHtml(withoutScript)}</noscript>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapedHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main id="page"></main>
${instead}<script type="application/json" id="data">${json}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}
