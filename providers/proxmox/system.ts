import { UserError } from "../errors";
import type { ProxmoxCluster } from "./client";

/** Only the cluster that something was recorded on may say that it is gone. @throws UserError where the URL leads elsewhere */
export async function proveSystem(cluster: ProxmoxCluster, title: string, recorded: string | undefined): Promise<void> {
  const system = await cluster.system();
  if (recorded !== undefined && recorded !== system)
    throw new UserError(
      `${title} was made on ${recorded}, but ${cluster.name}'s URL now leads to ${system}: set netbox-proxmox:proxmox["${cluster.name}"].url back. Nothing was changed.`,
    );
}

/** Lists leave out what a token may not see. @throws UserError where a guest is missing in them, and may only be hidden */
export async function proveVisible(
  cluster: ProxmoxCluster,
  title: string,
  vmid: number,
  pool: string | undefined,
): Promise<void> {
  if (!(await cluster.maySee(vmid, pool)))
    throw new UserError(
      `${title} is not shown by ${cluster.name}, whose token may not see it: give it VM.Audit on /vms (docs/privileges.md). Nothing was changed.`,
    );
}
