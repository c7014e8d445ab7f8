import { defineResource } from "../resource";
import { anchorInputs } from "./anchor.model";

export const siteAnchor = defineResource({
  kind: "site-anchor",
  type: "site:SiteAnchor",
  about: "The last resource of a stack: it depends on all others, and removes what interrupted runs left.",
  inputs: anchorInputs,
  state: anchorInputs,
  diff: (_state, { leftovers }) => Array.isArray(leftovers) && leftovers.length > 0,
});
