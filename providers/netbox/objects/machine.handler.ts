import ipaddr from "ipaddr.js"; // containment and canonical forms of addresses of both families
import { former } from "../../context";
import { explained, UserError } from "../../errors";
import { parseMaking, printMaking } from "../../ownership/netbox";
import { isOurs } from "../../ownership/owner";
import { pageOf } from "../../page";
import { handle } from "../../resource";
import { isRecord, sameValue } from "../../values";
import type { NetboxClient } from "../client";
import { keepAddresses } from "../ipam/kept";
import { netboxMachine } from "./machine";
import {
  addressKey,
  conflictsOf,
  diskKey,
  diskKind,
  givenFor,
  interfaceKey,
  interfaceKinds,
  type KnownPart,
  type MachineInputs,
  type MachineInterface,
  type MachineState,
  machineDiffers,
  type PartKind,
  readAsked,
} from "./machine.model";
import { takesMacs, writeMacs } from "./macs";
import { netboxOf } from "./object.handler";
import {
  bodyFor,
  conflictField,
  nestedId,
  nothingOwned,
  type ObjectRow,
  type Owned,
  ownedFrom,
  patchFor,
} from "./object.model";
import { ensureObject, findObject, leaveObject, netboxCause, row, titleOf, wireFields, writeObject } from "./objects";
import { type ObjectTypeName, referenceFields, typeOf } from "./objecttypes";

const addressPath = "ipam/ip-addresses";
const addressFields = "id,address,role,assigned_object_type,assigned_object_id,dns_name,description,vrf";

/** A virtual machine or a device with its parts: what is there is merged, what is missing made, what others added left alone. */
export const machineHandler = handle(netboxMachine, {
  async create(wanted) {
    const netbox = netboxOf(wanted);
    const { row: root, made, isNew, before } = await ensureObject(netbox, wanted);
    const sync = new Sync(netbox, wanted, root.id, undefined, isNew);
    return { id: String(root.id), state: { ...wanted, netboxId: root.id, made, before, parts: await sync.run() } };
  },

  async read(known) {
    const netbox = netboxOf(known);
    const found = await findObject(netbox, known.type, known.netboxId);
    if (found === undefined) return undefined;
    const observed = { ...known, ...ownedFrom(known.type, found, known), ...(await readParts(netbox, known)) };
    return { ...observed, ...writtenOf(known, observed) };
  },

  async update(known, wanted) {
    const netbox = netboxOf(known);
    const { netboxId, made, before } = known;
    // Where only the stack's name or NetBox's URL changed, nothing is to be written.
    if (wanted.released === true || !machineDiffers(known, wanted))
      return { ...wanted, netboxId, made, before, parts: known.parts };
    const there = await writeObject(netbox, wanted.type, netboxId, wanted.fields.name, wanted, known);
    if (!there)
      throw new UserError(
        `The ${titleOf(netbox, known.type, known.fields.name, netboxId)} was deleted in NetBox while this ran: run again with --refresh.`,
      );
    const parts = await new Sync(netbox, wanted, netboxId, known, false).run();
    return { ...wanted, netboxId, made, before, parts };
  },

  async delete(known) {
    const netbox = netboxOf(known);
    if (known.released !== true && known.removal === "delete") {
      if (known.made) {
        // What we made goes with its parts, and NetBox deletes what others put on its interfaces, too.
        const made = Object.entries(known.parts).flatMap(([key, part]) =>
          key.startsWith("addresses/") && part.made ? [part.id] : [],
        );
        const kind = known.type === "virtualMachine" ? "virtual machine" : "device";
        await keepAddresses(netbox, { kind, id: known.netboxId }, ({ id }) => made.includes(id));
      } else {
        const nothing = { ...known, interfaces: {}, disks: {}, primary: undefined };
        await new Sync(netbox, nothing, known.netboxId, known, false).run();
      }
    }
    await leaveObject(netbox, known);
  },
});

