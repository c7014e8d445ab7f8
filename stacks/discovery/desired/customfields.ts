import { diskKinds } from "../../../providers/proxmox/nodes/disks";
import { disksFrom } from "../../../providers/proxmox/nodes/guest.model";
import { Prerequisites } from "../../netbox/prerequisites";
import { missingField, snapshotsField } from "../../netbox/schema";
import { ClusterChoices } from "../settings";
import { DiscoveryFacts, isReached, Reached } from "./types";

/** The custom fields that a run writes, with the choices that they offer. */
export class UsedFields {
  private readonly used = new Set<string>();

  constructor(private readonly facts: DiscoveryFacts) {}

  add(names: Iterable<string>): void {
    for (const name of names) this.used.add(name);
  }

  declare(view: Reached, prerequisites: Prerequisites, choices: ClusterChoices): void {
    const storages = choices.syncStorage === false ? [] : view.storages;
    const inUse = view.machines.flatMap(({ config, type }) =>
      Object.values(disksFrom(config, diskKinds[type])).map(({ storage }) => storage),
    );
    const { customFields } = this.facts.site;
    // The mark of what vanishes is there before anything does.
    const names = [
      ...this.used,
      missingField,
      snapshotsField,
      ...(storages.length > 0 ? [customFields.diskStorage] : []),
    ];
    prerequisites.customFields([...new Set(names)], {
      "proxmox-nodes": this.choices(
        "proxmox-nodes",
        view.nodes.map(({ node }) => node),
      ),
      "proxmox-storages": this.choices(
        "proxmox-storages",
        // A disk may name a storage that was removed, or that the token may not see.
        [...new Set([...storages, ...inUse])].filter((storage) => storage !== ""),
      ),
      "proxmox-vm-types": ["lxc", "vm"],
    });
  }

  private readonly collected = new Map<string, Set<string>>();

  /** Of all clusters, as they share a custom field. */
  private choices(set: string, values: string[]): string[] {
    const all =
      this.collected.get(set) ??
      new Set(
        this.facts.views
          .filter(isReached)
          .flatMap(({ nodes, storages }) => (set === "proxmox-nodes" ? nodes.map(({ node }) => node) : storages)),
      );
    for (const value of values) all.add(value);
    this.collected.set(set, all);
    return [...all].sort();
  }
}
