import type { MachineArgs } from "../../../providers/netbox/objects/machine";
import type { MachineState } from "../../../providers/netbox/objects/machine.model";
import {
  isUnwritten,
  nestedId,
  type ObjectRow,
  type Owned,
  ownedFrom,
  printValue,
  tagSlugs,
} from "../../../providers/netbox/objects/object.model";
import { customValue, type ObjectTypeName } from "../../../providers/netbox/objects/objecttypes";
import { groupBy, isRecord, sameValue } from "../../../providers/values";
import { canonical, hostOf } from "../../netbox/address";
import { Hosts, Prefixes, type Vrf } from "../../netbox/ipam";
import type { NetboxView } from "../../netbox/view";
import { assignedTypes, freeAddresses, type InterfaceType, type NamedNic, type Part, placed } from "./parts";

// What NetBox has already: which object is meant, and which of its values are people's.

/** What a guest of Proxmox VE may be in NetBox. */
interface Candidates {
  byVmid: Map<string, ObjectRow[]>;
  /** In capitals. */
  byMac: Map<string, ObjectRow[]>;
}

/** NetBox's rows, found by what discovery looks for. */
export class Documented {
  private readonly machinesOf: Map<string, ObjectRow[]>;
  private readonly partsOf: Record<"vmInterface" | "virtualDisk" | "interface", Map<number | undefined, ObjectRow[]>>;
  private readonly hosts: Hosts<{ address: string; vrfId: Vrf; row: ObjectRow }>;
  /** Addresses by the kind and id of their interfaces. */
  private readonly byInterface: Map<string, ObjectRow[]>;
  private readonly byId: Record<"machines" | "devices", Map<number, ObjectRow>>;
  /** Machines by cluster and name, whatever its case, in the order of the list. */
  private readonly byName: Map<string, ObjectRow[]>;
  private readonly devicesByName: Map<string, ObjectRow[]>;
  private readonly customFieldTypes: Map<string, unknown>;
  readonly prefixes: Prefixes<{ prefix: string; vrfId: Vrf; row: ObjectRow }>;

  constructor(readonly view: NetboxView) {
    this.machinesOf = groupBy(view.machines, clusterNameOf);
    this.byId = {
      machines: new Map(view.machines.map((each) => [each.id, each])),
      devices: new Map(view.devices.map((each) => [each.id, each])),
    };
    this.byName = groupBy(view.machines, (each) => nameKey(clusterNameOf(each), String(each.name)));
    this.devicesByName = groupBy(view.devices, ({ name }) => String(name));
    this.customFieldTypes = new Map(view.customFields.map(({ name, type }) => [String(name), type]));
    this.prefixes = new Prefixes(
      view.prefixes.map((row) => ({ prefix: String(row.prefix), vrfId: nestedId(row.vrf), row })),
    );
    this.partsOf = {
      vmInterface: groupBy(view.interfaces, (each) => nestedId(each.virtual_machine)),
      virtualDisk: groupBy(view.disks, (each) => nestedId(each.virtual_machine)),
      interface: groupBy(view.deviceInterfaces, (each) => nestedId(each.device)),
    };
    this.hosts = new Hosts(
      view.addresses.map((row) => ({ address: String(row.address), vrfId: nestedId(row.vrf), row })),
    );
    this.byInterface = groupBy(view.addresses, (each) => placeOf(each.assigned_object_type, each.assigned_object_id));
  }

  machines(cluster: string): ObjectRow[] {
    return this.machinesOf.get(cluster) ?? [];
  }

  /** Machines of a cluster with a name, whatever its case. */
  machinesNamed(cluster: string, name: string): ObjectRow[] {
    return this.byName.get(nameKey(cluster, name)) ?? [];
  }

  object(kind: "machines" | "devices", id: number | undefined): ObjectRow | undefined {
    return id === undefined ? undefined : this.byId[kind].get(id);
  }

  devicesNamed(name: string): ObjectRow[] {
    return this.devicesByName.get(name) ?? [];
  }

  private readonly candidatesOf = new Map<string, Candidates>();

