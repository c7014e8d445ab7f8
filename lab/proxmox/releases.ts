import type { Values } from "./schema/parameters";

// What earlier releases of Proxmox VE lack or say otherwise, from their published sources and release notes. Only 9.2 is measured.

/** A version as PVE writes it: `9.2.11`, `7.4-17`. */
interface Versioned {
  version: { version: string };
}

export function isPveSince({ version: { version } }: Versioned, major: number, minor = 0): boolean {
  const [is = 0, isMinor = 0] = version.split(/[.-]/).map(Number);
  return is > major || (is === major && isMinor >= minor);
}

/** Methods by the release that they came with. */
const since: readonly { path: RegExp; method?: RegExp; release: readonly [number, number] }[] = [
  // HA rules took the place of groups.
  { path: /^\/cluster\/ha\/rules/, release: [9, 0] },
  // With pools in pools.
  { path: /^\/pools$/, method: /^(PUT|DELETE)$/, release: [8, 1] },
  { path: /^\/cluster\/mapping/, release: [8, 0] },
];

/** Has this release the method? */
export const hasMethod = (cluster: Versioned, { method, path }: { method: string; path: string }): boolean =>
  since.every(
    (each) => !each.path.test(path) || each.method?.test(method) === false || isPveSince(cluster, ...each.release),
  );

/** A container in a node's list: until 8.1 with its VMID as text. */
export const listedContainer = (cluster: Versioned, row: Values): Values =>
  isPveSince(cluster, 8, 2) ? row : { ...row, vmid: String(row.vmid) };

/** A guest of `/cluster/resources`: 7 gives VMIDs as text, and may leave out whether it is a template. */
export function listedGuest(cluster: Versioned, row: Values): Values {
  if (isPveSince(cluster, 8)) return row;
  const { template: _template, ...rest } = row;
  return { ...rest, vmid: String(row.vmid) };
}
