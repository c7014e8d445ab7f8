import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diskOptions, guestOptions, networkOptions } from "../../providers/proxmox/options";
import { projectRoot } from "../../tools/root";

const read = (...path: string[]) => readFileSync(join(projectRoot(), ...path), "utf8");
const table = read("docs", "attributes.md");

describe("docs/attributes.md", () => {
  it("names every case of the attributes' test, and no other", () => {
    const files = ["vm.ts", "container.ts"].map((file) => read("test", "lifecycle", "cases", file)).join("");
    const cases = [...files.matchAll(/guest: "([ac]-[a-z]+)"/g)];
    const named = [...table.matchAll(/`([ac]-[a-z]+)`/g)];
    const sorted = (found: RegExpMatchArray[]) => [...new Set(found.map(([, name]) => name))].sort();
    expect(sorted(named)).toEqual(sorted(cases));
  });

  it("lists every option", () => {
    const words = new Set([...table.matchAll(/`([a-z_]+\d*)`/g)].map(([, word]) => word));
    const all = [guestOptions, diskOptions, networkOptions].flatMap((each) => Object.keys(each));
    const shown = (name: string) => words.has(name) || /^(serial[12]|hostpci\d+|usb\d+)$/.test(name);
    expect(all.filter((name) => !shown(name))).toEqual([]);
  });
});
