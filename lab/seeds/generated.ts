import { parseSeed, type Seed } from "../seed";

/** Numbers below one that follow from the seed number alone (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Choice = readonly [string, ...string[]];

const guestNames: Choice = ["web01", "WEB01.lab.example", "db-1", "db-1.lab.example", "Mail", "ns1"];
const inner: Choice = ["lo", "docker0", "br0", "wg0"];
const addressing: Choice = ["ip=dhcp", "ip=manual", "ip=dhcp,ip6=auto", "ip6=dhcp", "ip=192.0.2.9/24,gw=192.0.2.1"];
const vmAddressing: Choice = ["ip=dhcp", "ip=dhcp,ip6=auto", "ip6=auto", "ip6=dhcp", "ip=192.0.2.9/24,gw=192.0.2.1"];
const trunks: Choice = [
  "",
  ",trunks=2-4094",
  ",trunks=10;200-400",
  ",tag=71",
  ",firewall=1,rate=12.5",
  ",link_down=1",
  ",mtu=1",
];
const tags: Choice = ["24.04", "10.0.0.5", "a+b", "prod.eu", "community-script;docker", "no-cloudinit"];
const shared: Choice = ["anycast", "vip", "vrrp", "hsrp", "glbp", "carp"];

/**
 * A world as untidy as lab/seeds/untidy.yaml, another one for each number and the same for the same: two to four sites, each
 * with a cluster, a VLAN group and a VRF of its own, where nodes, VLANs, prefixes, addresses, guests and VMIDs have the same
 * names and numbers; NetBox knows some of the guests that Proxmox VE has, and the other way round.
 */
