import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import { addressKey, type MachineState, printAsked } from "../../../providers/netbox/objects/machine.model";
import { meantRows } from "../../../providers/netbox/objects/object.model";
import { parseSize } from "../../../providers/proxmox/propertystring";
import { groupBy, withoutUndefined } from "../../../providers/values";
import { guestFullName } from "../../netbox/hostnames";
import type { VmsGuest, VmsVlan } from "./file";
import { type KnownVrf, type MeantNetworks, vrfScope } from "./networks";
import type { References } from "./references";
import { unlessThere } from "./unlessthere";

/** Declares the file's guests, each with its interfaces, addresses and disks. */
export class Guests {
  /** The file's keys by cluster, tenant and name. */
  private readonly names = new Map<string, string>();

  constructor(
    private readonly references: References,
    private readonly networks: MeantNetworks,
  ) {}

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
    const { name: cluster, after: ofCluster } = this.references.refer("cluster", guest.cluster, at("cluster"));
    const { name: tenant } = this.references.refer("tenant", guest.tenant ?? undefined, at("tenant"));
    // Beside others of its name, one that names no tenant has none.
    const hasNone = tenant === undefined && (guest.tenant === null || this.namesakes(guest.cluster, name) > 1);
    const lookedUp = hasNone ? { tenant: "" } : {};
    const nameKey = `${cluster}/${tenant ?? ""}/${name.toLowerCase()}`;
    const twin = this.names.get(nameKey);
    if (twin !== undefined) this.references.problem(place, `${key} has the name of ${twin}; rename one of them`);
    this.names.set(nameKey, key);
    if (guest.startOnBoot !== undefined && this.references.facts.view.lacksStartOnBoot)
      this.references.problem(
        at("startOnBoot"),
        `${key} has startOnBoot, which NetBox has since 4.5; leave it out, or upgrade NetBox`,
      );
    const type = guest.type ?? "vm";
    const role = guest.role === null ? undefined : (guest.role ?? (type === "lxc" ? "Proxmox LXC" : "Proxmox VM"));
    const [ofRole, ofPlatform] = [
      this.references.refer("role", role, at("role")),
      this.references.refer("platform", guest.platform, at("platform")),
    ];
    const after = [
      ...ofCluster,
      ...(ofRole.after ?? []),
      ...(ofPlatform.after ?? []),
      ...guest.tags.flatMap((tag) => {
        const own = (given.tags ?? []).indexOf(tag);
        return this.references.refer("tag", tag, own < 0 ? ["environment", "tags"] : [...place, "tags", own]).after;
      }),
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
    const logical = `vm-${key}`;
    const known = this.references.facts.known.get(logical);
    const vrf = guest.vrf === undefined ? undefined : this.networks.vrf(guest.vrf, at("vrf"));
    const machineId = known?.netboxId ?? this.machineId(key, withoutUndefined({ name, cluster, tenant, ...lookedUp }));
    const interfaceIds = new Set(this.references.documented.interfaces.get(machineId)?.map(({ id }) => id));
    const interfaces = this.interfaces(key, name, guest, { after, known, vrf, cluster, interfaceIds });
    const disks = this.disks(key, guest);
    const first = Object.entries(interfaces).find(([, { addresses }]) => addresses.length > 0)?.[0];
    const primary = guest.primary === null ? undefined : (guest.primary ?? first);
    if (typeof guest.primary === "string" && interfaces[guest.primary] === undefined)
      this.references.problem(
        [...place, "primary"],
        `${key} has no interface ${guest.primary}; name one of ${Object.keys(interfaces).join(", ") || "its interfaces"}`,
      );
    const args: MachineArgs = {
      ...this.references.common,
      type: "virtualMachine",
      fields: withoutUndefined({
        name,
        cluster,
        role: ofRole.name,
        platform: ofPlatform.name,
        tenant,
        vcpus: guest.vcpus,
        memory: guest.memory === undefined ? undefined : megabytes(guest.memory),
        startOnBoot: guest.startOnBoot,
        description: guest.description,
        comments: guest.comments?.trim(),
      }),
      customFields: custom,
      tags: guest.tags.map((tag) => this.references.slug(tag)),
      initial: { status: "staged", ...lookedUp },
      removal: "decommission",
      interfaces,
      disks,
      ...(primary === undefined ? {} : { primary }),
    };
    this.references.declared.push({
      kind: "machine",
      name: logical,
      after,
      args: known === undefined ? args : unlessThere(args, known, this.references.documented),
    });
  }

