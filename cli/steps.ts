import type { ResourceStep } from "../tools/stack";

// How a step of the engine is told to people.

export const symbols: Record<string, string> = {
  create: "+",
  update: "~",
  delete: "-",
  replace: "±",
  "create-replacement": "+",
  "delete-replaced": "-",
  refresh: "~",
};

/** Which properties a step changes, from what to what. */
export function difference({ old, new: wanted }: ResourceStep): string {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(wanted)])].filter(
    (key) =>
      key !== "__provider" && key in old && key in wanted && JSON.stringify(old[key]) !== JSON.stringify(wanted[key]),
  );
  return keys.map((key) => `${key} ${JSON.stringify(old[key])} → ${JSON.stringify(wanted[key])}`).join(", ");
}

/** `ProxmoxVm web01 100001`. */
export function titleOfStep({ type, name, old, new: wanted }: ResourceStep): string {
  const { name: own, label, vmid } = { ...old, ...wanted };
  const described = [own ?? label, vmid].filter((part) => part !== undefined).join(" ");
  return `${type} ${described || name}`;
}
