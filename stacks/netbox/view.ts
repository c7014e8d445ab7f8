import { ObjectRow } from "../../providers/netbox/objects/object.model";

/** What NetBox has, as rows of its API. */
export interface NetboxView {
  url: string;
  clusters: ObjectRow[];
  machines: ObjectRow[];
  interfaces: ObjectRow[];
  disks: ObjectRow[];
  addresses: ObjectRow[];
  prefixes: ObjectRow[];
  devices: ObjectRow[];
  deviceInterfaces: ObjectRow[];
  vlans: ObjectRow[];
  platforms: ObjectRow[];
  tags: ObjectRow[];
  roles: ObjectRow[];
  clusterTypes: ObjectRow[];
  customFields: ObjectRow[];
  choiceSets: ObjectRow[];
  manufacturers: ObjectRow[];
  deviceTypes: ObjectRow[];
  /** Ids of virtual machines and devices that this stack made, by the change log: `virtualMachine/12`. */
  madeByUs: Set<string>;
}
