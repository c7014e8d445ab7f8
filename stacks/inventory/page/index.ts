import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PageData } from "../desired/page";

/** What runs and what styles the page are kept beside this file; tools/build.mjs brings both to dist/. */
const asset = (name: string): string => readFileSync(join(__dirname, name), "utf8");
const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The inventory as one page that needs nothing but itself: no server, no network, and nothing runs in it but our own script. */
export function printPage(data: PageData): string {
  const script = asset("browser.js");
  const style = asset("page.css");
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
<title>Inventory: netbox-proxmox</title>
<style>${style}</style>
</head>
<body>
<main id="page"></main>
<script type="application/json" id="data">${json}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}
