import { describe, expect, it } from "vitest";
import { changedSettings, lastOf, lastUpdateIn } from "../../stacks/history";

describe("the last update of a stack", () => {
  const at = (startTime: string, kind = "update", result = "succeeded") => ({ version: 1, kind, startTime, result });

  it("is the newest that succeeded, and no refresh", () => {
    const history = [
      at("2026-11-29T04:00:00.000Z", "update", "failed"),
      at("2026-11-29T03:00:00.000Z", "refresh"),
      at("2026-11-29T02:00:00.000Z"),
      at("2026-11-29T01:00:00.000Z"),
    ];
    expect(lastOf(history)?.toISOString()).toBe("2026-11-29T02:00:00.000Z");
  });

  it("is nothing where there was none, or where the answer is another one", () => {
    expect(lastOf([])).toBeUndefined();
    expect(lastOf({ message: "no such stack" })).toBeUndefined();
  });
});

describe("the settings of the last update", () => {
  it("are told from today's by their keys, and connections are none", () => {
    const config = {
      "netbox-proxmox:defaults": { value: "{}", objectValue: { bridge: "vmbr0", pool: "a", options: { cpu: "host" } } },
      "netbox-proxmox:clusters": { objectValue: { "pve-a": { pool: "b" } } },
      "netbox-proxmox:netbox": { objectValue: { url: "http://old" } },
      "netbox-proxmox:program": { value: "site" },
    };
    const history = [{ kind: "update", result: "succeeded", startTime: "2026-11-29T02:00:00.000Z", config }];
    const before = lastUpdateIn(history)?.config ?? {};
    const now: Record<string, object> = {
      defaults: { bridge: "vmbr1", pool: "a", options: { cpu: "max" } },
      clusters: { "pve-a": { pool: "c" } },
      netbox: { url: "http://new" },
      site: { ramBaseUnit: 1000 },
    };
    const get = (key: string) => (now[key] ? JSON.stringify(now[key]) : undefined);
    expect(changedSettings(before, { get })).toEqual([
      "netbox-proxmox:site.ramBaseUnit",
      "netbox-proxmox:defaults.bridge",
      "netbox-proxmox:defaults.options.cpu",
      'netbox-proxmox:clusters["pve-a"].pool',
    ]);
    expect(
      changedSettings(before, { get: (key) => JSON.stringify(Reflect.get(before, `netbox-proxmox:${key}`)) }),
    ).toEqual([]);
  });
});
