import { choice, integer, type Model, type ModelName, named, ref, scope, text } from "./fields";

type Groups = "vlanGroup" | "fhrpGroup" | "fhrpGroupAssignment";

/** Groups of VLANs, and of interfaces that share an address. */
export const groupModels: Pick<Record<ModelName, Model>, Groups> = {
  vlanGroup: {
    path: "ipam/vlan-groups",
    label: "VLANGroup",
    contentType: "ipam.vlangroup",
    fields: { ...named, ...scope, vid_ranges: { kind: "json", default: [[1, 4094]] }, tenant: ref("tenant") },
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
      name: text(),
      protocol: {
        ...choice(["vrrp2", "vrrp3", "carp", "clusterxl", "hsrp", "glbp", "other"], null),
        required: true,
        plain: true,
      },
      group_id: integer(0, 32767, { required: true }),
      description: text(),
      comments: text(),
    },
    brief: ["protocol", "group_id", "description"],
    display: "name",
  },
  fhrpGroupAssignment: {
    path: "ipam/fhrp-group-assignments",
    label: "FHRPGroupAssignment",
    contentType: "ipam.fhrpgroupassignment",
    fields: {
      group: ref("fhrpGroup", { required: true }),
      interface_type: text({ required: true }),
      interface_id: integer(1, undefined, { required: true }),
      priority: integer(0, 255, { required: true }),
    },
    brief: ["group", "interface_type", "interface_id", "priority"],
    display: "id",
  },
};
