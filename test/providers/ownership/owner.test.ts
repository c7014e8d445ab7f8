import { describe, expect, it } from "vitest";
import { parseOwner, printOwner } from "../../../providers/ownership/dns";
import { findAnyMark, printMark } from "../../../providers/ownership/mark";
import {
  parseAllocation,
  parseMaking,
  parseRecord,
  parseReservation,
  printAllocation,
  printMaking,
  printRecord,
  printReservation,
} from "../../../providers/ownership/netbox";
import { markOwner, noFormer, ownerOf, Self } from "../../../providers/ownership/owner";
import { findTemplate, printTemplate } from "../../../providers/ownership/proxmox";

/** A generator of one sequence, the same in every run. */
const randomFrom = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};
const random = randomFrom(7);
const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] ?? expect.unreachable("it is empty");
const word = () => Array.from({ length: 1 + Math.floor(random() * 9) }, () => pick([..."abcXYZ019_.-"])).join("");
const number = () => Math.floor(random() * 1_000_000);
const stack = () => `${word()}/${word()}`;
const url = () => `http${pick(["", "s"])}://${word()}${pick(["", ":8080"])}${pick(["", "/netbox"])}`;

/** Every kind of mark: one of any stack, URL and id, its text, and how it is read. */
const kinds: Record<string, { make: () => object; print: (mark: never) => string; parse: (text: string) => unknown }> =
  {
    guest: {
      make: () => ({ stack: stack(), netboxUrl: url(), netboxId: number() }),
      print: printMark,
      parse: findAnyMark,
    },
    part: {
      make: () => ({ stack: stack(), netboxUrl: url(), part: pick(["postgresql", "nginx", "a-1"]) }),
      print: printMark,
      parse: findAnyMark,
    },
    allocation: {
      make: () => ({ stack: stack(), interfaceId: number(), family: pick([4, 6]), ordinal: number() }),
      print: printAllocation,
      parse: parseAllocation,
    },
    reservation: {
      make: () => ({ stack: stack() }),
      print: ({ stack: of }: { stack: string }) => printReservation(of),
      parse: parseReservation,
    },
    record: { make: () => ({ stack: stack(), key: word() }), print: printRecord, parse: parseRecord },
    making: {
      make: () => ({ stack: stack() }),
      print: ({ stack: of }: { stack: string }) => printMaking(of),
      parse: parseMaking,
    },
    template: {
      make: () => ({ stack: stack(), title: word(), recipe: "0a1b2c3d" }),
      print: printTemplate,
      parse: findTemplate,
    },
    name: {
      make: () => ({ stack: stack(), guests: [number(), number()], types: ["A", "AAAA"], kept: pick([[], ["TXT"]]) }),
      print: printOwner,
      parse: parseOwner,
    },
  };
const all = Object.entries(kinds);

describe("a mark", () => {
  it.each(all)("of a %s is read as what was printed, and as no other kind", (kind, { make, print, parse }) => {
    for (let n = 0; n < 300; n++) {
      const mark = make();
      const text = print(mark as never);
      expect(parse(text)).toEqual(mark);
      for (const [other, { parse: read }] of all)
        if (other !== kind && read !== parse) expect([other, text, read(text)]).toEqual([other, text, undefined]);
    }
  });

  it("has the text that stands in people's systems", () => {
    const guest = { stack: "p/dev", netboxUrl: "https://nb", netboxId: 7 };
    expect([
      printMark(guest),
      printMark({ stack: "p/dev", netboxUrl: "https://nb", part: "valkey" }),
      printAllocation({ stack: "p/dev", interfaceId: 12, family: 6, ordinal: 0 }),
      printReservation("p/dev"),
      printRecord({ stack: "p/dev", key: "ip-12-v4-0" }),
      printMaking("p/dev"),
      printTemplate({ stack: "p/dev", title: "debian-12", recipe: "0a1b2c3d" }),
      printOwner({ stack: "p/dev", guests: [7, 8], types: ["A"], kept: [] }),
    ]).toEqual([
      "Managed by Pulumi stack p/dev from https://nb/virtualization/virtual-machines/7/",
      "Managed by Pulumi stack p/dev from https://nb/#valkey",
      "Managed by Pulumi stack p/dev (allocation 12/v6-0)",
      "Managed by Pulumi stack p/dev (reserved while its last guest still runs)",
      "Managed by Pulumi stack p/dev (record ip-12-v4-0)",
      "Made by Pulumi stack p/dev",
      "Managed by Pulumi stack p/dev as template debian-12 (0a1b2c3d)",
      "stack=p/dev guests=7,8 types=A kept=",
    ]);
  });
});

describe("whose it is", () => {
  const former = { stacks: ["p/old"], urls: ["https://was"] };
  const mark = { stack: "p/new", netboxUrl: "https://nb", netboxId: 7 };

  it("is ours under today's name and the former ones, another stack's, or nobody's", () => {
    const by = (stack: string) => ownerOf("p/new", { stack }, former).of;
    expect(["p/new", "p/old", "p/other", ""].map(by)).toEqual(["us", "us", "other", "nobody"]);
    expect(ownerOf("p/new", undefined, former).of).toBe("nobody");
    expect(ownerOf("p/new", { stack: "p/old" }, noFormer)).toEqual({ of: "other", stack: "p/old" });
  });

  it("is not certain where only the state's former name is known, and its mark was written anew", () => {
    expect(ownerOf("p/old", { stack: "p/new" }, former).of).toBe("renewed");
    expect(ownerOf("p/old", { stack: "p/old" }, former).of).toBe("us");
  });

  it("goes by the object and its NetBox, too", () => {
    const by = (changes: object) => markOwner(mark, { ...mark, ...changes }, "https://nb", former).of;
    expect(by({ netboxId: 8 })).toBe("other");
    expect(by({ netboxUrl: "https://was" })).toBe("us");
    expect(by({ netboxUrl: "https://was", stack: "p/old" })).toBe("us");
    expect(by({ netboxUrl: "https://else" })).toBe("other");
  });

  it("is told to a plan with today's names", () => {
    const self = new Self("p/new", "https://nb", former);
    expect(self.renewed({ stack: "p/old", netboxUrl: "https://was", netboxId: 7 })).toEqual(mark);
    const other = { stack: "p/other", netboxUrl: "https://was", netboxId: 7 };
    expect(self.renewed(other)).toEqual(other);
  });
});
