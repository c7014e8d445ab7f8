import { afterEach, describe, expect, it } from "vitest";
import { sitePermissions } from "../../stacks/access/privileges";
import type { Stack, StackRun } from "../../tools/stack";
import { limitedNetboxToken } from "../harness/rights";
import { seedWith, TestSystems } from "../harness/systems";

// Each guard stops with a list and the way on, and nothing was changed: neither a system nor the state.

const guests = [1, 2, 3, 4]
  .map(
    (n) =>
      `- { name: g${n}, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.${n + 20}/24, dnsName: g${n}.lab.example }] }] }`,
  )
  .join("\n");

/** What the state names, without what it says of each. */
const names = (stack: Stack) => stack.resources().map(({ urn, id }) => ({ urn, id }));

describe("a system that is not what it was", () => {
  let systems: TestSystems | undefined;
  afterEach(() => systems?.close());

  async function built(): Promise<{ systems: TestSystems; stack: Stack }> {
    systems = await TestSystems.open(seedWith(guests));
    const stack = await systems.stack({ site: { protect: false, maxRemovals: 2 } });
    expect((await stack.up()).errors).toEqual([]);
    return { systems, stack };
  }

  it("empties no state on refresh: a NetBox that was restored from a back-up", async () => {
    const { systems: own, stack } = await built();
    const before = { inventory: await own.inventory(), state: names(stack) };
    for (const { id } of await own.clients.all<{ id: number }>("virtualization/virtual-machines"))
      await own.clients.netbox("DELETE", `virtualization/virtual-machines/${id}/`);
    const guestsAndNames = async () => (await own.inventory()).replace(/^10\.71\..*$/gm, "");
    const left = await guestsAndNames();
    // Without the program, as a plain `pulumi refresh` runs: the provider is alone then.
    const refused = await stack.start("refresh", ["--yes", "--skip-preview", "--run-program=false"]).done;
    expect(refused.output).toMatch(/4 resources of the kind netbox-\S+ are gone at once .*and 2 are allowed/s);
    expect(names(stack)).toEqual(before.state);
    expect(await guestsAndNames()).toBe(left);
  });

  it("takes no guest away: a NetBox that knows nothing of one, and not who deleted it", async () => {
    const { systems: own, stack } = await built();
    const blind = sitePermissions.map(({ objectTypes, ...rest }) => ({
      ...rest,
      objectTypes: objectTypes.filter((type) => type !== "core.objectchange"),
    }));
    const NETBOX_API_TOKEN = await limitedNetboxToken(own.clients, blind, "blind");
    await own.clients.netbox("DELETE", `virtualization/virtual-machines/${(await own.clients.vm("g1")).id}/`);
    const before = await own.inventory();
    const said = async (run: Promise<StackRun>) => (await run).output.replace(/\s+/g, " ");
    expect(await said(stack.preview())).toMatch(
      /g1 \(\S+, VMID 10000\d on pve-lab\) is taken away: deleted in NetBox by \S+ on 20/,
    );
    const restored = await own.stack({ site: { protect: false } }, "test", { env: { NETBOX_API_TOKEN } });
    expect(await said(restored.up())).toMatch(
      /g1 \([^)]+\) is not in NetBox any more, and its change log does not show/,
    );
    expect(await own.inventory()).toBe(before);
    restored.configure(own.config({ site: { protect: false, missing: "remove" } }));
    expect((await restored.up()).errors).toEqual([]);
    expect((await own.ourGuests()).map(({ name }) => name)).toEqual(["g2", "g3", "g4"]);
  });

  it("empties no state on refresh: a cluster of the same name without its guests", async () => {
    const { systems: own, stack } = await built();
    const state = names(stack);
    const { guests: machines } = own.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has it");
    const ours = [...machines.values()].filter(({ vmid }) => vmid > 100_000);
    for (const { vmid } of ours) machines.delete(vmid);
    const refused = await stack.refresh();
    expect(refused.output).toMatch(
      /4 resources of the kind proxmox-vm are gone at once \(pve-lab\/10000\d, .*and 2 are/s,
    );
    expect(names(stack)).toEqual(state);
    for (const guest of ours) machines.set(guest.vmid, guest);
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect(again.code, again.output).toBe(0);
  });

  it("is waited for: a node that is away changes no plan, and what is on it is taken for nobody's", async () => {
    const { systems: own, stack } = await built();
    const node = (offline: boolean) => own.lab.set({ setup: "node", node: "pve2", offline });
    const before = await own.inventory();
    expect(before).toContain('"node":"pve2"');
    node(true);
    const again = await stack.preview("--expect-no-changes");
    expect(again.errors).toEqual([]);
    expect(again.code).toBe(0);
    await own.clients.netbox("POST", "virtualization/virtual-machines/", { name: "late", cluster: 1 });
    const { id } = await own.clients.vm("late");
    const far = JSON.parse(before.split("\n").find((line) => line.includes('"node":"pve2"')) ?? "{}") as {
      vmid: number;
    };
    await own.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, {
      custom_fields: { proxmox_vmid: String(far.vmid) },
    });
    const refused = await stack.preview();
    expect(refused.output.replace(/\s+/g, " ")).toMatch(
      /late \(\S+\): VMID \d+ is on pve2, which is offline, so that nobody can say/,
    );
    await own.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, {
      custom_fields: { proxmox_vmid: null },
      local_context_data: { proxmox: { template: 9001 } },
    });
    expect((await stack.preview()).output.replace(/\s+/g, " ")).toMatch(
      /template 9001 is on pve2, which is offline; run/,
    );
    node(false);
    expect(await own.inventory()).toBe(before);
  });

  it("may be so where that is meant, and the next up makes what is missing", async () => {
    const { systems: own, stack } = await built();
    const { guests: machines, storages } =
      own.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has it");
    for (const { vmid, node } of [...machines.values()].filter((guest) => guest.vmid > 100_000)) {
      for (const { volid } of storages.owned(vmid)) storages.free(node, volid);
      machines.delete(vmid);
    }
    stack.configure(own.config({ site: { protect: false, maxRemovals: "100%" } }));
    expect((await stack.refresh()).errors).toEqual([]);
    expect((await stack.up()).errors).toEqual([]);
    expect((await own.ourGuests()).map(({ name }) => name)).toEqual(["g1", "g2", "g3", "g4"]);
  });
});