export function generatedSeed(number: number): Seed {
  const next = numbers(number);
  const below = (most: number) => Math.floor(next() * most);
  const chance = (share: number) => next() < share;
  const one = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];
  const sites = Array.from({ length: 2 + below(3) }, (_, n) => `Site ${n + 1}`);
  const cluster = (n: number) => `cluster-${n + 1}`;
  const vrf = (n: number) => (n === 0 ? {} : { vrf: `vrf-${n}` });
  const mac = (n: number, vmid: number, card: number) =>
    ["BC", "24", "11", ...[n, vmid % 256, card].map((value) => value.toString(16).padStart(2, "0").toUpperCase())].join(
      ":",
    );

  const known = (n: number, index: number) => {
    const host = 20 + index;
    const cards = 1 + below(2);
    const first = { name: one(["net0", "eth0", "ens18"]), vlan: `group-${n}/71` };
    const address = { address: `10.71.0.${host}/24`, ...vrf(n) };
    const loopback = { address: "10.255.0.9/32", role: one(shared), ...vrf(n) };
    return {
      name: one(guestNames),
      tenant: `tenant-${index}`,
      cluster: cluster(n),
      ...{ vcpus: 1 + below(4), memory: 512 },
      status: one(["active", "active", "offline", "staged", "planned", "decommissioning"]),
      ...(chance(0.3) ? { tags: [one(["24.04", "10.0.0.5"])] } : {}),
      ...(chance(0.7) ? { customFields: { proxmox_vmid: String(200 + index) } } : {}),
      ...(chance(0.8) ? { disks: [{ name: "scsi0", size: 4096 }] } : {}),
      interfaces: [
        { ...first, ...(chance(0.5) ? { mac: mac(n, 200 + index, 0) } : {}), addresses: [address] },
        ...(cards > 1 ? [{ name: `${first.name}.72`, parent: first.name, vlan: `group-${n}/72` }] : []),
        ...(chance(0.4) ? [{ name: one(inner), addresses: chance(0.5) ? [loopback] : [] }] : []),
      ],
    };
  };

  const built = (n: number, index: number) => {
    const vmid = 200 + index;
    const cards = below(4);
    const base = { vmid, node: one(["pve1", "pve2"]), running: chance(0.5) };
    const disk = `${one(["local-lvm", "ceph"])}:4G`;
    const more = chance(0.4) ? { tags: one(tags) } : {};
    const keyed = (key: string, text: (card: number) => string) =>
      Object.fromEntries(Array.from({ length: cards }, (_, card) => [`${key}${card}`, text(card)]));
    if (chance(0.35)) {
      const net = (card: number) =>
        `name=eth${card},bridge=vmbr0,hwaddr=${mac(n, vmid, card)},${one(addressing)},type=veth`;
      return {
        ...{ ...base, type: "lxc" },
        config: { hostname: `ct${index}`, ostype: "debian", memory: 512, rootfs: disk, ...keyed("net", net), ...more },
      };
    }
    const net = (card: number) => `virtio=${mac(n, vmid, card)},bridge=vmbr0${one(trunks)}`;
    return {
      ...{ ...base, type: "qemu" },
      config: {
        ...{ name: one(guestNames), memory: "1024", cores: 1 + below(4), ostype: "l26", scsi0: disk, ...more },
        ...(chance(0.3) ? { scsi1: "ceph:1G,backup=0" } : {}),
        ...(chance(0.4) ? { [one(["ide2", "scsi5"])]: "ceph:cloudinit" } : {}),
        ...(chance(0.2) ? { description: "cloudinit, by hand" } : {}),
        ...keyed("net", net),
        ...keyed("ipconfig", () => one(vmAddressing)),
      },
    };
  };

  const template = (storage: string) => ({
    ...{ vmid: 9000, node: "pve1", template: true },
    config: {
      name: "debian",
      memory: "512",
      scsi0: `${storage}:3G`,
      ide2: `${storage}:cloudinit`,
      net0: "virtio,bridge=vmbr0",
    },
  });
  const guests = sites.flatMap((_, n) => Array.from({ length: 3 + below(4) }, (_each, index) => known(n, index)));
  const vmField = (name: string) => ({ name, type: "text", objectTypes: ["virtualization.virtualmachine"] });
  return parseSeed(
    JSON.stringify({
      netbox: {
        site: sites[0],
        sites: sites.slice(1).map((name) => ({ name })),
        tenants: Array.from({ length: 6 }, (_, n) => `tenant-${n}`),
        tags: ["24.04", "10.0.0.5"],
        customFields: [vmField("proxmox_vmid"), vmField("proxmox_node"), vmField("proxmox_vm_type")],
        clusters: sites.map((site, n) => ({ name: cluster(n), scope: { site } })),
        devices: Object.fromEntries(sites.map((_, n) => [cluster(n), ["pve1", "pve2"]])),
        vrfs: sites.slice(1).map((_, n) => ({ name: `vrf-${n + 1}`, enforceUnique: chance(0.5) })),
        vlanGroups: sites.map((site, n) => ({ name: `group-${n}`, scope: { site } })),
        vlans: sites.flatMap((_, n) =>
          [71, 72].map((vid) => ({ vid, name: one(["servers", "voice"]) + vid, group: `group-${n}` })),
        ),
        prefixes: sites.map((_, n) => ({ prefix: "10.71.0.0/24", vlan: `group-${n}/71`, ...vrf(n) })),
        ranges: sites.map((_, n) => ({
          start: "10.71.0.100/24",
          end: "10.71.0.149/24",
          status: one(["reserved", "active"]),
          populated: chance(0.5),
          ...vrf(n),
        })),
        addresses: sites.map((_, n) => ({ address: "10.71.0.1/24", role: one(shared), ...vrf(n) })),
        guests,
      },
      proxmox: Object.fromEntries(
        sites.map((_, n) => [
          cluster(n),
          {
            nodes: ["pve1", "pve2"].map((node, each) => ({ node, address: `198.51.${n}.${11 + each}` })),
            storages: [
              { storage: "local-lvm", type: "lvmthin", content: "images,rootdir" },
              { storage: "ceph", type: "rbd", content: "images,rootdir", shared: true },
            ],
            guests: [
              template(one(["local-lvm", "ceph"])),
              ...Array.from({ length: 3 + below(5) }, (_each, index) => built(n, index)),
            ],
          },
        ]),
      ),
      dns: {
        zones: [
          { name: "lab.example", updatable: ["A", "AAAA", "TXT"] },
          { name: "71.10.in-addr.arpa", updatable: ["PTR", "TXT"] },
        ],
      },
    }),
  );
}
