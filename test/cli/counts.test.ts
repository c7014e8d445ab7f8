import { describe, expect, it } from "vitest";
import { stackConfig, stateCounts } from "../../cli/counts";
import { providerText } from "../../providers/resource";

const config = (sections: Record<string, unknown>) =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(sections).map(([key, value]) => [
        `netbox-proxmox:${key}`,
        typeof value === "string" ? { value, secret: false } : { value: JSON.stringify(value), objectValue: value },
      ]),
    ),
  );

describe("limits that are a percentage", () => {
  it("are known by the configuration of the stack's own program, or the environment", () => {
    expect(stackConfig("", {})).toEqual({ program: "", hasShare: false });
    expect(stackConfig(config({ site: { maxRemovals: "10%" } }), {})).toEqual({ program: "", hasShare: true });
    expect(stackConfig(config({ site: { maxRemovals: 5 } }), {})).toEqual({ program: "", hasShare: false });
    expect(stackConfig(config({ site: { maxRemovals: 5, limits: { removes: "1%" } } }), {}).hasShare).toBe(true);
    const discovery = config({ program: "discovery", site: { maxRemovals: "10%" }, discovery: { maxRemovals: 9 } });
    expect(stackConfig(discovery, {})).toEqual({ program: "discovery", hasShare: false });
    expect(stackConfig(discovery, { NETBOX_PROXMOX_MAX_REMOVALS: "50%" }).hasShare).toBe(true);
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
