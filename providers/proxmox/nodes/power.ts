import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../errors";
import type { RequestParameters } from "../api";
import type { ProxmoxCluster } from "../client";
import { requestState } from "../cluster/ha";
import { ProxmoxTaskError, says } from "../errors";
import type { GuestType } from "../schemas";
import type { Power } from "./guest.model";

/** A guest where it is. */
export interface GuestPlace {
  cluster: ProxmoxCluster;
  type: GuestType;
  node: string;
  vmid: number;
}

export const pathOf = ({ type, node, vmid }: GuestPlace): string => `/nodes/${node}/${type}/${vmid}`;

/** Brings a guest from what it does now to what it should do. A paused one hears no shutdown, so it is resumed first. @param ha is it the HA manager's? */
export async function switchTo(place: GuestPlace, wanted: Power, now: Power, ha: boolean): Promise<void> {
  const { cluster } = place;
  if (now === wanted) return;
  if (ha) return viaHa(place, wanted);
  const path = `${pathOf(place)}/status`;
  if (now === "paused") await cluster.task("POST", `${path}/resume`, {});
  if (now === "stopped") await start(place);
  if (wanted === "paused") await cluster.task("POST", `${path}/suspend`, {});
  if (wanted === "stopped") await halt(place);
}

/** Starts a guest. A container that doesn't start says why only where it is asked to: it is tried once more so. */
async function start(place: GuestPlace): Promise<void> {
  const { cluster, node, vmid } = place;
  const path = `${pathOf(place)}/status/start`;
  try {
    await cluster.task("POST", path, {});
  } catch (error) {
    if (!(error instanceof ProxmoxTaskError) || !says.containerFailed(error.exitstatus)) throw error;
    await cluster.task("POST", path, { debug: 1 }).catch((again: unknown) => {
      if (!(again instanceof ProxmoxTaskError)) throw again;
      throw new UserError(`${again.message}; \`pct start ${vmid} --debug\` on ${node} prints all of it`);
    });
  }
}

/** Shuts a guest down, and stops it where it doesn't listen. */
async function halt(place: GuestPlace): Promise<void> {
  const { cluster } = place;
  const path = `${pathOf(place)}/status`;
  try {
    await cluster.task("POST", `${path}/shutdown`, { timeout: cluster.shutdownTimeout });
  } catch (error) {
    if (!(error instanceof ProxmoxTaskError) || !says.shutdownTimedOut(error.exitstatus)) throw error;
    await cluster.task("POST", `${path}/stop`, {});
  }
}

/** A guest of the HA stack only listens to its manager: the state is asked for and waited for. */
async function viaHa(place: GuestPlace, wanted: Power): Promise<void> {
  const { cluster, type, vmid } = place;
  if (wanted === "paused") throw new UserError("a guest with HA can't be paused; take its HA away first");
  await requestState(cluster, type, vmid, wanted === "running" ? "started" : "stopped");
  const deadline = Date.now() + cluster.taskTimeout * 1000;
  for (let pause = 100; ; pause = Math.min(pause * 1.6, 2000)) {
    const node = (await cluster.find(vmid))?.node ?? place.node;
    if ((await cluster.current(type, node, vmid)).power === wanted) return;
    if (Date.now() > deadline)
      throw new UserError(
        `the HA manager did not bring it to ${wanted} in ${cluster.taskTimeout} s; look at \`ha-manager status\``,
      );
    await sleep(pause);
    cluster.forget();
  }
}

/** Restarts a running guest, so that what waits for that is in force. */
export async function restart(place: GuestPlace, ha: boolean): Promise<void> {
  if (ha) {
    await viaHa(place, "stopped");
    return viaHa(place, "running");
  }
  await halt(place);
  await start(place);
}

/** Moves a guest to another node, online where it runs. @returns where it then is */
export async function migrateGuest(place: GuestPlace, target: string): Promise<GuestPlace> {
  const { cluster, type, vmid, node } = place;
  if (node === target) return place;
  const running = (await cluster.current(type, node, vmid)).power !== "stopped";
  const moving: RequestParameters = type === "lxc" ? { restart: 1 } : { online: 1 };
  const how: RequestParameters = { ...(running ? moving : {}), ...(type === "qemu" ? { "with-local-disks": 1 } : {}) };
  await cluster.task("POST", `${pathOf(place)}/migrate`, { target, ...how });
  const deadline = Date.now() + cluster.taskTimeout * 1000;
  // With HA the task only asks its manager.
  while ((await cluster.find(vmid))?.node !== target) {
    if (Date.now() > deadline) throw new UserError(`it did not come to ${target} in ${cluster.taskTimeout} s`);
    await sleep(500);
    cluster.forget();
  }
  return { ...place, node: target };
}
