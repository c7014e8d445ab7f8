import { MachineArgs } from "../../../providers/netbox/objects/machine";
import { MachineState, partsDiffer, readAsked } from "../../../providers/netbox/objects/machine.model";
import type { ObjectArgs } from "../../../providers/netbox/objects/object";
import { conflictField, ObjectRow, objectDiffers, patchFor } from "../../../providers/netbox/objects/object.model";
import { typeOf } from "../../../providers/netbox/objects/objecttypes";
import { remedyOf } from "../../../providers/netbox/requiredfields";
import { pageOf } from "../../../providers/page";
import { DeclaredNetboxObject } from "../../netbox/declared";
import { type LackedField, printLacked, RequiredOfMachines } from "../../netbox/required";
import { listedNames } from "../../plan/listed";
import { machineChanges, mergeDetails } from "./changes";
import { Documented, merged } from "./merge";
import type { NamedNic } from "./parts";
import { DiscoveryFacts, ReportRow } from "./types";

/** The machines that a run declares, guests and nodes, and the report on each. */
export class DiscoveredMachines {
  readonly documented: Documented;
  readonly declared: DeclaredNetboxObject[] = [];
  readonly report: ReportRow[] = [];
  readonly warnings: string[] = [];
  /** Names of those that are removed from NetBox by this run. */
  readonly gone: string[] = [];
  /** NetBox objects that a guest or node has taken. */
  readonly taken = new Set<string>();

  /** Those that are left out for want of a custom field. */
  private readonly lacking = new Map<string, { lacked: LackedField[]; names: string[] }>();
  private readonly required: RequiredOfMachines;

  constructor(readonly facts: DiscoveryFacts) {
    this.documented = new Documented(facts.netbox);
    this.required = new RequiredOfMachines(facts.netbox.required ?? [], facts.givenFields ?? {});
  }

  /** A sentence for each lack of required custom fields, with all that are left out for it. */
  get lackWarnings(): string[] {
    return [...this.lacking.values()].map(
      ({ lacked, names }) =>
        `NetBox requires ${printLacked(lacked)}, and nothing says it of ${listedNames(names)}, which ${names.length === 1 ? "is" : "are"} left out: ${lacked
          .map(({ field }) => field)
          .filter((field, n, all) => all.indexOf(field) === n)
          .map(remedyOf)
          .join("; ")}.`,
    );
  }

  /** The objects that are made for others to refer to, and what NetBox requires of them that nothing says. */
  lackProblems(made: readonly DeclaredNetboxObject[], lacking: ReadonlySet<string>): string[] {
    return made.flatMap(({ kind, name, args }) => {
      if (kind !== "object" || !(lacking.has(name) || this.isNewPrefix(name, args))) return [];
      const lacked = this.required.of(args.type, args.customFields);
      if (lacked.length === 0) return [];
      const [{ field } = { field: "" }] = lacked;
      return [
        `NetBox requires ${printLacked(lacked)}, and this run makes ${String(args.fields?.name ?? args.fields?.prefix ?? args.fields?.model ?? name)}: ${remedyOf(field)}.`,
      ];
    });
  }

  private isNewPrefix(name: string, { type, fields = {} }: ObjectArgs): boolean {
    const vrf = typeof fields.vrf === "number" ? fields.vrf : undefined;
    return (
      type === "prefix" &&
      !this.facts.knownObjects.has(name) &&
      this.documented.prefixes.at(String(fields.prefix), vrf) === undefined
    );
  }

  /** Everything of a cluster stays as it was declared. */
  keepAll(cluster: string): void {
    for (const [name, state] of this.facts.known) if (state.fields.cluster === cluster) this.keep(name, state);
  }

  keep(name: string, state: MachineState, changes: Partial<MachineArgs> = {}): void {
    const {
      netboxId: _id,
      parts: _parts,
      made: _made,
      before: _before,
      written: _written,
      writtenParts: _p,
      ...inputs
    } = state;
    this.declared.push({ kind: "machine", name, args: { ...inputs, ...changes } });
  }

