import type { Database } from "./database";
import type { LabRow } from "./rows";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** NetBox's deepmerge: objects are merged, everything else is replaced. */
function merged(base: Record<string, unknown>, next: Record<string, unknown>): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(next)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

/** The rendered config context of a virtual machine: those that apply by weight and name, the local one last. */
export function renderContext(database: Database, vm: LabRow): Record<string, unknown> {
  const cluster = database.find("cluster", vm.cluster);
  const applies = (context: LabRow) => {
    const within = (field: string, id: unknown) => {
      const ids = context[field];
      return !Array.isArray(ids) || ids.length === 0 || ids.includes(id);
    };
    return (
      context.is_active === true &&
      within("sites", vm.site) &&
      within("roles", vm.role) &&
      within("platforms", vm.platform) &&
      within("clusters", vm.cluster) &&
      within("cluster_types", cluster?.type)
    );
  };
  const contexts = database
    .rows("configContext")
    .filter(applies)
    .sort((a, b) => Number(a.weight) - Number(b.weight) || String(a.name).localeCompare(String(b.name)));
  const all = [...contexts.map(({ data }) => data), vm.local_context_data];
  return all.filter(isObject).reduce(merged, {});
}
