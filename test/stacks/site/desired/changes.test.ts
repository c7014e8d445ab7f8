import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { describe, expect, it } from "vitest";
import { handlerOf } from "../../../../providers/registry";
import { sameValue } from "../../../../providers/values";
import type { StateResource } from "../../../../stacks/known";
import type { Change } from "../../../../stacks/plan/change";
import { planSteps } from "../../../../stacks/plan/steps";
import { declareSite, type Wanted } from "../../../../stacks/site/declare";
import { siteChanges } from "../../../../stacks/site/desired/changes";
import { withAddresses } from "../../../../stacks/site/desired/machines";
import type { DesiredGuest, DesiredRecord, Site } from "../../../../stacks/site/desired/types";
import { siteStateIn } from "../../../../stacks/state";
import { stateAfterDeclaring } from "../../../harness/declared";
import { anyContainer, anyVm } from "../../../harness/generated";
import { siteWith } from "./example";

type Machine = DesiredGuest["machine"];

const stack = "site/test";
const host = (id: number, more = 0) => `10.71.${more}.${id}/24`;

/** A desired guest with one allocated address. */
function guestWith(id: number, machine: Machine, address: string | undefined = host(id)): DesiredGuest {
  const mark = { stack, netboxUrl: "https://nb", netboxId: id };
  const inputs = {
    mark,
    label: `g${id} net0`,
    interfaceId: 100 + id,
    family: 4 as const,
    ordinal: 0,
    given: false,
    addressId: 1000 + id,
    address,
    from: [],
    primary: true,
  };
  const key = `ip-${100 + id}-v4-0`;
  const ref = address === undefined ? { allocation: key } : { address };
  return {
    id,
    name: `g${id}`,
    status: "active",
    mark,
    adopted: false,
    netbox: { mark, vmid: id, derived: true },
    allocations: [
      {
        key,
        nic: "net0",
        vrfId: undefined,
        isConfigurable: true,
        inputs: address === undefined ? { ...inputs, addressId: undefined } : inputs,
      },
    ],
    nics: [{ slot: 0, v4: ref, gateway4: "10.71.0.1" }],
    machine,
    promote: false,
    rebootPolicy: "never",
    safety: { before: [], days: 7 },
  };
}

const recordOf = ({ id, nics }: DesiredGuest): DesiredRecord => {
  const ref = nics[0]?.v4;
  return {
    server: "ns1",
    name: `g${id}.lab.example.`,
    ttl: 300,
    texts: {},
    withoutPtr: [],
    addresses: ref === undefined || "automatic" in ref ? [] : [ref],
    owner: { stack, guests: [id] },
    adopt: false,
  };
};

const servers = [
  {
    name: "ns1",
    zoneOf: (name: string) => (name.endsWith("arpa.") ? undefined : "lab.example."),
    hasPointer: () => false,
    viewId: () => 1,
  },
];
const declaredOf = (guests: DesiredGuest[], known: Site["state"]["names"] = [], rest: Partial<Wanted> = {}) =>
  declareSite(
    { ...siteWith({ stack, state: { names: known } }), servers, snapshots: new Map(), protect: false, isDryRun: true },
    { guests, kept: [], records: guests.map(recordOf), plugin: [], orphans: [], ...rest },
  ).resources;

/** The state after a run that declared these. */
const stateOf = (guests: DesiredGuest[]): StateResource[] => stateAfterDeclaring(declaredOf(guests));

const machineState = (guest: DesiredGuest, address: string): Record<string, unknown> => ({
  ...withAddresses(guest, () => address).inputs,
});

const changesOf = (before: DesiredGuest[], after: DesiredGuest[], rest: Partial<Wanted> = {}): Change[] => {
  const { names, ...state } = siteStateIn({ resources: stateOf(before), outputs: undefined });
  const { orphans = [] } = rest;
  const staying = new Map(after.map(({ id, name }) => [id, name]));
  const resources = declaredOf(after, names, rest);
  const site = siteWith({ stack, state: { ...state, names } });
  return siteChanges({ ...site, orphans, staying }, planSteps(resources, state.resources));
};

const vm = (id: number): fc.Arbitrary<Machine> => anyVm(id, stack).map((inputs) => ({ type: "qemu", inputs }));
const container = (id: number): fc.Arbitrary<Machine> =>
  anyContainer(id, stack).map((inputs) => ({ type: "lxc", inputs }));
const machine = (id: number) => fc.oneof(vm(id), container(id));
/** Guests by id, each in two states: the same, another of its kind, another kind, or only one of them. */
const sites = fc
  .uniqueArray(fc.integer({ min: 2, max: 250 }), { maxLength: 8 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          before: fc.option(machine(id)),
          after: fc.option(machine(id)),
          same: fc.boolean(),
          address: fc.constantFrom(host(id), host(id, 8), undefined),
        }),
      ),
    ),
  )
  .map((all) => ({
    before: all.flatMap(({ id, before }) => (before === null ? [] : [guestWith(id, before)])),
    after: all.flatMap(({ id, before, after, same, address }) => {
      if (same && before !== null) return [guestWith(id, before)];
      return after === null ? [] : [guestWith(id, after, address)];
    }),
  }));

