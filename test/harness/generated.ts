import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { printMark } from "../../providers/ownership/mark";
import { tidyTags } from "../../providers/proxmox/nodes/guest.model";
import type { ContainerInputs } from "../../providers/proxmox/nodes/lxc/container.model";
import {
  containerOptions,
  diskOptions,
  guestOptions,
  lacking,
  type OptionTable,
  tidyOption,
  volumeOptions,
} from "../../providers/proxmox/nodes/options";
import type { VmInputs } from "../../providers/proxmox/nodes/qemu/vm.model";

/** Any value that an option can have, as a user may write it. */
function values(name: string, table: OptionTable): fc.Arbitrary<string | number> {
  const option = table[name];
  if (option?.choices) return fc.constantFrom(...option.choices);
  if (option?.kind === "flag") return fc.constantFrom<string | number>(0, 1, "on", "off", "true", "no");
  if (option?.kind === "integer") return fc.integer({ min: option.min ?? 0, max: option.max ?? 65_536 });
  if (option?.kind === "number") return fc.constantFrom(0, 0.5, 1.25, 4, 128);
  if (option?.kind === "list")
    return fc.shuffledSubarray(["network", "disk", "usb", "cpu"], { minLength: 1 }).map((list) => list.join(","));
  return fc.constant(option?.example ?? "order=scsi0");
}

/** Some options of a table, each with a value that it can have, as a user may write it. */
const written = (table: OptionTable, names: string[], most: number) =>
  fc
    .uniqueArray(fc.constantFrom(...names), { maxLength: most })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, values(name, table)]))));

/** The same in the tidy form that handlers get. */
const anyOf = (table: OptionTable, names: string[], most: number) =>
  written(table, names, most).map((options) =>
    Object.fromEntries(Object.entries(options).map(([name, value]) => [name, tidyOption(name, value, table) ?? ""])),
  );

// A snippet, a mapping and a device are things that the lab's node would have to have.
const vmNames = Object.keys(guestOptions).filter((name) => !/^(cicustom|hostpci|usb)/.test(name));

/** Some options of a virtual machine. */
export const anyOptions = written(guestOptions, Object.keys(guestOptions), 8);

const hostname = fc.stringMatching(/^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$/);
const notes = fc.oneof(
  fc.constant(""),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.constant("50% & <b>; a,b=c"),
);
const tags = fc.array(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,8}$/), { maxLength: 4 }).map(tidyTags);
const host = fc.integer({ min: 2, max: 250 });
const mebibytes = (least: number) => fc.integer({ min: least, max: least + 5000 }).map((size) => `${size}M`);
const tidySize = (size: string) => {
  const number = Number(size.slice(0, -1));
  return number % 1024 === 0 ? `${number / 1024}G` : size;
};
const nic = fc.record(
  {
    bridge: fc.constantFrom("vmbr0", "vmbr1"),
    tag: fc.integer({ min: 1, max: 4094 }),
    // The bridges' own: Proxmox VE takes no more.
    mtu: fc.integer({ min: 576, max: 1500 }),
    linkDown: fc.constant(true),
    options: fc.record({ firewall: fc.constantFrom(0, 1), rate: fc.integer({ min: 1, max: 500 }) }),
  },
  { requiredKeys: ["bridge"] },
);

const common = (vmid: number, stack: string) => {
  const mark = { stack, netboxUrl: "https://nb", netboxId: vmid };
  return {
    mark,
    shared: fc.record({
      name: hostname,
      note: notes,
      tags,
      cores: fc.integer({ min: 1, max: 16 }),
      memory: fc.integer({ min: 16, max: 65_536 }),
      power: fc.constantFrom("running" as const, "stopped" as const),
    }),
    base: { cluster: "pve-lab", vmid, mark, fullClone: true, storage: "ceph", ha: "none" },
  };
};
const described = (note: string, mark: VmInputs["mark"]) =>
  [note.replace(/\s+/g, " ").trim(), printMark(mark)].filter((part) => part !== "").join("\n\n");

/** PVE takes no balloon that is more than the memory. */
const fitting = <T extends { balloon?: string | number }>(options: T, memory: number): T =>
  options.balloon === undefined ? options : { ...options, balloon: Math.min(Number(options.balloon), memory) };

