import { describe, expect, it } from "vitest";
import { canonicalValue, fromWire, isSafe, recordTypes, toWire } from "../../../providers/dns/rdata";

describe("a record's value", () => {
  it.each([
    ["MX", "10 Mail.Example.", "10 mail.example."],
    ["SRV", "0  5 5060 sip.example", "0 5 5060 sip.example."],
    ["CNAME", "WWW.example", "www.example."],
    ["AAAA", "FD71:0::1", "fd71::1"],
    ["CAA", "0 ISSUE letsencrypt.org", '0 issue "letsencrypt.org"'],
    ["CAA", '0 issue "LetsEncrypt.org; a=b"', '0 issue "LetsEncrypt.org; a=b"'],
    ["SSHFP", "4 2 1234abcd 5678ef", "4 2 1234ABCD5678EF"],
    ["TLSA", "3 1 1 00aa 11bb", "3 1 1 00AA11BB"],
    ["OPENPGPKEY", "mQENBF aBcD", "mQENBFaBcD"],
    ["NAPTR", '100 10 "U" "E2U+sip" "!^.*$!sip:a@b!" .', '100 10 "U" "E2U+sip" "!^.*$!sip:a@b!" .'],
    ["RP", "Admin.Example text.example", "admin.example. text.example."],
    ["HINFO", '"PC"  "Linux"', '"PC" "Linux"'],
  ])("of type %s has one form, as NetBox and dig write it", (type, value, form) => {
    expect(canonicalValue(type, value)).toBe(form);
    expect(canonicalValue(type, form)).toBe(form);
    expect(fromWire(type, toWire(type, form))).toBe(form);
  });

  it("that is a text is carried exactly", () => {
    for (const text of ['say "hi"; send', "ünï\ncode", "a".repeat(600), "back\\slash"]) {
      expect(toWire("TXT", text)).not.toContain("\n");
      expect(fromWire("TXT", toWire("TXT", text))).toBe(text);
    }
  });

  it("with an end of line in it never comes near nsupdate", () => {
    for (const type of recordTypes.filter((each) => each !== "TXT" && each !== "SPF"))
      expect(isSafe(type, "10 mail.example.\nupdate delete example. A"), type).toBe(false);
    expect(isSafe("MX", "")).toBe(false);
    expect(isSafe("MX", "10 mail.example.")).toBe(true);
  });
});
