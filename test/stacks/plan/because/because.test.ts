import { describe, expect, it } from "vitest";
import type { Changelog } from "../../../../providers/netbox/changelog";
import type { ChangelogEntry } from "../../../../providers/netbox/schemas";
import { printAllocation } from "../../../../providers/ownership/netbox";
import { customFieldsSchema } from "../../../../stacks/netbox/customfields";
import { becauseOf, type ReasonFacts } from "../../../../stacks/plan/because/because";
import type { Because, Change } from "../../../../stacks/plan/change";
import { entry, guestChange, machineEntry, ownWrites, webUrn } from "../../../harness/changelog";

const facts: ReasonFacts = {
  netboxUrl: "https://netbox.example.com",
  customFields: customFieldsSchema.parse({}),
  own: ownWrites,
};

const reasons = (
  change: Change,
  entries: ChangelogEntry[],
  more: Partial<ReasonFacts> = {},
  user?: string,
): Because[] => {
  const log: Changelog = { entries, ...(user === undefined ? {} : { user }) };
  return becauseOf([change], log, { ...facts, ...more })[0]?.because ?? [];
};
const told = (all: Because[]) =>
  all.map((each) =>
    each.reason === "netbox"
      ? `${each.user} ${each.action}d ${each.object}`
      : [each.reason, ...Object.values(each).slice(1)].join(" "),
  );

const memory = guestChange({ memory: [2048, 4096] });

describe("a change's reason in NetBox's change log", () => {
  it("is who changed the field that it comes from, with time, message, request and page", () => {
    const made = machineEntry({ memory: 2048 }, { memory: 4096 }, { message: "ticket 4711" });
    expect(reasons(memory, [made])).toEqual([
      {
        reason: "netbox",
        user: "anna",
        time: made.time,
        action: "update",
        object: "VM web01",
        message: "ticket 4711",
        request: made.request,
        url: `https://netbox.example.com/core/changelog/${made.id}/`,
      },
    ]);
  });

  it("is the latest that touched the field, and not a later one that touched another", () => {
    const entries = [
      machineEntry({ memory: 1024 }, { memory: 2048 }, { user: "bert" }),
      machineEntry({ memory: 2048 }, { memory: 4096 }),
      machineEntry({ comments: "" }, { comments: "x" }, { user: "carl" }),
    ];
    expect(told(reasons(memory, entries))).toEqual(["anna updated VM web01"]);
  });

  it("names each author of a change of several fields, the latest first, and one request once", () => {
    const request = "one";
    const entries = [
      machineEntry({ memory: 2048 }, { memory: 4096 }, { user: "bert" }),
      entry(
        "virtualization.virtualdisk",
        700,
        { virtual_machine: 7, size: 10 },
        { virtual_machine: 7, size: 20 },
        { request, text: "scsi0" },
      ),
      machineEntry({ vcpus: "1.00" }, { vcpus: "2.00" }, { request }),
    ];
    const change = guestChange({ memory: [2048, 4096], disks: [{}, { scsi0: { size: "20G" } }], cores: [1, 2] });
    expect(told(reasons(change, entries))).toEqual(["anna updated VM web01", "bert updated VM web01"]);
  });

  it("is a new virtual disk, and one that is gone, though no facts have it any more", () => {
    const disk = { virtual_machine: 7, name: "scsi1", size: 10 };
    const grown = guestChange({ disks: [{}, { scsi1: {} }] }, { from: ["virtualization.virtualmachine/7"] });
    const made = entry("virtualization.virtualdisk", 701, {}, disk, { text: "scsi1" });
    const gone = entry("virtualization.virtualdisk", 701, disk, {}, { text: "scsi1", user: "bert" });
    expect(told(reasons(grown, [made]))).toEqual(["anna created virtual disk scsi1"]);
    expect(told(reasons(grown, [made, gone]))).toEqual(["bert deleted virtual disk scsi1"]);
  });

  it.each<[string, keyof typeof objects]>([
    ["a VLAN that got another number", "ipam.vlan/30"],
    ["a MAC address object", "dcim.macaddress/40"],
    ["an interface", "virtualization.vminterface/70"],
  ])("is %s that the network device comes from", (_what, ref) => {
    const [before, after] = objects[ref];
    const [type = "", id = ""] = ref.split("/");
    const change = guestChange({ networks: [{}, {}] }, { from: ["virtualization.virtualmachine/7", ref] });
    expect(told(reasons(change, [entry(type, Number(id), before, after)]))).toHaveLength(1);
    expect(told(reasons({ ...change, from: [] }, [entry(type, Number(id), before, after)]))).toEqual(["unknown"]);
  });
  const objects = {
    "ipam.vlan/30": [{ vid: 30 }, { vid: 31 }],
    "dcim.macaddress/40": [{ mac_address: "02:00:00:00:00:01" }, { mac_address: "02:00:00:00:00:02" }],
    "virtualization.vminterface/70": [
      { virtual_machine: 7, mtu: null },
      { virtual_machine: 7, mtu: 9000 },
    ],
  } as const;

  it("is the config context that says so, of those that apply to the guest", () => {
    const from: Change["from"] = ["virtualization.virtualmachine/7", "dcim.devicerole/3", "virtualization.cluster/1"];
    const change = guestChange({ pool: ["a", "b"] }, { from });
    const context = (id: number, more: Record<string, unknown>) =>
      entry(
        "extras.configcontext",
        id,
        { data: { proxmox: { pool: "a" } }, ...more },
        { data: { proxmox: { pool: "b" } }, ...more },
        { text: `context ${id}` },
      );
    expect(told(reasons(change, [context(1, { roles: [3] }), context(2, { roles: [9] })]))).toEqual([
      "anna updated config context context 1",
    ]);
    const unrelated = entry(
      "extras.configcontext",
      3,
      { data: { proxmox: { ha: "x" } } },
      { data: { proxmox: { ha: "y" } } },
    );
    expect(told(reasons(change, [unrelated]))).toEqual(["unknown"]);
  });

  it("is a role that brought another context, where nobody changed the context", () => {
    const change = guestChange({ pool: ["a", "b"] });
    expect(told(reasons(change, [machineEntry({ role: 1 }, { role: 2 })]))).toEqual(["anna updated VM web01"]);
  });

  it("says who deleted, or decommissioned, what is deleted", () => {
    const removal = guestChange({}, { action: "delete", effects: ["removes"] });
    const interfaceGone = entry(
      "virtualization.vminterface",
      70,
      { virtual_machine: 7 },
      {},
      { request: "r", user: "bert" },
    );
    const gone = machineEntry({ name: "web01", status: "active" }, {}, { request: "r", user: "bert" });
    expect(told(reasons(removal, [interfaceGone, gone]))).toEqual(["bert deleted VM web01"]);
    const decommissioned = machineEntry({ status: "active" }, { status: "decommissioning" });
    const noted = machineEntry({ comments: "" }, { comments: "gone" }, { user: "carl" });
    expect(told(reasons(removal, [decommissioned, noted]))).toEqual(["anna updated VM web01"]);
  });

  it("says who made what is new", () => {
    const made = machineEntry({}, { name: "web01", status: "active" });
    const sized = machineEntry({ memory: null }, { memory: 1024 }, { user: "bert" });
    expect(told(reasons(guestChange({}, { action: "create" }), [made, sized]))).toEqual(["anna created VM web01"]);
  });

  it("is any entry of its objects, where none touched just that field", () => {
    const moved = machineEntry({ site: 1 }, { site: 2 });
    expect(told(reasons(memory, [moved]))).toEqual(["anna updated VM web01"]);
  });
});

