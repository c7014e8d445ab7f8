import { context } from "../../../context";
import { explained, UserError } from "../../../errors";
import type { RequestParameters } from "../../api";
import type { ProxmoxCluster } from "../../client";
import { cloneFrom } from "../clone";
import { guestHandler } from "../guest.handler";
import type { GuestKind } from "../guest.kind";
import { proxmoxVm } from "./vm";
import { drives, uuidFrom, type VmInputs, vmChanges, vmFromApi } from "./vm.model";

const virtualMachine: GuestKind<VmInputs, "proxmox-vm"> = {
  type: "qemu",
  noun: "VM",
  definition: proxmoxVm,
  make: clone,
  isMaking: async ({ type }, log, { vmid }) =>
    type === "qmclone" && (await log()).some((line) => line.endsWith(`with ID ${vmid}`)),
  disks: drives,
  fromApi: vmFromApi,
  changesTo: vmChanges,
  password: ({ cloudInit: { password } }): RequestParameters =>
    password === undefined ? {} : { cipassword: context().password(password.name) },
  uuid: uuidFrom,
};

/** A QEMU guest, cloned from a template. */
export const vmHandler = guestHandler(virtualMachine);

async function clone(cluster: ProxmoxCluster, wanted: VmInputs, title: string): Promise<string> {
  const { template } = wanted;
  const source = template === undefined ? undefined : await cluster.recall(template);
  if (template === undefined || source === undefined)
    throw new UserError(
      `Unable to create ${title}: template ${template ?? ""} is not on ${cluster.name}. Set the custom field proxmox_vm_templates in NetBox to one that is.`,
    );
  return cluster.makeSlot(template, () =>
    explained(`clone template ${template} to ${title}`, () =>
      cloneFrom(cluster, "qemu", source, wanted, { name: wanted.name }),
    ),
  );
}