  /** A cluster's machines by the VMID that is written there and, of those without one, by their MACs. @param field of the VMID */
  candidates(cluster: string, field: string): Candidates {
    const made = this.candidatesOf.get(`${cluster}\0${field}`);
    if (made !== undefined) return made;
    const machines = this.machines(cluster).map((row) => ({ row, vmid: customFieldOf(row, field) }));
    const cards = machines
      .filter(({ vmid }) => vmid === undefined)
      .flatMap(({ row }) => this.parts("vmInterface", row.id).map(({ mac_address }) => ({ row, mac: mac_address })));
    const rowsOf = (groups: Map<string, { row: ObjectRow }[]>) =>
      new Map([...groups].map(([key, group]) => [key, group.map(({ row }) => row)]));
    const found = {
      byVmid: rowsOf(groupBy(machines, ({ vmid }) => vmid ?? "")),
      byMac: rowsOf(groupBy(cards, ({ mac }) => String(mac).toUpperCase())),
    };
    this.candidatesOf.set(`${cluster}\0${field}`, found);
    return found;
  }

  private gatewayed: { tag: string; rows: Map<ObjectRow, string> } | undefined;

  /** The first address in this prefix and its VRF that is tagged as its gateway. */
  taggedGateway(prefix: ObjectRow, tag: string): string | undefined {
    if (this.gatewayed?.tag !== tag) {
      const rows = new Map<ObjectRow, string>();
      for (const each of this.view.addresses.filter((one) => tagSlugs(one).includes(tag)))
        for (const { row } of this.prefixes.holding(String(each.address), nestedId(each.vrf)))
          if (!rows.has(row)) rows.set(row, hostOf(String(each.address)));
      this.gatewayed = { tag, rows };
    }
    return this.gatewayed.rows.get(prefix);
  }

  /** The addresses of an interface. */
  addressesOn(type: InterfaceType, interfaceId: number): ObjectRow[] {
    return this.byInterface.get(placeOf(assignedTypes[type], interfaceId)) ?? [];
  }

  private addressesById: Map<number, ObjectRow> | undefined;

  address(id: number): ObjectRow | undefined {
    this.addressesById ??= new Map(this.view.addresses.map((each) => [each.id, each]));
    return this.addressesById.get(id);
  }

  private tables: Map<Vrf, string> | undefined;

  /** The VRFs that have prefixes, the global table among them; with what each is called. */
  private vrfNames(): Map<Vrf, string> {
    this.tables ??= new Map([
      [undefined, "the global table"],
      ...this.view.prefixes.flatMap(({ vrf }): [Vrf, string][] =>
        isRecord(vrf) ? [[nestedId(vrf), `VRF ${String(vrf.name)}`]] : [],
      ),
    ]);
    return this.tables;
  }

  vrfs(): Vrf[] {
    return [...this.vrfNames().keys()];
  }

  vrfName(vrf: Vrf): string {
    return this.vrfNames().get(vrf) ?? `VRF ${vrf}`;
  }

  /** What kind of values a custom field holds, as NetBox names it. */
  typeOfField(name: string): unknown {
    const type = this.customFieldTypes.get(name);
    return isRecord(type) ? type.value : undefined;
  }

  parts(type: "vmInterface" | "virtualDisk" | "interface", id: number): ObjectRow[] {
    return this.partsOf[type].get(id) ?? [];
  }

  /** Those of a host in a VRF: one, or several that share it. */
  addressesOf(host: string, vrf: Vrf): ObjectRow[] {
    return this.hosts.in(host, vrf).map(({ row }) => row);
  }

  /** Those of a host in every VRF. */
  anywhere(host: string): ObjectRow[] {
    return this.hosts.anywhere(host).map(({ row }) => row);
  }

  /** The address of a host that one of these interfaces has. */
  onInterfaces(type: InterfaceType, rows: ObjectRow[], host: string): ObjectRow | undefined {
    return rows
      .flatMap(({ id }) => this.addressesOn(type, id))
      .find(({ address }) => canonical(String(address)) === canonical(host));
  }

  private readonly claims = new Map<string, string>();

  /**
   * Is an address this interface's, or did another one of this run ask for it before?
   * @param row NetBox's, of which there may be several of one host
   */
  claim({ address, vrfId }: { address: string; vrfId: Vrf }, row: ObjectRow | undefined, place: string): boolean {
    const key = row === undefined ? `${canonical(address)} ${vrfId ?? ""}` : String(row.id);
    const holder = this.claims.get(key) ?? place;
    this.claims.set(key, holder);
    return holder === place;
  }
}

const placeOf = (type: unknown, id: unknown): string => `${String(type)} ${String(id)}`;

export const clusterNameOf = ({ cluster }: ObjectRow): string => (isRecord(cluster) ? String(cluster.name) : "");
const nameKey = (cluster: string, name: string): string => `${cluster}\0${name.toLowerCase()}`;

export const customFieldOf = (each: ObjectRow, name: string): string | undefined => {
  const value = customValue(isRecord(each.custom_fields) ? each.custom_fields[name] : undefined);
  return value === undefined ? undefined : String(value);
};

