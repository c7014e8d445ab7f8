import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  containerNetworkOptions,
  containerOptions,
  diskOptions,
  efiOptions,
  guestOptions,
  networkOptions,
  tpmOptions,
  volumeOptions,
} from "../../providers/proxmox/nodes/options";
import { projectRoot } from "../../tools/root";

const read = (...path: string[]) => readFileSync(join(projectRoot(), ...path), "utf8");
const table = read("docs", "attributes.md");

describe("docs/attributes.md", () => {
  it("names every case of the attributes' test, and no other", () => {
    const files = ["vm.ts", "container.ts"].map((file) => read("test", "slow", "cases", file)).join("");
    const cases = [...files.matchAll(/guest: "([ac]-[a-z]+)"/g)];
    const named = [...table.matchAll(/`([ac]-[a-z]+)`/g)];
    const sorted = (found: RegExpMatchArray[]) => [...new Set(found.map(([, name]) => name))].sort();
    expect(sorted(named)).toEqual(sorted(cases));
  });

  it("names a test for every row", () => {
    const tests = readdirSync(join(projectRoot(), "test"), { recursive: true, encoding: "utf8" }).map((file) =>
      file.split("/").pop(),
    );
    const rows = table
      .split("\n")
      .filter((line) => /^\| (?!---|attribute|source|\d)[^|]*\|/.test(line) && line.split("|").length > 8);
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) {
      const cell = row.split("|").at(-2) ?? "";
      const files = [...cell.matchAll(/\b(wholelife|badinput|life|vm\.model|container\.model|guest\.handler)\b/g)];
      expect(files.length + [...cell.matchAll(/`[ac]-[a-z]+`/g)].length, row).toBeGreaterThan(0);
      for (const [, name] of files) expect(tests, row).toContain(`${name}.test.ts`);
    }
  });

  it("lists every option", () => {
    const words = new Set([...table.matchAll(/`([a-z_-]+\d*)`/g)].map(([, word]) => word));
    const tables = [
      guestOptions,
      diskOptions,
      networkOptions,
      efiOptions,
      tpmOptions,
      containerOptions,
      volumeOptions,
      containerNetworkOptions,
    ];
    const all = tables.flatMap((each) => Object.keys(each));
    const shown = (name: string) => words.has(name) || /^(serial[12]|hostpci\d+|usb\d+)$/.test(name);
    expect(all.filter((name) => !shown(name) && !table.includes(`\`proxmox_option_${name}\``))).toEqual([]);
  });
});
