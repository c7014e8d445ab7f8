import { bareName } from "../../providers/dns/names";

// The one rule for names: what a guest of NetBox is called on Proxmox VE, and what its full name is.

/** A guest's name as Proxmox VE takes it (`dns-name`): NetBox's, without trailing dots. */
export const machineName = (name: string): string => name.trim().replace(/\.+$/, "");

const longestName = 253;
const longestLabel = 63;

/** Why Proxmox VE and DNS don't take a guest's name, as the end of a sentence; undefined where they do. */
export function hostnameProblem(name: string): string | undefined {
  const host = machineName(name);
  if (host.length > longestName) return `has ${host.length} characters, and a host name has ${longestName} at most`;
  for (const label of host.split(".")) {
    if (label === "") return "has a part without characters";
    if (label.length > longestLabel)
      return `has a part of ${label.length} characters, and a host name's parts have ${longestLabel} at most`;
    const strange = /[^a-z0-9-]/i.exec(label)?.[0];
    if (strange !== undefined) return `has ${JSON.stringify(strange)} in it, which no host name has`;
    if (/^-|-$/.test(label)) return "has a part that begins or ends with a hyphen";
  }
  return undefined;
}

/** A host name near to a name; undefined where nothing of it is left. */
export function hostnameLike(name: string): string | undefined {
  const near = machineName(name)
    .replace(/ß/g, "ss")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-zA-Z0-9.-]+/g, "-")
    .split(".")
    .map((label) => label.slice(0, longestLabel).replace(/^-+|-+$/g, ""))
    .filter((label) => label !== "")
    .join(".");
  return near === "" || hostnameProblem(near) !== undefined ? undefined : near;
}

/**
 * A guest's full name, in lower case and without the trailing dot. A name with a dot in it is full already, as it is to Proxmox
 * VE's cloud-init; one without gets the domain.
 */
export function guestFullName(name: string, domain: string): string {
  const host = machineName(name);
  return bareName(host.includes(".") ? host : `${host}.${domain}`);
}
