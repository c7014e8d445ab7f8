import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, parameterErrors } from "../errors";
import { normalizeTags } from "../guest";
import { bridgeMtu } from "../qemu/net";
import { lxcOptions } from "../schema/lxc";
import type { Value, Values } from "../schema/parameters";
import { words } from "../schema/words";
import { type Container, parseContainerOption } from "./container";
import { applyContainerPending, plugContainer } from "./pending";
import { entriesOf, mountType, requireContainerOptions } from "./rights";
import { isVolume } from "./volumes";

export const modifiedMeanwhile = "detected modified configuration - file changed by other user? Try again.";

function checkNames(options: Values, removed: string[], reverted: string[]): void {
  for (const key of reverted) {
    if (!(key in lxcOptions)) parameterErrors({ revert: `unknown option '${key}'` });
    if (key in options) parameterErrors({ revert: `you can't use '-${key}' and '-revert ${key}' at the same time` });
  }
  for (const key of removed) {
    if (!(key in lxcOptions)) parameterErrors({ delete: `unknown option '${key}'` });
    if (key in options) parameterErrors({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    if (reverted.includes(key))
      parameterErrors({ delete: `you can't use '-delete ${key}' and '-revert ${key}' at the same time` });
  }
}

/** An option in the form that waits: a NIC without its MAC, a volume as it was asked for. @throws PVE's refusals */
export function checkedOption(
  cluster: Cluster,
  container: Container,
  key: string,
  value: Value,
  isProtected = false,
): Value {
  const { vmid, node } = container;
  const text = String(value);
  if (isVolume(key)) {
    if (isProtected) die(`can't update CT ${vmid} drive '${key}' - protection mode enabled`);
    const { volume = "" } = parseContainerOption(key, text);
    const [storage = ""] = volume.split(":");
    if (mountType(volume) === "volume" && !cluster.storages.get(storage).content.split(",").includes("rootdir"))
      die(`storage '${storage}' does not allow content type 'rootdir' (Container)`);
  }
  if (key === "hookscript" && cluster.storages.find(node, text) === undefined) die(`script '${text}' does not exist`);
  if (key === "unprivileged") die(`unable to modify read-only option: '${key}'`);
  if (key === "tags") return normalizeTags(text, cluster.options.tagStyle);
  if (/^net\d+$/.test(key)) {
    const { bridge = "", mtu } = parseContainerOption("net0", text);
    const limit = bridgeMtu(cluster, node, bridge);
    if (mtu !== undefined && bridge !== "" && Number(mtu) > limit)
      die(`${key}: MTU size '${mtu}' is bigger than bridge MTU '${limit}'`);
  }
  return value;
}

/** PUT …/config: all is noted first, then what can take effect does; what fails stays noted. */
export function putContainerConfig(
  cluster: Cluster,
  container: Container,
  params: Values,
  caller: ProxmoxCaller,
): void {
  const { delete: remove, revert, digest, ...options } = params;
  const [removed, reverted] = [words(remove), words(revert)];
  if (Object.keys(options).length === 0 && removed.length === 0 && reverted.length === 0) die("no options specified");
  container.checkLock();
  if (digest !== undefined && digest !== container.digest()) die(modifiedMeanwhile);
  const { vmid } = container;
  const place = { vmid, unprivileged: container.config.get("unprivileged") === 1, before: container };
  const gone = [...removed, ...reverted].map((key) => [key, undefined] satisfies [string, undefined]);
  requireContainerOptions(cluster, caller, place, gone);
  checkNames(options, removed, reverted);
  requireContainerOptions(cluster, caller, place, entriesOf(options));

  // What is refused leaves the file as it was last written.
  let written = contentOf(container);
  try {
    const errors = change(cluster, container, { options, removed, reverted }, () => {
      written = contentOf(container);
    });
    if (Object.keys(errors).length > 0) parameterErrors(errors);
  } catch (error) {
    refill(container.config, written.config);
    refill(container.pending, written.pending);
    throw error;
  }
}

const contentOf = ({ config, pending }: Container) => ({ config: new Map(config), pending: new Map(pending) });

function refill<V>(map: Map<string, V>, from: ReadonlyMap<string, V>): void {
  map.clear();
  for (const [key, value] of from) map.set(key, value);
}

/** Writes a change where it waits, and puts in force what doesn't have to (pve-container's update_pct_config). @returns what could not be plugged */
function change(
  cluster: Cluster,
  container: Container,
  { options, removed, reverted }: { options: Values; removed: string[]; reverted: string[] },
  write: () => void,
): Record<string, string> {
  const { config, pending, vmid } = container;
  const isProtected = config.get("protection") === 1;
  for (const key of reverted) pending.delete(key);
  const deleted = new Set(removed.filter((key) => config.has(key) || (pending.get(key) ?? null) !== null));
  for (const key of deleted) {
    if (/^(memory|rootfs|ostype)$/.test(key)) die(`unable to delete required option '${key}'`);
    if (key === "unprivileged") die(`unable to delete read-only option: '${key}'`);
    if (isProtected && /^(mp|unused)\d+$/.test(key))
      die(`can't remove CT ${vmid} drive '${key}' - protection mode enabled`);
    // A next value that waits is not taken away by this.
    if ((pending.get(key) ?? null) === null) pending.set(key, null);
  }
  for (const [key, value] of entriesOf(options).sort(([a], [b]) => (a < b ? -1 : 1))) {
    pending.set(key, checkedOption(cluster, container, key, value, isProtected));
  }
  for (const [key, next] of [...pending]) if (config.get(key) === next) pending.delete(key);
  const unused = [...deleted].filter((key) => /^unused\d+$/.test(key));
  for (const key of unused)
    cluster.storages.free(container.node, parseContainerOption(key, container.text(key) ?? "").volume ?? "");
  const changed = new Set([...deleted, ...Object.keys(options)]);
  if (container.running) return plugContainer(cluster, container, changed, deleted, write);
  applyContainerPending(cluster, container, changed);
  return {};
}
