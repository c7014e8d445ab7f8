import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { configurationOfFile, printedConfiguration, stackConfig, stateCounts } from "../../cli/counts";
import { providerText } from "../../providers/resource";

/** As it stands in a file, and as `pulumi config --json` prints it: both tell the same. */
function config(sections: Record<string, unknown>) {
  const keys = Object.entries(sections).map(([key, value]): [string, unknown] => [`netbox-proxmox:${key}`, value]);
  const printed = keys.map(([key, value]) => [
    key,
    typeof value === "string" ? { value, secret: false } : { value: JSON.stringify(value), objectValue: value },
  ]);
  const read = configurationOfFile(stringify({ config: Object.fromEntries(keys) }), "name: netbox-proxmox");
  expect(read).toEqual(printedConfiguration(JSON.stringify(Object.fromEntries(printed))));
  return read ?? {};
}

describe("limits that are a percentage", () => {
  it("are known by the configuration of the stack's own program, or the environment", () => {
    expect(stackConfig(printedConfiguration(""), {})).toEqual({ program: "", hasShare: false });
    expect(stackConfig(config({ site: { maxRemovals: "10%" } }), {})).toEqual({ program: "", hasShare: true });
    expect(stackConfig(config({ site: { maxRemovals: 5 } }), {})).toEqual({ program: "", hasShare: false });
    expect(stackConfig(config({ site: { maxRemovals: 5, limits: { removes: "1%" } } }), {}).hasShare).toBe(true);
    const discovery = config({ program: "discovery", site: { maxRemovals: "10%" }, discovery: { maxRemovals: 9 } });
    expect(stackConfig(discovery, {})).toEqual({ program: "discovery", hasShare: false });
    expect(stackConfig(discovery, { NETBOX_PROXMOX_MAX_REMOVALS: "50%" }).hasShare).toBe(true);
  });

  it.each([
    ["environments are imported", "environment: [lab]\nconfig: { a:b: c }", "name: a"],
    ["the project gives defaults", "config: { a:b: c }", "name: a\nconfig: { b: d }"],
    ["a key has no namespace", "config: { b: c }", "name: a"],
  ])("are read by Pulumi where %s", (_why, file, project) => {
    expect(configurationOfFile(file, project)).toBeUndefined();
    expect(configurationOfFile("", "")).toEqual({});
  });

  it("are of what the state has, by kind", () => {
    const of = (kind: "proxmox-vm" | "netbox-guest") => ({ outputs: { name: "x", __provider: providerText(kind) } });
    const resources = [{ type: "pulumi:pulumi:Stack" }, of("proxmox-vm"), of("proxmox-vm"), of("netbox-guest")];
    expect(stateCounts(JSON.stringify({ version: 3, deployment: { resources } }))).toEqual({
      "proxmox-vm": 2,
      "netbox-guest": 1,
    });
    expect(stateCounts(JSON.stringify({ version: 3, deployment: {} }))).toEqual({});
  });
});
