import { defineResource } from "../resource";
import { serviceDiffers, serviceInputs, serviceSettled, serviceState } from "./service.model";

export const containerService = defineResource({
  kind: "container-service",
  type: "platform:ContainerService",
  about: "A service in a container: PostgreSQL, Valkey, NetBox or nginx. It goes with its container.",
  inputs: serviceInputs,
  state: serviceState,
  outputs: ["observed"],
  secrets: ["secrets"],
  replaces: serviceSettled,
  diff: serviceDiffers,
});
