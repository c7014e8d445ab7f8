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
