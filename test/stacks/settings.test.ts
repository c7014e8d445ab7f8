import { describe, expect, it } from "vitest";
import { readSettings, unknownKeys, unknownProgram } from "../../stacks/settings";
import { readGuestSettings } from "../../stacks/site/settings";

/** What is said of a configuration, `key problem → remedy`. */
function said(config: Record<string, object>): string[] {
  const read = readSettings({ get: (key) => (config[key] ? JSON.stringify(config[key]) : undefined) }, ["pve"]);
  return "problems" in read
    ? read.problems.map(({ key, problem, remedy }) => `${key.replace("netbox-proxmox:", "")} ${problem} → ${remedy}`)
    : [];
}

describe("settings", () => {
  it("that are wrong are told with a command that mends them", () => {
    expect(said({ site: { reboots: "web01" } })).toEqual([
      "site.reboots is wrong: Invalid input: expected array, received string → pulumi config set --path 'netbox-proxmox:site.reboots[0]' web01",
    ]);
    expect(said({ defaults: { nameservers: ["10.0.0.53", "ns1"] } })).toEqual([
      "defaults.nameservers[1] is wrong: write an IP address → pulumi config set --path 'netbox-proxmox:defaults.nameservers[1]' 192.0.2.53",
    ]);
    expect(said({ defaults: { vnets: { prod: "vnet1" } } })).toEqual([
      "defaults.vnets.prod is no key: write a VLAN id → pulumi config rm --path 'netbox-proxmox:defaults.vnets.prod'",
    ]);
    expect(said({ defaults: { lxcTemplates: { debian: 1 } } })).toEqual([
      expect.stringMatching(/^defaults.lxcTemplates.debian is wrong: .* → pulumi config set --path '.*debian' 9100$/),
    ]);
    expect(said({ defaults: { password: 5 } })).toEqual([expect.stringMatching(/defaults.password' default$/)]);
    expect(said({ defaults: { rebuild: 1 } })).toEqual([expect.stringMatching(/^defaults.rebuild is not a setting/)]);
    expect(said({ site: { scope: { site: ["ber"], tags: [] } } })).toEqual([
      "site.scope.tags is wrong: write at least one, or leave it out → pulumi config set --path 'netbox-proxmox:site.scope.tags[0]' production",
      "site.scope.site is not a setting: is sites meant? → rename it in the stack's file, Pulumi.STACK.yaml, to netbox-proxmox:site.scope.sites",
    ]);
    expect(said({ site: { scope: "berlin" } })).toEqual([
      expect.stringMatching(/^site.scope is wrong: .* → pulumi config rm --path \S+, then set its parts$/),
    ]);
    expect(said({ clusters: { other: {} } })).toEqual([expect.stringMatching(/^clusters\["other"\] names no cluster/)]);
  });

  it("that are misspelt say which is meant, and nobody is told to delete them", () => {
    const meant: [Record<string, object>, string][] = [
      [{ site: { maxRemoval: 3 } }, "site.maxRemovals"],
      [{ site: { limits: { stop: 3 } } }, "site.limits.stops"],
      [{ site: { customFields: { alocateFrom: "x" } } }, "site.customFields.allocateFrom"],
      [{ defaults: { tempalte: 9000 } }, "defaults.template"],
      [{ defaults: { options: { cpuu: "host" } } }, "defaults.options.cpu"],
      [{ clusters: { pve: { brigde: "vmbr0" } } }, "clusters.pve.bridge"],
      [{ clusters: { pvee: {} } }, "clusters.pve"],
      [{ discovery: { maxRemoval: 3 } }, "discovery.maxRemovals"],
    ];
    for (const [config, setting] of meant) {
      const [text = "", ...others] = said(config);
      expect(others).toEqual([]);
      expect(text).toMatch(
        new RegExp(`rename it in the stack's file, Pulumi\\.STACK\\.yaml, to netbox-proxmox:${setting}$`),
      );
    }
    expect(said({ site: { wholeOther: 1 } })).toEqual([
      "site.wholeOther is not a setting → pulumi config rm --path 'netbox-proxmox:site.wholeOther'",
    ]);
    expect(unknownKeys(["netbox-proxmox:discvery", "aws:region"], "netbox-proxmox")).toEqual([
      {
        key: "netbox-proxmox:discvery",
        problem: expect.stringMatching(/^is not a setting: is discovery meant\? \(there are program, /),
        remedy: "rename it in the stack's file, Pulumi.STACK.yaml, to netbox-proxmox:discovery",
      },
    ]);
    expect(unknownProgram("templats", ["site", "templates"])).toMatch(
      /is templates meant\? Run `pulumi config set program templates`\.$/,
    );
  });

  it("of a guest are those of the defaults but for its options, which have their own place", () => {
    expect(readGuestSettings({ bridge: "vmbr1", rebuild: 2, options: { no: "matter" } })).toEqual({
      value: { bridge: "vmbr1", rebuild: 2 },
    });
    expect(readGuestSettings({ brigde: "vmbr1", rebootPolicy: "always" })).toEqual({
      problems: [
        { key: "rebootPolicy", problem: expect.stringMatching(/^won't do: Invalid option: expected one of "never"/) },
        { key: "brigde", problem: "is no setting of a guest: is bridge meant?" },
      ],
    });
  });

  it("change a password's version with its value, and never tell it", () => {
    const versions = (value: string) => {
      const read = readSettings({ get: () => undefined }, [], { main: value });
      return "value" in read ? read.value.passwordVersions.main : "";
    };
    expect(versions("one-secret")).toBe(versions("one-secret"));
    expect(versions("one-secret")).not.toBe(versions("another-secret"));
    expect(versions("one-secret")).toMatch(/^[0-9a-f]{16}$/);
  });
});
