import { defineResource } from "../../resource";
import { netboxTokenChanges, netboxTokenInputs, netboxTokenKey, netboxTokenState } from "./token.model";

export const netboxToken = defineResource({
  kind: "netbox-token",
  type: "netbox:NetboxToken",
  about: "An API token of NetBox.",
  inputs: netboxTokenInputs,
  state: netboxTokenState,
  outputs: ["value", "key", "madeAt"],
  secrets: ["value"],
  replaces: netboxTokenKey,
  diff: netboxTokenChanges,
});
