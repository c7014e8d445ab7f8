import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import type { ObjectArgs } from "../../../providers/netbox/objects/object";
import { ownedFrom, type Row, tagSlugs } from "../../../providers/netbox/objects/object.model";
import { type ObjectTypeName, printVlan } from "../../../providers/netbox/objects/objecttypes";
import { parseSize } from "../../../providers/proxmox/propertystring";
import { isRecord, sameValue, withoutUndefined } from "../../../providers/values";
import type { CustomFieldNames } from "../../netbox/customfields";
import type { Declared } from "../../netbox/declared";
import { slugOf } from "../../netbox/prerequisites";
import type { PlaceOf } from "../../yamlfile";
import type { VmsFile, VmsGuest } from "./file";

/** What NetBox has of what the file refers to. */
export interface IntentView {
  url: string;
  rows: Record<
    "tag" | "role" | "platform" | "clusterType" | "cluster" | "vlan" | "prefix" | "ipamRole" | "customField",
    Row[]
  >;
  machines: Row[];
  interfaces: Row[];
  disks: Row[];
}

export interface IntentFacts {
  stack: string;
  file: VmsFile;
  placeOf: PlaceOf;
  fields: CustomFieldNames;
  view: IntentView;
  known: Map<string, MachineState>;
}

type Referred = "tag" | "role" | "platform" | "clusterType" | "cluster" | "ipamRole";

/** The objects that the file wants in NetBox, or what stands in the way, each with its place in the file. */
export function planIntent(facts: IntentFacts): { declared: Declared[]; problems: string[] } {
  const run = new Run(facts);
  run.prerequisites();
  for (const [key, guest] of Object.entries(facts.file.guests)) run.guest(key, { ...guest });
  return { declared: run.declared, problems: run.problems };
}

class Run {
  readonly declared: Declared[] = [];
  readonly problems: string[] = [];
  /** What the file itself declares: its logical name by kind and name. */
  private readonly own = new Map<string, string>();
  private readonly names = new Map<string, string>();

  constructor(private readonly facts: IntentFacts) {}

  private problem(path: readonly PropertyKey[], text: string): void {
    this.problems.push(`${this.facts.placeOf(path)}: ${text}`);
  }

  private get common(): Pick<ObjectArgs, "netboxUrl" | "stack" | "overwrite"> {
    return { netboxUrl: this.facts.view.url, stack: this.facts.stack, overwrite: true };
  }

  // ---- prerequisites

  private object<T extends ObjectTypeName>(
    type: T,
    name: string,
    fields: Record<string, unknown>,
    more: { after?: string[]; customFields?: Record<string, unknown> } = {},
  ): void {
    const { after = [], customFields } = more;
    const key = `${type}-${slugOf(name).replace(/-+/g, "-") || name}`;
    this.own.set(`${type}/${name}`, key);
    this.declared.push({
      kind: "object",
      name: key,
      after,
      args: { ...this.common, type, fields: withoutUndefined(fields), ...(customFields ? { customFields } : {}) },
    });
  }

  /** Where something is referred to: in the file, or in NetBox. @returns the logical names to wait for */
  private refer(type: Referred, name: string | undefined, path: readonly PropertyKey[]): string[] {
    if (name === undefined) return [];
    const own = this.own.get(`${type}/${name}`);
    if (own !== undefined) return [own];
    if (this.facts.view.rows[type].some((each) => each.name === name || (type === "tag" && each.slug === name)))
      return [];
    const rooms = {
      tag: "tags",
      role: "roles",
      platform: "platforms",
      clusterType: "clusterTypes",
      cluster: "clusters",
      ipamRole: "ipamRoles",
    };
    this.problem(
      path,
      `NetBox has no ${type === "clusterType" ? "cluster type" : type === "ipamRole" ? "IPAM role" : type} "${name}"; add it there, or below netbox.${rooms[type]} here`,
    );
    return [];
  }

