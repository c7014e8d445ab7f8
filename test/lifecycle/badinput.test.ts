import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../tools/stack";
import { seedWith, TestSystems } from "../harness/systems";

// Each mistake is one sentence with the object, its NetBox URL and the remedy, before anything is changed.

const guests = `
- { name: bad_name!, interfaces: [{ name: net0, addresses: [10.71.0.50/24] }] }
- { name: no-nic }
- { name: no-template, customFields: { proxmox_vm_templates: "9001" }, interfaces: [{ name: net0 }] }
- { name: no-drive, localContext: { proxmox: { template: 9002 } }, interfaces: [{ name: net0 }] }
- { name: small-disk, disks: [{ name: scsi0, size: 2048 }], interfaces: [{ name: net0 }] }
- { name: disk-name, disks: [{ name: Hard disk 1, size: 9216 }], interfaces: [{ name: net0 }] }
- { name: no-vlan, interfaces: [{ name: net0, mode: access }] }
- { name: outside, interfaces: [{ name: net0, addresses: [192.0.2.9/24] }] }
- { name: stranger, customFields: { proxmox_vmid: "100" }, interfaces: [{ name: net0 }] }
- { name: vmid-text, customFields: { proxmox_vmid: "one" }, interfaces: [{ name: net0 }] }
- { name: twin-a, customFields: { proxmox_vmid: "300" }, interfaces: [{ name: net0 }] }
- { name: twin-b, customFields: { proxmox_vmid: "300" }, interfaces: [{ name: net0 }] }
- { name: firmware, localContext: { proxmox: { options: { bios: efi } } }, interfaces: [{ name: net0 }] }
- { name: jumbo, interfaces: [{ name: net0, mtu: 9000 }] }
- { name: no-bridge, localContext: { proxmox: { bridge: vmbr9 } }, interfaces: [{ name: net0 }] }
- { name: no-node, customFields: { proxmox_node: pve1 }, device: pve2, interfaces: [{ name: net0 }] }
- { name: bad-context, localContext: { proxmox: { brigde: vmbr1, rebootPolicy: always } }, interfaces: [{ name: net0 }] }
- { name: no-password, localContext: { proxmox: { password: none } }, interfaces: [{ name: net0 }] }
- { name: bad-slot, disks: [{ name: mp0, size: 9216 }], interfaces: [{ name: net0 }] }
- { name: ct-paused, status: paused, customFields: { proxmox_vm_type: lxc, proxmox_lxc_templates: "9100" }, interfaces: [{ name: net0 }] }
- { name: ct-plain, customFields: { proxmox_vm_type: lxc }, interfaces: [{ name: net0 }] }
- name: ct-mount
  customFields: { proxmox_vm_type: lxc, proxmox_lxc_templates: "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst" }
  disks: [{ name: mp0, size: 1024 }]
  interfaces: [{ name: net0 }]
- name: ct-gone
  customFields: { proxmox_vm_type: lxc }
  localContext: { proxmox: { lxcTemplate: "local:vztmpl/none.tar.zst" } }
  interfaces: [{ name: net0 }]
- { name: tiny, memory: 8, interfaces: [{ name: net0 }] }
- { name: nowhere, interfaces: [{ name: net0, customFields: { allocate_from: "role:none" } }] }
`;

