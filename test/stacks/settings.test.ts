import { describe, expect, it } from "vitest";
import { readSettings } from "../../stacks/settings";
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
      "site.scope.site is not a setting → pulumi config rm --path 'netbox-proxmox:site.scope.site'",
    ]);
    expect(said({ site: { scope: "berlin" } })).toEqual([
      expect.stringMatching(/^site.scope is wrong: .* → pulumi config rm --path \S+, then set its parts$/),
    ]);
    expect(said({ clusters: { other: {} } })).toEqual([expect.stringMatching(/^clusters\["other"\] names no cluster/)]);
  });

  it("of a guest are those of the defaults but for its options, which have their own place", () => {
    expect(readGuestSettings({ bridge: "vmbr1", rebuild: 2, options: { no: "matter" } })).toEqual({
      value: { bridge: "vmbr1", rebuild: 2 },
    });
    expect(readGuestSettings({ brigde: "vmbr1", rebootPolicy: "always" })).toEqual({
      problems: [
        { key: "rebootPolicy", problem: expect.stringMatching(/^won't do: Invalid option: expected one of "never"/) },
        { key: "brigde", problem: "is no setting of a guest; remove it" },
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
