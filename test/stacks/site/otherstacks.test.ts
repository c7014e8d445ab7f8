import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readOtherStacks } from "../../../stacks/site/otherstacks";

describe("the other stacks of a folder", () => {
  let folder: string;
  const write = (stack: string, text: string) => writeFileSync(join(folder, `Pulumi.${stack}.yaml`), text);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "netbox-proxmox-files-"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: netbox-proxmox\n");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("are read from their files, secrets and all, but for one's own and other programs", () => {
    write("own", "config:\n  netbox-proxmox:netbox: { url: https://nb }\n");
    write("intent", "config:\n  netbox-proxmox:program: intent\n");
    write(
      "ber",
      [
        "encryptionsalt: v1:abc",
        "config:",
        "  netbox-proxmox:netbox: { url: https://nb/, token: { secure: v1:x } }",
        "  netbox-proxmox:proxmox: { pve: { url: https://pve:8006, token: { secure: v1:y } } }",
        "  netbox-proxmox:site: { maxRemovals: 3, scope: { sites: [ber] } }",
      ].join("\n"),
    );
    write("empty", "");
    expect(readOtherStacks(folder, "own")).toEqual([
      {
        stack: "ber",
        file: "Pulumi.ber.yaml",
        netboxUrl: "https://nb",
        clusters: ["pve"],
        scope: { sites: ["ber"] },
      },
      { stack: "empty", file: "Pulumi.empty.yaml", clusters: [], scope: {} },
    ]);
  });

  it.each([
    [
      "a typo in a scope",
      "config:\n  netbox-proxmox:site: { scope: { site: [ber] } }\n",
      /Pulumi.ber.yaml is not .*site/,
    ],
    ["no YAML", "config: [", /Pulumi.ber.yaml is no YAML .*: correct it/],
  ])("with %s are refused, not passed over", (_what, text, words) => {
    write("ber", text);
    expect(() => readOtherStacks(folder, "own")).toThrow(words);
  });
});
