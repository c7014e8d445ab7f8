import { Row } from "../../providers/netbox/objects/object.model";
import type { NetboxVrf } from "../../providers/netbox/schemas";

/** What NetBox has, as rows of its API. */
export interface NetboxView {
  url: string;
  clusters: Row[];
  machines: Row[];
  interfaces: Row[];
  disks: Row[];
  addresses: Row[];
  prefixes: Row[];
  /** Read only where the settings name one. */
  vrfs?: NetboxVrf[];
  devices: Row[];
  deviceInterfaces: Row[];
  vlans: Row[];
  /** With their scopes; none where the token may not see them. */
  vlanGroups: Row[];
  platforms: Row[];
  tags: Row[];
  roles: Row[];
  clusterTypes: Row[];
  customFields: Row[];
  choiceSets: Row[];
  manufacturers: Row[];
  deviceTypes: Row[];
  /** Ids of virtual machines and devices that this stack made, by the change log: `virtualMachine/12`. */
  madeByUs: Set<string>;
}
