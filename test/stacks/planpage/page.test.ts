import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { planPageOf } from "../../harness/planpage";
import { emptyReport, sampleReport, vmChange } from "../../harness/reports";

const between = (text: string, from: string, to: string): string => text.split(from)[1]?.split(to)[0] ?? "";

describe("a plan's page", () => {
  it("asks nobody for anything, and runs nothing but its own script", () => {
    const page = planPageOf(sampleReport);
    const policy = between(page, 'http-equiv="Content-Security-Policy" content="', '"');
    const hashed = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hashed(between(page, '<script type="module">', "</script>"))}`);
    expect(policy).toContain(`style-src ${hashed(between(page, "<style>", "</style>"))}`);
    expect(page).not.toMatch(/<(link|script|img)[^>]* (src|href)="(?!data:,")/);
  });

  it("holds what NetBox says as data alone", () => {
    const nasty = '</script><img src=x onerror="window.broken=1"><!--';
    const because = [{ reason: "setting" as const, key: nasty }];
    const changes = [
      vmChange({ id: 1, name: nasty }, { because, fields: [{ name: "pool", before: nasty, after: "a" }] }),
    ];
    const page = planPageOf({
      ...emptyReport,
      stack: nasty,
      changes,
      warnings: [nasty],
      problems: [nasty],
      notes: [nasty],
    });
    expect(page).not.toContain("<img");
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const data = between(page, '<script type="application/json" id="data">', "</script>");
    expect(JSON.parse(data).groups[0].lead.title).toBe(nasty);
    expect(data).not.toContain("<");
  });
});
