import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, defineResource } from "../resource";
import { type AnchorInputs, anchorInputs } from "./anchor.model";

export const siteAnchor = defineResource({
  kind: "site-anchor",
  type: "site:SiteAnchor",
  about: "The last resource of a stack: it depends on all others, and removes what interrupted runs left.",
  inputs: anchorInputs,
  state: anchorInputs,
  diff: (_state, { leftovers }) => Array.isArray(leftovers) && leftovers.length > 0,
});

/** The last resource of a stack: it depends on all others. */
export class SiteAnchor extends DynamicResource {
  constructor(name: string, inputs: AnchorInputs, options?: pulumi.CustomResourceOptions) {
    super(siteAnchor, name, inputs, options);
  }
}
