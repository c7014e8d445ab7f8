import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import type { ObjectRow } from "../../../providers/netbox/objects/object.model";
import type { NetboxCustomField, NetboxVrf } from "../../../providers/netbox/schemas";
import type { CustomFieldNames } from "../../netbox/customfields";
import type { NetboxPlaces } from "../../netbox/vlans";
import type { PlaceOf } from "../../yamlfile";
import type { VmsFile } from "./file";

/** What NetBox has of what the file refers to. */
export interface IntentView {
  url: string;
  rows: Record<
    "tag" | "role" | "platform" | "clusterType" | "cluster" | "vlan" | "prefix" | "ipamRole" | "customField",
    ObjectRow[]
  >;
  /** Read where the file names some; those that prefixes are in, where the token may not see others. */
  vrfs: NetboxVrf[];
  /** With their scopes; none where the token may not see them. */
  vlanGroups: ObjectRow[];
  places: NetboxPlaces;
  /** Read where the file names some. */
  sites: ObjectRow[];
  /** The same; undefined where the token may not see them. */
  tenants: ObjectRow[] | undefined;
  /** Those that the file gives by their texts, of every VRF; none where nobody has to know. */
  addresses: ObjectRow[];
  machines: ObjectRow[];
  interfaces: ObjectRow[];
  disks: ObjectRow[];
  /** Custom fields that NetBox requires. */
  required: NetboxCustomField[];
  /** NetBox has start on boot since 4.5. */
  lacksStartOnBoot?: boolean | undefined;
}

export interface IntentFacts {
  stack: string;
  file: VmsFile;
  placeOf: PlaceOf;
  fields: CustomFieldNames;
  view: IntentView;
  known: Map<string, MachineState>;
  /** Logical names of the other objects in the state. */
  knownObjects: ReadonlySet<string>;
  /** What the settings say of custom fields that NetBox requires, by their names. */
  givenFields: Record<string, unknown>;
}
