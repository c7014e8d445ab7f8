import type { Lab } from "../../lab";
import { models } from "../../lab/netbox/models";

/** What the systems of a lab hold, a line each, sorted: enough to see that something was left behind, or is gone. */
export async function holdings(lab: Lab): Promise<string[]> {
  const { netbox, proxmox, dns } = await lab.save();
  const lines: string[] = [];
  for (const { name, guests, storages, pools, ha, sdn, nodes, firewall, access } of proxmox) {
    const add = (what: string, ids: unknown[]) => lines.push(...ids.map((id) => `${name}: ${what} ${String(id)}`));
    for (const { type, vmid, config, snapshots } of guests) {
      add("guest", [`${type}/${vmid} ${config.name ?? config.hostname}`]);
      add(
        "snapshot",
        snapshots.map((each) => `${vmid}/${each.name}`),
      );
    }
    add(
      "volume",
      storages.volumes.map(({ volume }) => volume.volid),
    );
    add(
      "storage",
      storages.configs.map(({ storage }) => storage),
    );
    for (const pool of pools) add("pool", [`${pool.poolid}: ${pool.vms.join()}`]);
    add(
      "HA resource",
      ha.resources.map(({ sid }) => sid),
    );
    add(
      "HA rule",
      ha.rules.map(({ rule, resources }) => `${rule}: ${resources}`),
    );
    add(
      "SDN zone",
      sdn.zones.map(({ zone }) => zone),
    );
    add(
      "vnet",
      sdn.vnets.map(({ vnet }) => vnet),
    );
    add(
      "subnet",
      sdn.subnets.map(({ subnet }) => subnet),
    );
    add(
      "bridges",
      nodes.map(({ node, bridges }) => `${node}: ${bridges.join()}`),
    );
    add(
      "firewall rules of",
      firewall.guests.filter(({ rules }) => rules.length > 0).map(({ vmid }) => vmid),
    );
    for (const { userid, tokens, groups } of access.users)
      add("user", [`${userid} in ${groups.join()}`, ...tokens.map((token) => `${userid}!${token.name}`)]);
    add(
      "group",
      access.groups.map(({ groupid }) => groupid),
    );
    add(
      "role",
      access.roles.map(({ roleid }) => roleid),
    );
    add(
      "ACL entry",
      access.acl.map(({ path, type, ugid, roleid }) => `${path} ${type} ${ugid} ${roleid}`),
    );
  }
  for (const { model, rows } of netbox.tables)
    lines.push(...rows.map((row) => `NetBox: ${model} ${String(row[models[model].display] ?? row.value)}`));
  for (const { name, names } of dns.zones)
    for (const [owner, types] of Object.entries(names))
      for (const [type, { values }] of Object.entries(types))
        lines.push(...values.map((value) => `${name}: ${owner} ${type} ${value}`));
  return lines.sort();
}
