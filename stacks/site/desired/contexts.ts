import type { NetboxConfigContext, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { isRecord, sameValue } from "../../../providers/values";

// NetBox renders a guest's config contexts into one: which of them a value is from is looked up in the contexts themselves.

export interface ContextSources {
  contexts: readonly NetboxConfigContext[];
  /** The guest's own. */
  local: Record<string, unknown>;
}

/** The value at a path, `proxmox.storage`. */
function valueAt(data: unknown, path: string): unknown {
  // A name may have dots of its own.
  if (!isRecord(data)) return undefined;
  if (path in data) return data[path];
  const dot = path.indexOf(".");
  return dot < 0 ? undefined : valueAt(data[path.slice(0, dot)], path.slice(dot + 1));
}

/** May a context apply to a guest: as far as single objects say it, not those that they lie in? */
function mayApply({ isActive, appliesTo }: NetboxConfigContext, { clusterId, linked }: NetboxVirtualMachine): boolean {
  const within = (ids: readonly number[], id: number | undefined) =>
    ids.length === 0 || (id !== undefined && ids.includes(id));
  const { sites, roles, platforms, clusters, tenants } = appliesTo;
  return (
    isActive &&
    within(sites, linked.site) &&
    within(roles, linked.role) &&
    within(platforms, linked.platform) &&
    within(clusters, clusterId) &&
    within(tenants, linked.tenant)
  );
}

/**
 * The name of the context that a value of a guest is from: of those that have just it and may apply, the last one that NetBox
 * renders, which is by weight and then by name. Undefined where none is seen to have it.
 */
export function contextNameAt(
  guest: NetboxVirtualMachine,
  path: string,
  { contexts, local }: ContextSources,
): string | undefined {
  const value = valueAt(guest.context, path);
  if (value === undefined) return undefined;
  if (valueAt(local, path) !== undefined) return "its local context data";
  const last = contexts
    .filter((each) => mayApply(each, guest) && sameValue(valueAt(each.data, path), value))
    .sort((a, b) => a.weight - b.weight || a.name.localeCompare(b.name))
    .at(-1);
  return last?.name;
}
