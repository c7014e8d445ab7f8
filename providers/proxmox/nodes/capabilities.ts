import { z } from "zod";
import type { ProxmoxCluster } from "../client";

const cpuModels = z.array(z.object({ name: z.string() }));

/** The CPU models that a node's guests can have: QEMU's, PVE's own, and the cluster's (`custom-NAME`). Since PVE 6.2. */
export async function readCpuModels(cluster: ProxmoxCluster, node: string): Promise<string[]> {
  const found = await cluster.get(`/nodes/${node}/capabilities/qemu/cpu`, cpuModels);
  return found.map(({ name }) => name);
}