describe("what this program wrote into NetBox itself", () => {
  const description = printAllocation({ stack: "netbox-proxmox/test", interfaceId: 70, family: 4, ordinal: 0 });
  const from: Change["from"] = ["ipam.ipaddress/51", "virtualization.virtualmachine/7"];
  const change = guestChange({ cloudInit: [{}, {}] }, { from });
  const writes: [string, ChangelogEntry][] = [
    ["an address with its mark", entry("ipam.ipaddress", 51, {}, { address: "10.0.0.5/24", description })],
    ["a VMID", machineEntry({ custom_fields: { proxmox_vmid: null } }, { custom_fields: { proxmox_vmid: 100_007 } })],
    ["a primary address", machineEntry({ primary_ip4: null }, { primary_ip4: 51 })],
    ["a promotion", machineEntry({ status: "staged" }, { status: "active" })],
  ];

  it.each(writes)("is no reason: %s", (_what, write) => {
    expect(told(reasons(change, [write]))).toEqual(["unknown"]);
    expect(told(reasons(change, [{ ...write, user: "pulumi" }], {}, "pulumi"))).toEqual(["unknown"]);
  });

  it.each(writes)("is one where a person did it, who is another user than the token's: %s", (_what, write) => {
    expect(told(reasons(change, [write], {}, "pulumi"))).toHaveLength(1);
    expect(told(reasons(change, [write], {}, "pulumi"))[0]).toContain("anna");
  });

  it("is told from what a person does as the same user, by what was written", () => {
    const entries = [
      machineEntry({ custom_fields: { proxmox_vmid: null } }, { custom_fields: { proxmox_vmid: 4711 } }),
      machineEntry({ primary_ip4: 51 }, { primary_ip4: 52 }),
      machineEntry({ status: "staged", memory: 1 }, { status: "active", memory: 2 }),
      entry("ipam.ipaddress", 51, { address: "10.0.0.5/24", description }, {}),
    ];
    for (const each of entries) expect(told(reasons(change, [each], {}, "anna"))[0]).toContain("anna");
  });
});

