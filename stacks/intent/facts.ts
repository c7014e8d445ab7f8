import type { NetboxClient } from "../../providers/netbox/client";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { row, wireFields } from "../../providers/netbox/objects/objects";
import { type ObjectTypeName, typeOf } from "../../providers/netbox/objects/objecttypes";
import type { IntentView } from "./desired/types";

/** What NetBox has of what a vms.yml may refer to, and its guests, in bulk. */
export async function readIntentView(netbox: NetboxClient): Promise<IntentView> {
  const list = (type: ObjectTypeName, more = ""): Promise<ObjectRow[]> =>
    netbox.list(typeOf(type).path, row, `${wireFields(type)}${more}`);
  const [tag, role, platform, clusterType, cluster, vlan] = await Promise.all([
    list("tag"),
    list("role"),
    list("platform"),
    list("clusterType"),
    list("cluster"),
    list("vlan"),
  ]);
  const [prefix, ipamRole, customField, machines, interfaces, disks] = await Promise.all([
    list("prefix"),
    list("ipamRole"),
    list("customField"),
    list("virtualMachine"),
    list("vmInterface", ",virtual_machine"),
    list("virtualDisk", ",virtual_machine"),
  ]);
  const rows = { tag, role, platform, clusterType, cluster, vlan, prefix, ipamRole, customField };
  return { url: netbox.url, rows, machines, interfaces, disks };
}
