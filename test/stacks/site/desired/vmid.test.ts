import { describe, expect, it } from "vitest";
import { markOf } from "../../../../stacks/site/desired/identity";
import type { ExaminedGuest, InState, ProxmoxFacts } from "../../../../stacks/site/desired/types";
import { targetOf } from "../../../../stacks/site/desired/vmid";
import { netboxGuest, siteWith } from "./example";

const site = siteWith({});
const mark = markOf(site, 1);

/** What the guest with NetBox id 1 targets, where these machines are there. */
function target(
  { vmid, tags = [] }: { vmid?: string; tags?: string[] },
  there: { vmid: number; name?: string; marked?: boolean }[],
  state: Partial<InState> = {},
) {
  const seen = new Map(
    there.map(({ vmid: id, name = "g1", marked = false }): [number, ExaminedGuest] => {
      const read: ExaminedGuest = { vmid: id, type: "qemu", name, making: false, addresses: {}, config: {} };
      return [id, marked ? { ...read, mark } : read];
    }),
  );
  const guests = there.map(({ vmid: id, name = "g1" }) => ({
    vmid: id,
    type: "qemu" as const,
    node: "pve1",
    name,
    status: "running",
    template: false,
    memory: 0,
    hasHa: false,
    pool: undefined,
    tags: [],
  }));
  const facts: ProxmoxFacts = {
    guests: new Map(guests.map((guest) => [guest.vmid, guest])),
    seen,
    templates: new Map(),
    nodes: [{ node: "pve1", online: true, memory: 0 }],
    storages: [],
    bridges: new Map(),
    osTemplates: new Map(),
  };
  const problems: string[] = [];
  const found = targetOf(siteWith({ state }), netboxGuest(1, "active", vmid, tags), "qemu", mark, facts, (problem) =>
    problems.push(problem),
  );
  return found === undefined
    ? problems.join()
    : `${found.vmid} ${found.built ? "built" : "new"}${found.adopts ? ", adopts" : ""}`;
}
const known = (vmid: number): Partial<InState> => ({
  guests: new Map([[1, { type: "qemu", name: "g1", cluster: "pve", vmid, last: {} }]]),
});

describe("a guest's VMID", () => {
  it("is its custom field's, or made from its NetBox id", () => {
    expect(target({ vmid: "300" }, [])).toBe("300 new");
    expect(target({}, [])).toBe("100001 new");
  });

  it("stays what it was built with where NetBox names none, by state or by the mark", () => {
    expect(target({}, [{ vmid: 301 }], known(301))).toBe("301 built");
    expect(target({}, [{ vmid: 301, marked: true }])).toBe("301 built");
    expect(target({ tags: ["adopt"] }, [{ vmid: 301, marked: true }, { vmid: 302 }])).toBe("301 built");
  });

  it("can't become another", () => {
    const words =
      /was built as VM 301, and its VMID is now 400; a guest can't be renumbered: write 301 into proxmox_vmid/;
    expect(target({ vmid: "400" }, [{ vmid: 301 }], known(301))).toMatch(words);
    expect(target({ vmid: "400" }, [{ vmid: 301, marked: true }])).toMatch(words);
  });

  it("is a namesake's that is to be adopted, and nobody else's", () => {
    expect(target({ tags: ["adopt"] }, [{ vmid: 302 }])).toBe("302 built, adopts");
    expect(target({ vmid: "302" }, [{ vmid: 302 }])).toMatch(/VMID 302 is taken on pve1 by g1, which is not ours/);
  });
});
