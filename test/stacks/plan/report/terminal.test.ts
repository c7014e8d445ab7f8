import { describe, expect, it } from "vitest";
import { displayWidth } from "../../../../stacks/plan/report/shown";
import { terminalReport } from "../../../../stacks/plan/report/terminal";
import { emptyReport, largeReport, sampleGuests, sampleReport, vmChange } from "../../../harness/reports";

const plain = { width: 100, colour: false, timeZone: "UTC" };
const guest = { id: 7, name: "web01" };

describe("a report on a terminal", () => {
  it("says at the top what it was made of, and what stands in the way before the changes", () => {
    const lines = terminalReport({ ...sampleReport, problems: ["web01 has no disk."] }, { ...plain, width: 200 });
    expect(lines.slice(0, 9)).toEqual([
      "Plan of netbox-proxmox/prod (program site)  28 Nov 2026 14:05 UTC",
      "Read from the branch renumber-db of NetBox: this is what merging it would do. A branch is never applied.  https://netbox.example/plugins/branching/branches/4/",
      "Made without a refresh: what was changed by hand since the last run does not show.",
      "",
      "1 problem: while there is one, up does nothing",
      "  web01 has no disk.",
      "",
      "Refused by policies",
      "  VM build01: would run on pve2 beside build02 (policy anti-affinity)  https://netbox.example/virtualization/virtual-machines/10/",
    ]);
  });

  it("ends with warnings, capacity, exceptions, notes, what stays, and the sums", () => {
    const lines = terminalReport(sampleReport, { ...plain, width: 400 });
    expect(lines.slice(lines.indexOf("Warnings"))).toEqual([
      "Warnings",
      "  VM web02: has no tenant (policy owner)  https://netbox.example/virtualization/virtual-machines/12/",
      "  web07 (https://netbox.example/virtualization/virtual-machines/21/) is left out: its disk scsi0 has no size.",
      "",
      "Capacity after it",
      "  pve1 memory 48 → 56 of 64 GiB, 88 % (pve-lab)",
      "  pve2 memory 58.6 → 61 of 64 GiB, 95 % (pve-lab): no other node could take its guests if it failed",
      "  ceph storage 900.5 → 990 of 2000 GiB, 50 % (pve-lab)",
      "",
      "Excepted from policies",
      "  VM test01: has no backup job (policy backup; excepted by the tag no-backup until 2026-12-31)",
      "",
      "Notes",
      "  The guests' agents told 3 addresses that NetBox doesn't have.",
      "",
      "137 resources stay as they are; 2 changes of the program's own records are not listed.",
      "7 to create, 1 to adopt, 14 to change, 1 to make anew, 6 to delete · 1 guest deleted with its disks, 1 guest made anew, 1 stops, 1 migrates, 1 renumbers, 1 address released, 1 name removed from DNS, 1 detaches disks, 1 moves disks, 3 need a restart.",
      "Up does nothing: 1 refusal by policies above stands in the way.",
    ]);
  });

  it("has guests in the order of what is lost, and what is of no guest behind", () => {
    const lines = terminalReport(sampleReport, { ...plain, width: 300 });
    const names = lines.flatMap((line) => /^[-~+±] (\S+)/.exec(line)?.[1] ?? []);
    expect(names).toEqual([
      ...["old01", "test01", "db01", "shop01", "build01", "mail01", "proxy01", "web01", "legacy01", "web02"],
      ...["firewall", "prefix", "role", "secret", "token", "right", "template"],
    ]);
  });

  it("says so where nothing changes", () => {
    expect(terminalReport(emptyReport, plain)).toEqual([
      "Plan of netbox-proxmox/prod (program site)  28 Nov 2026 14:05 UTC",
      "",
      "12 resources stay as they are.",
      "No changes.",
    ]);
  });

  it("says once that it is the first run, or that nobody's reasons may be seen", () => {
    const changes = ["a", "b"].map((name, id) =>
      vmChange(
        { id, name },
        { because: [{ reason: "first run" }, { reason: "unknown", right: "core.view_objectchange" }] },
      ),
    );
    const text = terminalReport({ ...emptyReport, changes }, plain).join("\n");
    expect(text.match(/First run: all of it is new to this stack\./g)).toHaveLength(1);
    expect(
      text.match(/Who changed what in NetBox is unknown: the token lacks core\.view_objectchange\./g),
    ).toHaveLength(1);
  });

  it("names a guest of which only parts change", () => {
    const wide = { ...plain, width: 300 };
    const [, address, name] = sampleGuests.renamed ?? [];
    const lines = terminalReport({ ...emptyReport, changes: [address, name].flatMap((each) => each ?? []) }, wide);
    expect(lines.slice(2, 5).map((line) => line.split(/(?<=\S) {2}/)[0])).toEqual([
      "  shop01",
      "  - name web09.lab.example",
      "  ~ address 10.71.0.17/24 of net0",
    ]);
    const alone = terminalReport({ ...emptyReport, changes: [name].flatMap((each) => each ?? []) }, wide);
    expect(alone[2]).toMatch(/^- name web09\.lab\.example {2}is removed from DNS/);
  });

  it("colours only where it is told to, and wraps rather than cuts", () => {
    const changes = [
      vmChange(guest, { fields: [{ name: "description", before: "a", after: `${"long ".repeat(60)}end` }] }),
    ];
    const report = { ...emptyReport, changes };
    const narrow = terminalReport(report, { ...plain, width: 40 });
    expect(narrow.every((line) => displayWidth(line) <= 40)).toBe(true);
    expect(narrow.join(" ").match(/long/g)).toHaveLength(60);
    expect(narrow.join("")).not.toContain("\u001b");
    const coloured = terminalReport(report, { ...plain, width: 40, colour: true });
    expect(coloured.join("")).toContain("\u001b[33m~\u001b[0m");
    expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ""))).toEqual(narrow);
  });
});

describe("a report of many changes", () => {
  it.each([
    [100, 80],
    [100, 120],
    [1000, 80],
  ])("of %i guests fits a screen of %i columns", (count, width) => {
    const report = largeReport(count);
    expect(report.changes.length).toBeGreaterThan(count);
    const many = {
      ...report,
      warnings: Array.from({ length: count }, (_, n) => `web${n} is left out: ${"why ".repeat(40)}`),
    };
    for (const each of [report, many]) {
      const lines = terminalReport(each, { ...plain, width });
      expect(lines.length).toBeLessThanOrEqual(50);
      expect(lines.at(-1)).toBe("This is a summary. --full shows every change.");
    }
  });

  it("sums up by effect, then by action and kind, with names and reasons", () => {
    const lines = terminalReport(largeReport(100), { ...plain, width: 120 });
    const text = lines.join("\n");
    expect(text).toContain("- 10 guests deleted with their disks  web1, web11, web21, web31, web41");
    expect(text).toContain("~ 30 VMs to change (memory 30)");
    expect(text).toContain("+ 60 VMs to create  web2, web3, web5");
    expect(text).toContain('  90 changes: anna, 28 Nov 14:02: "ticket 4711"');
    expect(text).toContain(
      "180 to create, 30 to change, 20 to delete · 10 guests deleted with their disks, 30 restart.",
    );
  });

  it("is there as a whole where that is asked for", () => {
    const lines = terminalReport(largeReport(100), { ...plain, full: true });
    expect(lines.filter((line) => /^ {0,2}[-~+±] /.test(line))).toHaveLength(230);
    expect(lines.join("\n")).not.toContain("--full");
  });
});