describe("the changes of a site", () => {
  it("are what the resources tell the engine of every guest", () => {
    fc.assert(
      fc.property(sites, ({ before, after }) => {
        const changes = changesOf(before, after);
        const of = ({ id }: { id: number }) =>
          changes.filter(({ url, system }) => url?.endsWith(`/virtual-machines/${id}/`) && system === "Proxmox VE");
        const old = new Map(before.map((guest) => [guest.id, guest]));
        for (const guest of after) {
          const known = old.get(guest.id);
          const [change, ...others] = of(guest);
          expect(others).toEqual([]);
          if (known === undefined) {
            expect(change).toMatchObject({ action: "create", effects: [] });
            continue;
          }
          const address = guest.nics[0]?.v4;
          const text =
            address !== undefined && "address" in address ? address.address : "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
          const handler = handlerOf(guest.machine.type === "qemu" ? "proxmox-vm" : "proxmox-container");
          const { changes: differs, replaces } = handler.diff(
            machineState(known, host(known.id)),
            machineState(guest, text),
          );
          expect(change?.action).toBe(differs ? (replaces ? "replace" : "update") : undefined);
          if (replaces) expect(change?.effects).toEqual(["removes", "rebuilds"]);
        }
        const stays = new Set(after.map(({ id }) => id));
        const gone = before.filter(({ id }) => !stays.has(id));
        for (const guest of gone) expect(of(guest)).toMatchObject([{ action: "delete", effects: ["removes"] }]);
        expect(changes.filter(({ effects }) => effects.includes("releases"))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("are none where the state is what is declared, and come with each field that differs", () => {
    fc.assert(
      fc.property(sites, ({ before }) => {
        expect(changesOf(before, before)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it("have no fewer effects with more guests that change", () => {
    fc.assert(
      fc.property(sites, ({ before, after }) => {
        const count = (changes: Change[]) => changes.flatMap(({ effects }) => effects).length;
        const [first, ...rest] = after;
        const old = before.find(({ id }) => id === first?.id);
        if (first === undefined || old === undefined) return;
        // The same site with one guest left as it was.
        expect(count(changesOf(before, [old, ...rest]))).toBeLessThanOrEqual(count(changesOf(before, after)));
        expect(sameValue(changesOf(before, after), changesOf(before, after))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe("effects on a guest that stays", () => {
  const base: Machine = {
    type: "qemu",
    inputs: {
      cluster: "pve",
      vmid: 7,
      mark: { stack, netboxUrl: "https://nb", netboxId: 7 },
      fullClone: true,
      name: "g7",
      description: "",
      tags: [],
      cores: 1,
      memory: 1024,
      power: "running",
      node: "pve1",
      disks: { scsi0: { size: "4G", storage: "ceph" }, scsi1: { size: "1G" } },
      networks: { net0: { bridge: "vmbr0", model: "virtio" } },
      cloudInit: { ipconfig: {} },
    },
  };
  const changed = (changes: object): Machine => ({ type: "qemu", inputs: { ...base.inputs, ...changes } }) as Machine;
  const before = [guestWith(7, base)];

  it.each<[string, Machine, string[]]>([
    ["nothing", base, []],
    ["another name", changed({ name: "g8" }), []],
    ["offline", changed({ power: "stopped" }), ["stops"]],
    ["cores that wait for a restart", changed({ cores: 2 }), []],
    ["cores that it may be restarted for", changed({ cores: 2, restart: true }), ["restarts"]],
    ["another node", changed({ node: "pve2" }), ["migrates"]],
    ["a disk less", changed({ disks: { scsi0: { size: "4G", storage: "ceph" } } }), ["detaches"]],
    [
      "another storage",
      changed({ disks: { scsi0: { size: "4G", storage: "lvm" }, scsi1: { size: "1G" } } }),
      ["moves"],
    ],
    ["a rebuild", changed({ rebuild: 1 }), ["removes", "rebuilds"]],
    ["a failed guest", changed({ inert: true, power: "stopped", disks: {} }), []],
  ])("%s", (_, after, effects) => {
    expect(changesOf(before, [guestWith(7, after)]).flatMap((each) => each.effects)).toEqual(effects);
  });

  it("renumber it with another address, and release the one that nobody asks for any more", () => {
    const other = changesOf(before, [guestWith(7, base, host(7, 8))]);
    expect(other.flatMap(({ effects }) => effects)).toEqual(["renumbers"]);
    const without = { ...guestWith(7, base), allocations: [], nics: [] };
    const released = changesOf(before, [without], { records: [] });
    expect(released.map(({ object, action, name, effects }) => ({ object, action, name, effects }))).toEqual([
      { object: "VM", action: "update", name: "g7", effects: [] },
      { object: "address", action: "delete", name: "10.71.0.7/24 of g7 net0", effects: ["releases"] },
      { object: "name", action: "delete", name: "g7.lab.example", effects: ["removesNames"] },
    ]);
    expect(changesOf(before, []).flatMap(({ effects }) => effects)).toEqual(["removes"]);
  });

  it("count what an interrupted run left just as what the state has", () => {
    const state = {
      mark: before[0]?.mark,
      label: "",
      interfaceId: 107,
      family: 4,
      ordinal: 0,
      given: false,
      address: host(7),
    };
    const orphan = { kind: "netbox-ip-allocation" as const, id: "107/v4-0", state };
    const without = { ...guestWith(7, base), allocations: [], nics: [] };
    const changes = changesOf([], [without], { records: [], orphans: [orphan] });
    expect(changes.flatMap(({ effects }) => effects)).toEqual(["releases"]);
  });
});
