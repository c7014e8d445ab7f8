import type { Cluster } from "../cluster";
import type { Guest } from "../guest";
import { Container } from "../lxc/container";
import { applyContainerPending } from "../lxc/pending";
import { applyVmPending } from "../qemu/pending";
import { Vm } from "../qemu/vm";
import type { HaManager } from "./ha";
import { evacuate } from "./status";

function applyPending(cluster: Cluster, guest: Guest): void {
  if (guest instanceof Vm) applyVmPending(cluster, guest);
  else if (guest instanceof Container) applyContainerPending(cluster, guest);
}

/** The HA manager of a lab's cluster: a guest does at once what its resource asks for. */
export const haManager = (cluster: Cluster): HaManager => ({
  bring: (guest, state) => {
    // A template can't be started; its resource is in error.
    if (state === "started" && guest.template) return;
    if (state === "started" && !guest.running) {
      applyPending(cluster, guest);
      guest.startedAt = cluster.now();
    }
    if (state === "stopped") applyPending(cluster, guest);
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
