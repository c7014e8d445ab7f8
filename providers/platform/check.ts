import { defineResource } from "../resource";
import { checkDiffers, platformCheckInputs, platformCheckState } from "./check.model";

export const platformCheck = defineResource({
  kind: "platform-check",
  type: "platform:PlatformCheck",
  about: "Tries from NetBox's container what it needs.",
  inputs: platformCheckInputs,
  state: platformCheckState,
  secrets: ["token"],
  replaces: ["cluster", "vmid"],
  diff: checkDiffers,
});
