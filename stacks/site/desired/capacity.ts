import { type CapacityFacts, type CapacityGuest, capacityOf } from "../../plan/capacity";
import type { CapacityRow } from "../../plan/report";
import { diskSizes, sizeOf } from "./guestsizes";
import type { DesiredGuest, KeptGuest, Machine, ProxmoxFacts, Site } from "./types";

// What the site's plan leaves on nodes and storages.

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

/** GiB by disk, as the state has them, by the guest's cluster and VMID. */
type KnownDisks = ReadonlyMap<string, CapacityGuest["disks"]>;

const at = (cluster: string, vmid: number): string => `${cluster}/${vmid}`;

/** @param gone guests that the run removes, as `cluster/VMID` */
export function siteCapacity(
  site: Pick<Site, "proxmox" | "state">,
  { guests, kept }: { guests: DesiredGuest[]; kept: KeptGuest[] },
  gone: ReadonlySet<string>,
): CapacityRow[] {
  const staying = [...guests, ...kept].flatMap(({ id, machine }) => (machine === undefined ? [] : [{ id, machine }]));
  const known: KnownDisks = new Map(
    [...site.state.guests.values()].map(({ cluster, vmid, last }) => [
      at(cluster, vmid),
      diskSizes(last, site.proxmox.get(cluster)?.templates),
    ]),
  );
  return [...site.proxmox].flatMap(([cluster, facts]) => {
    const own = staying.filter(({ machine }) => machine.inputs.cluster === cluster);
    const wanted = own.map(({ id, machine }) => wantedGuest(site, facts, id, machine));
    return capacityOf(factsOf(cluster, facts, wanted, { known, gone }));
  });
}

function wantedGuest(
  site: Pick<Site, "proxmox" | "state">,
  { guests }: ProxmoxFacts,
  id: number,
  machine: Machine,
): CapacityGuest {
  const { vmid, inert, power } = machine.inputs;
  const { node, memory, cores, disks } = sizeOf(site, id, machine);
  const there = guests.get(vmid);
  // What is left as it is does what it does.
  const runs = inert && there !== undefined ? isRunning(there.status) : power !== "stopped";
  const sizes = disks.map(({ storage, size }) => ({ storage, size: size / 1024 }));
  return { vmid, node, runs, memory, cores, disks: sizes };
}

const isRunning = (status: string): boolean => status === "running" || status === "paused";

function factsOf(
  cluster: string,
  { nodes, storages, guests }: ProxmoxFacts,
  wanted: CapacityGuest[],
  { known, gone }: { known: KnownDisks; gone: ReadonlySet<string> },
): CapacityFacts {
  const declared = new Map(wanted.map((guest) => [guest.vmid, guest]));
  const before = [...guests.values()]
    .filter(({ template }) => !template)
    .map(({ vmid, node, status, memory, cpus = 0 }): CapacityGuest => {
      // One that is taken over has had its disks before.
      const disks = known.get(at(cluster, vmid)) ?? declared.get(vmid)?.disks ?? [];
      return { vmid, node, runs: isRunning(status), memory: Math.round(memory / mebibyte), cores: cpus, disks };
    });
  return {
    cluster,
    nodes: nodes
      .filter(({ online, memory }) => online && memory > 0)
      .map(({ node, memory, cpus }) => ({ node, memory: Math.round(memory / mebibyte), cpus })),
    storages: storages
      .filter(({ content }) => content.includes("images") || content.includes("rootdir"))
      .flatMap(({ node, storage, shared, size }) =>
        size === undefined ? [] : [{ node, storage, shared, total: size.total / gibibyte, used: size.used / gibibyte }],
      ),
    before,
    after: [...before.filter(({ vmid }) => !declared.has(vmid) && !gone.has(at(cluster, vmid))), ...wanted],
  };
}
