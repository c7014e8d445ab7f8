import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Context } from "../../../providers/context";
import { NetboxClient } from "../../../providers/netbox/client";
import { ipAllocationHandler } from "../../../providers/netbox/ipam/ipallocation.handler";
import {
  cluster,
  ipAddress,
  ipAddressFields,
  type NetboxVirtualMachine,
  virtualMachine,
  virtualMachineFields,
} from "../../../providers/netbox/schemas";
import { netboxGuestHandler } from "../../../providers/netbox/virtualization/guest.handler";
import { printMark } from "../../../providers/ownership/mark";
import { printAllocation } from "../../../providers/ownership/netbox";
import { get } from "../../../providers/registry";
import { HttpProxy } from "../../harness/proxy";
import { isReal } from "../../harness/services";
import { seedWith, TestSystems } from "../../harness/systems";

describe("NetBox", () => {
  let systems: TestSystems;
  let context: Context;
  let guestId: number;
  let interfaceId: number;
  let prefixId: number;

  beforeAll(async () => {
    systems = await TestSystems.open(seedWith("- { name: one, interfaces: [{ name: net0, vlan: 71 }] }"));
    context = systems.context();
    guestId = (await systems.clients.vm("one")).id;
    interfaceId = (await systems.clients.all<{ id: number }>("virtualization/interfaces"))[0]?.id ?? 0;
    prefixId = (await systems.clients.all<{ id: number }>("ipam/prefixes", "&prefix=10.71.0.0/24"))[0]?.id ?? 0;
  });
  afterAll(() => systems.close());

  const inputs = (changes: Record<string, unknown> = {}) => ({
    mark: { stack: "netbox-proxmox/test", netboxUrl: systems.endpoints.netbox.url, netboxId: guestId },
    label: "one net0",
    interfaceId,
    family: 4,
    ordinal: 0,
    given: false,
    from: [{ kind: "prefix", id: prefixId, text: "10.71.0.0/24" }],
    primary: true,
    ...changes,
  });

  it("takes the same name, so no answer is trusted that a filter did not make", async () => {
    const found = await context.netbox.list("virtualization/clusters", cluster, "id,name", { nosuchfilter: 1 });
    expect(found.map(({ name }) => name)).toEqual(["pve-lab"]);
  });

  it("allocates once, finds it again after an interrupted run, and takes it away", async () => {
    const first = await ipAllocationHandler.create(inputs());
    const again = await ipAllocationHandler.create(inputs());
    expect(again).toEqual(first);
    const vm = (await systems.clients.netbox("GET", `virtualization/virtual-machines/${guestId}/`)) as {
      primary_ip4: { id: number };
    };
    expect(vm.primary_ip4.id).toBe((first.state as { addressId: number }).addressId);
    expect((await ipAllocationHandler.read(first.id, { ...first.state }))?.state).toEqual(first.state);
    await ipAllocationHandler.delete(first.id, { ...first.state });
    await ipAllocationHandler.delete(first.id, { ...first.state });
    expect(await ipAllocationHandler.read(first.id, { ...first.state })).toBeUndefined();
    expect(await systems.ourAddresses()).toEqual([]);
  });

  it("keeps the decommissioned object of a guest that another stack marked, and its address", async () => {
    const description = printMark({ ...inputs().mark, stack: "netbox-proxmox/other" });
    await systems.clients.proxmox("POST", "/nodes/pve1/qemu", { vmid: 7001, name: "theirs", memory: 64, description });
    const path = `virtualization/virtual-machines/${guestId}/`;
    const state = { mark: inputs().mark, vmid: 7001, derived: true };
    const theirs = await ipAllocationHandler.create(
      inputs({ mark: { ...inputs().mark, stack: "netbox-proxmox/other" }, ordinal: 3, primary: false }),
    );
    await systems.clients.netbox("PATCH", path, { status: "decommissioning" });
    await netboxGuestHandler.delete(String(guestId), state);
    const { addressId } = theirs.state as { addressId: number };
    await ipAllocationHandler.delete(theirs.id, { ...theirs.state, mark: inputs().mark });
    expect(await systems.clients.netbox("GET", path)).toMatchObject({ id: guestId });
    expect(await systems.clients.netbox("GET", `ipam/ip-addresses/${addressId}/`)).toMatchObject({ id: addressId });
    await ipAllocationHandler.delete(theirs.id, { ...theirs.state });
    await systems.clients.proxmox("DELETE", "/nodes/pve1/qemu/7001", { purge: 1 });
    await systems.clients.netbox("PATCH", path, { status: "active" });
  });

  it("takes an address over under the stack's new name, which only its mark shows", async () => {
    const old = await ipAllocationHandler.create(inputs({ ordinal: 4, primary: false }));
    const mark = { ...inputs().mark, stack: "netbox-proxmox/renamed" };
    const wanted = { ...inputs({ ordinal: 4, primary: false }), ...old.state, mark };
    expect(ipAllocationHandler.diff({ ...old.state }, wanted).changes).toBe(true);
    vi.stubEnv("NETBOX_PROXMOX_FORMER_STACKS", "test");
    const state = await ipAllocationHandler.update(old.id, { ...old.state }, wanted);
    const { addressId } = state as { addressId: number };
    expect(state).toMatchObject({ addressId: (old.state as { addressId: number }).addressId });
    expect(await systems.clients.netbox("GET", `ipam/ip-addresses/${addressId}/`)).toMatchObject({
      description: `Managed by Pulumi stack netbox-proxmox/renamed (allocation ${interfaceId}/v4-4)`,
    });
    // Its checkpoint was lost: the state with the former name is not enough to delete by.
    expect(await ipAllocationHandler.read(old.id, { ...old.state })).toBeDefined();
    await expect(ipAllocationHandler.delete(old.id, { ...old.state })).rejects.toThrow(
      /former name netbox-proxmox\/test/,
    );
    await ipAllocationHandler.delete(old.id, { ...state });
    vi.unstubAllEnvs();
    expect(await systems.ourAddresses()).toEqual([]);
  });

  it("reads an address as the next run will want it, and as the last one did where nothing changed", async () => {
    const provider = get("netbox-ip-allocation");
    const { id, outs = {} } = await provider.create({ ...inputs({ ordinal: 7, dnsName: "one.lab.example" }) });
    expect(await provider.read?.(id, outs)).toEqual({ id, props: outs });
    const { addressId } = outs as { addressId: number };
    await systems.clients.netbox("PATCH", `ipam/ip-addresses/${addressId}/`, { address: "10.71.0.199/24" });
    const drifted = await provider.read?.(id, outs);
    const { mark: _mark, ...wanted } = inputs({ ordinal: 7, addressId, address: "10.71.0.199/24", primary: true });
    expect(drifted?.inputs).toEqual({ ...wanted, mark: outs.mark });
    await provider.delete?.(id, outs);
  });

  it("gives an address the new name of a renamed guest, while it has the name that the former one gave", async () => {
    const { id, state } = await ipAllocationHandler.create(inputs({ ordinal: 8, dnsName: "one.lab.example" }));
    const { addressId } = state as { addressId: number };
    const renamed = inputs({ ordinal: 8, addressId, dnsName: "two.lab.example", renames: "one.lab.example" });
    const name = async () =>
      ((await systems.clients.netbox("GET", `ipam/ip-addresses/${addressId}/`)) as { dns_name: string }).dns_name;
    expect(ipAllocationHandler.diff({ ...state }, renamed).changes).toBe(true);
    const after = await ipAllocationHandler.update(id, { ...state }, renamed);
    expect(await name()).toBe("two.lab.example");
    expect(after).not.toHaveProperty("renames");
    expect(ipAllocationHandler.diff({ ...after }, inputs({ ordinal: 8, addressId })).changes).toBe(false);
    // A name that somebody wrote since the plan is theirs.
    await systems.clients.netbox("PATCH", `ipam/ip-addresses/${addressId}/`, { dns_name: "theirs.lab.example" });
    await ipAllocationHandler.update(id, { ...after }, { ...renamed, dnsName: "three.lab.example" });
    expect(await name()).toBe("theirs.lab.example");
    await ipAllocationHandler.delete(id, { ...state });
  });

  it("reserves an address that a guest still uses, and frees it when that guest's allocation goes", async () => {
    const old = await ipAllocationHandler.create(inputs({ ordinal: 1, primary: false }));
    const { addressId, address } = old.state as { addressId: number; address: string };
    await systems.clients.netbox("DELETE", `ipam/ip-addresses/${addressId}/`);
    const next = await ipAllocationHandler.create(inputs({ avoid: [address.split("/")[0]] }));
    expect((next.state as { address: string }).address).not.toBe(address);
    const kept = (await systems.clients.addresses()).find((each) => each.address === address);
    expect(kept).toMatchObject({ status: { value: "reserved" }, assigned_object_id: null });
    await ipAllocationHandler.delete(old.id, { ...old.state });
    expect((await systems.clients.addresses()).find((each) => each.address === address)).toBeUndefined();
    await ipAllocationHandler.delete(next.id, { ...next.state });
  });

  it("gives no duplicate to many who ask at once, and both primaries of one guest stay", async () => {
    const six = (await systems.clients.all<{ id: number }>("ipam/prefixes", "&prefix=fd71::/64"))[0]?.id;
    const made = await Promise.all([
      ...Array.from({ length: 8 }, (_, ordinal) =>
        ipAllocationHandler.create(inputs({ ordinal, primary: ordinal === 0 })),
      ),
      ipAllocationHandler.create(inputs({ family: 6, from: [{ kind: "prefix", id: six, text: "fd71::/64" }] })),
    ]);
    const addresses = made.map(({ state }) => (state as { address: string }).address);
    expect(new Set(addresses).size).toBe(9);
    const vm = (await systems.clients.netbox("GET", `virtualization/virtual-machines/${guestId}/`)) as {
      primary_ip4: object | null;
      primary_ip6: object | null;
    };
    expect(vm.primary_ip4).not.toBeNull();
    expect(vm.primary_ip6).not.toBeNull();
    await Promise.all(made.map(({ id, state }) => ipAllocationHandler.delete(id, { ...state })));
  });

  it("never deletes what a person gave", async () => {
    const given = (await systems.clients.netbox("POST", "ipam/ip-addresses/", {
      address: "10.71.0.200/24",
      assigned_object_type: "virtualization.vminterface",
      assigned_object_id: interfaceId,
    })) as { id: number };
    const made = await ipAllocationHandler.create(
      inputs({ given: true, addressId: given.id, address: "10.71.0.200/24", from: [] }),
    );
    await ipAllocationHandler.delete(made.id, { ...made.state });
    expect((await context.netbox.find("ipam/ip-addresses", given.id, ipAddress, ipAddressFields))?.address).toBe(
      "10.71.0.200/24",
    );
  });

  it("keeps a person's addresses of a guest that is decommissioned, though NetBox deletes them with it", async () => {
    const { netbox: call } = systems.clients;
    type Row = { id: number };
    const [one] = await systems.clients.all<{ cluster: Row }>("virtualization/virtual-machines");
    const vm = (await call("POST", "virtualization/virtual-machines/", {
      name: "leaves",
      cluster: one?.cluster.id,
    })) as Row;
    const nic = (await call("POST", "virtualization/interfaces/", { name: "net0", virtual_machine: vm.id })) as Row;
    const mark = { stack: "netbox-proxmox/test", netboxUrl: systems.endpoints.netbox.url, netboxId: vm.id };
    const put = async (address: string, description = "") =>
      (await call("POST", "ipam/ip-addresses/", {
        ...{ address, description, assigned_object_type: "virtualization.vminterface", assigned_object_id: nic.id },
      })) as Row;
    const allocation = { stack: mark.stack, interfaceId: nic.id, family: 4, ordinal: 0 } as const;
    const [four, six, second] = [await put("10.71.0.210/24"), await put("fd71::210/64"), await put("10.71.0.211/24")];
    const others = await put("10.71.0.212/24", printAllocation({ ...allocation, stack: "netbox-proxmox/other" }));
    const ours = await put("10.71.0.213/24", printAllocation(allocation));
    await call("PATCH", `virtualization/virtual-machines/${vm.id}/`, {
      ...{ primary_ip4: four.id, primary_ip6: six.id, status: "decommissioning" },
    });
    await netboxGuestHandler.delete(String(vm.id), { mark, vmid: 777, derived: true });
    const left = await systems.clients.all<Row & { assigned_object_id: number | null; status: { value: string } }>(
      "ipam/ip-addresses",
    );
    const kept = left
      .filter(({ id }) => [four, six, second, others, ours].some((each) => each.id === id))
      .sort((a, b) => a.id - b.id);
    const free = (id: number) => ({ id, assigned_object_id: null, status: { value: "active" } });
    expect(kept).toMatchObject([four, six, second, others].map(({ id }) => free(id)));
    expect(
      await context.netbox.find("virtualization/virtual-machines", vm.id, virtualMachine, virtualMachineFields),
    ).toBe(undefined);
    for (const { id } of kept) await call("DELETE", `ipam/ip-addresses/${id}/`);
  });

  it("keeps what somebody else wrote between our look and our write, and deletes nothing that they changed", async () => {
    const proxy = await HttpProxy.open(systems.endpoints.netbox.url);
    const { token } = systems.endpoints.netbox;
    const between = new NetboxClient({ url: proxy.url, token, requestTimeout: 60 });
    const path = "virtualization/virtual-machines";
    const person = (body: object) => systems.clients.netbox("PATCH", `${path}/${guestId}/`, body);
    const asked: string[] = [];
    const change = (id: number, decide: (vm: NetboxVirtualMachine) => object | "delete" | undefined) =>
      between.change(path, id, virtualMachine, virtualMachineFields, (vm) => {
        asked.push(vm.comments);
        return decide(vm);
      });
    try {
      let writes = 0;
      proxy.before = async (method) => {
        if (method !== "GET" && writes++ === 0) await person({ comments: "by hand", status: "active" });
      };
      await person({ comments: "", status: "decommissioning" });
      const found = await change(guestId, ({ status }) => (status === "decommissioning" ? "delete" : undefined));
      expect(found?.status).toBe("active");
      expect(asked).toEqual(["", "by hand"]);
      writes = 0;
      asked.length = 0;
      await person({ comments: "" });
      await change(guestId, () => ({ description: "by us" }));
      expect(asked).toEqual(["", "by hand"]);
      expect(await systems.clients.netbox("GET", `${path}/${guestId}/`)).toMatchObject({
        comments: "by hand",
        description: "by us",
      });
      proxy.before = async (method) => {
        if (method !== "GET") await person({ comments: `again ${writes++}` });
      };
      await expect(change(guestId, () => ({ description: "never" }))).rejects.toThrow(
        /virtual-machines\/\d+\/ was changed by others five times while this wrote to it: run again/,
      );
      expect(await change(99_999, () => "delete")).toBeUndefined();
    } finally {
      await between.close();
      await proxy.close();
    }
  });

  it("refuses to call anything gone when another NetBox answers", async () => {
    const made = await ipAllocationHandler.create(inputs({ ordinal: 5 }));
    const elsewhere = {
      ...made.state,
      mark: { stack: "netbox-proxmox/test", netboxUrl: "https://other.example", netboxId: guestId },
    };
    await expect(ipAllocationHandler.read(made.id, elsewhere)).rejects.toThrow(
      /was recorded from https:\/\/other.example.*Nothing was changed/,
    );
    await ipAllocationHandler.delete(made.id, { ...made.state });
  });

  it("takes both kinds of token", async () => {
    if (isReal) return; // the real one has a v2 token only
    const v1 = new NetboxClient({
      url: systems.endpoints.netbox.url,
      token: "0123456789abcdef0123456789abcdef01234567",
      requestTimeout: 60,
    });
    expect((await v1.status()).version).toBe("4.7.3");
    await v1.close();
  });
});
