import type { Seed } from "../../lab/seed";
import { demoSeed } from "./systems";

/** The lab without guests in NetBox, and with a custom field that an interface of the file has. */
export function intentSeed(): Seed {
  const seed = demoSeed();
  const custom = { name: "proxmox_bridge", type: "text", objectTypes: ["virtualization.vminterface"] };
  return { ...seed, netbox: { ...seed.netbox, guests: [], customFields: [...seed.netbox.customFields, custom] } };
}

/** vms.yml: two guests, and what they need in NetBox. */
export const intentFile = `
environment:
  cluster: pve-lab
  domain: lab.example
  template: 9000
  memory: 1024
  tags: [web]
netbox:
  rirs: [{ name: RFC 1918, private: true }]
  aggregates: [{ prefix: 10.0.0.0/8, rir: RFC 1918 }]
  ipamRoles: [applications]
  vlans: [{ vid: 79, name: applications }]
  prefixes: [{ prefix: 10.79.0.0/24, vlan: 79, role: applications, gateway: 10.79.0.1 }]
  ranges: [{ start: 10.79.0.100/24, end: 10.79.0.120/24 }]
  tags: [shop]
  platforms: [Alpine 3]
guests:
  shop01:
    vcpus: 2
    memory: 2G
    platform: Alpine 3
    description: The shop
    tags: [shop]
    disks: { scsi0: 10G, scsi1: { size: 2G, storage: ceph } }
    interfaces:
      net0: { vlan: 79, addresses: [{ next: 10.79.0.0/24 }, "fd71::79/64"] }
      net1: { vlan: 71, bridge: vmbr0 }
  shop02:
    vcpus: 1
    disks: { scsi0: 10G }
    interfaces: { net0: { vlan: 71, addresses: [10.71.0.90/24] } }
`;