  private counts: Map<string, number> | undefined;

  /** How many guests of the file have a name in a cluster. */
  private namesakes(cluster: string, name: string): number {
    const { guests, environment = {} } = this.references.facts.file;
    this.counts ??= new Map(
      [
        ...groupBy(Object.entries(guests), ([key, guest]) =>
          nameIn(guest.cluster ?? environment.cluster, guest.name ?? key),
        ),
      ].map(([key, all]) => [key, all.length]),
    );
    return this.counts.get(nameIn(cluster, name)) ?? 0;
  }

  /** A guest that this stack does not know yet is the one that NetBox has, where it is just one. */
  private machineId(key: string, wanted: Record<string, unknown>): number | undefined {
    const { view } = this.references.facts;
    const found = meantRows("virtualMachine", view.machines, wanted);
    if (found.length > 1)
      this.references.problem(
        ["guests", key],
        `${key} could be any of ${found.length} virtual machines of NetBox (${this.references.pages("virtualization/virtual-machines", found)}); write the tenant of the one that is meant`,
      );
    return found.length > 1 ? undefined : found[0]?.id;
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
    { after, known, vrf: ofGuest, cluster, interfaceIds }: InterfaceContext,
  ): NonNullable<MachineArgs["interfaces"]> {
    const all = Object.entries(guest.interfaces ?? {});
    // Whatever is primary, the name is that of the first interface with addresses.
    const primary = guest.primary ?? all.find(([, { addresses = [] }]) => addresses.length > 0)?.[0];
    return Object.fromEntries(
      all.map(([slot, each]) => {
        const place = ["guests", key, "interfaces", slot];
        const vlan = (given: number | VmsVlan, ...at: PropertyKey[]) => {
          const isBare = typeof given === "number" || (given.group === undefined && given.site === undefined);
          const group = isBare ? guest.vlanGroup : undefined;
          const vid = typeof given === "number" ? given : given.vid;
          const asked = group === undefined ? given : { vid, group };
          return this.networks.vlan(asked, [...place, ...at], { name: cluster });
        };
        const untagged = each.vlan === undefined ? undefined : vlan(each.vlan, "vlan");
        const isAll = each.taggedVlans === "all";
        const listed = each.taggedVlans === "all" ? [] : (each.taggedVlans ?? []);
        const tagged = listed.flatMap((given, n) => vlan(given, "taggedVlans", n) ?? []);
        const own = each.vrf === undefined ? ofGuest : this.networks.vrf(each.vrf, [...place, "vrf"]);
        after.push(...(untagged?.after ?? []), ...tagged.flatMap((vlan) => vlan.after));
        const addresses = (each.addresses ?? []).map((address, n) => {
          const at = [...place, "addresses", n];
          const given = typeof address === "string" ? { address, vrf: undefined } : address;
          const said = given.vrf === undefined ? own : this.networks.vrf(given.vrf, [...at, "vrf"]);
          if ("next" in given) {
            const found = this.networks.vrfOfPrefix(given.next, said, [...at, "next"])?.id;
            after.push(...this.references.ownName("prefix", given.next, vrfScope(found)));
            return printAsked({ address: given.next, isNext: true, status: undefined, vrfId: found });
          }
          // What was given before the file named VRFs stays where it is.
          const isKnown = said === undefined && known?.parts[addressKey(slot, given.address)] !== undefined;
          const vrfId = isKnown ? undefined : this.networks.vrfOfAddress(given.address, { said, interfaceIds }, at)?.id;
          return printAsked({ address: given.address, isNext: false, status: undefined, vrfId });
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
              mode: isAll ? "tagged-all" : tagged.length > 0 ? "tagged" : untagged === undefined ? undefined : "access",
              untaggedVlan: untagged?.name,
              taggedVlans: tagged.length === 0 ? undefined : tagged.map((vlan) => vlan.name).sort(),
              vrf: own?.id,
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

interface InterfaceContext {
  /** Logical names to wait for: what the interfaces need is added. */
  after: string[];
  known: MachineState | undefined;
  vrf: KnownVrf | undefined;
  cluster: string;
  /** NetBox's, of the guest as it is there. */
  interfaceIds: ReadonlySet<unknown>;
}

const nameIn = (cluster: string | undefined, name: string): string => `${cluster ?? ""}/${name.toLowerCase()}`;

/** NetBox's MB. */
const megabytes = (size: number | string): number => (typeof size === "number" ? size : parseSize(size));