/** What was written last, where it is something else now: whose value that is can be told by it. */
function writtenOf(known: MachineState, now: MachineState): Pick<MachineState, "written" | "writtenParts"> {
  const bare = ({ fields, customFields, tags }: Owned): Owned => ({ fields, customFields, tags });
  const differs = (a: Owned, b: Owned | undefined) => b === undefined || !sameValue(bare(a), bare(b));
  const written = known.written ?? bare(known);
  const parts = (["interfaces", "disks"] as const).flatMap((place) =>
    Object.entries(known[place]).flatMap(([name, each]): [string, Owned][] => {
      const before = known.writtenParts?.[`${place}/${name}`] ?? bare(each);
      return differs(before, now[place][name]) ? [[`${place}/${name}`, before]] : [];
    }),
  );
  return {
    written: differs(written, now) ? written : undefined,
    writtenParts: parts.length === 0 ? undefined : Object.fromEntries(parts),
  };
}

// ---- reading

/** The rows of a machine's parts, those of many machines in one list. */
const partsOf = (netbox: NetboxClient, { type, parent, filter }: PartKind, machineId: number): Promise<ObjectRow[]> =>
  netbox.listOf(
    typeOf(type).path,
    { name: filter, field: parent, id: machineId },
    row,
    `${wireFields(type)},${parent}`,
  );

/** Is an address on this interface? Ids of different kinds of objects are the same numbers. */
const isOn = (
  there: ObjectRow,
  {
    assigned_object_type,
    assigned_object_id,
  }: { assigned_object_type: string; assigned_object_id: number | undefined },
): boolean => there.assigned_object_type === assigned_object_type && there.assigned_object_id === assigned_object_id;

/** Does NetBox let others have the same address? Each has an object of its own then. */
const isShared = ({ role }: ObjectRow): boolean =>
  isRecord(role) && ["anycast", "vip", "vrrp", "hsrp", "glbp", "carp"].includes(String(role.value));

const hostOf = ({ address }: ObjectRow): string => String(address).split("/")[0] ?? "";

const addressesOf = (netbox: NetboxClient, type: MachineInputs["type"], interfaceId: number): Promise<ObjectRow[]> => {
  const { addressFilter: name, assignedType } = interfaceKinds[type];
  return netbox
    .listOf(addressPath, { name, field: "assigned_object_id", id: interfaceId }, row, addressFields)
    .then((rows) => rows.filter((each) => each.assigned_object_type === assignedType));
};

/** The parts that are ours, as they are now. */
async function readParts(
  netbox: NetboxClient,
  known: MachineState,
): Promise<Pick<MachineState, "interfaces" | "disks" | "parts">> {
  const kept: Record<string, KnownPart> = {};
  const seen = async <T extends Owned>(kind: PartKind, wanted: Record<string, T>, keyOf: (name: string) => string) => {
    const rows = Object.keys(wanted).length === 0 ? [] : await partsOf(netbox, kind, known.netboxId);
    return Object.fromEntries(
      Object.entries(wanted).flatMap(([name, each]) => {
        const part = known.parts[keyOf(name)];
        const found = rows.find(({ id }) => id === part?.id);
        if (part === undefined || found === undefined) return [];
        kept[keyOf(name)] = part;
        return [[name, { ...each, ...ownedFrom(kind.type, found, each) }]];
      }),
    );
  };
  const interfaces = await seen(interfaceKinds[known.type], known.interfaces, interfaceKey);
  for (const [name, each] of Object.entries(interfaces)) {
    if (each.addresses.length === 0) continue;
    const part = known.parts[interfaceKey(name)];
    const rows = part === undefined ? [] : await addressesOf(netbox, known.type, part.id);
    const there = each.addresses.flatMap((asked) => {
      const address = known.parts[addressKey(name, asked)];
      const found = rows.find(({ id }) => id === address?.id);
      return address === undefined || found === undefined ? [] : [{ asked, address, found }];
    });
    for (const { asked, address, found } of there)
      kept[addressKey(name, asked)] = { ...address, address: String(found.address) };
    // One that somebody renumbered is another address.
    each.addresses = there
      .filter(({ asked, found }) => readAsked(asked).isNext || readAsked(asked).address === found.address)
      .map(({ asked }) => asked);
    const dnsName = there.map(({ found }) => found.dns_name).find((dns) => dns !== each.dnsName);
    if (dnsName !== undefined && each.dnsName !== undefined) each.dnsName = String(dnsName);
  }
  return { interfaces, disks: await seen(diskKind, known.disks, diskKey), parts: kept };
}

