import type { Seed } from "../lab/seed";
import { demoSeed } from "../tools/labstack";

/** A Proxmox VE cluster of guests that NetBox knows nothing of, of many forms: `count` of them, on three nodes. */
export function undocumented(count: number): Seed {
  const seed = demoSeed();
  const cluster = seed.proxmox["pve-lab"];
  if (cluster === undefined) throw new Error("the demo's seed has no cluster");
  const nodes = ["pve1", "pve2", "pve3"];
  const guests = Array.from({ length: count }, (_, n): Seed["proxmox"][string]["guests"][number] => {
    const [vmid, node, vid] = [300 + n, nodes[n % 3] ?? "pve1", 71 + (n % 3)];
    const mac =
      `BC:24:11:AA:${(n >> 8).toString(16).padStart(2, "0")}:${(n & 255).toString(16).padStart(2, "0")}`.toUpperCase();
    const address = `10.${vid}.${4 + (n >> 7)}.${(n & 127) + 10}`;
    const gateway = `10.${vid}.${4 + (n >> 7)}.1`;
    if (n % 4 === 3)
      return {
        vmid,
        type: "lxc",
        node,
        template: false,
        running: n % 8 !== 7,
        config: {
          hostname: `ct${vmid}`,
          cores: 1,
          memory: 512,
          swap: 0,
          ostype: "debian",
          rootfs: "ceph:4G",
          ...(n % 8 === 3 ? { mp0: "ceph:1G,mp=/srv/data" } : {}),
          net0: `name=eth0,bridge=vmbr0,hwaddr=${mac},ip=${address}/24,gw=${gateway},tag=${vid},type=veth`,
        },
      };
    return {
      vmid,
      type: "qemu",
      node,
      template: false,
      running: n % 5 !== 4,
      config: {
        name: `vm${vmid}`,
        cores: 1 + (n % 4),
        sockets: n % 6 === 5 ? 2 : 1,
        memory: 1024 * (1 + (n % 3)),
        ostype: "l26",
        scsihw: "virtio-scsi-pci",
        scsi0: "ceph:8G",
        ...(n % 3 === 0 ? { scsi1: "ceph:2G" } : {}),
        ...(n % 2 === 0 ? { agent: "1", ide2: "ceph:cloudinit", ipconfig0: `ip=${address}/24,gw=${gateway}` } : {}),
        ...(n % 7 === 0 ? { tags: "web;front", description: "A note\nof two lines" } : {}),
        ...(n % 9 === 0 ? { onboot: 1 } : {}),
        net0: `virtio=${mac},bridge=vmbr0,tag=${vid}`,
      },
    };
  });
  return {
    ...seed,
    netbox: { ...seed.netbox, guests: [], devices: {}, prefixes: [], ranges: [], addresses: [] },
    proxmox: {
      "pve-lab": {
        ...cluster,
        nodes: nodes.map((node, n) => ({
          node,
          bridges: ["vmbr0"],
          network: [
            { iface: "eno1", type: "eth", active: 1 },
            { iface: "eno2", type: "eth", active: 1 },
            { iface: "bond0", type: "bond", active: 1, slaves: "eno1 eno2" },
            { iface: "vmbr0", bridge_ports: "bond0" },
            {
              iface: "vmbr0.72",
              type: "vlan",
              active: 1,
              "vlan-raw-device": "vmbr0",
              "vlan-id": "72",
              cidr: `10.72.0.${n + 11}/24`,
            },
          ],
        })),
        guests: [...cluster.guests.filter(({ template }) => template), ...guests],
      },
    },
  };
}