describe("mistakes in NetBox", () => {
  let systems: TestSystems;
  let stack: Stack;

  beforeAll(async () => {
    const seed = seedWith(guests.trim());
    const cluster = seed.proxmox["pve-lab"];
    if (cluster) {
      cluster.guests = cluster.guests.filter(({ vmid }) => vmid !== 9001);
      const bare = { name: "bare", scsi0: "ceph:3G", net0: "virtio,bridge=vmbr0" };
      cluster.guests.push({ vmid: 9002, type: "qemu", node: "pve1", template: true, running: false, config: bare });
    }
    systems = await TestSystems.open(seed);
    stack = await systems.stack();
  });
  afterAll(() => systems.close());

  it("are all said at once, each with its guest, its URL and what to do, and nothing is changed", async () => {
    const before = await systems.inventory();
    const refused = await stack.up();
    expect(refused.code).not.toBe(0);
    const said = async (name: string, what: RegExp) => {
      const { id } = await systems.clients.vm(name);
      const line = refused.output
        .split("\n")
        .find(
          (each) =>
            each.includes(`${name} (${systems.endpoints.netbox.url}/virtualization/virtual-machines/${id}/`) &&
            what.test(each),
        );
      expect(line, `${name}: ${what} in\n${refused.output}`).toBeDefined();
    };
    await said(
      "bad_name!",
      /its name has "_" in it, which no host name has; rename it in NetBox, for instance to bad-name/,
    );
    await said("no-nic", /has no interface; add one in NetBox/);
    await said("no-template", /9001 is no template on pve-lab; make it one/);
    await said(
      "no-drive",
      /template 9002 bare has no cloud-init drive; add one \(`qm set 9002 --ide2 STORAGE:cloudinit`\)/,
    );
    await said("small-disk", /scsi0 has 2G, less than the template's 3G; give it at least that/);
    await said("disk-name", /"Hard disk 1" is not named by its slot; rename it/);
    await said("no-vlan", /access mode without an untagged VLAN; choose its VLAN/);
    await said("outside", /192.0.2.9\/24 of interface net0 lies in no prefix of NetBox; add the prefix/);
    await said("stranger", /VMID 100 is taken on pve1 by firewall, which is not ours; give it another VMID/);
    await said("vmid-text", /proxmox_vmid holds "one"; write a VMID/);
    await said("twin-a", /have the same VMID 300; change one/);
    await said("firmware", /proxmox.options.bios of its config context: "efi" won't do; write seabios, ovmf/);
    await said("jumbo", /no node can take it: pve1 has bridge vmbr0 with an MTU of 1500, less than the 9000/);
    await said("no-bridge", /pve1 lacks bridge vmbr9; pve2 lacks bridge vmbr9/);
    await said("no-node", /its device is pve2, and its custom field proxmox_node names pve1; empty one/);
    await said("bad-context", /proxmox.brigde of its config context is no setting of a guest: is bridge meant\?/);
    await said(
      "bad-context",
      /proxmox.rebootPolicy of its config context won't do: Invalid option: expected one of "never"/,
    );
    await said(
      "no-password",
      /its password is named "none", and there is none; set it with `pulumi config set --secret/,
    );
    await said("bad-slot", /"mp0" is not named by its slot; rename it in NetBox to scsi0/);
    await said("ct-paused", /a container can't be paused; set it to offline or active/);
    await said("ct-plain", /no container template is named for it; set the custom field proxmox_lxc_templates/);
    await said("ct-mount", /virtual disk mp0 has no path in the container; write one, such as \/srv\/data/);
    await said("ct-mount", /no storage is named for its root file system; set the custom field proxmox_vm_storage/);
    await said("ct-mount", /it has no virtual disk rootfs; add one in NetBox/);
    await said(
      "ct-gone",
      /OS template local:vztmpl\/none.tar.zst is on no node of pve-lab; fetch it \(`pveam download`\)/,
    );
    await said("tiny", /8 MB of memory are less than PVE takes; write at least 16/);
    await said("nowhere", /asks for an address from "role:none", but NetBox has no such prefix/);
    expect(refused.output).not.toMatch(/^\s+at /m);
    expect(await systems.inventory()).toBe(before);
  });
});

describe("mistakes in the configuration", () => {
  let systems: TestSystems;

  beforeAll(async () => {
    systems = await TestSystems.open(
      seedWith(
        "- { name: one, disks: [{ name: scsi0, size: 8192 }], interfaces: [{ name: net0, vlan: 71, customFields: { allocate_from: vlan } }] }",
      ),
    );
  });
  afterAll(() => systems.close());

  const preview = async (changes: Record<string, unknown>, name: string): Promise<string> => {
    const stack = await systems.stack(changes, name);
    const { code, output } = await stack.preview();
    expect(code).not.toBe(0);
    expect(output).not.toMatch(/^\s+at .*\.js/m);
    return output;
  };

  it("are all said at once, each with its key and the command that sets it", async () => {
    const { site, defaults, ...config } = systems.config() as Record<string, Record<string, unknown>>;
    const output = await preview(
      {
        netbox: { ...config.netbox, url: "netbox.example", tokn: "x" },
        proxmox: {
          "pve-lab": { ...(config.proxmox?.["pve-lab"] as object), caFile: "/no/such.pem", taskTimeout: "long" },
        },
        bind9: { ns1: { ...(config.bind9?.ns1 as object), port: 99999, user: undefined } },
        site: { ...site, maxRemovals: "many" },
        defaults: { ...defaults, tempalte: 9000 },
        dns: { domain: "lab example" },
        clusters: { other: {} },
      },
      "settings",
    );
    for (const key of [
      "netbox-proxmox:netbox.url is wrong: write a URL",
      "netbox-proxmox:netbox.tokn is not a setting",
      'netbox-proxmox:proxmox["pve-lab"].caFile is wrong: there is no file /no/such.pem',
      'netbox-proxmox:proxmox["pve-lab"].taskTimeout is wrong: Invalid input: expected number',
      "netbox-proxmox:bind9.ns1.port is wrong",
      "netbox-proxmox:bind9.ns1.user is missing",
      "netbox-proxmox:site.maxRemovals is wrong",
      "netbox-proxmox:defaults.tempalte is not a setting: is template meant?",
      "netbox-proxmox:dns.domain is wrong",
      'netbox-proxmox:clusters["other"] names no cluster',
    ])
      expect(output.replace(/clusters\.other/g, 'clusters["other"]')).toContain(key);
    expect(output).toContain("pulumi config set --path 'netbox-proxmox:netbox.url' https://HOST");
  });

  it("name a system that is down, the wrong one, or one that refuses us", async () => {
    const config = systems.config() as Record<string, Record<string, Record<string, unknown>>>;
    const cluster = config.proxmox?.["pve-lab"];
    expect(await preview({ netbox: { url: "http://127.0.0.1:9" } }, "down")).toMatch(
      /NetBox at http:\/\/127.0.0.1:9 can't be reached .*check netbox-proxmox:netbox.url/,
    );
    const wrong = await preview(
      {
        netbox: { url: `${systems.endpoints.netbox.url}/elsewhere` },
        proxmox: { "pve-lab": { ...cluster, caFile: undefined, fingerprint: "00".repeat(32) } },
      },
      "wrong",
    );
    expect(wrong).toMatch(/does not answer like a NetBox/);
    expect(wrong).toMatch(
      /shows a certificate that is not trusted \(the certificate's SHA-256 fingerprint is .*set netbox-proxmox:proxmox\["pve-lab"\].fingerprint/,
    );
    const unknown = await preview({ proxmox: { "pve-other": cluster }, clusters: undefined }, "unknown");
    expect(unknown).toMatch(
      /netbox-proxmox:proxmox(\.|\[")pve-other("\])?\.token is missing|has no cluster "pve-other"/,
    );
  });

  it("refuse a token in the clear without repeating it", async () => {
    const token = "nbt_aaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const stack = await systems.stack({ netbox: { url: systems.endpoints.netbox.url, token } }, "clear", {
      secrets: {},
    });
    const { code, output } = await stack.preview();
    expect(code).not.toBe(0);
    expect(output).toContain("netbox-proxmox:netbox.token is in the clear");
    expect(output).not.toContain(token);
  });

  it("name a token that NetBox doesn't know, and an ssh host with another key", async () => {
    const unknown = { NETBOX_API_TOKEN: "nbt_aaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" };
    const { output } = await (await systems.stack({}, "unknown-token", { env: unknown })).preview();
    expect(output).toMatch(/refuses the token \(Invalid v2 token\): make a token in NetBox/);
    const { bind9 } = systems.config() as Record<string, Record<string, Record<string, unknown>>>;
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1MaYCeBbfavjjyVFXbhwX6FrRM9khBfWSboFpO5Cb4";
    const stack = await systems.stack({ bind9: { ns1: { ...bind9?.ns1, hostKey: other } } }, "other-key");
    expect((await stack.preview()).output).toMatch(/shows another host key than the pinned one/);
  });

  it("name a prefix that is exhausted, and lose nothing of what was made", async () => {
    const stack = await systems.stack({}, "exhausted");
    const [prefix] = await systems.clients.all<{ id: number }>("ipam/prefixes", "&prefix=10.71.0.0/24");
    const free = (await systems.clients.netbox(
      "GET",
      `ipam/prefixes/${prefix?.id}/available-ips/?limit=300`,
    )) as unknown[];
    const taken = (await systems.clients.netbox(
      "POST",
      `ipam/prefixes/${prefix?.id}/available-ips/`,
      free.map(() => ({})),
    )) as { id: number }[];
    const run = await stack.up();
    expect(run.errors.join("\n")).toMatch(
      /Unable to allocate an IPv4 address for one net0 \(http.*\): prefix 10.71.0.0\/24 has no free address left/,
    );
    await systems.clients.netbox(
      "DELETE",
      "ipam/ip-addresses/",
      taken.map(({ id }) => ({ id })),
    );
    expect((await stack.up()).errors).toEqual([]);
    expect(await systems.ourAddresses()).toHaveLength(2);
  });
});
