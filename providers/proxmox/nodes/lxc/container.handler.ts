import { context } from "../../../context";
import { explained, UserError } from "../../../errors";
import type { ProxmoxCluster } from "../../client";
import { cloneFrom } from "../clone";
import { guestHandler } from "../guest.handler";
import type { GuestKind } from "../guest.kind";
import { proxmoxContainer } from "./container";
import {
  type ContainerInputs,
  containerChanges,
  containerFromApi,
  creation,
  macFrom,
  volumes,
  withMac,
} from "./container.model";

const container: GuestKind<ContainerInputs, "proxmox-container"> = {
  type: "lxc",
  noun: "CT",
  definition: proxmoxContainer,
  make,
  // PVE names the new container in the task that creates it, and only the source in the one that clones it.
  isMaking: async ({ type, id }, _log, { vmid, template }) =>
    (type === "vzcreate" && id === String(vmid)) || (type === "vzclone" && id === String(template)),
  disks: volumes,
  fromApi: containerFromApi,
  changesTo: containerChanges,
  password: () => ({}),
  uuid: macFrom,
  withMac,
};

/** A container, cloned from another one or created from an OS template. */
export const containerHandler = guestHandler(container);

function make(cluster: ProxmoxCluster, wanted: ContainerInputs, title: string): Promise<string> {
  const { template } = wanted;
  if (template === undefined)
    throw new UserError(
      `Unable to create ${title}: no template is named for it. Set the custom field proxmox_lxc_templates in NetBox.`,
    );
  // PVE locks a container while it is cloned.
  if (typeof template === "number") return cluster.makeSlot(template, () => clone(cluster, wanted, template, title), 1);
  return cluster.makeSlot(template, () => create(cluster, wanted, template, title));
}

async function clone(
  cluster: ProxmoxCluster,
  wanted: ContainerInputs,
  template: number,
  title: string,
): Promise<string> {
  const source = await cluster.recall(template);
  if (source === undefined)
    throw new UserError(
      `Unable to create ${title}: container ${template} is not on ${cluster.name}. Set the custom field proxmox_lxc_templates in NetBox to one that is.`,
    );
  return explained(`clone container ${template} to ${title}`, () =>
    cloneFrom(cluster, "lxc", source, wanted, { hostname: wanted.name }),
  );
}

async function create(
  cluster: ProxmoxCluster,
  wanted: ContainerInputs,
  ostemplate: string,
  title: string,
): Promise<string> {
  const node = wanted.node ?? wanted.placement;
  if (node === undefined)
    throw new UserError(
      `Unable to create ${title}: no node is named for it. Set the custom field proxmox_node in NetBox.`,
    );
  const { password } = wanted;
  await explained(`create ${title} from ${ostemplate}`, () =>
    cluster.task("POST", `/nodes/${node}/lxc`, {
      ...creation(wanted),
      ostemplate,
      ...(password === undefined ? {} : { password: context().password(password.name) }),
    }),
  );
  return node;
}
