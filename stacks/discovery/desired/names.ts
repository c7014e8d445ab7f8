// Logical names of what discovery declares.

export const guestName = (cluster: string, vmid: number): string => `guest-${cluster}-${vmid}`;
/** The VMID in a guest's logical name; undefined where it is none of this cluster's. */
export function vmidIn(cluster: string, name: string): number | undefined {
  const vmid = Number(name.slice(guestName(cluster, 0).length - 1));
  return name === guestName(cluster, vmid) ? vmid : undefined;
}
export const nodeName = (cluster: string, node: string): string => `node-${cluster}-${node}`;
