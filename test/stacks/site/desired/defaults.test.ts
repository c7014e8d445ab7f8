import { describe, expect, it } from "vitest";
import { defaultProblems } from "../../../../stacks/site/desired/defaults";
import type { ProxmoxFacts } from "../../../../stacks/site/desired/types";
import { netboxGuest, settingsWith, siteWith } from "./example";

const facts: ProxmoxFacts = {
  guests: new Map(),
  templates: new Map(),
  seen: new Map(),
  osTemplates: new Map(),
  nodes: [{ node: "a", online: true, memory: 0 }],
  storages: [{ node: "a", storage: "ceph", shared: true, isFiles: false, available: true, content: ["images"] }],
  bridges: new Map([["a", new Map([["vmbr0", undefined]])]]),
};
const site = (defaults: object, changes: Partial<ProxmoxFacts> = {}, guests = [netboxGuest(1, "active", "101")]) =>
  siteWith({
    netbox: { guests },
    proxmox: new Map([["pve", { ...facts, ...changes }]]),
    settings: settingsWith({ defaults }),
  });

describe("a default that a cluster does not have", () => {
  it("is told once, as the setting it is", () => {
    expect(defaultProblems(site({ bridge: "vmbr9", storage: "fast" }))).toEqual([
      'netbox-proxmox:defaults.bridge (or clusters["pve"].bridge) names vmbr9, which no node of pve has (there is vmbr0); correct it, or let the token see it',
      'netbox-proxmox:defaults.storage (or clusters["pve"].storage) names fast, which no node of pve has (there is ceph); correct it, or let the token see it',
    ]);
    expect(defaultProblems(site({ bridge: "vmbr0", storage: "ceph" }))).toEqual([]);
  });

  it("is nothing where no guest takes it, or nobody can know", () => {
    const wrong = { bridge: "vmbr9", storage: "fast" };
    expect(defaultProblems(site(wrong, {}, []))).toEqual([]);
    expect(defaultProblems(site(wrong, { bridges: new Map(), storages: [] }))).toEqual([]);
    const there = { vmid: 101, type: "qemu" as const, node: "a", name: "g1", status: "running", template: false };
    const guests = new Map([[101, { ...there, tags: [], memory: 1, hasHa: false }]]);
    expect(defaultProblems(site({ storage: "fast" }, { guests }))).toEqual([]);
  });
});
