import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResourceStep, Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";
import { notInNetbox, sshKey } from "./cases/attribute";
import { containerAttributes } from "./cases/container";
import { vmAttributes } from "./cases/vm";

const attributes = [
  ...vmAttributes.map((each) => ({ ...each, type: "qemu", resource: "ProxmoxVm" })),
  ...containerAttributes.map((each) => ({ ...each, type: "lxc", resource: "ProxmoxContainer" })),
];

/** Guests whose disks go where the guest's own field says. */
const places = ["a-place", "c-place"];
const fieldsOf = (guest: string, type: string) => [
  ...(places.includes(guest) ? ["proxmox_vm_storage: ceph"] : []),
  ...(guest === "a-key" ? [`proxmox_public_ssh_key: "${sshKey("one")}"`] : []),
  ...(type === "lxc" ? ["proxmox_vm_type: lxc", 'proxmox_lxc_templates: "9100"'] : []),
];
const disksOf = (guest: string, type: string) =>
  [type === "lxc" ? "rootfs" : "scsi0", ...(guest === "a-detach" ? ["scsi5"] : [])].map(
    (name) =>
      `{ name: ${name}, size: ${type === "lxc" ? 4096 : 8192}${places.includes(guest) ? "" : ", customFields: { proxmox_disk_storage_volume: ceph }"} }`,
  );

const guests = attributes
  .map(({ guest, type }, n) =>
    [
      `- name: ${guest}`,
      // A volume of a running container can't be moved.
      ...(["c-storage", "c-place"].includes(guest) ? ["  status: offline"] : []),
      `  vcpus: ${type === "lxc" ? 1 : 2}`,
      `  memory: ${type === "lxc" ? 512 : 1024}`,
      `  customFields: { ${fieldsOf(guest, type).join(", ")} }`,
      `  disks: [${disksOf(guest, type).join(", ")}]`,
      `  interfaces: [{ name: net0, vlan: 71, addresses: [10.71.0.${100 + n}/24] }]`,
    ].join("\n"),
  )
  .join("\n");

const changedIn = ({ old, new: wanted }: ResourceStep): string[] =>
  [...new Set([...Object.keys(old), ...Object.keys(wanted)])].filter(
    (key) =>
      !["uuid", "system", "pending", "silent"].includes(key) &&
      JSON.stringify(old[key]) !== JSON.stringify(wanted[key]),
  );
const brief = (steps: ResourceStep[]) =>
  steps.map((step) => `${step.op} ${step.type} ${step.name}: ${changedIn(step).join(",")}`).sort();

const isMachine = (type: string) => type === "ProxmoxVm" || type === "ProxmoxContainer";

