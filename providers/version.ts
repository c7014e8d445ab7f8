/** Is a version of NetBox or Proxmox VE (`4.7.3`, `7.4-17`) this release or a later one? */
export function isVersionSince(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(/[.-]/).map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
