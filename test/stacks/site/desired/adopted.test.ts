import { describe, expect, it } from "vitest";
import { printMark } from "../../../../providers/ownership/mark";
import { adoptedGuests } from "../../../../stacks/site/desired/adopted";
import { netboxGuest, settingsWith, siteWith } from "./example";

const built = (id: number) => ({
  netboxId: id,
  netboxUrl: "https://nb",
  name: `g${id}`,
  cluster: "pve",
  vmid: 100 + id,
  type: "qemu" as const,
});
const known = (id: number, saysSo: boolean, more: object = {}) => {
  const mark = { stack: "site/test", netboxUrl: "https://nb", netboxId: id };
  return [id, { ...built(id), last: { description: `x\n\n${printMark(mark, saysSo)}`, ...more } }] as const;
};
/** 1 says that it was adopted, 2 has the tag, 3 was adopted and not changed since, 4 was made. */
const destroy = (settings: object, reasons: Record<number, string> = {}) => {
  const guests = [known(1, true), known(2, false), known(3, false, { adopted: true }), known(4, false)];
  const site = siteWith({
    settings: settingsWith({ site: settings }),
    netbox: { guests: [1, 2, 3, 4].map((id) => netboxGuest(id, "active", undefined, id === 2 ? ["adopt"] : [])) },
    state: { guests: new Map(guests) },
  });
  const removals = Object.entries(reasons).map(([id, reason]) => ({ ...built(Number(id)), reason }));
  const { notes, problems } = adoptedGuests(site, [1, 2, 3, 4].map(built), { removals });
  return { notes: notes.map((note) => note.replace(/^(g\d) \(\S+\)(.*?)[:.].*$/, "$1$2")), problems };
};

describe("the plan of a destroy", () => {
  it("says which adopted guests are released, and which are deleted", () => {
    expect(destroy({ destroyAdopted: false }, { 3: "decommissioning" })).toEqual({
      notes: ["g1 was adopted, and is released", "g2 was adopted, and is released", "g3 was adopted, and is deleted"],
      problems: [],
    });
    expect(destroy({ destroyAdopted: true }).notes).toEqual(
      [1, 2, 3].map((id) => `g${id} was adopted, and is deleted`),
    );
  });

  it("is refused where nobody knows what was adopted, and no setting decides", () => {
    const { notes, problems } = destroy({});
    expect(notes).toEqual(["g1 was adopted, and is released"]);
    expect(problems).toEqual([
      expect.stringMatching(/^g2 \(\S+\), g3 \(\S+\) may have been adopted .*destroyAdopted to true .* or to false/),
    ]);
    expect(destroy({ adopt: true }).problems.join()).toMatch(/^g2 \S+, g3 \S+, g4 \S+ may have been adopted/);
  });
});
