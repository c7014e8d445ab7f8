import { type Model, type ModelName, refField, slugged, textField } from "./fields";

/** Where sites are, and what is in them. */
export const placeModels: Pick<Record<ModelName, Model>, "region" | "siteGroup" | "location"> = {
  region: slugged("dcim/regions", "Region", "dcim.region", { parent: refField("region") }),
  siteGroup: slugged("dcim/site-groups", "SiteGroup", "dcim.sitegroup", { parent: refField("siteGroup") }),
  location: {
    path: "dcim/locations",
    label: "Location",
    contentType: "dcim.location",
    fields: {
      name: textField({ required: true }),
      slug: textField({ required: true }),
      site: refField("site", { required: true }),
      parent: refField("location"),
      description: textField(),
    },
    brief: ["name", "slug", "description"],
    display: "name",
    unique: [
      { fields: ["name", "site"], error: { __all__: ["A location with this name already exists in this site."] } },
    ],
  },
};
