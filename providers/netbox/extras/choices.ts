import { defineResource } from "../../resource";
import { choicesInputs, choicesState } from "./choices.model";

export const netboxChoices = defineResource({
  kind: "netbox-choices",
  type: "netbox:NetboxChoices",
  about: "What a custom field of NetBox's offers because of this stack. The choice set itself stays.",
  inputs: choicesInputs,
  state: choicesState,
  replaces: ["set"],
});
