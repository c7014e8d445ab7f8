import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseZone } from "../../../../providers/dns/bind9/nameserver";
import { ConflictError, changeNode, type WrittenName } from "../../../../providers/dns/bind9/record.model";
import { absolute, isDnsName, reverseName } from "../../../../providers/dns/names";
import { quoteTxt, unquoteTxt } from "../../../../providers/dns/rdata";
import { parseOwner } from "../../../../providers/ownership/dns";

const owner = { stack: "netbox-proxmox/test", guests: [17] };
const node = (wanted: Record<string, string[]>, known: Record<string, string[]> = {}): WrittenName => ({
  name: "web.example.",
  wanted: new Map(Object.entries(wanted)),
  known: new Map(Object.entries(known)),
});
const soa = "example. 300 IN SOA ns. h. 1 2 3 4 5\n";
const owned = (types: string, kept = "", stack = owner.stack) =>
  `_netbox-proxmox.web.example. 300 IN TXT "stack=${stack} guests=17 types=${types} kept=${kept}"\n`;

describe("a change of a name", () => {
  it("adds what is missing, on condition that it is still missing", () => {
    expect(changeNode(parseZone(soa), node({ A: ["10.0.0.1"] }), owner, 300)).toEqual({
      prerequisites: ["prereq nxrrset web.example. A", "prereq nxrrset _netbox-proxmox.web.example. TXT"],
      updates: [
        "update add web.example. 300 A 10.0.0.1",
        'update add _netbox-proxmox.web.example. 300 TXT "stack=netbox-proxmox/test guests=17 types=A kept="',
      ],
    });
  });

  it("is none where all is as it should be", () => {
    const zone = parseZone(`${soa}web.example. 300 IN A 10.0.0.1\n${owned("A")}`);
    expect(changeNode(zone, node({ A: ["10.0.0.1"] }), owner, 300)).toBeUndefined();
  });

  it("swaps our values on condition that they are still as seen", () => {
    const zone = parseZone(`${soa}web.example. 300 IN A 10.0.0.1\n${owned("A")}`);
    const change = changeNode(zone, node({ A: ["10.0.0.2"] }), owner, 300);
    expect(change?.prerequisites).toContain("prereq yxrrset web.example. A 10.0.0.1");
    expect(change?.updates.slice(0, 2)).toEqual([
      "update delete web.example. A",
      "update add web.example. 300 A 10.0.0.2",
    ]);
  });

  it("never overwrites what is not ours, nor what another stack owns", () => {
    expect(() =>
      changeNode(parseZone(`${soa}web.example. 300 IN A 192.0.2.1\n`), node({ A: ["10.0.0.1"] }), owner, 300),
    ).toThrow(ConflictError);
    expect(() =>
      changeNode(
        parseZone(`${soa}web.example. 300 IN A 10.0.0.1\n${owned("A", "", "other/stack")}`),
        node({ A: ["10.0.0.2"] }),
        owner,
        300,
      ),
    ).toThrow(/belongs to Pulumi stack other\/stack/);
    expect(() =>
      changeNode(parseZone(`${soa}web.example. 300 IN CNAME x.example.\n`), node({ A: ["10.0.0.1"] }), owner, 300),
    ).toThrow(/has CNAME, beside which there can be no A/);
  });

  it("keeps what was there before us with the same value, also when ours go", () => {
    const before = parseZone(`${soa}web.example. 60 IN A 10.0.0.1\n`);
    const taken = changeNode(before, node({ A: ["10.0.0.1"], AAAA: ["fd00::1"] }), owner, 300);
    expect(taken?.updates).toEqual([
      "update add web.example. 300 AAAA fd00::1",
      'update add _netbox-proxmox.web.example. 300 TXT "stack=netbox-proxmox/test guests=17 types=AAAA kept=A"',
    ]);
    const after = parseZone(
      `${soa}web.example. 60 IN A 10.0.0.1\nweb.example. 300 IN AAAA fd00::1\n${owned("AAAA", "A")}`,
    );
    const gone = changeNode(after, node({}, { A: ["10.0.0.1"], AAAA: ["fd00::1"] }), owner, 300);
    expect(gone?.updates).toEqual([
      "update delete web.example. AAAA",
      "update delete _netbox-proxmox.web.example. TXT",
    ]);
  });
});

describe("texts and names", () => {
  it("carry any text exactly", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 700 }),
        (text) => unquoteTxt(quoteTxt(text)) === Buffer.from(text, "utf8").toString("utf8"),
      ),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => /^[\x20-\x7e]*$/.test(quoteTxt(text))));
  });

  it("read back an owner, and take no other text for one", () => {
    expect(parseOwner("stack=a/b guests=1,2 types=A,AAAA kept=")).toEqual({
      stack: "a/b",
      guests: [1, 2],
      types: ["A", "AAAA"],
      kept: [],
    });
    expect(parseOwner("v=spf1 -all")).toBeUndefined();
  });

  it("know reverse names and what is no name", () => {
    expect(reverseName("10.71.0.11/24")).toBe("11.0.71.10.in-addr.arpa.");
    expect(reverseName("fd71::11")).toBe("1.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.7.d.f.ip6.arpa.");
    expect(absolute("Web.Example")).toBe("web.example.");
    for (const bad of ["a b.example", "x\nsend", 'q"uote.example', "-a.example", `${"a".repeat(64)}.example`, ""])
      expect(isDnsName(bad), bad).toBe(false);
    for (const good of ["a.example", "_acme.a.example", "*.example"]) expect(isDnsName(good), good).toBe(true);
  });
});
