import { cidr } from "./address";
import type { Database } from "./database";
import { invalid } from "./errors";
import type { LabRow } from "./rows";
import { cleanPlace, siteOfCluster } from "./rules";

/** A virtual machine's primary addresses are its own, and its disk is the sum of its disks. */
export function cleanMachine(database: Database, next: LabRow): void {
  cleanPlace(database, next);
  next.site ??=
    siteOfCluster(database, database.find("cluster", next.cluster)) ??
    database.find("device", next.device)?.site ??
    null;
  for (const [key, family] of [
    ["primary_ip4", 4],
    ["primary_ip6", 6],
  ] as const) {
    const address = database.find("ipAddress", next[key]);
    if (address === undefined) continue;
    if (cidr(String(address.address))?.family !== family)
      invalid({
        [key]: [`Must be an IPv${family} address. (${address.address} is an IPv${family === 4 ? 6 : 4} address.)`],
      });
    const owner =
      address.assigned_object_type === "virtualization.vminterface"
        ? database.find("vmInterface", address.assigned_object_id)
        : undefined;
    if (owner?.virtual_machine !== next.id)
      invalid({ [key]: [`The specified IP address (${address.address}) is not assigned to this VM.`] });
  }
  const disks = database.rows("virtualDisk").filter((disk) => disk.virtual_machine === next.id);
  const sum = disks.reduce((total, disk) => total + Number(disk.size), 0);
  if (disks.length > 0 && next.disk !== sum)
    invalid({
      disk: [
        `The specified disk size (${next.disk}) must match the aggregate size of assigned virtual disks (${sum}).`,
      ],
    });
}
