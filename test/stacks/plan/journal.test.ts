import { describe, expect, it } from "vitest";
import type { Change } from "../../../stacks/plan/change";
import { journalEntries, journalLine } from "../../../stacks/plan/journal";

const change = (more: Partial<Change>): Change => ({
  urn: "urn:1",
  object: "VM",
  name: "web01",
  system: "Proxmox VE",
  action: "update",
  fields: [{ name: "memory", before: 2048, after: 4096 }],
  effects: ["restarts"],
  from: ["virtualization.virtualmachine/7"],
  ...more,
});
const run = {
  stack: "netbox-proxmox/prod",
  time: "2026-11-29T12:00:00Z",
  url: "https://reports.example.com/p (1).html",
};

describe("an up's entries in the journal", () => {
  it("are one for each object, of what was done to it", () => {
    const address = change({
      object: "address",
      name: "10.0.0.5/24",
      action: "create",
      system: "NetBox",
      from: ["ipam.prefix/3"],
    });
    const disk = change({
      name: "web01",
      fields: [],
      from: ["virtualization.virtualdisk/2", "virtualization.virtualmachine/7"],
    });
    expect(journalEntries([change({}), address, disk], run)).toEqual([
      {
        objectType: "virtualization.virtualmachine",
        objectId: 7,
        kind: "success",
        comments:
          "`up` of netbox-proxmox/prod at 2026-11-29T12:00:00Z:\n\n- VM web01 changed: memory 2048 → 4096\n- VM web01 changed\n\n[Report](https://reports.example.com/p%20%281%29.html)",
      },
      {
        objectType: "ipam.prefix",
        objectId: 3,
        kind: "success",
        comments: expect.stringContaining("- address 10.0.0.5/24 created"),
      },
    ]);
  });

  it("stand with the guest whose page a change names, where nothing better is known", () => {
    const url = "https://netbox.example.com/virtualization/virtual-machines/9/";
    const places = journalEntries([change({ from: undefined, url })], run).map(({ objectType, objectId }) => [
      objectType,
      objectId,
    ]);
    expect(places).toEqual([["virtualization.virtualmachine", 9]]);
  });

  it("say what was not done", () => {
    const [entry] = journalEntries([change({}), change({ urn: undefined, fields: [] })], {
      ...run,
      isUndone: ({ urn }) => urn === undefined,
    });
    expect(entry?.kind).toBe("warning");
    expect(entry?.comments).toMatch(/- VM web01 changed: memory 2048 → 4096\n- \*\*not done\*\*: VM web01 changed\n/);
  });

  it("are none of a guest that leaves, nor of what no object of NetBox says", () => {
    expect(
      journalEntries([change({ action: "delete", effects: ["removes"] }), change({ from: undefined })], run),
    ).toEqual([]);
  });

  it("show no secret, and nothing that Markdown takes for its own", () => {
    const secret = change({ fields: [{ name: "cipassword", isSecret: true }] });
    expect(journalLine(secret)).toBe("VM web01 changed: cipassword (secret)");
    const [entry] = journalEntries([change({ name: "a_b*<img src=x>`\n# x", fields: [] })], { ...run, url: undefined });
    expect(entry?.comments.split("\n").at(-1)).toBe("- VM a\\_b\\*\\<img src=x\\>\\` \\# x changed");
  });

  it("stay short, and may be in the report's own words", () => {
    const many = Array.from({ length: 60 }, () => change({}));
    const [entry] = journalEntries(many, run, () => "words of the report");
    expect(entry?.comments.match(/words of the report/g)).toHaveLength(40);
    expect(entry?.comments).toContain("- and 20 more");
  });
});
