import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { describe, expect, it } from "vitest";
import type { Change } from "../../../../stacks/plan/change";
import { leftProblem, leftWarnings } from "../../../../stacks/site/desired/leftout";
import { siteWith } from "./example";
import { type Documented, documented, planOf, type World } from "./siteworld";

/** What a person may get wrong in a guest, and what is then said of it. */
const breakages: [RegExp, (guest: Documented) => Documented][] = [
  [/it has no interface/, (guest) => ({ ...guest, interfaces: [] })],
  [/its name has "_" in it, which no host name has/, (guest) => ({ ...guest, name: "not_a_host!" })],
  [/holds "one"; write a VMID/, (guest) => ({ ...guest, customFields: { proxmox_vmid: "one" } })],
  [/write vm or lxc/, (guest) => ({ ...guest, customFields: { proxmox_vm_type: "vmm" } })],
  [/less than PVE takes/, (guest) => ({ ...guest, memory: 8 })],
  [/write seabios, ovmf/, (guest) => ({ ...guest, context: { proxmox: { options: { bios: "efi" } } } })],
  [/is bridge meant/, (guest) => ({ ...guest, context: { proxmox: { brigde: "vmbr1" } } })],
  [/not named by its slot/, (guest) => ({ ...guest, disks: [{ name: "Hard disk 1", size: 8192 }] })],
  [/has no size/, (guest) => ({ ...guest, disks: [{ name: "scsi0", size: 0 }] })],
  [/without an untagged VLAN/, (guest) => nicOf(guest, { mode: "access" })],
  [/lies in no prefix/, (guest) => nicOf(guest, { address: "192.0.2.9/24", allocated: false })],
  [/NetBox has no such prefix/, (guest) => nicOf(guest, { asks: "role:none" })],
  [
    /has a part of 70 characters/,
    (guest) => ({ ...nicOf(guest, { address: `10.0.0.${guest.id}/24` }), dnsName: `${"x".repeat(70)}.lab.example` }),
  ],
];

function nicOf(guest: Documented, changes: Partial<Documented["interfaces"][number]>): Documented {
  const [first, ...rest] = guest.interfaces;
  return first === undefined ? guest : { ...guest, interfaces: [{ ...first, ...changes }, ...rest] };
}

interface Case {
  /** As it was built; new where there is nothing. */
  before: Documented | undefined;
  after: Documented;
  broken: Documented | undefined;
  says: RegExp;
}

/** A guest that is built or new, unchanged or changed since, and sometimes broken. */
const guestCase = (id: number): fc.Arbitrary<Case> =>
  fc
    .record({
      isBuilt: fc.boolean(),
      allocated: fc.boolean(),
      sharesName: fc.boolean(),
      memory: fc.constantFrom(1024, 2048),
      address: fc.constantFrom(`10.0.0.${id}/24`, `10.0.0.${100 + id}/24`),
      breakage: fc.option(fc.nat({ max: breakages.length - 1 })),
    })
    .map(({ isBuilt, allocated, sharesName, memory, address, breakage }) => {
      const built = documented(id, sharesName ? { dnsName: "www.lab.example" } : {});
      const before = nicOf(built, allocated ? { allocated, asks: "10.0.0.0/24" } : {});
      const after = nicOf({ ...before, memory }, allocated ? {} : { address });
      const [says, spoil] = breakages[breakage ?? 0] ?? expect.unreachable("there are some");
      return {
        before: isBuilt ? before : undefined,
        after,
        broken: breakage === null ? undefined : spoil(after),
        says,
      };
    });

const cases = fc
  .uniqueArray(fc.integer({ min: 2, max: 90 }), { minLength: 1, maxLength: 8 })
  .chain((ids) => fc.tuple(...ids.map(guestCase)));

const worldOf = (all: Case[], guestOf: (each: Case) => Documented | undefined): World => ({
  guests: all.flatMap((each) => guestOf(each) ?? []),
  built: all.flatMap(({ before }) => before ?? []),
});

/** A name that a guest shares with one that is left out stands elsewhere in the list. */
const sorted = (changes: Change[]): Change[] =>
  [...changes].sort((a, b) => `${a.object} ${a.name} ${a.url}`.localeCompare(`${b.object} ${b.name} ${b.url}`));

