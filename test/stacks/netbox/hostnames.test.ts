import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameProblem } from "../../../providers/dns/names";
import { guestFullName, hostnameLike, hostnameProblem, machineName } from "../../../stacks/netbox/hostnames";

const letter = fc.constantFrom(..."abzABZ019");
const label = fc
  .tuple(letter, fc.array(fc.constantFrom(..."abzABZ019-"), { maxLength: 12 }), letter)
  .map(([first, middle, last]) => `${first}${middle.join("")}${last}`);
const dots = fc.constantFrom("", ".");
const domain = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), dots)
  .map(([all, end]) => `${all.join(".")}${end}`);
const host = fc.tuple(fc.array(label, { minLength: 1, maxLength: 4 }), dots).map(([all, end]) => all.join(".") + end);

describe("the rule for names", () => {
  it("gives one full name, whatever the case and the dots behind, and gives a full name no second domain", () => {
    fc.assert(
      fc.property(host, domain, (name, zone) => {
        const full = guestFullName(name, zone);
        expect(full).toBe(full.toLowerCase());
        expect(full).not.toMatch(/\.$/);
        expect(nameProblem(full)).toBeUndefined();
        expect(hostnameProblem(name)).toBeUndefined();
        // What is full stays what it is, and the domain stands behind it once at most.
        expect(guestFullName(full, zone)).toBe(full);
        expect(guestFullName(`${full}.`, "other.example")).toBe(full);
        expect(guestFullName(name.toUpperCase(), zone.toUpperCase())).toBe(full);
        const [first = "", ...rest] = machineName(name).toLowerCase().split(".");
        const behind = rest.length > 0 ? rest.join(".") : zone.toLowerCase().replace(/\.$/, "");
        expect(full).toBe(`${first}.${behind}`);
      }),
      { numRuns: 500 },
    );
  });

  it("takes what Proxmox VE takes for a name, and says what it doesn't take", () => {
    // PVE's dns-name, with the lengths that DNS has.
    const dnsName = /^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
    const anything = fc.array(fc.constantFrom(..."aZ9-._ üß/", "a".repeat(40)), { maxLength: 9 });
    fc.assert(
      fc.property(anything, (parts) => {
        const given = parts.join("");
        const name = machineName(given);
        const fits = name.length <= 253 && name.split(".").every((part) => part.length <= 63);
        expect(hostnameProblem(given) === undefined, given).toBe(dnsName.test(name) && fits);
        const near = hostnameLike(given);
        if (near !== undefined) expect(near).toMatch(dnsName);
      }),
      { numRuns: 1000 },
    );
    expect(hostnameProblem("Web Server")).toBe('has " " in it, which no host name has');
    expect(hostnameProblem("bürorechner")).toBe('has "ü" in it, which no host name has');
    expect(hostnameLike("Büro Rechner (alt)")).toBe("Buro-Rechner-alt");
    expect(hostnameLike("日本")).toBeUndefined();
    expect(hostnameProblem(`${"a".repeat(64)}.example`)).toMatch(/a part of 64 characters/);
    expect(hostnameProblem(Array(5).fill("a".repeat(60)).join("."))).toMatch(/has 304 characters/);
  });
});