describe("every attribute of a guest", () => {
  let systems: TestSystems;
  let stack: Stack;
  const ids = new Map<string, number>();

  beforeAll(async () => {
    const seed = seedWith(guests);
    const field = (type: string, name: string, on: string) => ({ name, type, objectTypes: [`virtualization.${on}`] });
    seed.netbox.customFields.push(
      ...["discard", "efitype", "version", "quota"].map((name) =>
        field("text", `proxmox_option_${name}`, "virtualdisk"),
      ),
      field("boolean", "proxmox_option_firewall", "vminterface"),
      ...["proxmox_bridge", "proxmox_net_model"].map((name) => field("text", name, "vminterface")),
      ...["pool", "ha", "user", "search_domain"].map((name) => field("text", `proxmox_${name}`, "virtualmachine")),
    );
    systems = await TestSystems.open(seed);
    await systems.clients.proxmox("POST", "/pools", { poolid: "red" });
    await systems.clients.proxmox("POST", "/cluster/ha/resources", { sid: "vm:100" });
    const rule = { rule: "prefer-pve1", type: "node-affinity", nodes: "pve1", resources: "vm:100" };
    await systems.clients.proxmox("POST", "/cluster/ha/rules", rule);
    stack = await systems.stack();
    for (const { guest } of attributes) ids.set(guest, (await systems.clients.vm(guest)).id);
    expect((await stack.up()).errors).toEqual([]);
  });
  afterAll(() => systems.close());

  it("changed alone in NetBox previews exactly what up does", async () => {
    for (const { guest, inNetbox } of attributes) {
      const id = ids.get(guest) ?? 0;
      const patch = (body: Record<string, unknown>) =>
        systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
      const patchPart = async (path: string, body: Record<string, unknown>) => {
        const [part] = await systems.clients.all<{ id: number }>(path, `&virtual_machine_id=${id}`);
        return systems.clients.netbox("PATCH", `${path}/${part?.id}/`, body);
      };
      await inNetbox({ systems, id, patch, patchPart });
    }
    const changed = attributes.filter(({ inNetbox }) => inNetbox !== notInNetbox);
    const planned = await stack.preview();
    expect(planned.errors).toEqual([]);
    const none: ResourceStep = { op: "", type: "", token: "", name: "", old: {}, new: {}, inputs: {}, outputs: {} };
    for (const { guest, property, resource, also = [], alsoChanged = [] } of changed) {
      const steps = planned.steps.filter(
        ({ name, type, new: wanted }) =>
          (name === guest && isMachine(type)) || String(wanted.label).startsWith(`${guest} `),
      );
      const wantedProperty = guest === "a-sockets" ? ["cores"] : [property, ...alsoChanged];
      expect(steps.map((step) => `${step.op} ${step.type}`).sort(), guest).toEqual(
        [...also, resource].map((type) => `update ${type}`).sort(),
      );
      expect(changedIn(steps.find(({ type }) => type === resource) ?? none).sort(), guest).toEqual(wantedProperty);
    }
    expect(planned.steps.filter(({ type }) => type.startsWith("Proxmox"))).toHaveLength(changed.length);

    const done = await stack.up();
    expect(done.errors).toEqual([]);
    expect(brief(done.steps).map((line) => line.split(":")[0])).toEqual(
      brief(planned.steps).map((line) => line.split(":")[0]),
    );
    const found = new Map((await systems.clients.guests()).map((guest) => [guest.vmid, guest]));
    for (const { guest, made } of attributes) {
      const config = found.get(100_000 + (ids.get(guest) ?? 0))?.config ?? {};
      for (const [option, pattern] of Object.entries(made)) {
        if (pattern) expect(decodeURIComponent(String(config[option])), guest).toMatch(pattern);
        else expect(config[option], guest).toBeUndefined();
      }
    }
    expect(found.get(100_000 + (ids.get("a-power") ?? 0))?.status).toBe("stopped");
  });

  it("is no drift when nobody changed it", async () => {
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect(brief(again.steps)).toEqual([]);
    expect(again.code).toBe(0);
  });

  it("changed by hand on Proxmox shows in preview --refresh, and up takes it back", async () => {
    const before = await systems.inventory();
    const found = new Map((await systems.clients.guests()).map((guest) => [guest.vmid, guest]));
    for (const { guest, type, byHand } of attributes) {
      const vmid = 100_000 + (ids.get(guest) ?? 0);
      const path = `/nodes/${found.get(vmid)?.node}/${type}/${vmid}`;
      if (typeof byHand === "function") await byHand(path, systems);
      else await systems.clients.proxmox("PUT", `${path}/config`, byHand);
    }
    // A disk that grew can't shrink again: that one is said in the plan, and mended in NetBox.
    const refused = await stack.preview("--refresh");
    expect(refused.output).toContain("scsi0 can't shrink from 10G to 9G");
    const [disk] = await systems.clients.all<{ id: number }>(
      "virtualization/virtual-disks",
      `&virtual_machine_id=${ids.get("a-size")}`,
    );
    await systems.clients.netbox("PATCH", `virtualization/virtual-disks/${disk?.id}/`, { size: 10_240 });

    const planned = await stack.preview("--refresh");
    expect(planned.errors).toEqual([]);
    const seen = planned.steps.filter(({ op, type }) => op === "update" && type.startsWith("Proxmox"));
    for (const { guest, property } of attributes.filter(({ guest }) => guest !== "a-size")) {
      const step = seen.find(({ name, type }) => name === guest && isMachine(type));
      expect(step && changedIn(step), guest).toEqual([property]);
    }
    expect(seen).toHaveLength(attributes.length - 1);
    expect((await stack.up("--refresh")).errors).toEqual([]);
    const normal = (text: string) =>
      text
        .replace(/=BC:24:11:00:00:0\d/g, "=MAC")
        .replace(/,"unused\d+":"[^"]*"/g, "")
        .replace(/size=(9|10)G/g, "size")
        .replace(/-disk-\d+/g, "-disk-N")
        .replace(/,"sockets":"1"/g, ""); // said aloud, it is still the default
    expect(normal(await systems.inventory())).toBe(normal(before));
  });
});
