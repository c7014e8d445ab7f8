import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../resource";
import type { AnchorInputs } from "./anchor.model";

/** The last resource of a stack: it depends on all others. */
export class SiteAnchor extends DynamicResource {
  constructor(name: string, inputs: AnchorInputs, options?: pulumi.CustomResourceOptions) {
    super("site", "SiteAnchor", "site-anchor", name, { ...inputs }, options);
  }
}
