import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NetboxClient } from "../../../../providers/netbox/client";
import { type NewJournalEntry, writeJournal } from "../../../../providers/netbox/extras/journal";
import { sitePermissions } from "../../../../stacks/access/privileges";
import { limitedNetboxToken } from "../../../harness/rights";
import { seedWith, TestSystems } from "../../../harness/systems";

describe("NetBox's journal", () => {
  let systems: TestSystems;
  let client: NetboxClient;
  let ids: number[];
  const opened: NetboxClient[] = [];
  const open = (token: string) => {
    const { url } = systems.reach.netbox;
    const made = new NetboxClient({ url, token, requestTimeout: 60 });
    opened.push(made);
    return made;
  };
  beforeAll(async () => {
    const names = Array.from({ length: 3 }, (_, n) => `- { name: w${n}, interfaces: [{ name: net0 }] }`);
    systems = await TestSystems.open(seedWith(names.join("\n")));
    // With what docs/privileges.md gives the site program, and no more.
    client = open(systems.reach.netbox.token);
    ids = ["w0", "w1", "w2"].map((name) => systems.lab.guestIds.get(name) ?? 0);
  });
  afterAll(async () => {
    for (const each of opened) await each.close();
    await systems.close();
  });

  const entryOf = (objectId: number, more: Partial<NewJournalEntry> = {}): NewJournalEntry => ({
    objectType: "virtualization.virtualmachine",
    objectId,
    kind: "success",
    comments: `- memory 512 → 1024`,
    ...more,
  });
  const entries = async (id: number) =>
    (
      await systems.clients.all<{ assigned_object_id: number; comments: string; kind: { value: string } }>(
        "extras/journal-entries",
      )
    ).filter(({ assigned_object_id: of }) => of === id);
  const writes = () =>
    systems.lab.log.calls.filter(({ method, path }) => method === "POST" && path.includes("journal-entries")).length;

  it("gets many entries in a request", async () => {
    systems.lab.log.clear();
    const many = Array.from({ length: 150 }, () => entryOf(ids[0] ?? 0));
    expect(await writeJournal(client, many)).toEqual({ written: 150, warnings: [] });
    expect(writes()).toBe(2);
    expect((await entries(ids[0] ?? 0)).slice(0, 1)).toMatchObject([
      { kind: { value: "success" }, comments: "- memory 512 → 1024" },
    ]);
    expect(await writeJournal(client, [])).toEqual({ written: 0, warnings: [] });
  });

  it("of objects that are gone are left out, the others written once", async () => {
    const [, one = 0, two = 0] = ids;
    const found = await writeJournal(client, [entryOf(one), entryOf(999_999), entryOf(two), entryOf(888_888)]);
    expect(found).toEqual({ written: 2, warnings: [] });
    expect(await entries(one)).toHaveLength(1);
    expect(await entries(two)).toHaveLength(1);
  });

  it("that NetBox refuses is a warning of that object alone", async () => {
    const tag = await systems.clients.netbox("POST", "extras/tags/", { name: "x", slug: "x" });
    const { id } = tag as { id: number };
    const found = await writeJournal(client, [entryOf(id, { objectType: "extras.tag" }), entryOf(ids[1] ?? 0)]);
    expect(found.written).toBe(1);
    expect(found.warnings).toEqual([
      expect.stringMatching(/^The journal of extras\.tag \d+ takes no entry \(400 .*not supported/),
    ]);
  });

  it("that the token may not write says which right is missing", async () => {
    const without = sitePermissions.filter(({ only }) => only !== "journal");
    const blind = open(await limitedNetboxToken(systems.clients, without, "blind"));
    const found = await writeJournal(blind, [entryOf(ids[0] ?? 0), entryOf(ids[1] ?? 0)]);
    expect(found.written).toBe(0);
    expect(found.warnings).toEqual([
      expect.stringMatching(
        /^2 of 2 entries were not written into NetBox's journal \(.*\): give the token's user the right to add extras\.journalentry \(docs\/privileges\.md\), or set netbox-proxmox:site\.journal to false\.$/,
      ),
    ]);
  });
});
