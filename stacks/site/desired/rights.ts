import { z } from "zod";
import { guestTitle } from "../../../providers/ownership/mark";
import { parsePropertyString } from "../../../providers/proxmox/propertystring";
import { isRecord } from "../../../providers/values";
import { listedNames } from "../../plan/listed";
import type { GuestMapping } from "./mapping";
import { cpuModelOf } from "./offered";
import type { DesiredGuest, Machine, ProxmoxFacts } from "./types";

// The rights that single guests take beside those that every guest takes: a plan says where one is missing, before anything is half done.

/** What a token may do on a cluster. */
export class Rights {
  /** @param held privileges by path, each with whether it is inherited further down */
  constructor(
    readonly authId: string,
    private readonly held: ReadonlyMap<string, ReadonlyMap<string, boolean>>,
  ) {}

  /** May it do this at a path, by what it holds there or is handed down from above? */
  may(path: string, privilege: string): boolean {
    const here = this.held.get(path);
    if (here !== undefined) return here.has(privilege);
    for (let above = parentOf(path); above !== undefined; above = parentOf(above)) {
      const found = this.held.get(above);
      if (found !== undefined) return found.get(privilege) === true;
    }
    return false;
  }

  /** Whoever may not set any guest's options only looks: what else it may not do says nothing. */
  onlyLooks(vmid: number): boolean {
    return !this.may(`/vms/${vmid}`, "VM.Config.Options");
  }
}

function parentOf(path: string): string | undefined {
  if (path === "/") return undefined;
  const parent = path.slice(0, path.lastIndexOf("/"));
  return parent === "" ? "/" : parent;
}

/** What state has of a guest, as far as it counts here. */
const lastProperties = z.object({
  tags: z.array(z.string()).optional().catch(undefined),
  options: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
type Properties = z.infer<typeof lastProperties>;

interface Need {
  path: string;
  privilege: string;
  /** What takes it, as the subject of a sentence. */
  what: string;
  remedy: string;
}

/** What a guest needs for what this run changes of it. @param last as state has it, nothing of one that is to be made */
function needsOf(
  { own, facts }: Pick<GuestMapping, "own" | "facts">,
  { type, inputs }: Machine,
  last: Record<string, unknown> | undefined,
): Need[] {
  const needs: Need[] = [];
  const before = isRecord(last?.options) ? last.options : {};
  for (const [name, value] of Object.entries(inputs.options ?? {})) {
    if (before[name] === value) continue;
    const need = type === "qemu" ? optionNeed(name, String(value)) : undefined;
    if (need !== undefined) needs.push({ ...need, what: `its option ${name}`, remedy: "take the option away" });
  }
  const model = cpuModelOf(inputs.options);
  if (facts.offers?.guardsCpuModels && model?.startsWith("custom-") && model !== cpuModelOf(optionsIn(before)))
    needs.push({
      path: `/mapping/cpu/${model.replace(/^custom-/, "")}`,
      privilege: "Mapping.Use",
      what: "its option cpu",
      remedy: "name another model",
    });
  if (type === "lxc" && inputs.unprivileged === false && last === undefined && typeof inputs.template === "string")
    needs.push({
      path: "/",
      privilege: "Sys.Modify",
      what: "a privileged container",
      remedy: "leave unprivileged at true",
    });
  const ha = inputs.ha ?? "none";
  if (inputs.ha !== undefined && ha !== (last?.ha ?? "none"))
    needs.push({ path: "/", privilege: "Sys.Console", what: "its HA", remedy: "name no HA for it" });
  // A new one is made in its pool, in one call.
  if (inputs.pool !== undefined && last !== undefined && last.pool !== inputs.pool) {
    const path = inputs.pool === "" ? "/pool" : `/pool/${inputs.pool}`;
    for (const privilege of ["Pool.Audit", "Pool.Allocate"])
      needs.push({ path, privilege, what: "the change of its pool", remedy: "name no pool for it" });
  }
  if (last !== undefined && (own.snapshotBefore ?? []).length > 0)
    needs.push({
      path: `/vms/${inputs.vmid}`,
      privilege: "VM.Snapshot",
      what: "the snapshot before it is changed",
      remedy: "set proxmox.snapshotBefore to [] in its config context",
    });
  return needs;
}

const optionsIn = ({ cpu }: Record<string, unknown>) => (typeof cpu === "string" ? { cpu } : undefined);

function optionNeed(name: string, value: string): Pick<Need, "path" | "privilege"> | undefined {
  // It changes how the node starts; a container's takes nothing of the kind.
  if (name === "startup") return { path: "/", privilege: "Sys.Modify" };
  const mapping = /(?:^|,)mapping=([^,]+)/.exec(value)?.[1];
  const kind = /^(hostpci|usb)\d+$/.exec(name)?.[1];
  if (kind !== undefined && mapping !== undefined)
    return { path: `/mapping/${kind === "usb" ? "usb" : "pci"}/${mapping}`, privilege: "Mapping.Use" };
  return name === "rng0" && /(^|[=,])\/dev\/hwrng\b/.test(value)
    ? { path: "/mapping/hwrng", privilege: "Mapping.Use" }
    : undefined;
}

/** Tags that the token may not set, by the cluster's options `registered-tags` and `user-tag-access`. */
export interface GuardedTags {
  /** Those that only Sys.Modify on `/` sets and takes away. */
  registered: ReadonlySet<string>;
  /** Those that others may set; undefined where they may set any other. */
  allowed: ReadonlySet<string> | undefined;
}

function checkTags({ facts, target, problem }: GuestMapping, { inputs }: Machine, last: Properties | undefined): void {
  const { rights, tags } = facts.offers ?? {};
  if (rights === undefined || tags === undefined || rights.may("/", "Sys.Modify")) return;
  // A clone has its template's tags to begin with.
  const from = last === undefined ? inputs.template : target.vmid;
  const [before, after] = [new Set(last?.tags ?? facts.guests.get(Number(from))?.tags ?? []), new Set(inputs.tags)];
  const guarded = [...new Set([...before, ...after])]
    .filter((tag) => before.has(tag) !== after.has(tag))
    .filter((tag) => tags.registered.has(tag) || tags.allowed?.has(tag) === false)
    .sort();
  if (guarded.length === 0) return;
  const option = guarded.some((tag) => tags.registered.has(tag)) ? "registered-tags" : "user-tag-access";
  problem(
    `${inputs.cluster} lets ${rights.authId} not change the tag ${guarded.join(", ")} (${option} of its options); grant it Sys.Modify on / (docs/privileges.md), loosen that option, or leave the tag as it is`,
  );
}

/** Features that are on, with their values; `nesting` is anybody's. */
const guardedFeatures = (text: string): Map<string, string> =>
  new Map([...parsePropertyString(text).options].filter(([name, value]) => name !== "nesting" && value !== "0"));

function checkFeatures(
  { facts, target, problem }: GuestMapping,
  { type, inputs }: Machine,
  last: Properties | undefined,
) {
  const { rights } = facts.offers ?? {};
  // A token of root's is not root.
  if (type !== "lxc" || rights === undefined || rights.authId === "root@pam") return;
  // What nobody documents stays as it is.
  if (last?.options?.features === undefined && inputs.options?.features === undefined) return;
  const seen = last === undefined ? undefined : facts.seen.get(target.vmid)?.config;
  const text = last?.options?.features ?? seen?.features ?? "";
  const [before, after] = [text, inputs.options?.features ?? ""].map((each) => guardedFeatures(String(each)));
  const names = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])];
  const changed = names.filter((name) => before?.get(name) !== after?.get(name)).sort();
  if (changed.length > 0)
    problem(
      `its option features changes ${changed.join(", ")}, which Proxmox VE takes from the login of root@pam alone, and this stack works as ${rights.authId}; change it there by hand, or leave it as it is`,
    );
}