/** Any virtual machine, made from the lab's template. */
export function anyVm(vmid: number, stack: string): fc.Arbitrary<VmInputs> {
  const { mark, shared, base } = common(vmid, stack);
  const extra = fc.uniqueArray(fc.constantFrom("scsi1", "scsi7", "virtio1", "sata0", "ide0"), { maxLength: 3 });
  const disks = fc.tuple(mebibytes(3072), extra).chain(([root, slots]) =>
    fc.record(
      Object.fromEntries(
        ["scsi0", ...slots].map((slot) => {
          const bus = slot.replace(/\d+$/, "");
          const names = Object.keys(diskOptions).filter(
            (name) => name !== "detect_zeroes" && !lacking[name]?.includes(bus),
          );
          const size = slot === "scsi0" ? fc.constant(root) : mebibytes(1);
          return [slot, fc.record({ size: size.map(tidySize), options: anyOf(diskOptions, names, 3) })];
        }),
      ),
    ),
  );
  const networks = fc
    .uniqueArray(fc.constantFrom("net0", "net1", "net5"), { minLength: 1 })
    .chain((slots) =>
      fc.record(
        Object.fromEntries(
          slots.map((slot) => [
            slot,
            fc.tuple(nic, fc.constantFrom("virtio", "e1000", "vmxnet3")).map(([each, model]) => ({ model, ...each })),
          ]),
        ),
      ),
    );
  const cloudInit = fc.record(
    {
      user: fc.constantFrom("admin", "root", "ünï"),
      ipconfig: host.map((n) => ({ "0": `ip=10.71.0.${n}/24,gw=10.71.0.1` })),
      nameservers: fc.subarray(["10.71.0.53", "fd71::53"]),
      searchDomain: fc.constantFrom("lab.example", "inner.example"),
    },
    { requiredKeys: ["ipconfig", "user"] },
  );
  return fc
    .tuple(shared, fc.integer({ min: 1, max: 4 }), anyOf(guestOptions, vmNames, 8), disks, networks, cloudInit)
    .map(([{ note, ...rest }, sockets, options, diskMap, nets, init]) => ({
      ...base,
      ...rest,
      template: 9000,
      sockets,
      description: described(note, mark),
      options: { onboot: 0, ...fitting(options, rest.memory) },
      disks: diskMap,
      networks: nets,
      cloudInit: init,
    }));
}

/** Any container, cloned from the lab's or made from its OS template. */
export function anyContainer(vmid: number, stack: string): fc.Arbitrary<ContainerInputs> {
  const { mark, shared, base } = common(vmid, stack);
  const names = Object.keys(containerOptions).filter((name) => name !== "features");
  const keys = ["acl", "quota", "replicate", "ro", "backup", "mountoptions"];
  const rootKeys = keys.filter((name) => name !== "backup" && name !== "acl");
  const volumes = fc.record({
    rootfs: fc.record({ size: mebibytes(2048).map(tidySize), options: anyOf(volumeOptions, rootKeys, 2) }),
    mp0: fc.record({
      size: mebibytes(1).map(tidySize),
      options: anyOf(volumeOptions, keys, 2).map((options) => ({ ...options, mp: "/srv/data" })),
    }),
  });
  const networks = fc
    .uniqueArray(fc.constantFrom(0, 1, 5), { minLength: 1 })
    .chain((slots) =>
      fc.record(
        Object.fromEntries(
          slots.map((slot) => [
            `net${slot}`,
            fc.tuple(nic, host).map(([each, n]) => ({ name: `eth${slot}`, ...each, ip: `10.71.0.${n}/24` })),
          ]),
        ),
      ),
    );
  return fc
    .tuple(
      shared,
      anyOf(containerOptions, names, 6),
      volumes,
      networks,
      fc.constantFrom<number | string>(9100, "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"),
      fc.subarray(["10.71.0.53", "fd71::53"]),
      fc.constantFrom("lab.example", "inner.example"),
    )
    .map(([{ note, ...rest }, options, disks, nets, template, nameservers, searchDomain]) => ({
      type: "lxc" as const,
      ...base,
      ...rest,
      template,
      placement: "pve1",
      description: described(note, mark),
      options: { onboot: 0, ...options },
      disks,
      networks: nets,
      nameservers,
      searchDomain,
    }));
}
