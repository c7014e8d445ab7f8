import { listedNames } from "./listed";

// Which guests a run is about, as it is asked for.

/** Which guests a run is about: by names, by qualities, or by names that have these qualities. */
export interface GuestChoice {
  /** `web01`, `105`, `pve-a/105`, `pve-a/web01`. */
  only: readonly string[];
  /** On Proxmox VE. */
  tag: readonly string[];
  cluster: readonly string[];
  node: readonly string[];
  type?: "vm" | "ct" | undefined;
}

/** How a run of the program is told that it is about some guests alone: what interrupted runs left waits for the next whole one. */
export const chosenVariable = "NETBOX_PROXMOX_CHOSEN";

/** As it was written. */
export const choiceText = ({ only, tag, cluster, node, type }: GuestChoice): string =>
  Object.entries({ only, tag, cluster, node, type: type === undefined ? [] : [type] })
    .flatMap(([name, all]) => (all.length === 0 ? [] : [`--${name} ${listedNames([...all])}`]))
    .join(" ");
