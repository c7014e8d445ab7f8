import { choiceField, integerField, type Model, type ModelName, named, refField, scope, textField } from "./fields";

type Groups = "vlanGroup" | "fhrpGroup" | "fhrpGroupAssignment" | "service";

/** Groups of VLANs, and of interfaces that share an address; what listens on addresses. */
export const groupModels: Pick<Record<ModelName, Model>, Groups> = {
  vlanGroup: {
    path: "ipam/vlan-groups",
    label: "VLANGroup",
    contentType: "ipam.vlangroup",
    fields: { ...named, ...scope, vid_ranges: { kind: "json", default: [[1, 4094]] }, tenant: refField("tenant") },
    brief: ["name", "slug", "description"],
    display: "name",
    unique: [
      {
        fields: ["scope_type", "scope_id", "name"],
        error: { __all__: ["VLAN group with this Scope type, Scope id and Name already exists."] },
        applies: ({ scope_id: id }) => id !== null,
      },
    ],
  },
  fhrpGroup: {
    path: "ipam/fhrp-groups",
    label: "FHRPGroup",
    contentType: "ipam.fhrpgroup",
    fields: {
      name: textField(),
      protocol: {
        ...choiceField(["vrrp2", "vrrp3", "carp", "clusterxl", "hsrp", "glbp", "other"], null),
        required: true,
        plain: true,
      },
      group_id: integerField(0, 32767, { required: true }),
      description: textField(),
      comments: textField(),
    },
    brief: ["protocol", "group_id", "description"],
    display: "name",
  },
  fhrpGroupAssignment: {
    path: "ipam/fhrp-group-assignments",
    label: "FHRPGroupAssignment",
    contentType: "ipam.fhrpgroupassignment",
    fields: {
      group: refField("fhrpGroup", { required: true }),
      interface_type: textField({ required: true }),
      interface_id: integerField(1, undefined, { required: true }),
      priority: integerField(0, 255, { required: true }),
    },
    brief: ["group", "interface_type", "interface_id", "priority"],
    display: "id",
  },
  service: {
    path: "ipam/services",
    label: "Service",
    contentType: "ipam.service",
    fields: {
      parent_object_type: textField({ required: true }),
      parent_object_id: integerField(1, undefined, { required: true }),
      name: textField({ required: true }),
      protocol: { ...choiceField(["tcp", "udp", "sctp"], null), required: true },
      ports: { kind: "json", required: true },
      ipaddresses: { kind: "refs", to: "ipAddress", default: [] },
      description: textField(),
      comments: textField(),
    },
    brief: ["name", "protocol", "ports", "description"],
    display: "name",
  },
};
