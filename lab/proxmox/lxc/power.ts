import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import { requestPower } from "../ha/requests";
import { checkBridge, isCard } from "../qemu/net";
import type { Values } from "../schema/parameters";
import type { Worker } from "../tasks";
import { type Container, parseContainerOption } from "./container";
import { applyContainerPending } from "./pending";

/** The oldest systemd that wants nesting. */
const nestingSystemd = 242;

/** A newer systemd works without nesting, and may not. */
export function warnOfNesting({ systemd, config }: Container, { warn }: Pick<Worker, "warn">): void {
  const { nesting } = parseContainerOption("features", String(config.get("features") ?? ""));
  if (systemd !== undefined && systemd >= nestingSystemd && nesting !== "1")
    warn(`Systemd ${systemd} detected. You may need to enable nesting.`);
}

/** What waits becomes what is. A container that doesn't come up says no more than that. */
async function startNow(cluster: Cluster, container: Container, worker: Worker): Promise<void> {
  const { vmid, node } = container;
  applyContainerPending(cluster, container);
  const missing = [...container.config].some(([key, value]) => {
    const bridge = /^net\d+$/.test(key) ? parseContainerOption("net0", String(value)).bridge : undefined;
    return bridge !== undefined && !cluster.node(node).bridges.includes(bridge);
  });
  const lost = container.volumes.find(([, { volume = "" }]) => cluster.storages.find(node, volume) === undefined);
  if (lost !== undefined) die(`volume '${lost[1].volume}' does not exist`);
  await worker.wait(cluster.times.start);
  if (missing) die(`startup for container '${vmid}' failed`);
  container.running = true;
  container.paused = false;
  container.pid = cluster.newPid();
  container.startedAt = cluster.now();
}

function halt(cluster: Cluster, container: Container): void {
  container.running = false;
  applyContainerPending(cluster, container);
}

/** @param debug its log says why it failed, as it does not by itself: from PVE's sources, nothing is recorded of such */
export function startContainer(
  cluster: Cluster,
  node: string,
  vmid: number,
  caller: ProxmoxCaller,
  debug = false,
): string {
  const known = cluster.guests.get(vmid)?.type === "lxc" ? cluster.container(node, vmid) : undefined;
  if (known?.running) die(`CT ${vmid} already running`);
  const requested = known === undefined ? undefined : requestPower(cluster, known, "start", caller);
  if (requested !== undefined) return requested;
  return cluster.lockedTask({ vmid, type: "lxc" }, node, "vzstart", caller.authId, async (worker) => {
    const container = cluster.container(node, vmid);
    if (container.template) die("you can't start a CT if it's a template");
    container.checkLock();
    if (container.running) die(`CT ${vmid} already running`);
    for (const [key, value] of container.config)
      if (isCard(key)) checkBridge(cluster, node, parseContainerOption("net0", String(value)));
    const missing = [...container.config].find(([key, value]) => {
      const { volume = "" } = /^(rootfs|mp\d+)$/.test(key) ? parseContainerOption(key, String(value)) : {};
      return /^[^/]+:/.test(volume) && cluster.storages.find(node, volume) === undefined;
    });
    if (missing !== undefined) {
      if (debug)
        for (const line of [
          "INFO     lsm - ../src/lxc/lsm/lsm.c:lsm_init_static:38 - Initialized LSM security driver AppArmor",
          `DEBUG    utils - ../src/lxc/utils.c:run_buffer:560 - Script exec produced output: volume '${parseContainerOption(missing[0], String(missing[1])).volume}' does not exist`,
          "ERROR    utils - ../src/lxc/utils.c:run_buffer:571 - Script exited with status 2",
          `ERROR    start - ../src/lxc/start.c:lxc_init:845 - Failed to run lxc.hook.pre-start for container "${vmid}"`,
          "INFO     utils - ../src/lxc/utils.c:run_script_argv:587 - Executing script for container",
          "ERROR    lxccontainer - ../src/lxc/lxccontainer.c:wait_on_daemonized_start:878 - Received container state ABORTING",
        ])
          worker.log(`lxc-start ${vmid} 20261129140000.000 ${line}`);
      die(`startup for container '${vmid}' failed`);
    }
    await startNow(cluster, container, worker);
    warnOfNesting(container, worker);
  });
}

const needRunning = ({ running, vmid }: Container, noun = "CT") => {
  if (!running) die(`${noun} ${vmid} not running`);
};

export function stopContainer(cluster: Cluster, container: Container, caller: ProxmoxCaller): string {
  needRunning(container);
  const requested = requestPower(cluster, container, "stop", caller);
  if (requested !== undefined) return requested;
  const { authId } = caller;
  return cluster.lockedTask(container, container.node, "vzstop", authId, async () => {
    container.checkLock();
    halt(cluster, container);
  });
}

export function shutdownContainer(
  cluster: Cluster,
  container: Container,
  { timeout, forceStop }: Values,
  caller: ProxmoxCaller,
): string {
  needRunning(container);
  const requested = requestPower(cluster, container, "stop", caller);
  if (requested !== undefined) return requested;
  const { authId } = caller;
  return cluster.lockedTask(container, container.node, "vzshutdown", authId, async ({ wait }) => {
    container.checkLock();
    const limit = Number(timeout ?? 60) * 1000;
    const needed = cluster.deaf.has(container.vmid) ? Number.POSITIVE_INFINITY : cluster.times.shutdown;
    await wait(Math.min(needed, limit));
    if (needed > limit && forceStop !== 1) die("container did not stop");
    halt(cluster, container);
  });
}

export function rebootContainer(cluster: Cluster, container: Container, { authId }: ProxmoxCaller): string {
  needRunning(container, "VM");
  return cluster.lockedTask(container, container.node, "vzreboot", authId, async (worker) => {
    container.checkLock();
    await worker.wait(cluster.times.shutdown);
    halt(cluster, container);
    await startNow(cluster, container, worker);
  });
}

export function controlContainer(
  cluster: Cluster,
  container: Container,
  action: "suspend" | "resume",
  { authId }: ProxmoxCaller,
): string {
  if (action === "suspend") needRunning(container);
  const { vmid } = container;
  return cluster.lockedTask(container, container.node, `vz${action}`, authId, async ({ log }) => {
    container.checkLock();
    if (cluster.hasCriu) {
      container.paused = action === "suspend";
      return;
    }
    log(`lxc-checkpoint: ${vmid}: execing criu failed, is it installed?`);
    const how = action === "suspend" ? "-s" : "-r";
    die(`command 'lxc-checkpoint -n ${vmid} ${how} -D /var/lib/vz/dump' failed: exit code 1`);
  });
}
