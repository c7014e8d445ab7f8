import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GuestType } from "../../../../providers/proxmox/schemas";
import { type KnownName, LogicalNames } from "../../../../stacks/site/desired/names";

// Logical names over any life of guests, with an engine that does as the real one: a URN is matched before any alias.

interface Guest {
  id: number;
  name: string;
  type: GuestType;
}
interface Declared {
  kind: KnownName["kind"];
  identity: string;
  name: string;
  type?: GuestType;
  alias?: { name: string; type: GuestType };
}

/** What the site program declares of its guests. */
function declared(state: KnownName[], guests: Guest[]): Declared[] {
  const names = new LogicalNames(state);
  return guests.flatMap((guest): Declared[] => {
    const identity = String(guest.id);
    const machine = names.machine(guest);
    const own = (kind: "guest" | "promotion" | "snapshot"): Declared => ({
      kind,
      identity,
      name: names.of(kind, identity, machine.name, identity),
    });
    const address = `ip-${guest.id}-v4-0`;
    return [
      { kind: "machine", identity, type: guest.type, ...machine },
      own("guest"),
      own("promotion"),
      own("snapshot"),
      {
        kind: "allocation",
        identity: address,
        name: names.of("allocation", address, `${machine.name} net0 IPv4`, "0"),
      },
    ];
  });
}

const urn = ({ kind, type, name }: Pick<Declared, "kind" | "type" | "name">) => `${kind} ${type ?? ""} ${name}`;
const isFormer = ({ name, identity, type }: KnownName) => name === `${type === "qemu" ? "vm" : "ct"}-${identity}`;

/** A run: what is declared takes its resource of the state; what isn't goes, unless its removal fails; what is new comes, unless it fails. */
function run(state: KnownName[], guests: Guest[], fails: (n: number) => boolean): KnownName[] {
  const all = declared(state, guests);
  expect(new Set(all.map(urn)).size, "two resources with one URN").toBe(all.length);
  const left = new Map(state.map((each) => [urn(each), each]));
  const next = all.flatMap((each, n): KnownName[] => {
    const found = left.get(urn(each)) ?? (each.alias && left.get(urn({ ...each, ...each.alias })));
    const resource = {
      kind: each.kind,
      identity: each.identity,
      name: each.name,
      ...(each.type && { type: each.type }),
    };
    if (found === undefined) {
      const before = state.find(({ kind, identity }) => kind === each.kind && identity === each.identity);
      expect(before, "its resource is in the state under another name").toBeUndefined();
      return fails(n) ? [] : [resource];
    }
    expect(found.identity, "another one's resource").toBe(each.identity);
    if (found.name !== each.name) {
      expect(isFormer(found), `${found.name} is no name of the former form`).toBe(true);
      expect(
        state.some(({ kind, name }) => kind === "machine" && name === each.name),
        "an alias onto a name that is held",
      ).toBe(false);
    }
    left.delete(urn(found));
    return [resource];
  });
  return [...next, ...[...left.values()].filter((_each, n) => fails(n + all.length))];
}

const name = fc.constantFrom("web", "db", "web-1", "web-2", "vm-1", "vm-2", "ct-1", "guest-1");
const type = fc.constantFrom<GuestType>("qemu", "lxc");
const step = fc.oneof(
  fc.record({ what: fc.constant("create" as const), name, type }),
  fc.record({ what: fc.constant("rename" as const), at: fc.nat(5), name }),
  fc.record({ what: fc.constant("swap" as const), at: fc.nat(5), with: fc.nat(5) }),
  fc.record({ what: fc.constant("delete" as const), at: fc.nat(5) }),
  fc.record({ what: fc.constant("type" as const), at: fc.nat(5), type }),
);
const life = fc.array(fc.record({ steps: fc.array(step, { maxLength: 3 }), failed: fc.array(fc.nat(20)) }), {
  minLength: 1,
  maxLength: 6,
});

