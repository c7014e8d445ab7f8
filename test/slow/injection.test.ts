import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// Texts that mean something to nsupdate, a shell, a property string or a terminal, in every field that takes any text.

const texts = [
  'x";\nsend\nupdate delete web.lab.example.\nsend',
  "a=b,c;d|e&f `id` $(id) $HOME 'q' \\\\ %41 %",
  "ünïcödé \u202Ertl\u202C 👩‍🔧 \u0085next",
  "tab\tand  two   blanks",
  "<script>alert(1)</script> <{%reset%}> \u001b[31mred",
];

const guest = (n: number) =>
  `- { name: i${n}, vcpus: 1, memory: 512, interfaces: [{ name: net0, vlan: 71, addresses: [{ address: 10.71.0.${n + 30}/24, dnsName: i${n}.lab.example }] }] }`;

describe("awkward texts in NetBox", () => {
  let systems: TestSystems;
  let stack: Stack;
  beforeAll(async () => {
    const seed = seedWith([...texts.map((_, n) => guest(n)), guest(20)].join("\n"));
    seed.netbox.customFields = seed.netbox.customFields.filter(({ name }) => name !== "proxmox_disk_storage_volume");
    seed.netbox.customFields.push(
      { name: "dns_txt", type: "text", objectTypes: ["ipam.ipaddress"] },
      { name: "proxmox_bridge", type: "text", objectTypes: ["virtualization.vminterface"] },
      { name: "proxmox_disk_storage_volume", type: "text", objectTypes: ["virtualization.virtualdisk"] },
    );
    systems = await TestSystems.open(seed);
    stack = await systems.stack({ site: { protect: false } });
    for (const [n, text] of texts.entries()) {
      const { id } = await systems.clients.vm(`i${n}`);
      await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, { comments: text });
      const [address] = await systems.clients.all<{ id: number }>("ipam/ip-addresses", `&virtual_machine_id=${id}`);
      await systems.clients.netbox("PATCH", `ipam/ip-addresses/${address?.id}/`, { custom_fields: { dns_txt: text } });
    }
  });
  afterAll(() => systems.close());

  it("are carried exactly, and do nothing else", async () => {
    await systems.clients.nsupdate("lab.example.", ["update add web.lab.example. 300 A 192.0.2.1"]);
    expect((await stack.up()).errors).toEqual([]);
    for (const [n, text] of texts.entries()) {
      const { config } = await systems.clients.guest(`i${n}`);
      expect(String(config.description).startsWith(`${text.trim()}\n\nManaged by Pulumi`), text).toBe(true);
    }
    const records = await systems.newRecords();
    expect(records).toContain("web.lab.example. A 192.0.2.1");
    expect(records.filter((line) => / TXT /.test(line) && !line.startsWith("_"))).toHaveLength(texts.length);
    // Read back and compared, each is what it was.
    const again = await stack.preview("--refresh", "--expect-no-changes");
    expect(again.steps.map(({ op, name }) => `${op} ${name}`)).toEqual([]);
  });

  it("that no field takes are refused in the plan, and nothing is changed", async () => {
    const before = await systems.inventory();
    const { id } = await systems.clients.vm("i20");
    const vm = `virtualization/virtual-machines/${id}/`;
    await systems.clients.netbox("PATCH", vm, { comments: "x".repeat(65_536) });
    const long = await stack.up();
    expect(long.output.replace(/\s+/g, " ")).toMatch(
      /i20 \(\S+\): its description and comments make 65\d{3} characters of notes, and PVE takes 8192; shorten them/,
    );
    await systems.clients.netbox("PATCH", vm, { comments: "", name: "i20;reboot" });
    expect((await stack.up()).output).toMatch(/is no valid hostname; rename it in NetBox/);
    await systems.clients.netbox("PATCH", vm, {
      name: "i20",
      local_context_data: { proxmox: { options: { cpu: "host\nargs: -x" }, bridge: "vmbr0,tag=1" } },
    });
    const [nic] = await systems.clients.all<{ id: number }>("virtualization/interfaces", `&virtual_machine_id=${id}`);
    await systems.clients.netbox("PATCH", `virtualization/interfaces/${nic?.id}/`, {
      custom_fields: { proxmox_bridge: "vmbr0,firewall=0" },
    });
    await systems.clients.netbox("POST", "virtualization/virtual-disks/", {
      virtual_machine: id,
      name: "scsi0",
      size: 8192,
      custom_fields: { proxmox_disk_storage_volume: "ceph:1,import-from=local" },
    });
    const context = (await stack.up()).output.replace(/\s+/g, " ");
    expect(context).toMatch(/proxmox.options.cpu of its config context/);
    expect(context).toMatch(/proxmox.bridge of its config context won't do/);
    expect(context).toMatch(/proxmox_bridge of net0: "vmbr0,firewall=0" is no bridge's or vnet's name/);
    expect(context).toMatch(/of virtual disk scsi0: "ceph:1,import-from=local" is no storage's name/);
    expect(await systems.inventory()).toBe(before);
  });
});
