import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import type { ObjectRow } from "../../../providers/netbox/objects/object.model";
import type { CustomFieldNames } from "../../netbox/customfields";
import type { PlaceOf } from "../../yamlfile";
import type { VmsFile } from "./file";

/** What NetBox has of what the file refers to. */
export interface IntentView {
  url: string;
  rows: Record<
    "tag" | "role" | "platform" | "clusterType" | "cluster" | "vlan" | "prefix" | "ipamRole" | "customField",
    ObjectRow[]
  >;
  machines: ObjectRow[];
  interfaces: ObjectRow[];
  disks: ObjectRow[];
}

export interface IntentFacts {
  stack: string;
  file: VmsFile;
  placeOf: PlaceOf;
  fields: CustomFieldNames;
  view: IntentView;
  known: Map<string, MachineState>;
}
