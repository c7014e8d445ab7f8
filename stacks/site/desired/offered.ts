import { nearest } from "../../../providers/nearest";
import { parsePropertyString } from "../../../providers/proxmox/propertystring";
import { isRecord } from "../../../providers/values";
import type { GuestMapping } from "./mapping";
import type { Machine } from "./types";

// What guests name and Proxmox VE takes without looking, or refuses only once the guest is half made.

type Options = Record<string, string | number> | undefined;

/** The CPU model that the options name. */
export function cpuModelOf(options: Options): string | undefined {
  if (options?.cpu === undefined) return undefined;
  const { head, options: keys } = parsePropertyString(String(options.cpu));
  return keys.get("cputype") ?? head;
}

/** The snippets that the options name, as volumes. */
export const snippetsOf = (options: Options): string[] =>
  options?.cicustom === undefined ? [] : [...parsePropertyString(String(options.cicustom)).options.values()];

/** QEMU's models that mean the node's own CPU: every node has them, whatever its list says. */
const always: readonly string[] = ["host", "max"];

const meant = (name: string, known: Iterable<string>): string => {
  const near = nearest(name, [...known]);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
};

/** Tells of a pool, CPU model, HA group or snippet that is to be set and isn't there, as far as the token may see such. */
export function checkOffered(
  { facts, site, guest, target, problem }: GuestMapping,
  { inputs }: Machine,
  node: string | undefined,
): void {
  const { offers } = facts;
  if (offers === undefined) return;
  const { rights, pools, cpuModels, ha } = offers;
  const { cluster } = inputs;
  const last: Record<string, unknown> = target.built ? (site.state.guests.get(guest.id)?.last ?? {}) : {};
  const before = isRecord(last.options) ? last.options : {};
  const { pool } = inputs;
  if (pool !== undefined && pool !== "" && pool !== last.pool && !pools.has(pool))
    if (rights.may(`/pool/${pool}`, "Pool.Audit"))
      problem(`${cluster} has no pool ${pool}${meant(pool, pools)}; make it there, or correct its name`);
  const model = cpuModelOf(inputs.options);
  if (model !== undefined && inputs.options?.cpu !== before.cpu && cpuModels !== undefined)
    if (!always.includes(model) && !cpuModels.has(model))
      problem(
        cpuModels.has(`custom-${model}`)
          ? `its option cpu names ${model}, which is a CPU model of ${cluster}'s own; write custom-${model}`
          : `${cluster} has no CPU model ${model}${meant(model, [...always, ...cpuModels])}; correct its option cpu, or add the model there`,
      );
  const named = inputs.ha;
  if (ha !== undefined && named !== undefined && !["none", "managed", last.ha].includes(named) && !ha.names.has(named))
    problem(`${cluster} has no ${ha.noun} ${named}${meant(named, ha.names)}; make it there, or name another`);
  if (inputs.options?.cicustom !== before.cicustom) checkSnippets({ facts, problem }, inputs.options, node);
}

function checkSnippets(
  { facts: { storages, offers }, problem }: Pick<GuestMapping, "facts" | "problem">,
  options: Options,
  node: string | undefined,
): void {
  for (const volume of snippetsOf(options)) {
    const [name = ""] = volume.split(":");
    const all = storages.filter(({ storage }) => storage === name);
    const here = node === undefined ? all : all.filter((each) => each.node === node);
    const where = node === undefined ? "the cluster" : node;
    if (here.length === 0)
      problem(`its option cicustom names the storage ${name}, which ${where} lacks; correct it, or name another node`);
    else if (!here.some(({ content }) => content.includes("snippets")))
      problem(
        `its option cicustom names a snippet on storage ${name}, which holds none; set its content to snippets too, or name another`,
      );
    const lists = here.map((each) => offers?.snippets.get(`${each.node}/${name}`));
    if (lists.length > 0 && lists.every((list) => list !== undefined && !list.has(volume)))
      problem(`its option cicustom names ${volume}, which ${where} lacks; put it there, or correct its name`);
  }
}

/** Tells of a disk that is to be made on, or moved to, a storage that the node of a built guest doesn't have for it. */
export function checkNewDisks(
  { facts, type, site, guest, own, problem }: GuestMapping,
  { inputs }: Machine,
  node: string,
): void {
  const last = site.state.guests.get(guest.id)?.last;
  const before = isRecord(last?.disks) ? last.disks : {};
  const content = type === "qemu" ? "images" : "rootdir";
  for (const [slot, disk] of Object.entries(inputs.disks ?? {})) {
    const there = before[slot];
    const name = disk.storage ?? (there === undefined ? own.storage : undefined);
    if (name === undefined || (isRecord(there) && there.storage === name)) continue;
    const found = facts.storages.find((each) => each.storage === name && each.node === node);
    const isHidden = found === undefined && facts.offers?.rights.may(`/storage/${name}`, "Datastore.Audit") === false;
    const why = isHidden
      ? `which ${facts.offers?.rights.authId} may not see (Datastore.Audit on /storage/${name}, docs/privileges.md)`
      : found === undefined || !found.available
        ? `which ${node} ${found === undefined ? "lacks" : "can't reach now"}`
        : found.content.includes(content)
          ? undefined
          : `which doesn't hold ${content === "images" ? "disk images" : "containers"} (${content})`;
    if (why !== undefined)
      problem(`virtual disk ${slot} goes to storage ${name}, ${why}; name another in NetBox, or mend that storage`);
  }
}
