import fc from "fast-check"; // generates cases and shrinks the ones that fail
import { expect } from "vitest";
import type { Guest } from "../../lab/proxmox/guest";
import { context } from "../../providers/context";
import { containerHandler } from "../../providers/proxmox/nodes/lxc/container.handler";
import {
  type ContainerInputs,
  changedContainerFields,
  managedOfContainer,
} from "../../providers/proxmox/nodes/lxc/container.model";
import { vmHandler } from "../../providers/proxmox/nodes/qemu/vm.handler";
import { changedVmFields, managedOfVm, type VmInputs } from "../../providers/proxmox/nodes/qemu/vm.model";
import { anyContainer, anyVm } from "./generated";
import type { TestSystems } from "./systems";

type ByHand = (guest: Guest, systems: TestSystems) => void;

const set =
  (key: string, value: string | number): ByHand =>
  ({ config }) =>
    void config.set(key, value);
const haOf: ByHand = (guest, systems) => {
  const sid = `${guest.type === "qemu" ? "vm" : "ct"}:${guest.vmid}`;
  systems.lab.proxmox.get("pve-lab")?.cluster.ha.resources.set(sid, { sid, state: "ignored" });
};
const halfMemory: ByHand = ({ config }) => void config.set("memory", Number(config.get("memory") ?? 512) + 16);
const power: ByHand = (guest) => {
  guest.running = !guest.running;
};
const more =
  (key: string): ByHand =>
  ({ config }) =>
    void config.set(key, Number(config.get(key) ?? 1) + 1);

/** One change by hand of every field that is managed here; a pool and a node are another test's. */
const vmByHand: Partial<Record<(typeof managedOfVm)[number], ByHand>> = {
  name: set("name", "by-hand-99"),
  description: set("description", "overwritten"),
  tags: set("tags", "by-hand-99"),
  cores: more("cores"),
  sockets: more("sockets"),
  memory: halfMemory,
  ha: haOf,
  options: ({ config }) => void config.set("onboot", config.get("onboot") === 1 ? 0 : 1),
  disks: set("scsi20", "ceph:vm-1-disk-20,size=1G"),
  networks: set("net31", "virtio=BC:24:11:00:00:99,bridge=vmbr0"),
  cloudInit: set("ciuser", "by-hand"),
  power,
};
const containerByHand: Partial<Record<(typeof managedOfContainer)[number], ByHand>> = {
  name: set("hostname", "by-hand-99"),
  description: set("description", "overwritten"),
  tags: set("tags", "by-hand-99"),
  cores: more("cores"),
  memory: halfMemory,
  ha: haOf,
  options: ({ config }) => void config.set("onboot", config.get("onboot") === 1 ? 0 : 1),
  disks: set("mp9", "ceph:vm-1-disk-20,mp=/x,size=1G"),
  networks: set("net31", "name=eth31,bridge=vmbr0,hwaddr=BC:24:11:00:00:99,type=veth"),
  nameservers: set("nameserver", "192.0.2.99"),
  searchDomain: set("searchdomain", "by-hand.example"),
  power,
};

const kinds = {
  qemu: { handler: vmHandler, any: anyVm, changed: changedVmFields, byHand: vmByHand, managed: managedOfVm },
  lxc: {
    handler: containerHandler,
    any: anyContainer,
    changed: changedContainerFields,
    byHand: containerByHand,
    managed: managedOfContainer,
  },
};

/**
 * Whatever a guest should be: made, read back, it shows no difference; and each field that is changed by hand shows as just
 * that field.
 */
export async function guestsHaveNoDriftButTheirOwn(
  systems: TestSystems,
  type: "qemu" | "lxc",
  first: number,
  runs: number,
) {
  const { handler, any, changed, byHand, managed } = kinds[type];
  const { cluster } = systems.lab.proxmox.get("pve-lab") ?? expect.unreachable("the seed has that cluster");
  expect(Object.keys(byHand).sort()).toEqual(managed.filter((field) => field !== "pool" && field !== "node").sort());
  let vmid = first;
  const guests: fc.Arbitrary<VmInputs | ContainerInputs> = fc
    .constant(0)
    .chain((): fc.Arbitrary<VmInputs | ContainerInputs> => any(++vmid, "netbox-proxmox/test"));
  await fc.assert(
    fc.asyncProperty(guests, async (wanted) => {
      const made = await handler.create({ ...wanted });
      const read = async () => {
        context().cluster("pve-lab").forget();
        return (await handler.read(made.id, { ...made.state })) ?? expect.unreachable("it was just made");
      };
      expect(handler.diff({ ...(await read()).state }, { ...wanted })).toEqual({ changes: false });
      const guest = cluster.guests.get(wanted.vmid) ?? expect.unreachable("it was just made");
      const before = { config: new Map(guest.config), running: guest.running };
      for (const [field, change] of Object.entries(byHand)) {
        change(guest, systems);
        expect(changed((await read()).state, wanted), field).toEqual([field]);
        guest.config.clear();
        for (const [key, value] of before.config) guest.config.set(key, value);
        guest.running = before.running;
        cluster.ha.remove(guest);
      }
      guest.config.delete("protection");
      context().cluster("pve-lab").forget();
      await handler.delete(made.id, { ...made.state });
      expect(cluster.guests.has(wanted.vmid)).toBe(false);
    }),
    { numRuns: runs, endOnFailure: true },
  );
}
