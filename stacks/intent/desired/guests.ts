import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { parseSize } from "../../../providers/proxmox/propertystring";
import { withoutUndefined } from "../../../providers/values";
import { guestFullName } from "../../netbox/hostnames";
import type { VmsGuest } from "./file";
import type { References } from "./references";
import { unlessThere } from "./unlessthere";

/** Declares the file's guests, each with its interfaces, addresses and disks. */
export class Guests {
  /** The file's keys by cluster and name. */
  private readonly names = new Map<string, string>();

  constructor(private readonly references: References) {}

  declare(key: string, given: VmsGuest): void {
    const { environment = {} } = this.references.facts.file;
    const guest = {
      ...environment,
      ...given,
      tags: [...new Set([...(environment.tags ?? []), ...(given.tags ?? [])])],
      customFields: { ...environment.customFields, ...given.customFields },
    };
    const place = ["guests", key];
    const name = guest.name ?? key;
    const at = (property: string) => (property in given ? [...place, property] : ["environment", property]);
    if (guest.cluster === undefined) {
      this.references.problem(place, `${key} has no cluster; write one here, or below environment`);
      return;
    }
    const twin = this.names.get(`${guest.cluster}/${name.toLowerCase()}`);
    if (twin !== undefined) this.references.problem(place, `${key} has the name of ${twin}; rename one of them`);
    this.names.set(`${guest.cluster}/${name.toLowerCase()}`, key);
    if (guest.startOnBoot !== undefined && this.references.facts.view.lacksStartOnBoot)
      this.references.problem(
        at("startOnBoot"),
        `${key} has startOnBoot, which NetBox has since 4.5; leave it out, or upgrade NetBox`,
      );
    const type = guest.type ?? "vm";
    const role = guest.role ?? (type === "lxc" ? "Proxmox LXC" : "Proxmox VM");
    const after = [
      ...this.references.refer("cluster", guest.cluster, at("cluster")),
      ...this.references.refer("role", role, at("role")),
      ...this.references.refer("platform", guest.platform, at("platform")),
      ...guest.tags.flatMap((tag) =>
        this.references.refer(
          "tag",
          tag,
          (given.tags ?? []).includes(tag)
            ? [...place, "tags", (given.tags ?? []).indexOf(tag)]
            : ["environment", "tags"],
        ),
      ),
    ];
    const { fields } = this.references.facts;
    const machine = "virtualization.virtualmachine";
    const custom = this.references.custom(
      withoutUndefined({
        ...guest.customFields,
        [fields.vmid]: guest.vmid,
        [fields.type]: guest.type,
        [fields.node]: guest.node,
        [fields.storage]: guest.storage,
        [type === "lxc" ? fields.lxcTemplate : fields.template]: guest.template,
      }),
      machine,
      place,
    );
    const interfaces = this.interfaces(key, name, guest, after);
    const disks = this.disks(key, guest);
    const primary = guest.primary ?? Object.entries(interfaces).find(([, { addresses }]) => addresses.length > 0)?.[0];
    if (guest.primary !== undefined && interfaces[guest.primary] === undefined)
      this.references.problem(
        [...place, "primary"],
        `${key} has no interface ${guest.primary}; name one of ${Object.keys(interfaces).join(", ") || "its interfaces"}`,
      );
    const args: MachineArgs = {
      ...this.references.common,
      type: "virtualMachine",
      fields: withoutUndefined({
        name,
        cluster: guest.cluster,
        role,
        platform: guest.platform,
        tenant: guest.tenant,
        vcpus: guest.vcpus,
        memory: guest.memory === undefined ? undefined : megabytes(guest.memory),
        startOnBoot: guest.startOnBoot,
        description: guest.description,
        comments: guest.comments?.trim(),
      }),
      customFields: custom,
      tags: guest.tags.map((tag) => this.references.slug(tag)),
      initial: { status: "staged" },
      removal: "decommission",
      interfaces,
      disks,
      ...(primary === undefined ? {} : { primary }),
    };
    const logical = `vm-${key}`;
    const known = this.references.facts.known.get(logical);
    this.references.declared.push({
      kind: "machine",
      name: logical,
      after,
      args: known === undefined ? args : unlessThere(args, known, this.references.documented),
    });
  }

  private disks(key: string, { disks = {} }: VmsGuest): NonNullable<MachineArgs["disks"]> {
    return Object.fromEntries(
      Object.entries(disks).map(([slot, disk]) => {
        const { size, storage, customFields } =
          typeof disk === "object" ? disk : { size: disk, storage: undefined, customFields: undefined };
        const custom = withoutUndefined({ ...customFields, [this.references.facts.fields.diskStorage]: storage });
        return [
          slot,
          {
            fields: { size: megabytes(size) },
            customFields: this.references.custom(custom, "virtualization.virtualdisk", ["guests", key, "disks", slot]),
            tags: [],
          },
        ];
      }),
    );
  }

  private interfaces(
    key: string,
    name: string,
    guest: VmsGuest,
    after: string[],
  ): NonNullable<MachineArgs["interfaces"]> {
    const all = Object.entries(guest.interfaces ?? {});
    const primary = guest.primary ?? all.find(([, { addresses = [] }]) => addresses.length > 0)?.[0];
    return Object.fromEntries(
      all.map(([slot, each]) => {
        const place = ["guests", key, "interfaces", slot];
        const untagged = each.vlan === undefined ? undefined : this.references.vlan(each.vlan, [...place, "vlan"]);
        const tagged = (each.taggedVlans ?? []).flatMap(
          (vid, n) => this.references.vlan(vid, [...place, "taggedVlans", n]) ?? [],
        );
        after.push(...(untagged?.after ?? []), ...tagged.flatMap((vlan) => vlan.after));
        const addresses = (each.addresses ?? []).map((address, n) => {
          if (typeof address === "string") return address;
          this.references.prefix(address.next, [...place, "addresses", n, "next"], after);
          return `next ${address.next}`;
        });
        const domain = slot === primary && guest.domain !== undefined ? guestFullName(name, guest.domain) : undefined;
        const dnsName = addresses.length === 0 ? undefined : (each.dnsName?.toLowerCase() ?? domain);
        const custom = withoutUndefined({ ...each.customFields, [this.references.facts.fields.bridge]: each.bridge });
        return [
          slot,
          {
            fields: withoutUndefined({
              mac: each.mac?.toUpperCase(),
              enabled: each.enabled,
              mtu: each.mtu,
              mode: tagged.length > 0 ? "tagged" : untagged === undefined ? undefined : "access",
              untaggedVlan: untagged?.name,
              taggedVlans: tagged.length === 0 ? undefined : tagged.map((vlan) => vlan.name).sort(),
              description: each.description,
            }),
            customFields: this.references.custom(custom, "virtualization.vminterface", place),
            tags: [],
            addresses,
            ...(dnsName === undefined ? {} : { dnsName }),
          },
        ];
      }),
    );
  }
}

/** NetBox's MB. */
const megabytes = (size: number | string): number => (typeof size === "number" ? size : parseSize(size));
