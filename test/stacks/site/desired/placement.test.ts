import { describe, expect, it } from "vitest";
import { type NetboxVirtualMachine, vmInterface } from "../../../../providers/netbox/schemas";
import { desiredGuests } from "../../../../stacks/site/desired/guests";
import { nicProblem, Placement, unfit } from "../../../../stacks/site/desired/placement";
import type { ProxmoxFacts, TemplateFacts } from "../../../../stacks/site/desired/types";
import { netboxGuest, settingsWith, siteWith } from "./example";

const gibibyte = 1024 ** 3;
const node = (name: string, memory = 32, online = true) => ({ node: name, online, memory: memory * gibibyte });
const storage = (onNode: string, name: string, shared: boolean, content = ["images", "rootdir"]) => ({
  node: onNode,
  storage: name,
  shared,
  isFiles: false,
  available: true,
  content,
});
const running = (vmid: number, onNode: string, memory: number) => ({
  vmid,
  type: "qemu" as const,
  node: onNode,
  name: `g${vmid}`,
  status: "running",
  template: false,
  tags: [],
  memory: memory * gibibyte,
  hasHa: false,
});
const facts = (changes: Partial<ProxmoxFacts> = {}): ProxmoxFacts => ({
  guests: new Map(),
  templates: new Map(),
  seen: new Map(),
  nodes: [node("a"), node("b"), node("c")],
  storages: ["a", "b", "c"].flatMap((each) => [storage(each, "ceph", true), storage(each, "local", false)]),
  bridges: new Map(),
  osTemplates: new Map(),
  ...changes,
});
const template = (storages: string[], on = "a"): TemplateFacts => ({
  name: "t",
  node: on,
  type: "qemu",
  disks: {},
  storages,
  hasCloudInitDrive: true,
});
const needs = (source: TemplateFacts | { nodes: string[] } = template(["ceph"])) => ({
  source,
  storages: [],
  content: "images" as const,
  nics: [],
});
const guest = (tags: string[] = []) => ({ tags });

describe("the node of a new guest", () => {
  const chosen = (placement: Placement, tags: string[] = [], memory = 1) =>
    placement.choose(guest(tags), needs(), memory * gibibyte);

  it("has most memory to give, by what guests are configured with; then comes the name", () => {
    const placement = new Placement(
      facts({ guests: new Map([running(1, "a", 8), running(2, "b", 4)].map((each) => [each.vmid, each])) }),
      "anti-affinity",
    );
    expect(chosen(placement, [], 30)).toEqual({ node: "c" });
    expect(chosen(placement, [], 4)).toEqual({ node: "b" });
    expect(chosen(placement)).toEqual({ node: "a" });
    expect(chosen(new Placement(facts(), "anti-affinity"))).toEqual({ node: "a" });
  });

  it("is another one than that of guests with the same anti-affinity tag", () => {
    const placement = new Placement(facts(), "anti-affinity");
    placement.count({ tags: ["anti-affinity-db"] }, "a");
    const nodes = [1, 2, 3].map(() => chosen(placement, ["anti-affinity-db", "web"]));
    expect(nodes.map((each) => ("node" in each ? each.node : ""))).toEqual(["b", "c", "a"]);
  });

  it("is chosen after those that NetBox names, whichever comes first", () => {
    const named = (id: number, onNode?: string) => {
      const plain = netboxGuest(id, "active", String(100 + id), ["anti-affinity-db"]);
      return onNode === undefined
        ? plain
        : { ...plain, customFields: new Map([...plain.customFields, ["proxmox_node", onNode]]) };
    };
    const proxmox = new Map([["pve", facts({ templates: new Map([[9000, template(["ceph"])]]) })]]);
    const settings = settingsWith({ site: { antiAffinityPrefix: "anti-affinity" }, defaults: { template: 9000 } });
    const interfaces = [1, 2].map((id) =>
      vmInterface.parse({
        id,
        name: "net0",
        virtual_machine: { id },
        enabled: true,
        mode: null,
        untagged_vlan: null,
        mtu: null,
        tagged_vlans: [],
        primary_mac_address: null,
        mac_address: null,
        vrf: null,
        tags: [],
        custom_fields: {},
      }),
    );
    const nodes = (guests: NetboxVirtualMachine[]) => {
      const desired = desiredGuests(siteWith({ netbox: { guests, interfaces }, proxmox, settings }));
      expect(desired.problems).toEqual([]);
      return desired.guests.map(({ machine: { inputs } }) => inputs.node ?? inputs.placement);
    };
    expect(nodes([named(1), named(2, "a")])).toEqual(["b", "a"]);
    expect(nodes([named(1, "a"), named(2)])).toEqual(["a", "b"]);
  });

  it("is one that can take it, and where there is none, each says why", () => {
    const local = new Placement(facts(), "x").choose(guest(), needs(template(["local"])), 0);
    expect(local).toEqual({ node: "a" });
    const few = facts({
      nodes: [node("a", 32, false), node("b")],
      bridges: new Map([["b", new Map([["vmbr0", 1500]])]]),
    });
    const asked = { ...needs(template(["ceph"], "b")), nics: [{ bridge: "vmbr0", mtu: 9000 }] };
    expect(new Placement(few, "x").choose(guest(), asked, 0)).toEqual({
      problem:
        "no node can take it: a is offline; b has bridge vmbr0 with an MTU of 1500, less than the 9000 of an interface",
    });
  });

  it("lacks or has what a guest needs", () => {
    expect(unfit(facts(), "b", needs(template(["local"])))).toBe("lacks template t, whose storage local is a's own");
    expect(unfit(facts(), "b", { ...needs(), storages: ["fast"] })).toBe("lacks storage fast");
    const iso = facts({ storages: [storage("a", "iso", true, ["iso"])] });
    expect(unfit(iso, "a", { ...needs({ nodes: ["a"] }), storages: ["iso"], content: "rootdir" as const })).toBe(
      "has storage iso, which doesn't hold containers (rootdir)",
    );
    expect(unfit(facts(), "c", needs({ nodes: ["a"] }))).toBe("lacks the OS template");
    expect(unfit(facts(), "b", needs())).toBeUndefined();
  });

  it("carries a NIC whose bridge it has with as large an MTU; one that says nothing is trusted", () => {
    const known = facts({
      bridges: new Map([
        [
          "a",
          new Map([
            ["vmbr0", undefined],
            ["jumbo", 9000],
          ]),
        ],
      ]),
    });
    expect(nicProblem(known, "a", { bridge: "jumbo", mtu: 9000 })).toBeUndefined();
    expect(nicProblem(known, "a", { bridge: "vmbr0", mtu: 1 })).toBeUndefined();
    expect(nicProblem(known, "a", { bridge: "vmbr9" })).toBe("lacks bridge vmbr9");
    expect(nicProblem(known, "b", { bridge: "vmbr9" })).toBeUndefined();
  });
});
