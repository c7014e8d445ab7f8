import { describe, expect, it } from "vitest";
import { escapedMarkdown, gitlabNoteLimit, markdownReport } from "../../../../stacks/plan/report/markdown";
import { emptyReport, largeReport, sampleReport, vmChange } from "../../../harness/reports";

const at = { timeZone: "UTC" };

describe("a report as Markdown", () => {
  it("is a table that says who, what and why, with links", () => {
    const text = markdownReport(sampleReport, at);
    expect(text).toContain("### Plan of netbox-proxmox/prod (program site)");
    expect(text).toContain("> Read from the branch renumber-db of NetBox");
    expect(text).toContain("| | What | Change | Why |\n| --- | --- | --- | --- |");
    expect(text).toContain(
      '| **\\~** | **[web01](https://netbox.example/virtualization/virtual-machines/9/)** | memory 2048 → 4096 MiB, scsi0 20 → 40 GiB; *restart needed for memory* | [anna, 28 Nov 14:02: "ticket 4711"](https://netbox.example/core/changelog/812/) |',
    );
    expect(text.indexOf("Refused by policies")).toBeLessThan(text.indexOf("| | What"));
    expect(text).not.toContain("not shown here");
  });

  it("never has more than GitHub takes, and says how much is not there", () => {
    const text = markdownReport(largeReport(1000), { ...at, fullUrl: "https://ci.example/plan.html" });
    expect(text.length).toBeLessThanOrEqual(65_536);
    expect(text.length).toBeGreaterThan(60_000);
    const shown = text.split("\n").filter((line) => /^\| \*\*/.test(line)).length;
    expect(text).toContain(
      `**${2300 - shown} changes are not shown here**: [the whole report](https://ci.example/plan.html).`,
    );
    expect(text).toContain("- **\\-** 100 guests deleted with their disks: web1, web11");
    expect(markdownReport(largeReport(1000), { ...at, limit: gitlabNoteLimit })).not.toContain("not shown here");
  });

  it("leads nowhere but to the web", () => {
    const changes = [vmChange({ id: 1, name: "a" }, { url: "javascript:alert(1)" })];
    expect(markdownReport({ ...emptyReport, changes }, at)).not.toContain("javascript");
    const odd = [vmChange({ id: 1, name: "a" }, { url: "https://netbox.example/a)b|c d/" })];
    expect(markdownReport({ ...emptyReport, changes: odd }, at)).toContain("(https://netbox.example/a%29b%7cc%20d/)");
  });

  it.each([
    ["a|b", "a\\|b"],
    ["<b>&", "&lt;b&gt;&amp;"],
    ["`x` *y* _z_", "\\`x\\` \\*y\\* \\_z\\_"],
    ["hi @anna", "hi \\@&#8203;anna"],
    ["robot@pve!ci", "robot\\@pve\\!ci"],
    ["see #12 and org/repo#3", "see \\#&#8203;12 and org/repo\\#&#8203;3"],
    ["!5 ~bug %v1 $3", "\\!&#8203;5 \\~&#8203;bug \\%&#8203;v1 \\$&#8203;3"],
    ["one\ntwo", "one\\\\ntwo"],
    ["1. list", "1\\. list"],
    ["- list", "\\- list"],
    [":tada: :100:", ":&#8203;tada: :&#8203;100:"],
    ["fd71:db8::1 BC:24:11:00:00:31", "fd71:db8::1 BC:24:11:00:00:31"],
  ])("%j as %j", (text, escaped) => {
    expect(escapedMarkdown(text)).toBe(escaped);
  });
});
