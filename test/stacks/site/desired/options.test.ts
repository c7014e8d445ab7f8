import { describe, expect, it } from "vitest";
import type { NetboxVirtualMachine } from "../../../../providers/netbox/schemas";
import { changedFields } from "../../../../providers/proxmox/nodes/guest.model";
import { readSettings } from "../../../../stacks/settings";
import { diskOptionsOf, optionsOfGuest } from "../../../../stacks/site/desired/options";

function settings(defaults: object = {}) {
  const config: Record<string, object> = { defaults };
  const read = readSettings({ get: (key) => (config[key] ? JSON.stringify(config[key]) : undefined) }, ["c"]);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

const guest = (fields: Partial<NetboxVirtualMachine> = {}): NetboxVirtualMachine => ({
  id: 1,
  name: "one",
  status: "active",
  clusterId: 1,
  clusterName: "c",
  site: undefined,
  tenant: undefined,
  platform: undefined,
  device: undefined,
  role: undefined,
  vcpus: 2,
  memory: 1024,
  description: "",
  comments: "",
  tags: [],
  primaryIds: { 4: undefined, 6: undefined },
  context: {},
  startOnBoot: undefined,
  customFields: new Map<string, string>(),
  linked: { role: undefined, platform: undefined, tenant: undefined, site: undefined, device: undefined, tags: [] },
  ...fields,
});

function chosen(fields: Partial<NetboxVirtualMachine>, defaults: object = {}) {
  const problems: string[] = [];
  const options = optionsOfGuest(guest(fields), "qemu", settings(defaults), (text) => problems.push(text));
  return { options, problems };
}

describe("the options of a guest", () => {
  it("come from NetBox's fields, custom fields, config context and the stack's defaults, in that order", () => {
    const { options, problems } = chosen(
      {
        startOnBoot: "on",
        customFields: new Map([
          ["proxmox_option_onboot", "false"],
          ["proxmox_option_cpu", "host"],
        ]),
        context: { proxmox: { options: { cpu: "kvm64", vga: "serial0" } } },
      },
      { options: { vga: "std", agent: 1, numa: true } },
    );
    expect(problems).toEqual([]);
    expect(options).toEqual({ agent: "enabled=1", cpu: "cputype=host", numa: 1, onboot: 1, vga: "type=serial0" });
  });

  it("are none where nobody names any, and a fraction of a CPU is a limit", () => {
    expect(chosen({}).options).toBeUndefined();
    expect(chosen({ startOnBoot: "off" }).options).toBeUndefined();
    expect(chosen({ startOnBoot: "laststate" }).options).toEqual({ onboot: 1 });
    expect(chosen({ vcpus: 1.5 }).options).toEqual({ cpulimit: 1.5 });
  });

  it("are compared where somebody names them: what an earlier run was told says nothing", () => {
    const diff = (before: object, after: object) =>
      changedFields(["options"], { options: before }, { options: after }).length > 0;
    expect(diff({ onboot: 0, cpu: "cputype=host" }, { cpu: "cputype=host" })).toBe(false);
    expect(diff({ onboot: 0 }, { onboot: 1 })).toBe(true);
    expect(diff({}, { onboot: 1 })).toBe(true);
  });

  it("that won't do are told with where they stand and what would do", () => {
    const { problems } = chosen({
      customFields: new Map([["proxmox_option_bios", "efi"]]),
      context: { proxmox: { options: { cores: 4, balloon: 4096, startup: "first", agent: { enabled: 1 } } } },
    });
    expect(problems).toEqual([
      'custom field proxmox_option_bios: "efi" won\'t do; write seabios, ovmf',
      expect.stringMatching(
        /^proxmox.options.cores of its config context: is no option that can be set \(these can: onboot, .*serial0 to serial3/,
      ),
      'proxmox.options.startup of its config context: "first" won\'t do; write a value like order=1',
      "proxmox.options.agent of its config context holds no plain value; write enabled=1",
      "a balloon of 4096 MiB is more than its 1024 MB of memory; lower it, or give it more",
    ]);
  });

  it("of disks and network devices come from their custom fields, then the stack; a bus lacks some", () => {
    const of = (name: string, fields: [string, string][]) => {
      const problems: string[] = [];
      const customFields = new Map(fields.map(([key, value]): [string, string] => [`proxmox_option_${key}`, value]));
      const all = settings({ diskOptions: { ssd: 1, discard: "on" } });
      const disk = { id: 1, name, guestId: 1, size: 1000, customFields };
      return { options: diskOptionsOf(disk, guest(), "qemu", all, (text) => problems.push(text)), problems };
    };
    expect(of("scsi0", [["discard", "ignore"]])).toEqual({ options: { discard: "ignore", ssd: 1 }, problems: [] });
    expect(of("virtio1", [])).toEqual({ options: { discard: "on" }, problems: [] });
    expect(of("virtio1", [["ssd", "1"]]).problems).toEqual([
      "virtual disk virtio1 can't have ssd, which virtio disks lack; empty that custom field, or use scsi",
    ]);
    expect(of("scsi0", [["cache", "fast"]]).problems).toEqual([
      expect.stringMatching(/^custom field proxmox_option_cache of scsi0: "fast" won't do; write none, writethrough/),
    ]);
  });

  it("of the stack are checked with its settings", () => {
    const config = JSON.stringify({ options: { scsihw: "fast" } });
    const read = readSettings({ get: (key) => (key === "defaults" ? config : undefined) }, []);
    expect("problems" in read && read.problems).toMatchObject([
      { key: expect.stringContaining("defaults"), problem: expect.stringContaining('"fast" won\'t do') },
    ]);
  });
});