// ---- writing

/** One run over a machine's parts. */
class Sync {
  private readonly parts: Record<string, KnownPart> = {};

  constructor(
    private readonly netbox: NetboxClient,
    private readonly wanted: MachineInputs,
    private readonly machineId: number,
    private readonly known: MachineState | undefined,
    /** It has no parts yet. */
    private readonly isNew: boolean,
  ) {}

  async run(): Promise<Record<string, KnownPart>> {
    const { type, interfaces, disks } = this.wanted;
    const kind = interfaceKinds[type];
    await this.part(kind, interfaces, this.known?.interfaces ?? {}, "interfaces", interfaceKey);
    await this.otherStacks(kind);
    if (type === "virtualMachine") await this.part(diskKind, disks, this.known?.disks ?? {}, "disks", diskKey);
    await this.dropAddresses();
    for (const [name, each] of Object.entries(interfaces)) await this.addresses(name, each);
    await this.dropParts(kind, interfaces, this.known?.interfaces ?? {}, interfaceKey);
    if (type === "virtualMachine") await this.dropParts(diskKind, disks, this.known?.disks ?? {}, diskKey);
    await this.primary();
    return this.parts;
  }

  private title(name: string): string {
    return `${name} of ${titleOf(this.netbox, this.wanted.type, this.wanted.fields.name, this.machineId)}`;
  }

  /** Makes those of a kind that are missing, together, and changes the others. */
  private async part(
    kind: PartKind,
    wanted: Record<string, MachineInterface | (Owned & { objectId?: number })>,
    known: Record<string, Owned>,
    place: string,
    keyOf: (name: string) => string,
  ): Promise<void> {
    if (Object.keys(wanted).length === 0) return;
    const { path } = typeOf(kind.type);
    const rows = this.isNew ? [] : await partsOf(this.netbox, kind, this.machineId);
    const missing: [string, Owned][] = [];
    const macs: { name: string; mac: string | undefined }[] = [];
    const isOwn =
      Object.entries(wanted).every(([name, each]) => (macIn(each) ?? macIn(known[name])) === undefined) ||
      (await takesMacs(this.netbox));
    for (const [name, each] of Object.entries(wanted)) {
      const before = this.known?.parts[keyOf(name)];
      const label = each.fields.name ?? name;
      const there =
        rows.find(({ id }) => id === (before?.id ?? each.objectId)) ?? rows.find((found) => found.name === label);
      if (there === undefined) {
        missing.push([name, each]);
        continue;
      }
      const { conflicts, madeByUs } = this.wanted;
      const overwrite = this.wanted.overwrite || madeByUs === true;
      const goal = { ...withoutReferences(each), overwrite, conflicts: conflictsOf(conflicts, `${place}.${name}`) };
      const last = before === undefined ? undefined : known[name];
      this.parts[keyOf(name)] =
        before?.id === there.id
          ? before
          : { id: there.id, made: this.wanted.madeByUs === true, before: ownedFrom(kind.type, there, each) };
      if (patchedAlready(kind.type, there, goal, last && withoutReferences(last))) continue;
      await writeObject(this.netbox, kind.type, there.id, label, goal, last && withoutReferences(last));
      const isLeft = goal.conflicts.some((conflict) => conflictField(conflict) === "mac");
      const mac = macIn(each);
      if (!isLeft && (mac ?? macIn(last)) !== undefined && mac !== macOf(there)) macs.push({ name, mac });
    }
    macs.push(...missing.flatMap(([name, each]) => (macIn(each) === undefined ? [] : [{ name, mac: macIn(each) }])));
    const bare = (each: Owned) => (isOwn ? each : { ...each, fields: { ...each.fields, mac: undefined } });
    if (missing.length > 0)
      await this.make(
        kind,
        missing.map(([name, each]) => [name, bare(each)]),
        keyOf,
      );
    if (macs.length === 0 || isOwn) return;
    const all = macs.map(({ name, mac }) => ({ interfaceId: this.parts[keyOf(name)]?.id ?? 0, mac }));
    const { assignedType } = interfaceKinds[this.wanted.type];
    await explained(
      `write the MAC addresses of ${this.title(macs.map(({ name }) => name).join(", "))}`,
      () => writeMacs(this.netbox, { path, assignedType }, all),
      netboxCause,
    );
  }

