import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { expect } from "vitest";
import { sameValue } from "../../providers/values";
import type { ReportRow } from "../../stacks/discovery/desired/types";
import { settingsWith } from "../stacks/site/desired/example";
import { anyMachine } from "./guestconfigs";
import { changesOf, differences, HandOver, noChange } from "./handover";
import { demoSeed, TestSystems } from "./systems";

/** Guests of a run, which share a NetBox. */
const together = 20;

const settings = settingsWith({
  discovery: { site: "Lab" },
  defaults: { template: 9000, bridge: "vmbr0" },
});

/** Takes so many guests through discovery and the hand-over: nothing of them changes. @param guests a multiple of 20 */
export async function carriesAll(guests: number): Promise<void> {
  const seed = demoSeed();
  const systems = await TestSystems.open(
    { ...seed, netbox: { ...seed.netbox, guests: [], prefixes: [], ranges: [], addresses: [] } },
    {},
    "lab",
  );
  try {
    const handOver = new HandOver(systems, settings);
    const machines = fc.tuple(...Array.from({ length: together }, (_, n) => anyMachine(300 + n)));
    await fc.assert(
      fc.asyncProperty(machines, async (all) => {
        await handOver.empty();
        await carries(handOver, all);
      }),
      {
        numRuns: Math.ceil(guests / together),
        endOnFailure: true,
      },
    );
  } finally {
    await systems.close();
  }
}

/** One run. */
export async function carries(handOver: HandOver, all: Parameters<HandOver["plan"]>[0]): Promise<void> {
  const { problems } = await handOver.discover(all);
  expect(problems).toEqual([]);
  const again = await handOver.plan(all);
  // An address that two guests have is one's in NetBox, and listed with the other.
  const isSame = ({ change, details, vmid }: ReportRow) =>
    vmid === undefined ||
    change === "same" ||
    details.every((each) => / belongs to another object in NetBox$/.test(each));
  expect(again.report.filter((row) => !isSame(row))).toEqual([]);
  await handOver.adopt();
  const adopting = await handOver.site(all);
  expect(adopting.problems).toEqual([]);
  expect(adopting.guests).toHaveLength(all.length);
  const taken = adopting.guests.map((guest) => {
    const machine = all.find(({ vmid }) => vmid === guest.machine.inputs.vmid);
    if (machine === undefined) throw new Error(`nobody asked for ${guest.name}`);
    return { guest, machine, ...changesOf(guest, machine) };
  });
  const changed = taken.filter(({ change }) => !sameValue(change, noChange));
  expect(changed.map(({ machine: { config, agent }, change }) => ({ change, config, agent }))).toEqual([]);
  const known = new Map(taken.map(({ guest, state }) => [guest.id, state]));
  const next = await handOver.site(all, known);
  expect(next.problems).toEqual([]);
  for (const guest of next.guests) {
    const state = known.get(guest.id);
    expect(state && differences(guest, state)).toEqual({});
  }
}
