import { describe, expect, it } from "vitest";
import { absolute, nameProblem, takesAddresses, takesPointers } from "../../../providers/dns/names";

describe("names", () => {
  it("are the same whatever their case, the dot behind them and the form of letters beyond ASCII", () => {
    for (const each of ["WWW.Bücher.Example", "www.bücher.example.", "www.xn--bcher-kva.example"])
      expect(absolute(each), each).toBe("www.xn--bcher-kva.example.");
  });

  it("say what keeps them out of a zone", () => {
    expect(nameProblem(`${"a".repeat(64)}.example`)).toMatch(/has a part of 64 characters/);
    const long = `${Array(4).fill("a".repeat(58)).join(".")}.ab`;
    expect(long).toHaveLength(238);
    // The owner's TXT stands at _netbox-proxmox.NAME.
    expect(nameProblem(long)).toMatch(/has 238 characters, and 237 are the most/);
    expect(nameProblem(long.slice(1))).toBeUndefined();
    expect(nameProblem("a..b")).toMatch(/a part without characters/);
    expect(nameProblem("a b.example")).toMatch(/has " " in it/);
    expect(nameProblem("a.*.example")).toMatch(/has "\*" in it/);
    expect(nameProblem("-a.example")).toMatch(/hyphen/);
  });

  it("take addresses and pointers as BIND's check-names has it", () => {
    expect([takesAddresses("*.apps.example"), takesPointers("*.apps.example")]).toEqual([true, false]);
    expect([takesAddresses("a_b.example"), takesPointers("a_b.example")]).toEqual([false, false]);
    expect([takesAddresses("a-b.example"), takesPointers("a-b.example")]).toEqual([true, true]);
  });
});