  private async make(kind: PartKind, missing: [string, Owned][], keyOf: (name: string) => string): Promise<void> {
    const { path } = typeOf(kind.type);
    const bodies = missing.map(([name, each]) => ({
      name,
      ...bodyFor(kind.type, withoutReferences(each)),
      [kind.parent]: this.machineId,
    }));
    const create = () =>
      this.netbox.createAll(path, row, bodies, (made, start) => {
        for (const [n, { id }] of made.entries()) {
          const [name] = missing[start + n] ?? [];
          if (name !== undefined) this.parts[keyOf(name)] = { id, made: true };
        }
      });
    await explained(`make ${this.title(missing.map(([name]) => name).join(", "))}`, create, netboxCause);
  }

  /** Interfaces that name others of the machine: once all are there. */
  private async otherStacks(kind: PartKind): Promise<void> {
    const { fields } = typeOf(kind.type);
    for (const [name, each] of Object.entries(this.wanted.interfaces)) {
      const id = this.parts[interfaceKey(name)]?.id;
      const before = this.known?.interfaces[name]?.fields ?? {};
      const named = referenceFields.filter((field) => each.fields[field] !== before[field]);
      if (id === undefined || named.length === 0) continue;
      const body = Object.fromEntries(
        named.map((field) => {
          const named = each.fields[field];
          const target = named === undefined ? null : this.interfaceNamed(String(named))?.id;
          return [fields[field]?.wire ?? field, target ?? null];
        }),
      );
      await writeObject(this.netbox, kind.type, id, name, nothingOwned, undefined, () => body);
    }
  }

  /** An interface by the name that NetBox has for it, which a person may have given it. */
  private interfaceNamed(name: string): KnownPart | undefined {
    const { interfaces } = this.wanted;
    const key = Object.keys(interfaces).find((each) => (interfaces[each]?.fields.name ?? each) === name);
    return this.parts[interfaceKey(key ?? name)];
  }

  /** Deletes the parts that we made and that are wanted no more; the others are given back what they were. */
  private async dropParts(
    kind: PartKind,
    wanted: Record<string, unknown>,
    known: Record<string, Owned>,
    keyOf: (name: string) => string,
  ): Promise<void> {
    for (const [name, each] of Object.entries(known)) {
      const part = this.known?.parts[keyOf(name)];
      if (name in wanted || part === undefined) continue;
      // An interface takes its addresses with it: one that has others' is left.
      const isInterface = kind !== diskKind;
      const inUse = isInterface && (await addressesOf(this.netbox, this.wanted.type, part.id)).length > 0;
      const before = part.before ?? nothingOwned;
      await this.netbox.change(typeOf(kind.type).path, part.id, row, wireFields(kind.type), (there) => {
        if (part.made) return inUse ? undefined : "delete";
        return patchFor(kind.type, there, withoutReferences(before), withoutReferences(each), { leaving: true });
      });
    }
  }

  // ---- addresses