  private vlan(vid: number, path: readonly PropertyKey[]): { name: string; after: string[] } | undefined {
    const own = this.facts.file.netbox?.vlans?.find((each) => each.vid === vid);
    if (own) return { name: printVlan(own.name, vid), after: [this.own.get(`vlan/${own.name}`) ?? ""].filter(Boolean) };
    const there = this.facts.view.rows.vlan.filter((each) => each.vid === vid);
    if (there.length === 1 && there[0]) return { name: printVlan(String(there[0].name), vid), after: [] };
    this.problem(
      path,
      there.length === 0
        ? `NetBox has no VLAN ${vid}; add it there, or below netbox.vlans here`
        : `NetBox has ${there.length} VLANs ${vid}; name the one that is meant below netbox.vlans here`,
    );
    return undefined;
  }

  prerequisites(): void {
    const { netbox = {} } = this.facts.file;
    const named = (each: string | { name: string; slug?: string | undefined; description?: string | undefined }) =>
      typeof each === "string"
        ? { name: each, slug: slugOf(each) }
        : { name: each.name, slug: each.slug ?? slugOf(each.name), description: each.description };
    const simple = {
      tags: "tag",
      roles: "role",
      platforms: "platform",
      clusterTypes: "clusterType",
      ipamRoles: "ipamRole",
    } as const;
    for (const [room, type] of Object.entries(simple) as [keyof typeof simple, (typeof simple)[keyof typeof simple]][])
      for (const each of netbox[room] ?? []) {
        const fields = named(each);
        this.object(type, fields.name, type === "role" ? { ...fields, color: "9e9e9e", ofMachines: true } : fields);
      }
    for (const [n, { name, type, description }] of (netbox.clusters ?? []).entries())
      this.object(
        "cluster",
        name,
        { name, type, status: "active", description },
        { after: this.refer("clusterType", type, ["netbox", "clusters", n, "type"]) },
      );
    for (const { name, private: isPrivate } of netbox.rirs ?? [])
      this.object("rir", name, { name, slug: slugOf(name), isPrivate });
    for (const { prefix, rir, description } of netbox.aggregates ?? [])
      this.object(
        "aggregate",
        prefix,
        { prefix, rir, description },
        { after: [this.own.get(`rir/${rir}`) ?? ""].filter(Boolean) },
      );
    for (const [n, { vid, name, role, description }] of (netbox.vlans ?? []).entries())
      this.object(
        "vlan",
        name,
        { vid, name, role, description, status: "active" },
        { after: this.refer("ipamRole", role, ["netbox", "vlans", n, "role"]) },
      );
    for (const [n, { prefix, vlan, role, gateway, pool, description, customFields }] of (
      netbox.prefixes ?? []
    ).entries()) {
      const place = ["netbox", "prefixes", n];
      const found = vlan === undefined ? undefined : this.vlan(vlan, [...place, "vlan"]);
      const custom = { ...customFields, ...(gateway === undefined ? {} : { [this.facts.fields.gateway]: gateway }) };
      this.object(
        "prefix",
        prefix,
        { prefix, vlan: found?.name, role, isPool: pool, description, status: "active" },
        {
          after: [...(found?.after ?? []), ...this.refer("ipamRole", role, [...place, "role"])],
          customFields: this.custom(custom, "ipam.prefix", place),
        },
      );
      if (gateway === undefined) continue;
      // Nobody else is to be given it.
      const gatewayAddress = `${gateway}/${prefix.split("/")[1] ?? ""}`;
      this.object(
        "ipAddress",
        gatewayAddress,
        { address: gatewayAddress, status: "active", description: `Gateway of ${prefix}` },
        { after: [this.own.get(`prefix/${prefix}`) ?? ""] },
      );
      this.own.set(`prefix/${prefix}`, this.own.get(`ipAddress/${gatewayAddress}`) ?? "");
    }
    for (const [n, { start, end, role, description }] of (netbox.ranges ?? []).entries())
      this.object(
        "ipRange",
        `${start}-${end}`,
        { start, end, role, description, status: "active" },
        { after: this.refer("ipamRole", role, ["netbox", "ranges", n, "role"]) },
      );
    const servers = new Set((netbox.zones ?? []).flatMap(({ nameServers }) => nameServers));
    for (const name of servers) this.object("dnsNameServer", name, { name });
    for (const { name, view = "_default_", nameServers, contact, ttl } of netbox.zones ?? [])
      this.object(
        "dnsZone",
        name,
        {
          name,
          view,
          nameServers: [...nameServers].sort(),
          soaMname: nameServers[0],
          soaRname: contact,
          defaultTtl: ttl,
          status: "active",
        },
        { after: nameServers.map((each) => this.own.get(`dnsNameServer/${each}`) ?? "").filter(Boolean) },
      );
  }

