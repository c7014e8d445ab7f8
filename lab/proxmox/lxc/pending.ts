import type { Cluster } from "../cluster";
import { die, PveError } from "../errors";
import { newMac } from "../qemu/vm";
import type { Value } from "../schema/parameters";
import { type Container, parseContainerOption, printContainerOption } from "./container";
import { attachVolume, detachVolume, isVolume, makeVolume } from "./volumes";

// What a running container takes at once, and what waits for its next start (pve-container's vmconfig_hotplug_pending).

const silent = () => {};

/** Written at once. What is inside may see it later: a running system goes on with the name it has. */
const fast = /^(description|onboot|startup|protection|hostname|hookscript|cores|tags|lock|unused\d+)$/;

const isCard = (key: string) => /^net\d+$/.test(key);

/** Does it take an option's next value, or its removal (null), while it runs? Its own regular expression lets net10 and above wait. */
function takesAtOnce(config: ReadonlyMap<string, Value>, key: string, next: Value | null): boolean {
  if (fast.test(key) || /^(cpulimit|cpuunits|swap)$/.test(key)) return true;
  if (isCard(key)) return next !== null || /^net\d$/.test(key);
  if (key === "memory") return next !== null;
  return /^mp\d+$/.test(key) && next !== null && !config.has(key);
}

/** A network device as Proxmox VE keeps it, with a new MAC where the text has none. */
export function storedCard(cluster: Cluster, text: string): string {
  const card = parseContainerOption("net0", text);
  const hwaddr = (card.hwaddr ?? newMac(cluster.options.mac_prefix)).toUpperCase();
  return printContainerOption("net0", { ...card, hwaddr, type: "veth" });
}

/** An option's next value is in force, or its removal. @param text of a volume that is made, a card that has its MAC */
function put(container: Container, key: string, next: Value | null): void {
  container.pending.delete(key);
  if (next === null && isVolume(key)) detachVolume(container, key);
  else if (next === null) container.config.delete(key);
  else if (isVolume(key)) attachVolume(container, key, String(next));
  else container.config.set(key, next);
}

/** What waits for its start is in force. @param changed nothing but these options */
export function applyContainerPending(cluster: Cluster, container: Container, changed?: ReadonlySet<string>): void {
  const removals = [...container.pending].filter(([, next]) => next === null);
  for (const [key, next] of [...removals, ...container.pending]) {
    if (!container.pending.has(key) || (changed !== undefined && !changed.has(key))) continue;
    if (next !== null && isVolume(key)) put(container, key, makeVolume(cluster, container, key, String(next), silent));
    else put(container, key, next !== null && isCard(key) ? storedCard(cluster, String(next)) : next);
  }
}

/**
 * What a running container takes at once, of the options that a request changes.
 * @param write keeps the configuration as it then is: what is written so far stays, though another option is refused
 * @returns why one of them could not be plugged, by its name
 */
export function plugContainer(
  cluster: Cluster,
  container: Container,
  changed: ReadonlySet<string>,
  removed: ReadonlySet<string>,
  write: () => void,
): Record<string, string> {
  const errors: Record<string, string> = {};
  // Removals first, though the option has a next value too: that stays, and is plugged below.
  for (const key of removed) {
    if (!takesAtOnce(container.config, key, null)) continue;
    const next = container.pending.get(key) ?? null;
    put(container, key, null);
    if (next !== null) container.pending.set(key, next);
  }
  for (const key of [...changed].sort()) {
    const next = container.pending.get(key) ?? null;
    if (next === null || !takesAtOnce(container.config, key, next)) continue;
    try {
      if (isCard(key)) put(container, key, plugCard(cluster, container, key, String(next), write));
      else if (isVolume(key)) put(container, key, mount(cluster, container, key, String(next)));
      else put(container, key, next);
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
      errors[key] = `unable to hotplug ${key}: ${error.message}\n`;
    }
  }
  return errors;
}

/** Refused by a node that lets nobody mount into a running container. */
function mount(cluster: Cluster, container: Container, key: string, text: string): string {
  if (cluster.node(container.node).refusesMounts) die("failed to move mount");
  return makeVolume(cluster, container, key, text, silent);
}

/** Plugs a network device, in the steps that are written one by one. @returns it as it is kept in the end */
function plugCard(cluster: Cluster, container: Container, key: string, text: string, write: () => void): string {
  const kept = storedCard(cluster, text);
  const card = parseContainerOption("net0", kept);
  const before = container.config.has(key) ? parseContainerOption("net0", container.text(key) ?? "") : undefined;
  const isThere = cluster.node(container.node).bridges.includes(card.bridge ?? "");
  const missing = () => die(`bridge '${card.bridge}' does not exist`);
  if (before !== undefined && before.hwaddr === card.hwaddr && before.name === card.name) {
    const moves = ["bridge", "tag", "firewall", "link_down"].some((each) => before[each] !== card[each]);
    if (moves && !isThere) missing();
    return kept;
  }
  if (before !== undefined) {
    container.config.delete(key);
    write();
  }
  if (!isThere) missing();
  const plugged = ["bridge", "tag", "firewall", "hwaddr", "name", "link_down"].flatMap((each) =>
    card[each] === undefined ? [] : [[each, card[each]]],
  );
  container.config.set(key, printContainerOption("net0", { ...Object.fromEntries(plugged), type: "veth" }));
  write();
  return kept;
}
