import type { Cluster } from "../cluster";
import type { HaManager } from "./ha";
import { evacuate } from "./status";

/** The HA manager of a lab's cluster: a guest does at once what its resource asks for. */
export const haManager = (cluster: Cluster): HaManager => ({
  bring: (guest, state) => {
    // A template can't be started; its resource is in error.
    if (state === "started" && guest.template) return;
    if (state === "started" && !guest.running) {
      guest.applyPending();
      guest.startedAt = cluster.now();
    }
    if (state === "stopped") guest.applyPending();
    guest.paused = false;
    guest.running = state === "started";
    if (guest.running) evacuate(cluster, guest);
  },
  move: (guest, node) => {
    if (guest.node === node) return;
    const isShared = cluster.storages.owned(guest.vmid).every(({ storage }) => cluster.storages.get(storage).shared);
    if (!isShared && guest.running) return;
    for (const { volid } of cluster.storages.owned(guest.vmid)) cluster.storages.carry(guest.node, node, volid);
    guest.node = node;
  },
});