describe("what no entry of the change log explains", () => {
  it("is the first run, where there was none", () => {
    expect(becauseOf([memory], undefined, facts)[0]?.because).toEqual([{ reason: "first run" }]);
  });

  it("is unknown, with the right that the token lacks, where it may not see the log", () => {
    const [first] = becauseOf([memory], { right: "core.view_objectchange" }, facts);
    expect(first?.because).toEqual([{ reason: "unknown", right: "core.view_objectchange" }]);
    expect(becauseOf([memory], {}, facts)[0]?.because).toEqual([{ reason: "unknown" }]);
  });

  const bridge = guestChange({ networks: [{ net0: { bridge: "a" } }, { net0: { bridge: "b" } }] });
  const sourcesOf: ReasonFacts["sourcesOf"] = (_change, property) =>
    property === "networks" ? [{ kind: "setting", name: "netbox-proxmox:defaults.bridge" }] : [];
  const key = "netbox-proxmox:defaults.bridge";

  it("is the setting that the value comes from", () => {
    expect(reasons(bridge, [], { sourcesOf })).toEqual([{ reason: "setting", key }]);
    expect(reasons(memory, [], { sourcesOf })).toEqual([{ reason: "unknown" }]);
  });

  it("is a setting that differs from the last run's before an entry that has nothing to do with it", () => {
    const noted = machineEntry({ comments: "" }, { comments: "x" });
    expect(told(reasons(bridge, [noted], { sourcesOf }))).toEqual(["anna updated VM web01"]);
    expect(reasons(bridge, [noted], { sourcesOf, changedSettings: [key] })).toEqual([{ reason: "setting", key }]);
    expect(reasons(bridge, [], { sourcesOf, changedSettings: [] })).toEqual([{ reason: "unknown" }]);
    const unit = "netbox-proxmox:site.ramBaseUnit";
    expect(reasons(memory, [], { changedSettings: [unit] })).toEqual([{ reason: "setting", key: unit }]);
  });

  it("is a line of the program's file, or another version of this program", () => {
    expect(reasons(memory, [], { placeOf: () => "vms.yml:12" })).toEqual([{ reason: "file", place: "vms.yml:12" }]);
    expect(reasons(memory, [], { isOtherVersion: true })).toEqual([{ reason: "version" }]);
  });
});

describe("drift", () => {
  const guest = { cluster: "pve-a", vmid: 105 };
  const drifted = (fields: string[]) => new Map([[webUrn, { fields, guest }]]);
  const task = (type: string, second: number, user = "root@pam", vmid = 105) => ({
    ...{ cluster: "pve-a", vmid, type, user, upid: `UPID:pve1:${type}:${second}` },
    time: new Date(Date.UTC(2026, 10, 28, 13, 0, second)).toISOString(),
  });

  it("is told without a task where none can have done it: a PUT of a configuration makes none", () => {
    const all = { drifted: drifted(["memory"]), tasks: [task("qmstart", 1)] };
    expect(reasons(memory, [], all)).toEqual([{ reason: "drift" }]);
  });

  it("has the last task that can have done it, of another's than this program", () => {
    const power = guestChange({ power: ["stopped", "running"] });
    const tasks = [
      task("qmstart", 1),
      task("qmstop", 2, "bert@pve"),
      task("qmshutdown", 3, "root@pam!pulumi"),
      task("qmstop", 4, "carl@pve", 106),
      task("qmconfig", 5),
    ];
    const all = { drifted: drifted(["power", "node"]), tasks, ownTokens: new Set(["root@pam!pulumi"]) };
    expect(reasons(power, [], all)).toEqual([
      {
        reason: "drift",
        task: { upid: "UPID:pve1:qmstop:2", user: "bert@pve", type: "qmstop", time: tasks[1]?.time },
      },
    ]);
  });

  it("says who destroyed a guest that is gone", () => {
    const all = { drifted: drifted([]), tasks: [task("qmdestroy", 1, "bert@pve"), task("qmstart", 2)] };
    const made = reasons(guestChange({}, { action: "create" }), [], all);
    expect(made).toMatchObject([{ reason: "drift", task: { type: "qmdestroy", user: "bert@pve" } }]);
  });

  it("is told beside what was changed in NetBox, field by field", () => {
    const both = guestChange({ memory: [2048, 4096], power: ["stopped", "running"] });
    const entries = [machineEntry({ memory: 2048 }, { memory: 4096 })];
    expect(told(reasons(both, entries, { drifted: drifted(["power"]) }))).toEqual(["anna updated VM web01", "drift"]);
  });

  it("of a zone has its serial before and after", () => {
    const serial = { before: 2026112801, after: 2026112802 };
    const name: Change = {
      ...guestChange({ records: [[], ["x"]] }),
      object: "name",
      urn: "urn:pulumi:test::netbox-proxmox::dns::web01",
      system: "DNS",
    };
    const found = reasons(name, [], {
      drifted: new Map([["urn:pulumi:test::netbox-proxmox::dns::web01", { fields: ["records"], serial }]]),
    });
    expect(found).toEqual([{ reason: "drift", serial }]);
  });
});
