import { describe, expect, it } from "vitest";
import { changeOf, judge, policyAddress, policyGuest } from "./example";

// What policies say of guests, changes and groups of guests.

const big = `
policies:
  - name: big
    where: guest.site == "berlin"
    what: guest.memory <= 2048
    message: "it has {guest.memory} MiB{guest.tags.size() > 0 ? ' and ' + guest.tags.join('+') : ''}, {{so}}"
    then: refuse
    except: { tag: big-ok, until: policy_until }
`;
const excepted = (id: number, until: string) =>
  policyGuest(id, { memory: 4096, tags: ["big-ok"], customFields: { policy_until: until } });

describe("a policy for guests", () => {
  it("holds, or is told with name, page and message", async () => {
    const guests = [
      ...[policyGuest(1), policyGuest(2, { memory: 4096, tags: ["a", "b"] })],
      ...[policyGuest(3, { memory: 4096, site: "paris" }), policyGuest(4, { memory: 4096 })],
    ];
    const { results, problems, warnings } = await judge(big, { guests, untouched: new Set([4]) });
    const url = "https://nb/virtualization/virtual-machines/2/";
    const message = "it has 4096 MiB and a+b, {so}";
    expect(results).toEqual([{ policy: "big", severity: "refuse", object: "guest", name: "g2", url, message }]);
    expect(problems).toEqual([
      `the policy big (policies.yml:3:5) does not hold for g2 (${url}): ${message}; mend it in NetBox, or give it the tag big-ok and an end date in policy_until`,
    ]);
    expect(warnings).toEqual([]);
  });

  it("has exceptions by tag, through their last day", async () => {
    const guests = [
      ...[excepted(1, "2026-11-29"), excepted(2, "2026-11-28"), excepted(3, ""), excepted(4, "soon")],
      excepted(5, "2026-11-29T12:00:00Z"),
    ];
    const { results, problems } = await judge(big, { guests });
    expect(results.map(({ name, message, exception }) => [name, message.split("; ")[1], exception])).toEqual([
      ["g1", undefined, { tag: "big-ok", until: "2026-11-29" }],
      ["g2", "its exception by the tag big-ok ended on 2026-11-28", undefined],
      ["g3", "its exception by the tag big-ok has no end date in policy_until", undefined],
      ["g4", 'its exception by the tag big-ok ends on "soon", which is no date', undefined],
      ["g5", "its exception by the tag big-ok ended on 2026-11-29T12:00:00Z", undefined],
    ]);
    expect(problems).toEqual([expect.stringMatching(/^the policy big \(\S+\) does not hold for 4: g2 \(/)]);
  });

  it("that can't be judged says of which guests, and why; what it warns of warns", async () => {
    const text = (then: string) => `
policies:
  - { name: owned, what: 'guest.customFields.ownr != ""', message: "no owner", then: ${then} }
  - { name: first, what: 'guest.tags[0] == "x"', message: "x", then: ${then} }`;
    const guests = [policyGuest(1), policyGuest(2)];
    const { problems, results, warnings } = await judge(text("refuse"), { guests });
    expect([results, warnings]).toEqual([[], []]);
    expect(problems).toEqual([
      expect.stringMatching(
        /^policies\.yml:3:5: the policy owned can't be judged for g1 \(\S+\), g2 \(\S+\): there is no ownr: is owner meant\?$/,
      ),
      expect.stringMatching(/^policies\.yml:4:5: the policy first can't be judged for g1 .*: .*out of bounds/),
    ]);
    expect((await judge(text("warn"), { guests })).problems).toEqual([]);
    expect((await judge(text("warn"), { guests })).warnings).toEqual(problems);
  });
});

describe("a policy for changes", () => {
  it("sees what is changed, and on whose guest", async () => {
    const text = `
policies:
  - name: restarts
    for: change
    where: '"restarts" in change.effects'
    what: guest.role != "db" && change.fields.all(f, f.name != "memory" || f.after >= f.before)
    message: "{change.action} of {guest.name}"
    then: warn`;
    const memory = (before: number, after: number) => ({
      effects: ["restarts" as const],
      fields: [{ name: "memory", before, after }],
    });
    const changes = [
      { change: changeOf("g1", memory(2048, 1024)), guest: policyGuest(1) },
      { change: changeOf("g2", memory(1024, 2048)), guest: policyGuest(2) },
      { change: changeOf("g3", memory(1024, 2048)), guest: policyGuest(3, { role: "db" }) },
      { change: changeOf("www", { object: "name", system: "DNS" }), guest: undefined },
    ];
    const { results, warnings } = await judge(text, { changes });
    expect(results.map(({ object, name, message }) => [object, name, message])).toEqual([
      ["VM", "g1", "update of g1"],
      ["VM", "g3", "update of g3"],
    ]);
    expect(warnings).toHaveLength(1);
  });
});

describe("a policy for groups", () => {
  const text = `
policies:
  - name: tenants
    for: group
    by: guest.tenant
    what: group.memory <= 3000 && sum(group.guests.map(g, g.cores)) == group.cores
    message: "{group.guests.map(g, g.name)} have {group.memory} MiB and {group.disk} GiB"
    then: refuse
    except: { tag: big-ok, until: policy_until }`;
  const of = (tenant: string, id: number, memory: number) => policyGuest(id, { tenant, memory });

  it("adds up its guests, those that are left as they are too; who has nothing in common is in none", async () => {
    const guests = [of("a", 1, 2000), of("a", 2, 2000), of("b", 3, 2000), of("", 4, 9000)];
    const { results } = await judge(text, { guests, untouched: new Set([1]) });
    expect(results).toEqual([
      { policy: "tenants", severity: "refuse", object: "group", name: "a", message: "g1, g2 have 4000 MiB and 16 GiB" },
    ]);
  });

  it("is excepted where it holds without the guests that are", async () => {
    const guests = [of("a", 1, 2000), { ...excepted(2, "2026-12-24"), tenant: "a" }];
    expect((await judge(text, { guests })).results).toMatchObject([{ exception: { until: "2026-12-24" } }]);
    const more = [...guests, of("a", 3, 2000)];
    expect((await judge(text, { guests: more })).problems).toHaveLength(1);
  });
});

describe("a ready policy", () => {
  const said = async (use: string, facts: Parameters<typeof judge>[1]) => {
    const { results, problems } = await judge(`policies:\n  - ${use}\n`, facts);
    expect(problems).toHaveLength(results.length > 0 ? 1 : 0);
    return results.map(({ name, message }) => `${name}: ${message}`);
  };

  it("asks for an owner", async () => {
    const contacts = [{ name: "anna", role: "admin" }];
    const none = { tenant: "" };
    const guests = [
      ...[policyGuest(1), policyGuest(2, { ...none, contacts }), policyGuest(3, none)],
      policyGuest(4, { ...none, customFields: { owner: "anna" } }),
    ];
    expect(await said("use: owner", { guests })).toEqual([
      "g3: it has no tenant and no contact",
      "g4: it has no tenant and no contact",
    ]);
    const guests3 = guests.map((each) => ({ ...each, customFields: { owner: "", ...each.customFields } }));
    expect(await said("use: owner\n    with: { field: owner }", { guests: guests3 })).toEqual([
      "g3: it has no tenant and no contact, and nothing in owner",
    ]);
  });

  it("asks for a backup", async () => {
    const disk = { name: "scsi0", size: 1, storage: "ceph", isBackedUp: false };
    const guests = [
      policyGuest(1, { backupJobs: ["backup-1"] }),
      policyGuest(2),
      policyGuest(3, { backupJobs: ["backup-1"], disks: [disk] }),
    ];
    expect(await said("use: backup", { guests })).toEqual([
      "g2: no enabled backup job takes it",
      "g3: all of its disks are left out of backups (option backup)",
    ]);
  });

  it("keeps pairs apart", async () => {
    const pair = (id: number, node: string, more = {}) =>
      policyGuest(id, { node, tags: ["anti-affinity-db"], ...more });
    expect(await said("use: anti-affinity", { guests: [pair(1, "a"), pair(2, "b"), policyGuest(3)] })).toEqual([]);
    expect(await said("use: anti-affinity", { guests: [pair(1, ""), pair(2, "")] })).toEqual([]);
    expect(await said("use: anti-affinity", { guests: [pair(1, "a"), pair(2, "a", { cluster: "other" })] })).toEqual(
      [],
    );
    const three = [pair(1, "a"), pair(2, "a"), pair(3, "b")];
    expect(await said("use: anti-affinity", { guests: three })).toEqual([
      "anti-affinity-db: g1 on a, g2 on a are to be kept apart",
    ]);
    expect(await said("use: anti-affinity\n    with: { most: 2 }", { guests: three })).toEqual([]);
  });

  it("asks for a Service of what the internet reaches", async () => {
    const addresses = [policyAddress("10.0.0.5/24", false), policyAddress("198.51.100.7/24", true)];
    const service = (...hosts: string[]) => ({ name: "https", protocol: "tcp", ports: [443], addresses: hosts });
    const coming = [{ ...policyAddress("", true), host: "" }];
    const guests = [
      ...[policyGuest(1, { addresses }), policyGuest(2, { addresses, services: [service()] })],
      policyGuest(3, { addresses, services: [service("198.51.100.7")] }),
      policyGuest(4, { addresses, services: [service("10.0.0.5")] }),
      policyGuest(5, { addresses: coming }),
    ];
    expect(await said("use: public-address", { guests })).toEqual([
      "g1: 198.51.100.7/24 is public, and no Service in NetBox says what for",
      "g4: 198.51.100.7/24 is public, and no Service in NetBox says what for",
      "g5: the public address of eth0 is public, and no Service in NetBox says what for",
    ]);
  });

  it("limits tenants", async () => {
    const guests = [policyGuest(1), policyGuest(2), policyGuest(3, { tenant: "initech", memory: 9000 })];
    expect(await said("use: tenant-limit\n    with: { tenant: acme, memory: 2048 }", { guests })).toEqual([]);
    expect(await said("use: tenant-limit\n    with: { memory: 2000, disk: 20 }", { guests })).toEqual([
      "acme: it has 2048 MiB of memory and 16 GiB of disks, and may have 2000 MiB and 20 GiB",
      "initech: it has 9000 MiB of memory and 8 GiB of disks, and may have 2000 MiB and 20 GiB",
    ]);
  });

  it("keeps changes in a window, past midnight and in a time zone", async () => {
    const window = "use: window\n    with: { days: [Sat], from: '22:00', to: '04:00', zone: Europe/Berlin }";
    const changes = [{ change: changeOf("g1"), guest: policyGuest(1) }];
    const at = (time: string) => said(window, { changes, now: new Date(time) });
    // The 28th of November 2026 is a Saturday, and Berlin an hour ahead.
    for (const time of ["2026-11-28T21:00:00Z", "2026-11-29T02:59:00Z"]) expect(await at(time)).toEqual([]);
    for (const time of ["2026-11-28T20:59:00Z", "2026-11-29T03:00:00Z", "2026-11-29T21:30:00Z"])
      expect(await at(time)).toEqual(["g1: changes are made Sat from 22:00 to 04:00 (Europe/Berlin)"]);
    expect(await said(window, { changes: [], now: new Date("2026-11-27T12:00:00Z") })).toEqual([]);
  });

  it("can be given another name, message, severity, and a narrower where", async () => {
    const text = `
policies:
  - { use: backup, name: backup of databases, where: guest.role == "db", message: no backup, then: warn }`;
    const guests = [policyGuest(1), policyGuest(2, { role: "db" })];
    expect(await judge(text, { guests })).toMatchObject({
      results: [{ policy: "backup of databases", severity: "warn", name: "g2", message: "no backup" }],
      ...{ problems: [], warnings: [expect.stringContaining("g2")] },
    });
  });
});
