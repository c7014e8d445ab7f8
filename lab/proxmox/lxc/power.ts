import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die } from "../errors";
import { requestPower } from "../ha/requests";
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

export function startContainer(cluster: Cluster, node: string, vmid: number, caller: ProxmoxCaller): string {
  const known = cluster.guests.get(vmid)?.type === "lxc" ? cluster.container(node, vmid) : undefined;
  if (known?.running) die(`CT ${vmid} already running`);
  const requested = known === undefined ? undefined : requestPower(cluster, known, "start", caller);
  if (requested !== undefined) return requested;
  return cluster.lockedTask({ vmid, type: "lxc" }, node, "vzstart", caller.authId, async (worker) => {
    const container = cluster.container(node, vmid);
    if (container.template) die("you can't start a CT if it's a template");
    container.checkLock();
    if (container.running) die(`CT ${vmid} already running`);
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

/** Checkpoints need CRIU, which the lab's nodes lack. */
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
    log(`lxc-checkpoint: ${vmid}: execing criu failed, is it installed?`);
    const how = action === "suspend" ? "-s" : "-r";
    die(`command 'lxc-checkpoint -n ${vmid} ${how} -D /var/lib/vz/dump' failed: exit code 1`);
  });
}
