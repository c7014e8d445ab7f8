import * as f from "./formats";
import { each, flag, formatted, integer, type MethodParameters, required, several } from "./parameters";
import { node, storage, vmid } from "./qemu";

const workers = integer(1, 64);
const bulk: MethodParameters = { vms: several(vmid), "max-workers": workers, maxworkers: workers };
export const bulkStartParameters: MethodParameters = { ...bulk, timeout: integer() };
export const bulkShutdownParameters: MethodParameters = { ...bulk, timeout: integer(), "force-stop": flag };
export const bulkSuspendParameters: MethodParameters = {
  ...bulk,
  statestorage: { ...storage, requires: "to-disk" },
  "to-disk": flag,
};
export const bulkMigrateParameters: MethodParameters = {
  ...bulk,
  target: required(node),
  ...each("online with-local-disks", flag),
};

const ofNode: MethodParameters = { vms: formatted(f.listOf(f.guestId)), "max-workers": workers };
export const startAllParameters: MethodParameters = { ...ofNode, force: flag };
export const stopAllParameters: MethodParameters = { ...ofNode, "force-stop": flag, timeout: integer(0, 7200) };
export const suspendAllParameters: MethodParameters = ofNode;
export const migrateAllParameters: MethodParameters = {
  ...ofNode,
  maxworkers: workers,
  target: required(node),
  "with-local-disks": flag,
};
