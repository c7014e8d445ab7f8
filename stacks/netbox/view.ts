import { ObjectRow } from "../../providers/netbox/objects/object.model";
import type { NetboxCustomField, NetboxVrf } from "../../providers/netbox/schemas";
import type { NetboxPlaces } from "./vlans";

/** What NetBox has, as rows of its API. */
export interface NetboxView {
  url: string;
  clusters: ObjectRow[];
  machines: ObjectRow[];
  interfaces: ObjectRow[];
  disks: ObjectRow[];
  addresses: ObjectRow[];
  prefixes: ObjectRow[];
  /** Read only where the settings name one. */
  vrfs?: NetboxVrf[];
  devices: ObjectRow[];
  deviceInterfaces: ObjectRow[];
  vlans: ObjectRow[];
  /** With their scopes; none where the token may not see them. */
  vlanGroups: ObjectRow[];
  /** Read only where a VLAN group or a cluster is scoped to another place than a site. */
  places?: NetboxPlaces;
  platforms: ObjectRow[];
  tags: ObjectRow[];
  roles: ObjectRow[];
  clusterTypes: ObjectRow[];
  customFields: ObjectRow[];
  /** Those that NetBox requires. */
  required?: NetboxCustomField[];
  choiceSets: ObjectRow[];
  manufacturers: ObjectRow[];
  deviceTypes: ObjectRow[];
  /** Ids of virtual machines and devices that this stack made, by the change log: `virtualMachine/12`. */
  madeByUs: Set<string>;
}
