import type { ProxmoxCaller } from "../access";
import type { Cluster } from "../cluster";
import { die, forbidden } from "../errors";
import { requireUse } from "../rights";
import type { Value, Values } from "../schema/parameters";
import { requireTags } from "../tags";
import { requireVolume } from "../volumes";
import { type Container, parseContainerOption } from "./container";
import { allocation, isVolume } from "./volumes";

// Which option of a container takes which right (PVE::LXC).

/** What a mount point mounts. */
export const mountType = (volume: string): "volume" | "bind" | "device" =>
  !volume.startsWith("/") ? "volume" : volume.startsWith("/dev/") ? "device" : "bind";

/** The container whose options are set or deleted; a new one has a pool and none from before. */
export interface ContainerPlace {
  vmid: number;
  pool?: Value;
  unprivileged: boolean;
  before?: Container;
}

const onlyRoot = (what: string): never => forbidden(`${what} is only allowed for root@pam`);

const featuresOf = (value: Value | undefined): Record<string, string> =>
  value === undefined ? {} : parseContainerOption("features", String(value));

function requireFeatures(
  requireOn: (privilege: string) => void,
  { unprivileged, before }: ContainerPlace,
  value: Value | undefined,
): void {
  if (!unprivileged) onlyRoot("changing feature flags for privileged container");
  const old = featuresOf(before?.config.get("features"));
  const next = value === undefined ? {} : featuresOf(value);
  const changed = [...new Set([...Object.keys(old), ...Object.keys(next)])].filter((name) => old[name] !== next[name]);
  if (changed.some((name) => name !== "nesting")) onlyRoot("changing feature flags (except nesting)");
  if (changed.length > 0) requireOn("VM.Allocate");
}

function requireMount(
  cluster: Cluster,
  caller: ProxmoxCaller,
  { vmid }: ContainerPlace,
  [key, value]: [string, Value],
): void {
  const { volume = "" } = parseContainerOption(key, String(value));
  const type = mountType(volume);
  if (type !== "volume") onlyRoot(`mount point type ${type}`);
  const storage = allocation.exec(volume)?.[1];
  if (storage !== undefined) cluster.access.require(caller.authId, `/storage/${storage}`, ["Datastore.AllocateSpace"]);
  else if (volume.includes(":")) requireVolume(cluster, caller, volume, { vmid });
  else die(`unable to parse volume ID '${volume}'`);
}

/** @throws PVE's refusals of options that the caller may not set or, without a value, delete */
export function requireContainerOptions(
  cluster: Cluster,
  caller: ProxmoxCaller,
  place: ContainerPlace,
  options: [key: string, value: Value | undefined][],
): void {
  const { access } = cluster;
  const { authId } = caller;
  const { vmid, pool, before } = place;
  if (authId === "root@pam") return;
  const requireOn = (privilege: string) => {
    if (pool === undefined || !access.may(authId, `/pool/${pool}`, [privilege]))
      access.require(authId, `/vms/${vmid}`, [privilege]);
  };
  for (const [key, value] of options) {
    if (/^(cores|cpuunits|cpulimit)$/.test(key)) requireOn("VM.Config.CPU");
    else if (isVolume(key)) {
      requireOn("VM.Config.Disk");
      if (value !== undefined) requireMount(cluster, caller, place, [key, value]);
    } else if (key === "memory" || key === "swap") requireOn("VM.Config.Memory");
    else if (/^net\d+$/.test(key)) {
      requireOn("VM.Config.Network");
      const cards = [before?.config.get(key), value].filter((card) => card !== undefined);
      for (const card of cards) requireUse(cluster, caller, { [key]: card });
    } else if (/^dev\d+$/.test(key)) onlyRoot("configuring device passthrough");
    else if (/^(nameserver|searchdomain|hostname)$/.test(key)) requireOn("VM.Config.Network");
    else if (key === "features") requireFeatures(requireOn, place, value);
    else if (key === "hookscript") onlyRoot("changing the hookscript");
    else if (key === "tags")
      requireTags(cluster, caller, vmid, before?.text("tags"), value === undefined ? undefined : String(value));
    else requireOn("VM.Config.Options");
  }
}

/** The options of a request, as they are asked for. */
export const entriesOf = (options: Values): [string, Value][] => Object.entries(options);
