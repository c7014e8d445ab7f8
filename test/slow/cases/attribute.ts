import type { TestSystems } from "../../harness/systems";

// One guest an attribute: each is changed alone in NetBox, then by hand on Proxmox VE. The plan must name it, and `up` do it.

export interface Attribute {
  guest: string;
  /** The property of its resource that shows it. */
  property: string;
  inNetbox: (netbox: Netbox) => Promise<unknown>;
  /** What `up` must have made of it, by PVE's configuration. */
  made: Record<string, RegExp | undefined>;
  /** Parameters of PUT …/config by hand; a function for anything else. */
  byHand: Record<string, string | number> | ((path: string, systems: TestSystems) => Promise<unknown>);
  /** Other properties that change with it in NetBox, behind it in the alphabet. */
  alsoChanged?: string[];
  /** Other resources that the change in NetBox belongs to. */
  also?: string[];
}

export interface Netbox {
  systems: TestSystems;
  id: number;
  patch: (body: Record<string, unknown>) => Promise<unknown>;
  patchPart: (path: string, body: Record<string, unknown>) => Promise<unknown>;
}

/** Nothing in NetBox says it: it is only changed by hand. */
export const notInNetbox = async (): Promise<undefined> => undefined;

/** Changes a part of an option by hand. */
export function byHandIn(option: string, before: string, after: string): Attribute["byHand"] {
  return async (path, { clients }) => {
    const config = await clients.proxmox<Record<string, string>>("GET", `${path}/config`);
    await clients.proxmox("PUT", `${path}/config`, { [option]: String(config[option]).replace(before, after) });
  };
}

export function sshKey(comment: string): string {
  const blob = Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from("ssh-ed25519"),
    Buffer.from([0, 0, 0, 32]),
    Buffer.alloc(32, 7),
  ]);
  return `ssh-ed25519 ${blob.toString("base64")} ${comment}`;
}

export async function vlan({ clients }: TestSystems, vid: number): Promise<number | undefined> {
  return (await clients.all<{ id: number }>("ipam/vlans", `&vid=${vid}`))[0]?.id;
}

/** Gives a guest's interface this MAC. */
export const macOf =
  (address: string): Attribute["inNetbox"] =>
  async ({ systems: { clients }, patchPart, id }) => {
    const [nic] = await clients.all<{ id: number }>("virtualization/interfaces", `&virtual_machine_id=${id}`);
    const body = { assigned_object_type: "virtualization.vminterface", assigned_object_id: nic?.id };
    const made = await clients.netbox("POST", "dcim/mac-addresses/", { mac_address: address, ...body });
    return patchPart("virtualization/interfaces", { primary_mac_address: Object(made).id });
  };