describe("guests that are left out", () => {
  it("change nothing of what the others' plan is, and nothing of theirs changes", () => {
    fc.assert(
      fc.property(cases, (all) => {
        const broken = all.filter((each) => each.broken !== undefined);
        const plan = planOf(worldOf(all, ({ broken: spoilt, after }) => spoilt ?? after));
        expect([...plan.left.keys()].sort()).toEqual(broken.map(({ after }) => after.id).sort());
        for (const { after, says } of broken) expect(plan.left.get(after.id)?.join()).toMatch(says);
        expect(plan.problems).toEqual([]);
        // Where nothing is broken: what is built is as it was built, and what is new isn't documented yet.
        const whole = planOf(worldOf(all, ({ broken: spoilt, before, after }) => (spoilt ? before : after)));
        // Objects of NetBox that say so may be the others' as well: they share names.
        const shown = ({ changes }: typeof plan) => sorted(changes).map(({ from: _from, ...change }) => change);
        expect(shown(plan)).toEqual(shown(whole));
        expect(plan.guests).toEqual(whole.guests.filter(({ id }) => !plan.left.has(id)));
        const records = ({ named }: typeof plan) =>
          named.records.map((record) => ({ ...record, withoutPtr: [] })).sort((a, b) => (a.name < b.name ? -1 : 1));
        expect(records(plan).map(({ name, owner }) => ({ name, owner }))).toEqual(
          records(whole).map(({ name, owner }) => ({ name, owner })),
        );
        const theirs = broken.map(({ after }) => `/${after.id}/`);
        const isTheirs = (url: string | undefined) => theirs.some((end) => url?.endsWith(end));
        expect(plan.changes.filter(({ system, url }) => system !== "DNS" && isTheirs(url))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("keep their name, VMID and addresses from others", () => {
    const gone = { ...documented(5), interfaces: [] };
    const taking = (more: Partial<Documented>) =>
      planOf({ guests: [gone, documented(6, more)], built: [documented(5)] });
    for (const [more, what] of [
      [{ name: "g5" }, /g5 \(\S+\) and g6|have the same name g5/],
      [{ customFields: { proxmox_vmid: "100005" } }, /100005/],
      [{ interfaces: documented(5).interfaces }, /have the same address 10\.0\.0\.5; take it off one/],
    ] as const) {
      const plan = taking(more);
      expect([...plan.left.keys()]).toEqual([5, 6]);
      expect(plan.left.get(6)?.join()).toMatch(what);
      expect(plan.changes).toEqual([]);
    }
    // What NetBox holds no more is not handed out, either.
    const asking = documented(6, {
      interfaces: [{ name: "net0", mode: null, address: undefined, allocated: false, asks: "10.0.0.0/24" }],
    });
    const plan = planOf({ guests: [gone, asking], built: [documented(5)] });
    expect(plan.guests[0]?.allocations[0]?.inputs.avoid).toEqual(["10.0.0.5"]);
  });

  it("leave what another guest has to it", () => {
    const plan = planOf({
      guests: [documented(5), documented(6, { name: "g5", interfaces: documented(5).interfaces })],
      built: [documented(5), documented(6)],
    });
    expect([...plan.left.keys()]).toEqual([6]);
    expect(plan.changes).toEqual([]);
    // Where none has it yet, nobody can say whose it is.
    const both = planOf({ guests: [documented(5), documented(6, { name: "g5" })], built: [] });
    expect([...both.left.keys()]).toEqual([5, 6]);
  });

  it("are none of two tenants' guests of one name: they are told apart by their VMIDs, and the name in DNS goes to one", () => {
    const ask = { name: "net0", mode: null, address: undefined, allocated: false, asks: "10.0.0.0/24" };
    const asking = { name: "web", dnsName: "", interfaces: [ask] };
    const both = [documented(5, { ...asking, tenant: "finance" }), documented(6, { ...asking, tenant: "sales" })];
    const plan = planOf({ guests: [...both, documented(7)], built: [] }, [], {}, { dns: { domain: "lab.example" } });
    expect([...plan.left]).toEqual([]);
    expect(plan.guests.map(({ name, machine: { inputs } }) => [name, inputs.vmid])).toEqual([
      ["web", 100_005],
      ["web", 100_006],
      ["g7", 100_007],
    ]);
    expect(plan.guests.map(({ allocations }) => allocations[0]?.inputs.dnsName)).toEqual([
      "web.lab.example",
      undefined,
      undefined,
    ]);
    expect(plan.warnings.join()).toMatch(
      /web \(\S+\/6\/\) does not get the name web\.lab\.example in DNS, as web \(\S+\/5\//,
    );
    // Neither changes with the other, which is there.
    const one = { ...documented(5), name: "web", tenant: "finance" };
    const other = planOf({ guests: [one, { ...documented(6), name: "web", tenant: "sales" }], built: [one] });
    expect([...other.left]).toEqual([]);
  });

  it("keep the addresses that they have at a name of several", () => {
    const www = { dnsName: "www.lab.example" };
    const built = [documented(5, www), documented(6, www)];
    const plan = planOf({
      guests: [{ ...documented(5, www), memory: 8 }, nicOf(documented(6, www), { address: "10.0.0.60/24" })],
      built,
    });
    expect(plan.named.records).toMatchObject([
      {
        name: "www.lab.example.",
        addresses: [{ address: "10.0.0.60/24" }, { address: "10.0.0.5" }],
        owner: { guests: [5, 6] },
      },
    ]);
  });

  it("may be half of all, and are never all", () => {
    expect(leftProblem({}, 0, 0)).toBeUndefined();
    expect(leftProblem({}, 5, 6)).toBeUndefined();
    expect(leftProblem({}, 6, 11)).toBeUndefined();
    expect(leftProblem({}, 7, 12)).toMatch(
      /^7 of 12 guests would be left out, and 6 may be at once: .*maxLeftOut to 7/,
    );
    expect(leftProblem({}, 1, 1)).toMatch(/^every guest would be left out: .*maxLeftOut to all/);
    expect(leftProblem({ maxLeftOut: "all" }, 9, 9)).toBeUndefined();
    expect(leftProblem({ maxLeftOut: 0 }, 1, 9)).toMatch(/1 of 9 guests would be left out, and 0 may be/);
  });

  it("are told each with a sentence, and counted", () => {
    const problems = new Map([
      [5, ["g5 (u): it has no interface; add one"]],
      [6, ["g6 (u): one; mend it", "g6 (u): another."]],
    ]);
    const state = {
      ...siteWith({}).state,
      guests: new Map([[5, { type: "qemu" as const, name: "g5", cluster: "pve", vmid: 5, last: {} }]]),
    };
    expect(leftWarnings({ state }, problems, 9)).toEqual([
      "Left out: g5 (u): it has no interface; add one.",
      "Left out: g6 (u): one; mend it.",
      "Left out: g6 (u): another.",
      expect.stringMatching(
        /^2 of 9 guests are left out of this run: 1 of them is built, and what is built stays as it is/,
      ),
    ]);
    expect(leftWarnings({ state }, new Map(), 9)).toEqual([]);
  });
});
