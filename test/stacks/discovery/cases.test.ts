import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { agentView } from "../../../stacks/discovery/desired/agent";
import { isHostAddress } from "../../../stacks/discovery/desired/guest";
import { isReached } from "../../../stacks/discovery/desired/types";
import { readCluster } from "../../../stacks/discovery/facts";
import { Discovering, rowOf } from "../../harness/discovering";
import { seedWith, TestSystems } from "../../harness/systems";

// Guests and agents as users of other synchronisers report them, each with the thread that it is from. Run twice: the second run
// agrees with the first.

type Config = Record<string, string | number>;
interface Guest {
  vmid: number;
  type?: "qemu" | "lxc";
  node?: string;
  running?: boolean;
  template?: boolean;
  config: Config;
}

let systems: TestSystems | undefined;
afterEach(async () => {
  await systems?.close();
  systems = undefined;
});

const mac = (n: number) => `BC:24:11:00:00:${n.toString(16).padStart(2, "0").toUpperCase()}`;
const net = (n: number, more = "") => `virtio=${mac(n)},bridge=vmbr0${more}`;

async function open(...guests: Guest[]): Promise<{ there: TestSystems; discovering: Discovering }> {
  const seed = seedWith("[]");
  const lab = seed.proxmox["pve-lab"] ?? expect.unreachable("the demo has it");
  lab.guests = guests.map(({ type = "qemu", node = "pve1", running = false, template = false, ...rest }) => ({
    ...{ type, node, running, template },
    ...rest,
  }));
  systems = await TestSystems.open(seed, {}, "lab");
  const discovery = { site: "Lab", syncNodes: false };
  return { there: systems, discovering: await Discovering.open(systems, { discovery }) };
}

/** Runs twice. @returns what the first run said */
async function settled(discovering: Discovering) {
  const first = await discovering.run();
  const second = await discovering.plan();
  const moved = second.report.filter(({ change }) => !["same", "conflicting"].includes(change));
  expect(moved).toEqual([]);
  return first;
}

const machine = z.object({ id: z.number(), name: z.string(), status: z.object({ value: z.string() }) });
const machines = async (there: TestSystems) =>
  z
    .array(machine)
    .parse(await there.clients.all("virtualization/virtual-machines"))
    .map(({ name, status }) => `${name} ${status.value}`)
    .sort();
const addresses = async (there: TestSystems) =>
  (await there.clients.addresses())
    .map(({ address }) => address)
    .filter((text) => /^10\.9\./.test(text))
    .sort();