  /** Values as the custom fields hold them; one that NetBox lacks is said. */
  private custom(
    values: Record<string, unknown>,
    objectType: string,
    path: readonly PropertyKey[],
  ): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const field = this.facts.view.rows.customField.find((each) => each.name === name);
        const types = field !== undefined && Array.isArray(field.object_types) ? field.object_types : [];
        if (!types.includes(objectType))
          this.problem(
            path,
            `NetBox has no custom field ${name} for ${objectType}; add it there (\`npm run ops -- netbox-schema\` adds those of this program)`,
          );
        const kind = isRecord(field?.type) ? field.type.value : undefined;
        return [
          name,
          kind === "integer" || kind === "decimal" ? Number(value) : kind === "boolean" ? value : String(value),
        ];
      }),
    );
  }

  // ---- guests

  guest(key: string, given: VmsGuest): void {
    const { environment = {} } = this.facts.file;
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
      this.problem(place, `${key} has no cluster; write one here, or below environment`);
      return;
    }
    const twin = this.names.get(`${guest.cluster}/${name.toLowerCase()}`);
    if (twin !== undefined) this.problem(place, `${key} has the name of ${twin}; rename one of them`);
    this.names.set(`${guest.cluster}/${name.toLowerCase()}`, key);
    const type = guest.type ?? "vm";
    const role = guest.role ?? (type === "lxc" ? "Proxmox LXC" : "Proxmox VM");
    const after = [
      ...this.refer("cluster", guest.cluster, at("cluster")),
      ...this.refer("role", role, at("role")),
      ...this.refer("platform", guest.platform, at("platform")),
      ...guest.tags.flatMap((tag) =>
        this.refer(
          "tag",
          tag,
          (given.tags ?? []).includes(tag)
            ? [...place, "tags", (given.tags ?? []).indexOf(tag)]
            : ["environment", "tags"],
        ),
      ),
    ];
    const { fields } = this.facts;
    const machine = "virtualization.virtualmachine";
    const custom = this.custom(
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
      this.problem(
        [...place, "primary"],
        `${key} has no interface ${guest.primary}; name one of ${Object.keys(interfaces).join(", ") || "its interfaces"}`,
      );
    const args: MachineArgs = {
      ...this.common,
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
      tags: guest.tags.map((tag) => this.slug(tag)),
      initial: { status: "staged" },
      removal: "decommission",
      interfaces,
      disks,
      ...(primary === undefined ? {} : { primary }),
    };
    const logical = `vm-${key}`;
    const known = this.facts.known.get(logical);
    this.declared.push({
      kind: "machine",
      name: logical,
      after,
      args: known === undefined ? args : unlessThere(args, known, this.facts.view),
    });
  }

  private slug(tag: string): string {
    const own = this.facts.file.netbox?.tags?.find((each) => (typeof each === "string" ? each : each.name) === tag);
    if (own !== undefined) return typeof own === "string" ? slugOf(own) : (own.slug ?? slugOf(own.name));
    const there = this.facts.view.rows.tag.find((each) => each.name === tag || each.slug === tag);
    return there === undefined ? slugOf(tag) : String(there.slug);
  }

  private disks(key: string, { disks = {} }: VmsGuest): NonNullable<MachineArgs["disks"]> {
    return Object.fromEntries(
      Object.entries(disks).map(([slot, disk]) => {
        const { size, storage, customFields } =
          typeof disk === "object" ? disk : { size: disk, storage: undefined, customFields: undefined };
        const custom = withoutUndefined({ ...customFields, [this.facts.fields.diskStorage]: storage });
        return [
          slot,
          {
            fields: { size: megabytes(size) },
            customFields: this.custom(custom, "virtualization.virtualdisk", ["guests", key, "disks", slot]),
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
        const untagged = each.vlan === undefined ? undefined : this.vlan(each.vlan, [...place, "vlan"]);
        const tagged = (each.taggedVlans ?? []).flatMap((vid, n) => this.vlan(vid, [...place, "taggedVlans", n]) ?? []);
        after.push(...(untagged?.after ?? []), ...tagged.flatMap((vlan) => vlan.after));
        const addresses = (each.addresses ?? []).map((address, n) => {
          if (typeof address === "string") return address;
          this.prefix(address.next, [...place, "addresses", n, "next"], after);
          return `next ${address.next}`;
        });
        const domain =
          slot === primary && guest.domain !== undefined ? `${name}.${guest.domain}`.toLowerCase() : undefined;
        const dnsName =
          addresses.length === 0 ? undefined : (each.dnsName?.toLowerCase() ?? domain?.replace(/\.$/, ""));
        const custom = withoutUndefined({ ...each.customFields, [this.facts.fields.bridge]: each.bridge });
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
            customFields: this.custom(custom, "virtualization.vminterface", place),
            tags: [],
            addresses,
            ...(dnsName === undefined ? {} : { dnsName }),
          },
        ];
      }),
    );
  }

  private prefix(prefix: string, path: readonly PropertyKey[], after: string[]): void {
    const own = this.own.get(`prefix/${prefix}`);
    if (own !== undefined) after.push(own);
    else if (!this.facts.view.rows.prefix.some((each) => each.prefix === prefix))
      this.problem(path, `NetBox has no prefix ${prefix}; add it there, or below netbox.prefixes here`);
  }
}