describe("a VMID that was used anew behind our back", () => {
  it("is left to whoever has it now: by update, refresh and teardown, with or without a mark of its own", async () => {
    const systems = await TestSystems.open(seedWith(guests));
    try {
      const { clients } = systems;
      const stack = await systems.stack({ site: { protect: false } });
      expect((await stack.up()).errors).toEqual([]);
      const marks = ["", "Managed by Pulumi stack other/prod from https://nb/virtualization/virtual-machines/7/"];
      for (const [n, description] of marks.entries()) {
        const { vmid, node } = await clients.guest(`g${n + 1}`);
        await clients.proxmox("POST", `/nodes/${node}/qemu/${vmid}/status/stop`);
        await clients.proxmox("DELETE", `/nodes/${node}/qemu/${vmid}`);
        await clients.proxmox("POST", `/nodes/${node}/qemu`, { vmid, name: `stranger${n}`, memory: 64, description });
      }
      const strangers = async () =>
        JSON.stringify((await clients.guests()).filter(({ name }) => name.startsWith("stranger")));
      const before = await strangers();
      for (const name of ["g1", "g2"])
        await clients.netbox("PATCH", `virtualization/virtual-machines/${(await clients.vm(name)).id}/`, {
          memory: 1024,
        });
      const updated = await stack.up();
      expect(updated.errors.join("\n")).toMatch(/VMID 10000\d is another guest's now/);
      expect(updated.errors.filter((error) => error.includes("another guest's now"))).toHaveLength(2);
      const again = await stack.up("--refresh");
      expect(again.output.replace(/\s+/g, " ")).toMatch(
        /Unable to create VM 10000\d g2 \S+ \S+ \(\S+\): VMID 10000\d on pve\d is taken by stranger1, which belongs to other\/prod \(https:\/\/nb\/\S+\)/,
      );
      // The program's plan is refused by now; a teardown needs none.
      expect((await stack.destroy("--run-program=false")).errors).toEqual([]);
      expect(await strangers()).toBe(before);
    } finally {
      await systems.close();
    }
  });
});

describe("an up that goes on past an error", () => {
  it("leaves a state that the next one can use, though what it deleted had dependents whose own step was skipped", async () => {
    const planned = guests
      .split("\n")
      .map((line, n) => (n < 2 ? line : line.replace("vcpus", "status: planned, vcpus")));
    const systems = await TestSystems.open(seedWith(planned.join("\n")));
    try {
      const stack = await systems.stack({ site: { protect: false } });
      expect((await stack.up()).errors).toEqual([]);
      const set = async (name: string, status: string) =>
        systems.clients.netbox("PATCH", `virtualization/virtual-machines/${(await systems.clients.vm(name)).id}/`, {
          status,
        });
      await set("g1", "decommissioning");
      await set("g3", "active");
      systems.lab.set({ setup: "call", system: "proxmox", call: "POST .*/status/start", how: "status", status: 503 });
      const failed = await stack.up();
      expect(failed.errors[0]).toMatch(/Unable to bring VM 100003 g3 .* 503/);
      const next = await stack.up();
      expect(next.code, next.output).toBe(0);
      expect((await systems.ourGuests()).map(({ name, status }) => `${name} ${status}`)).toEqual([
        "g2 running",
        "g3 running",
      ]);
      expect((await stack.preview("--refresh", "--expect-no-changes")).code).toBe(0);
    } finally {
      await systems.close();
    }
  });
});

describe("another automation on the same guests", () => {
  it("is refused while its event rules are enabled, and nothing is made", async () => {
    const systems = await TestSystems.open(seedWith(guests));
    try {
      const { id: hook } = (await systems.clients.netbox("POST", "extras/webhooks/", {
        name: "flask",
        payload_url: "http://127.0.0.1:9/vm",
      })) as { id: number };
      const { id: rule } = (await systems.clients.netbox("POST", "extras/event-rules/", {
        name: "proxmox-clone-vm-and-set-resources-flask-application",
        object_types: ["virtualization.virtualmachine"],
        event_types: ["object_created"],
        action_type: "webhook",
        action_object_type: "extras.webhook",
        action_object_id: hook,
      })) as { id: number };
      const stack = await systems.stack({ site: { protect: false } });
      const before = await systems.inventory();
      const refused = await stack.up();
      expect(refused.output.replace(/\s+/g, " ")).toMatch(
        /an event rule of netbox-proxmox-automation enabled, which acts on the same guests: proxmox-clone-vm-and-set-resources-flask-application \(\S+\/extras\/event-rules\/\d+\/\); disable it there/,
      );
      expect(await systems.inventory()).toBe(before);
      stack.configure(systems.config({ site: { protect: false, otherAutomation: "allow" } }));
      expect((await stack.preview()).errors).toEqual([]);
      stack.configure(systems.config({ site: { protect: false } }));
      await systems.clients.netbox("PATCH", `extras/event-rules/${rule}/`, { enabled: false });
      expect((await stack.preview()).errors).toEqual([]);
    } finally {
      await systems.close();
    }
  });
});