  private async dropAddresses(): Promise<void> {
    for (const [key, part] of Object.entries(this.known?.parts ?? {})) {
      const [, name = "", asked = ""] = /^addresses\/([^/]+)\/(.*)$/.exec(key) ?? [];
      if (asked === "") continue;
      const wanted = this.wanted.interfaces[name]?.addresses ?? [];
      if (wanted.includes(asked)) continue;
      const given = part.address === undefined ? undefined : givenFor(asked, part.address);
      const same = wanted.find((each) => each === given);
      if (same !== undefined) {
        this.parts[addressKey(name, same)] = part;
        continue;
      }
      if (!part.made && part.assigned !== true) continue;
      await this.forgetPrimary(part.id);
      await this.netbox.change(addressPath, part.id, row, addressFields, (there) => {
        const assignedType = interfaceKinds[this.wanted.type].assignedType;
        const interfaceId = this.known?.parts[interfaceKey(name)]?.id;
        if (!isOn(there, { assigned_object_type: assignedType, assigned_object_id: interfaceId })) return undefined;
        return part.made ? "delete" : { assigned_object_type: null, assigned_object_id: null };
      });
    }
  }

  private async addresses(name: string, { addresses, dnsName }: MachineInterface): Promise<void> {
    const interfaceId = this.parts[interfaceKey(name)]?.id;
    if (interfaceId === undefined || addresses.length === 0) return;
    const there = this.isNew ? [] : await addressesOf(this.netbox, this.wanted.type, interfaceId);
    for (const asked of addresses) {
      const key = addressKey(name, asked);
      const known = this.parts[key] ?? this.known?.parts[key];
      const found = there.find(({ id }) => id === known?.id);
      const part =
        found && known
          ? { ...known, address: String(found.address) }
          : await this.assign(asked, interfaceId, dnsName, there, name);
      this.parts[key] = part;
      if (dnsName === undefined || (found && found.dns_name === dnsName)) continue;
      const last = this.known?.interfaces[name]?.dnsName ?? "";
      await this.netbox.change(addressPath, part.id, row, addressFields, (now) =>
        now.dns_name === dnsName || (now.dns_name !== "" && now.dns_name !== last && !this.wanted.overwrite)
          ? undefined
          : { dns_name: dnsName },
      );
    }
  }

  private async assign(
    asked: string,
    interfaceId: number,
    dnsName: string | undefined,
    there: ObjectRow[],
    name: string,
  ): Promise<KnownPart> {
    const assigned = {
      assigned_object_type: interfaceKinds[this.wanted.type].assignedType,
      assigned_object_id: interfaceId,
    };
    const common = { ...assigned, ...(dnsName === undefined ? {} : { dns_name: dnsName }) };
    const { address, isNext, status, vrfId } = readAsked(asked);
    if (isNext) return this.allocate(address, vrfId, common, there, name);
    const host = address.split("/")[0] ?? "";
    const ofHost = there.filter((each) => hostOf(each) === host);
    const same = ofHost.find((each) => nestedId(each.vrf) === vrfId) ?? (vrfId === undefined ? ofHost[0] : undefined);
    if (same) return { id: same.id, made: this.wanted.madeByUs === true, address: String(same.address) };
    const rows = await this.netbox.list(addressPath, row, addressFields, { address: host });
    const found = rows.find((each) => nestedId(each.vrf) === vrfId && hostOf(each) === host && !isShared(each));
    if (found === undefined) {
      const scope = vrfId === undefined ? {} : { vrf: vrfId };
      const body = { address, ...scope, ...(status === undefined ? {} : { status }), ...common };
      const create = () => this.netbox.create(addressPath, row, body);
      const made = await explained(`give ${asked} to ${this.title(name)}`, create, netboxCause);
      return { id: made.id, made: true, address };
    }
    await this.netbox.change(addressPath, found.id, row, addressFields, (now) => {
      if (isOn(now, assigned)) return undefined;
      if (now.assigned_object_id === null) return assigned;
      throw new UserError(
        `Unable to give ${asked} to ${this.title(name)}: it belongs to another object (${pageOf(this.netbox.url, addressPath, found.id)}). Take it off there, or run again to see it in the plan.`,
      );
    });
    return { id: found.id, made: false, assigned: true, address: String(found.address) };
  }

