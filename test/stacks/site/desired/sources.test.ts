import { describe, expect, it } from "vitest";
import type { NetboxVirtualMachine } from "../../../../providers/netbox/schemas";
import type { GuestResource } from "../../../../providers/proxmox/schemas";
import { templateIdOf } from "../../../../stacks/site/desired/sources";

const there = (vmid: number, name: string, more: Partial<GuestResource> = {}): GuestResource => ({
  vmid,
  name,
  node: "a",
  type: "qemu",
  status: "stopped",
  template: true,
  tags: [],
  memory: 1,
  hasHa: false,
  ...more,
});
const guests = [
  there(9004, "noble", { node: "b" }),
  there(9003, "noble"),
  there(9001, "noble", { tags: ["superseded"] }),
  there(100, "noble", { template: false }),
  there(9100, "noble", { type: "lxc" }),
];
const fields = { template: "proxmox_vm_templates", node: "proxmox_node" };
const guest = (customFields: Record<string, string>, platform?: string): NetboxVirtualMachine =>
  ({ customFields: new Map(Object.entries(customFields)), platform }) as NetboxVirtualMachine;

describe("a guest's template", () => {
  it.each([
    ["by its id", { proxmox_vm_templates: "9001" }, {}, 9001],
    ["by name: the current one, with the lowest id", { proxmox_vm_templates: "noble" }, {}, 9003],
    ["by name: that of its node", { proxmox_vm_templates: "noble", proxmox_node: "b" }, {}, 9004],
    ["by name, of the defaults", {}, { template: "noble" }, 9003],
    ["by name, of its platform", {}, { templates: { ubuntu: "noble" }, template: 9001 }, 9003],
    ["by a name that nothing has", { proxmox_vm_templates: "focal" }, {}, Number.NaN],
    ["not at all, by NPA's stub", { proxmox_vm_templates: "-1" }, {}, undefined],
  ])("is found %s", (_how, customFields, own, expected) => {
    expect(templateIdOf(guest(customFields, "ubuntu"), own, fields, guests)).toEqual(expected);
  });
});