describe("guests as they are found", () => {
  it("have names with dots, underscores and blanks, the same name twice, or none", async () => {
    const { there, discovering } = await open(
      { vmid: 301, config: { name: "web.example.com", memory: 64 } },
      { vmid: 302, config: { name: "twin", memory: 64 } },
      { vmid: 303, config: { name: "TWIN", memory: 64 } },
      { vmid: 304, type: "lxc", config: { hostname: "under-score", memory: 64, rootfs: "local-lvm:1,size=1G" } },
      { vmid: 305, config: { memory: 64 } },
    );
    await settled(discovering);
    expect(await machines(there)).toEqual(
      ["TWIN (303) offline", "VM305 offline", "twin offline", "under-score offline", "web.example.com offline"].sort(),
    );
  });

  it("are locked, being backed up, or have a state of their own (netbox-pve-sync 7)", async () => {
    const { there, discovering } = await open(
      { vmid: 301, config: { name: "locked", memory: 64, lock: "backup" } },
      { vmid: 302, config: { name: "cloning", memory: 64, lock: "clone" } },
      { vmid: 303, running: true, config: { name: "on", memory: 64, lock: "migrate" } },
    );
    await settled(discovering);
    expect(await machines(there)).toEqual(["cloning offline", "locked offline", "on active"]);
  });

  it("have only a CD-ROM, an EFI disk, unused disks, or disks on a storage that is gone (netbox-agent 159)", async () => {
    const disks: Record<string, Config> = {
      cd: { ide2: "local:iso/a.iso,media=cdrom,size=600M" },
      none: { ide2: "none,media=cdrom" },
      efi: { efidisk0: "local-lvm:vm-303-disk-0,efitype=4m,size=4M" },
      unused: { unused0: "local-lvm:vm-304-disk-0" },
      gone: { scsi0: "removed:vm-305-disk-0,size=8G" },
      tiny: { scsi0: "local-lvm:vm-306-disk-0,size=528K" },
      linked: { scsi0: "local-lvm:base-9000-disk-0/vm-307-disk-0,size=8G" },
    };
    const names = Object.keys(disks);
    const { there, discovering } = await open(
      ...names.map((name, n) => ({ vmid: 301 + n, config: { name, memory: 64 } })),
    );
    // As they stand in the configuration, whatever became of the volumes.
    const { guests } = there.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has it");
    for (const [n, name] of names.entries())
      for (const [slot, text] of Object.entries(disks[name] ?? {})) guests.get(301 + n)?.config.set(slot, String(text));
    await settled(discovering);
    const found = z
      .array(z.object({ name: z.string(), size: z.number(), virtual_machine: z.object({ name: z.string() }) }))
      .parse(await there.clients.all("virtualization/virtual-disks"));
    expect(found.map(({ name, size, virtual_machine: vm }) => `${vm.name} ${name} ${size}`).sort()).toEqual(
      ["gone scsi0 8192", "linked scsi0 8192", "tiny scsi0 1"].sort(),
    );
  });

  it("have two NICs on one bridge, or share a MAC with another guest (netbox-sync 470)", async () => {
    const { there, discovering } = await open(
      { vmid: 301, config: { name: "two", memory: 64, net0: net(1), net1: net(2) } },
      { vmid: 302, config: { name: "copy", memory: 64, net0: net(1) } },
    );
    await settled(discovering);
    const found = z
      .array(
        z.object({
          name: z.string(),
          mac_address: z.string().nullable(),
          virtual_machine: z.object({ name: z.string() }),
        }),
      )
      .parse(await there.clients.all("virtualization/interfaces"));
    expect(found.map((each) => `${each.virtual_machine.name} ${each.name} ${each.mac_address}`).sort()).toEqual([
      `copy net0 ${mac(1)}`,
      `two net0 ${mac(1)}`,
      `two net1 ${mac(2)}`,
    ]);
  });

  it("are containers with ip=dhcp that nobody runs", async () => {
    const net0 = `name=eth0,hwaddr=${mac(1)},bridge=vmbr0,ip=dhcp,ip6=auto,type=veth`;
    const { there, discovering } = await open({
      ...{ vmid: 301, type: "lxc" as const },
      config: { hostname: "ct", memory: 64, rootfs: "local-lvm:1,size=1G", net0 },
    });
    await settled(discovering);
    expect(await machines(there)).toEqual(["ct offline"]);
    expect(await addresses(there)).toEqual([]);
  });

  it("swap their MACs: each keeps its object", async () => {
    const { there, discovering } = await open(
      { vmid: 301, config: { name: "a", memory: 64, net0: net(1) } },
      { vmid: 302, config: { name: "b", memory: 64, net0: net(2) } },
    );
    await settled(discovering);
    await there.clients.proxmox("PUT", "/nodes/pve1/qemu/301/config", { net0: net(2) });
    await there.clients.proxmox("PUT", "/nodes/pve1/qemu/302/config", { net0: net(1) });
    await settled(discovering);
    const found = z
      .array(z.object({ mac_address: z.string().nullable(), virtual_machine: z.object({ name: z.string() }) }))
      .parse(await there.clients.all("virtualization/interfaces"));
    expect(found.map((each) => `${each.virtual_machine.name} ${each.mac_address}`).sort()).toEqual([
      `a ${mac(2)}`,
      `b ${mac(1)}`,
    ]);
  });

  it("have addresses in NetBox that another guest has: they stay where they are (netbox-proxbox 566)", async () => {
    const drive = { ide2: "local-lvm:vm-301-cloudinit,media=cdrom" };
    const { there, discovering } = await open(
      { vmid: 301, config: { name: "a", memory: 64, net0: net(1), ipconfig0: "ip=10.9.0.5/24", ...drive } },
      { vmid: 302, config: { name: "b", memory: 64, net0: net(2), ipconfig0: "ip=10.9.0.5/24" } },
    );
    await settled(discovering);
    const [one, ...more] = z
      .array(z.object({ assigned_object: z.object({ virtual_machine: z.object({ name: z.string() }) }) }))
      .parse((await there.clients.all("ipam/ip-addresses")).filter((row) => JSON.stringify(row).includes("10.9.0.5/")));
    expect(more).toEqual([]);
    expect(one?.assigned_object.virtual_machine.name).toBe("a");
  });

  it("are devices in NetBox: the device stays, and the guest is a virtual machine beside it", async () => {
    const { there, discovering } = await open({ vmid: 301, config: { name: "box", memory: 64, net0: net(1) } });
    const [role, type, site] = await Promise.all([
      there.clients.netbox("POST", "dcim/device-roles/", { name: "Server", slug: "server", color: "000000" }),
      there.clients.netbox("POST", "dcim/manufacturers/", { name: "M", slug: "m" }).then((m) =>
        there.clients.netbox("POST", "dcim/device-types/", {
          model: "T",
          slug: "t",
          manufacturer: z.object({ id: z.number() }).parse(m).id,
        }),
      ),
      there.clients.all<{ id: number }>("dcim/sites").then(([first]) => first),
    ]).then((all) => all.map((each) => z.object({ id: z.number() }).parse(each).id));
    await there.clients.netbox("POST", "dcim/devices/", { name: "box", role, device_type: type, site });
    await settled(discovering);
    expect(await machines(there)).toEqual(["box offline"]);
    expect(await there.clients.all("dcim/devices", "&name=box")).toHaveLength(1);
  });

  it("went to another node while it was read: nothing of it changes, and the next run has it", async () => {
    const { there, discovering } = await open({ vmid: 301, config: { name: "mover", memory: 64 } });
    await settled(discovering);
    const gone = { system: "proxmox", call: "^GET .*/301/pending", how: "status", status: 500, times: 9 } as const;
    there.lab.set({ setup: "call", ...gone });
    expect(rowOf(await discovering.run(), 301)).toMatchObject({ change: "unreachable" });
    there.lab.set({ setup: "clear" });
    await settled(discovering);
    expect(await machines(there)).toEqual(["mover offline"]);
  });
});

