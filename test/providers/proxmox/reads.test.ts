import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { printMark } from "../../../providers/ownership/mark";
import { get } from "../../../providers/registry";
import { seedWith, TestSystems } from "../../harness/systems";

// A refresh of many guests, of which one can't be read.

let systems: TestSystems;
let said: string[];
beforeAll(async () => {
  systems = await TestSystems.open(seedWith("[]"), {}, "lab");
  systems.context();
});
afterAll(() => systems.close());
afterEach(() => {
  systems.lab.set({ setup: "clear" });
  systems.lab.set({ setup: "node", node: "pve2", offline: false });
  vi.restoreAllMocks();
});

const guest = (vmid: number, node: string) => {
  const mark = { stack: "netbox-proxmox/test", netboxUrl: systems.endpoints.netbox.url, netboxId: vmid };
  return {
    ...{
      cluster: "pve-lab",
      vmid,
      name: `g${vmid}`,
      mark,
      description: printMark(mark),
      tags: [],
      power: "stopped",
      node,
    },
    ...{ template: 9000, fullClone: true, storage: "ceph", cloudInit: { ipconfig: {} } },
    networks: { net0: { model: "virtio", bridge: "vmbr0" } },
  };
};

async function made(vmid: number, node: string) {
  const { id, outs } = await get("proxmox-vm").create(guest(vmid, node));
  return { id, outs: outs ?? {} };
}

const read = async ({ id, outs }: { id: string; outs: Record<string, unknown> }) => {
  said = [];
  vi.spyOn(console, "warn").mockImplementation((text: string) => void said.push(text));
  return get("proxmox-vm").read?.(id, outs);
};

describe("a refresh", () => {
  it("keeps the state of a guest whose configuration can't be read, and says why", async () => {
    const [one, other] = [await made(501, "pve1"), await made(502, "pve1")];
    const times = 99;
    systems.lab.set({
      setup: "call",
      system: "proxmox",
      call: "^GET .*/501/pending",
      how: "status",
      status: 500,
      times,
    });
    expect(await read(one)).toEqual({ id: one.id, props: one.outs });
    expect(said).toEqual([expect.stringMatching(/^proxmox-vm pve-lab\/501 could not be read \(500/)]);
    expect(await read(other)).toEqual({ id: other.id, props: other.outs });
    expect(said).toEqual([]);
  });

  it("keeps the state of all guests of a node that is down, and says so once", async () => {
    const all = [await made(503, "pve2"), await made(504, "pve2")];
    systems.lab.set({ setup: "node", node: "pve2", offline: true });
    const [one, other] = all;
    if (one === undefined || other === undefined) return expect.unreachable();
    expect(await read(one)).toEqual({ id: one.id, props: one.outs });
    expect(said).toEqual([expect.stringMatching(/^Node pve2 gave no answer \(595/)]);
    expect(await read(other)).toEqual({ id: other.id, props: other.outs });
    expect(said).toEqual([]);
  });

  it("fails where the cluster refuses the token: that is no single guest's", async () => {
    const one = await made(505, "pve1");
    systems.lab.set({ setup: "call", system: "proxmox", call: "^GET .*/505/", how: "status", status: 401, times: 99 });
    await expect(read(one)).rejects.toThrow(/401/);
  });
});
