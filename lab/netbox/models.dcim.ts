import { type Model, type ModelName, ref, slugged, text } from "./fields";

/** Where sites are, and what is in them. */
export const placeModels: Pick<Record<ModelName, Model>, "region" | "siteGroup" | "location"> = {
  region: slugged("dcim/regions", "Region", "dcim.region", { parent: ref("region") }),
  siteGroup: slugged("dcim/site-groups", "SiteGroup", "dcim.sitegroup", { parent: ref("siteGroup") }),
  location: {
    path: "dcim/locations",
    label: "Location",
    contentType: "dcim.location",
    fields: {
      name: text({ required: true }),
      slug: text({ required: true }),
      site: ref("site", { required: true }),
      parent: ref("location"),
      description: text(),
    },
    brief: ["name", "slug", "description"],
    display: "name",
    unique: [
      { fields: ["name", "site"], error: { __all__: ["A location with this name already exists in this site."] } },
    ],
  },
};
