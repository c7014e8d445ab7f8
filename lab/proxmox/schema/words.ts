import type { Value } from "./parameters";

/** The words of a list, as PVE splits one. */
export const words = (value: Value | undefined): string[] =>
  String(value ?? "")
    .split(/[;,\s]+/)
    .filter((word) => word !== "");