describe("what agents say", () => {
  const view = (all: { name: string; mac?: string | undefined; addresses: string[] }[]) =>
    agentView(all.map(({ mac: own, ...each }) => ({ ...each, mac: own })));

  it("has interfaces without MACs, zones in addresses and lengths of -1 (icingaweb2-module-pve 2)", () => {
    const { addresses: found } = view([
      { name: "Ethernet", mac: mac(1).toLowerCase(), addresses: ["fe80::1%3/-1", "192.0.2.45/24", "192.0.2.46/-1"] },
      { name: "Loopback Pseudo-Interface 1", addresses: ["::1/-1", "127.0.0.1/-1"] },
    ]);
    expect(found[mac(1)]?.filter(isHostAddress)).toEqual(["192.0.2.45/24"]);
  });

  it("has hundreds of addresses of bridges and containers, none of which is a NIC's (netbox-proxbox 614)", () => {
    const veth = Array.from({ length: 200 }, (_, n) => ({
      ...{ name: `cali${n}`, mac: "ee:ee:ee:ee:ee:ee", addresses: ["169.254.1.1/32", `10.42.0.${n}/32`] },
    }));
    const docker = Array.from({ length: 200 }, (_, n) => ({
      ...{ name: `br-${n}`, mac: `02:42:00:00:00:${n.toString(16).padStart(2, "0")}`, addresses: [`172.18.${n}.1/16`] },
    }));
    const own = { name: "eth0", mac: mac(1), addresses: ["10.9.0.5/24"] };
    const { addresses: found, names, vlans } = view([...veth, ...docker, own]);
    expect([found[mac(1)], names?.[mac(1)], vlans]).toEqual([["10.9.0.5/24"], "eth0", []]);
  });
});

describe("a running container", () => {
  it("says its addresses, whose lengths PVE gives as text", async () => {
    const net0 = `name=eth0,hwaddr=${mac(1)},bridge=vmbr0,ip=10.9.0.7/24,ip6=2001:db8:9::7/64,type=veth`;
    const { there, discovering } = await open({
      ...{ vmid: 301, type: "lxc" as const, running: true },
      config: { hostname: "ct", memory: 64, rootfs: "local-lvm:1,size=1G", net0 },
    });
    await settled(discovering);
    const { guests } = there.lab.proxmox.get("pve-lab")?.cluster ?? expect.unreachable("the seed has it");
    guests.get(301)?.config.set("net0", net0.replace(/ip=[^,]+,ip6=[^,]+/, "ip=10.9.0.8/24"));
    const view = await readCluster(there.context().cluster("pve-lab"), {}, 5, []);
    const seen = isReached(view) ? view.machines.find(({ vmid }) => vmid === 301) : undefined;
    expect(seen?.agent).toMatchObject({ addresses: { [mac(1)]: ["10.9.0.8/24"] }, names: { [mac(1)]: "eth0" } });
  });
});