/** NetBox's MB. */
const megabytes = (size: number | string): number => (typeof size === "number" ? size : parseSize(size));

/**
 * Values that others wrote before the file named them need no writing, and so are no change: those that NetBox has already and
 * that this stack didn't write. So a file that was exported plans nothing.
 */
function unlessThere(args: MachineArgs, known: MachineState, view: IntentView): MachineArgs {
  const root = view.machines.find(({ id }) => id === known.netboxId);
  if (root === undefined) return args;
  const lessened = <T extends { fields?: Record<string, unknown>; customFields?: Record<string, unknown> }>(
    type: ObjectTypeName,
    each: T,
    row: Row | undefined,
    before: { fields: Record<string, unknown>; customFields: Record<string, unknown> } | undefined,
  ): T => {
    if (row === undefined) return each;
    const there = ownedFrom(type, row, { fields: each.fields ?? {}, customFields: each.customFields ?? {}, tags: [] });
    const left = (kind: "fields" | "customFields") =>
      Object.fromEntries(
        Object.entries(each[kind] ?? {}).filter(
          ([name, value]) => (before !== undefined && name in before[kind]) || !sameValue(there[kind][name], value),
        ),
      );
    return { ...each, fields: left("fields"), customFields: left("customFields") };
  };
  const rowOf = (rows: Row[], name: string) =>
    rows.find(
      (each) => each.name === name && isRecord(each.virtual_machine) && each.virtual_machine.id === known.netboxId,
    );
  const parts = <
    T extends { fields?: Record<string, unknown>; customFields?: Record<string, unknown>; addresses?: string[] },
  >(
    type: ObjectTypeName,
    wanted: Record<string, T> | undefined,
    before: MachineState["disks"],
    rows: Row[],
  ) =>
    Object.fromEntries(
      Object.entries(wanted ?? {}).flatMap(([name, each]): [string, T][] => {
        const less = lessened(type, each, rowOf(rows, name), before[name]);
        const isNothing =
          Object.keys({ ...less.fields, ...less.customFields }).length === 0 && (each.addresses ?? []).length === 0;
        return before[name] === undefined && rowOf(rows, name) !== undefined && isNothing ? [] : [[name, less]];
      }),
    );
  const tags = tagSlugs(root);
  return {
    ...lessened("virtualMachine", args, root, known),
    tags: (args.tags ?? []).filter((slug) => known.tags.includes(slug) || !tags.includes(slug)),
    interfaces: parts("vmInterface", args.interfaces, known.interfaces, view.interfaces),
    disks: parts("virtualDisk", args.disks, known.disks, view.disks),
  };
}