  /** Values as the custom fields of this NetBox hold them. */
  typed(values: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const isInteger = this.documented.typeOfField(name) === "integer";
        return [name, isInteger && typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value];
      }),
    );
  }

  /** Declares a machine of either kind, and says what that changes. */
  declare(
    key: string,
    cluster: string,
    args: Partial<MachineArgs> & Pick<MachineArgs, "type">,
    there: ObjectRow | undefined,
    state: MachineState | undefined,
    declare: boolean,
    { vmid, after, nics, notes = [] }: { vmid?: number; after: string[]; nics?: NamedNic[]; notes?: string[] },
  ): void {
    const { netbox, stack, settings } = this.facts;
    if (there) this.taken.add(`${args.type}/${there.id}`);
    const common = { netboxUrl: netbox.url, stack, removal: "delete" as const };
    const overwrite = settings.conflicts === "overwrite";
    const whole = merged(this.documented, { ...common, ...args }, there, state, overwrite, { key, nics });
    if (state !== undefined && there === undefined) {
      // A person deleted it: a refresh takes it out of the state, and then it is made again.
      this.report.push(
        this.row(cluster, vmid, whole, undefined, "conflicting", [
          "it was deleted in NetBox: run with --refresh to make it again, or leave it out by a filter",
        ]),
      );
      if (declare) this.keep(key, state);
      return;
    }
    const details =
      state === undefined
        ? there === undefined
          ? []
          : mergeDetails(whole, there, this.documented)
        : machineChanges(state, whole);
    const conflicts = whole.conflicts ?? [];
    const isSame =
      state !== undefined && !objectDiffers({ ...state }, { ...whole }) && !partsDiffer({ ...state }, { ...whole });
    const lacked = isSame ? [] : this.lackedOf(whole, there, state);
    if (lacked.length > 0) {
      const text = `NetBox requires ${printLacked(lacked)}`;
      const others = this.lacking.get(text) ?? { lacked, names: [] };
      this.lacking.set(text, { lacked, names: [...others.names, String(args.fields?.name ?? key)] });
      this.report.push(this.row(cluster, vmid, whole, there, "conflicting", [text]));
      if (state && declare) this.keep(key, state);
      return;
    }
    const change =
      conflicts.length > 0
        ? "conflicting"
        : state === undefined
          ? there === undefined
            ? "new"
            : "merged"
          : isSame
            ? "same"
            : "changed";
    const fields = conflicts.map((each) => conflictField(each).replace(/^(interfaces|disks)\./, ""));
    const others = details.filter((each) => !fields.some((field) => each.startsWith(`${field} `)));
    const said = isSame ? [] : notes;
    this.report.push(this.row(cluster, vmid, whole, there, change, [...others, ...said, ...conflicts]));
    if (declare) this.declared.push({ kind: "machine", name: key, args: whole, after });
  }

  /** The required custom fields that a machine's write would lack. */
  private lackedOf(whole: MachineArgs, there: ObjectRow | undefined, state: MachineState | undefined): LackedField[] {
    const owned = { fields: {}, customFields: {}, tags: [], ...whole, overwrite: true };
    return this.required.ofMachine(whole, {
      row: there,
      isWritten: there !== undefined && patchFor(whole.type, there, owned, state) !== undefined,
      hasInterface: (name) => whole.interfaces?.[name]?.objectId !== undefined,
      hasDisk: (name) => whole.disks?.[name]?.objectId !== undefined,
      hasAddress: (_, asked) => {
        const { address, vrfId } = readAsked(asked);
        return this.documented.addressesOf(address, vrfId).length > 0;
      },
    });
  }

  row(
    cluster: string,
    vmid: number | undefined,
    { fields }: Partial<MachineArgs>,
    there: Pick<ObjectRow, "id"> | undefined,
    change: ReportRow["change"],
    details: string[],
  ): ReportRow {
    const isDevice = vmid === undefined;
    const url = there && pageOf(this.facts.netbox.url, typeOf(isDevice ? "device" : "virtualMachine").path, there.id);
    return {
      cluster,
      name: String(fields?.name ?? ""),
      change,
      details,
      ...(vmid === undefined ? {} : { vmid }),
      ...(url === undefined ? {} : { url }),
    };
  }
}