/** Tells of every right that the token lacks for what this run does to a guest. */
export function checkRights(mapping: GuestMapping, machine: Machine): void {
  const { facts, site, guest, target, problem } = mapping;
  const rights = facts.offers?.rights;
  if (rights === undefined || rights.onlyLooks(target.vmid)) return;
  // An adopted guest is left as it is in the run that adopts it.
  const last = target.built ? (site.state.guests.get(guest.id)?.last ?? {}) : undefined;
  const properties = last && lastProperties.parse(last);
  checkTags(mapping, machine, properties);
  checkFeatures(mapping, machine, properties);
  const lacking = needsOf(mapping, machine, last).filter(({ path, privilege }) => !rights.may(path, privilege));
  for (const { path, privilege, what, remedy } of lacking)
    problem(
      `${what} needs ${privilege} on ${path}, which ${rights.authId} lacks; grant it (docs/privileges.md), or ${remedy}`,
    );
}

const seesPool = (rights: Rights, pool: string): boolean =>
  rights.may(pool === "" ? "/pool" : `/pool/${pool}`, "Pool.Audit");

/** A sentence for each cluster with guests whose pools the token may not see: they are not compared with what NetBox says. */
export const unseenPools = (
  guests: Pick<DesiredGuest, "name" | "mark" | "machine">[],
  proxmox: Map<string, ProxmoxFacts>,
): string[] =>
  [...proxmox].flatMap(([cluster, { offers }]) => {
    const hidden = guests.filter(
      ({ machine: { inputs } }) =>
        inputs.cluster === cluster &&
        inputs.pool !== undefined &&
        offers !== undefined &&
        !seesPool(offers.rights, inputs.pool),
    );
    return hidden.length === 0
      ? []
      : [
          `${offers?.rights.authId} may not see which pools of ${cluster} these guests are in: ${listedNames(hidden.map(guestTitle))}. Their pools are set when they are made, and not compared afterwards; for that it needs Pool.Audit on /pool (docs/privileges.md).`,
        ];
  });

/** Tells of a guest that is to be taken over, whose pool nobody can compare with what NetBox says. */
export function checkAdoptedPool({ facts, own, problem }: GuestMapping): void {
  const rights = facts.offers?.rights;
  if (rights === undefined || own.pool === undefined) return;
  if (!seesPool(rights, own.pool))
    problem(
      `${rights.authId} may not see which pool it is in; give it Pool.Audit on /pool (docs/privileges.md), or name no pool for it until it is taken over`,
    );
}