  /** The next available address of a prefix, in one atomic call; what an interrupted run was given is taken again. */
  private async allocate(
    prefix: string,
    vrfId: number | undefined,
    common: object,
    there: ObjectRow[],
    name: string,
  ): Promise<KnownPart> {
    const taken = new Set(Object.values(this.parts).map(({ id }) => id));
    const network = ipaddr.parseCIDR(prefix);
    const description = printMaking(this.wanted.stack);
    const isMade = (text: unknown) => isOurs(this.wanted.stack, parseMaking(String(text ?? "")), former());
    const earlier = there.find(({ id, address, vrf, description: text }) => {
      const host = ipaddr.parse(String(address).split("/")[0] ?? "");
      return (
        !taken.has(id) &&
        isMade(text) &&
        nestedId(vrf) === vrfId &&
        host.kind() === network[0].kind() &&
        host.match(network)
      );
    });
    if (earlier) return { id: earlier.id, made: true, address: String(earlier.address) };
    const rows = await this.netbox.list("ipam/prefixes", row, "id,prefix,vrf", { prefix });
    const [found] = rows.filter((each) => each.prefix === prefix && nestedId(each.vrf) === vrfId);
    if (found === undefined)
      throw new UserError(
        `Unable to give an address to ${this.title(name)}: NetBox has no prefix ${prefix} in ${vrfId === undefined ? "its global table" : `that VRF (${this.netbox.url}/ipam/vrfs/${vrfId}/)`}. Add it in NetBox, or name another.`,
      );
    const path = `ipam/prefixes/${found.id}/available-ips`;
    const create = () => this.netbox.create(path, row, { ...common, description });
    const made = await explained(`give an address of ${prefix} to ${this.title(name)}`, create, netboxCause);
    return { id: made.id, made: true, address: String(made.address) };
  }

  // ---- primary addresses

  /** The first addresses of the primary interface, unless a person chose others. */
  private async primary(): Promise<void> {
    const { primary, type, overwrite } = this.wanted;
    const addresses = primary === undefined ? [] : (this.wanted.interfaces[primary]?.addresses ?? []);
    const given = addresses.flatMap((asked) => this.parts[addressKey(primary ?? "", asked)] ?? []);
    const firstOf = (isSix: boolean) => given.find(({ address }) => (address ?? "").includes(":") === isSix)?.id;
    const wanted = { primary_ip4: firstOf(false), primary_ip6: firstOf(true) };
    if (Object.values(wanted).every((id) => id === undefined)) return;
    const ours = new Set([...Object.values(this.known?.parts ?? {}), ...given].map(({ id }) => id));
    await writeObject(this.netbox, type, this.machineId, this.wanted.fields.name, nothingOwned, undefined, (there) => {
      const changes = Object.entries(wanted).filter(([field, id]) => {
        const now = nestedId(there[field]);
        return id !== undefined && now !== id && (now === undefined || overwrite || ours.has(now));
      });
      return changes.length === 0 ? undefined : Object.fromEntries(changes);
    });
  }

  /** NetBox takes no primary address off its interface. */
  private async forgetPrimary(id: number): Promise<void> {
    await writeObject(
      this.netbox,
      this.wanted.type,
      this.machineId,
      this.wanted.fields.name,
      nothingOwned,
      undefined,
      (there) => {
        const held = ["primary_ip4", "primary_ip6"].filter((field) => nestedId(there[field]) === id);
        return held.length === 0 ? undefined : Object.fromEntries(held.map((field) => [field, null]));
      },
    );
  }
}

const macIn = (each: Owned | undefined): string | undefined =>
  typeof each?.fields.mac === "string" ? each.fields.mac.toUpperCase() : undefined;
const macOf = ({ mac_address: mac }: ObjectRow): string | undefined =>
  typeof mac === "string" ? mac.toUpperCase() : undefined;

const withoutReferences = <T extends Owned>(each: T): T => ({
  ...each,
  fields: Object.fromEntries(Object.entries(each.fields).filter(([name]) => !referenceFields.includes(name))),
});

/** Is there nothing to write, as far as the list tells? */
function patchedAlready(
  type: ObjectTypeName,
  there: ObjectRow,
  goal: Owned & { conflicts: string[] },
  known: Owned | undefined,
): boolean {
  return patchFor(type, there, { ...goal, overwrite: true }, known) === undefined;
}