function changed(guests: Guest[], steps: (typeof step extends fc.Arbitrary<infer T> ? T : never)[], ids: () => number) {
  let all = guests.map((guest) => ({ ...guest }));
  for (const each of steps) {
    if (each.what === "create") all.push({ id: ids(), name: each.name, type: each.type });
    const at = "at" in each ? all[each.at % Math.max(1, all.length)] : undefined;
    if (at === undefined) continue;
    if (each.what === "rename") at.name = each.name;
    if (each.what === "type") at.type = each.type;
    if (each.what === "delete") all = all.filter(({ id }) => id !== at.id);
    const other = each.what === "swap" ? all[each.with % all.length] : undefined;
    if (other !== undefined) [at.name, other.name] = [other.name, at.name];
  }
  return all;
}

/** The state that the version before wrote. */
const formerState = (guests: Guest[]): KnownName[] =>
  guests.flatMap(({ id, type }): KnownName[] => {
    const identity = String(id);
    return [
      { kind: "machine", identity, type, name: `${type === "qemu" ? "vm" : "ct"}-${id}` },
      ...(["guest", "promotion", "snapshot"] as const).map((kind) => ({ kind, identity, name: `${kind}-${id}` })),
      { kind: "allocation", identity: `ip-${id}-v4-0`, name: `ip-${id}-v4-0` },
    ];
  });

describe("logical names", () => {
  it("stay with their resources through any life, and are nobody else's", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ name, type }), { maxLength: 4 }), life, (before, runs) => {
        let next = 0;
        const ids = () => ++next;
        let guests: Guest[] = before.map((each) => ({ ...each, id: ids() }));
        let state = formerState(guests);
        for (const { steps, failed } of runs) {
          guests = changed(guests, steps, ids);
          state = run(state, guests, (n) => failed.includes(n));
          // The run after one that was whole names everything as it is.
          expect(declared(state, guests).filter(({ alias }) => alias !== undefined)).toEqual([]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const known = (id: number, logical: string, type: GuestType = "qemu"): KnownName => ({
    kind: "machine",
    identity: String(id),
    name: logical,
    type,
  });

  it("are the guests' own, with the id behind them where the name is held", () => {
    const names = new LogicalNames([known(7, "web01")]);
    expect(names.machine({ id: 12, name: "web01", type: "qemu" })).toEqual({ name: "web01-12" });
    expect(names.machine({ id: 13, name: "web02", type: "qemu" })).toEqual({ name: "web02" });
    expect(names.machine({ id: 14, name: "web02", type: "lxc" })).toEqual({ name: "web02-14" });
  });

  it("of the former form are exchanged once, and not for a name that the state holds", () => {
    const names = new LogicalNames([known(7, "vm-7"), known(8, "web02"), known(9, "ct-9", "lxc")]);
    expect(names.machine({ id: 7, name: "web01", type: "qemu" })).toEqual({
      name: "web01",
      alias: { name: "vm-7", type: "qemu" },
    });
    expect(names.machine({ id: 9, name: "web02", type: "lxc" })).toEqual({
      name: "web02-9",
      alias: { name: "ct-9", type: "lxc" },
    });
    // Another guest's name that looks like the former one of a guest that is there.
    expect(names.machine({ id: 10, name: "vm-7", type: "qemu" })).toEqual({ name: "vm-7-10" });
  });

  it("of a guest that became a container lead from the one to the other", () => {
    const names = new LogicalNames([known(7, "web01"), known(8, "vm-8")]);
    expect(names.machine({ id: 7, name: "web01", type: "lxc" })).toEqual({
      name: "web01",
      alias: { name: "web01", type: "qemu" },
    });
    expect(names.machine({ id: 8, name: "db01", type: "lxc" })).toEqual({
      name: "db01",
      alias: { name: "vm-8", type: "qemu" },
    });
  });

  it("of resources whose properties can't be read are found by their former form", () => {
    const names = new LogicalNames([
      { kind: "machine", name: "vm-7", type: "qemu" },
      { kind: "guest", name: "guest-7" },
    ]);
    expect(names.machine({ id: 7, name: "web01", type: "qemu" })).toEqual({
      name: "web01",
      alias: { name: "vm-7", type: "qemu" },
    });
    expect(names.of("guest", "7", "web01", "7")).toBe("guest-7");
  });
});