/** What is taken of an object's wanted values, and what a person wrote otherwise, by field. */
function settle(
  type: ObjectTypeName,
  there: ObjectRow,
  wanted: Owned,
  base: Owned | undefined,
  isOurs: boolean,
): { fields: Owned["fields"]; customFields: Owned["customFields"]; conflicts: string[] } {
  const conflicts: string[] = [];
  const now = ownedFrom(type, there, wanted);
  const kept = (kind: "fields" | "customFields") =>
    Object.fromEntries(
      Object.entries(wanted[kind]).filter(([name, value]) => {
        const is = now[kind][name];
        const was = base?.[kind][name];
        const free =
          is === undefined ||
          sameValue(is, value) ||
          (was !== undefined && sameValue(is, was)) ||
          // What an interrupted run made says what it wrote, in a state that was lost.
          (base === undefined && isOurs) ||
          (base === undefined && kind === "fields" && isUnwritten(name, is));
        if (!free) conflicts.push(`${name}: NetBox has ${printValue(is)}, Proxmox VE ${printValue(value)}`);
        return free;
      }),
    );
  return { fields: kept("fields"), customFields: kept("customFields"), conflicts };
}

/** What a machine's values were when we last wrote them. */
export const baseOf = (known: MachineState | undefined): Owned | undefined => known && (known.written ?? known);

/**
 * A machine as it is to be declared beside what NetBox has of it: without the values that people wrote otherwise, which are
 * listed instead. @param overwrite people's values count for nothing
 */
export function merged(
  documented: Documented,
  args: MachineArgs,
  there: ObjectRow | undefined,
  known: MachineState | undefined,
  overwrite: boolean,
  { key, nics = [] }: { key: string; nics?: readonly NamedNic[] | undefined },
): MachineArgs {
  const kinds = { virtualMachine: "vmInterface", device: "interface" } as const;
  const id = there?.id;
  const madeByUs = id !== undefined && known === undefined && documented.view.madeByUs.has(`${args.type}/${id}`);
  const interfaces = placed(documented, args.interfaces ?? {}, id, kinds[args.type], known, "interfaces", nics);
  for (const each of Object.values(interfaces)) {
    // As NetBox calls it.
    const parent = each.fields.parent === undefined ? undefined : interfaces[String(each.fields.parent)]?.fields.name;
    if (parent !== undefined && args.type === "virtualMachine") each.fields = { ...each.fields, parent };
  }
  const disks = placed(documented, args.disks ?? {}, id, "virtualDisk", known, "disks");
  const { free, conflicts: taken } = freeAddresses(documented, kinds[args.type], key, interfaces, known);
  const foreign = [...(args.conflicts ?? []), ...taken].sort();
  for (const [name, each] of Object.entries(interfaces))
    interfaces[name] = { ...each, addresses: free.get(name) ?? [] };
  const found = {
    ...args,
    interfaces,
    disks,
    ...(id === undefined ? {} : { objectId: id }),
    ...(madeByUs ? { madeByUs } : {}),
  };
  if (there === undefined || overwrite) return { ...found, conflicts: foreign, overwrite };
  const owned = { fields: args.fields ?? {}, customFields: args.customFields ?? {}, tags: [] };
  const root = settle(args.type, there, owned, baseOf(known), madeByUs);
  const conflicts = [...root.conflicts, ...foreign];
  const parts = <T extends Part>(all: Record<string, T>, place: "interfaces" | "disks", type: ObjectTypeName) =>
    Object.fromEntries(
      Object.entries(all).map(([name, each]) => {
        const part = each.objectId === undefined ? undefined : rowOf(documented, type, id ?? 0, each.objectId);
        if (part === undefined) return [name, each];
        const written = known?.writtenParts?.[`${place}/${name}`] ?? known?.[place][name];
        const settled = settle(type, part, each, written, madeByUs);
        conflicts.push(...settled.conflicts.map((text) => `${place}.${name}.${text}`));
        return [name, { ...each, fields: settled.fields, customFields: settled.customFields }];
      }),
    );
  return {
    ...found,
    fields: root.fields,
    customFields: root.customFields,
    interfaces: parts(interfaces, "interfaces", kinds[args.type]),
    disks: parts(disks, "disks", "virtualDisk"),
    conflicts: conflicts.sort(),
  };
}

const rowOf = (documented: Documented, type: ObjectTypeName, machineId: number, id: number): ObjectRow | undefined =>
  type === "vmInterface" || type === "virtualDisk" || type === "interface"
    ? documented.parts(type, machineId).find((each) => each.id === id)
    : undefined;
