import { MachineArgs } from "../../../providers/netbox/objects/machine";
import { MachineState, partsDiffer } from "../../../providers/netbox/objects/machine.model";
import { conflictField, ObjectRow, objectDiffers } from "../../../providers/netbox/objects/object.model";
import { typeOf } from "../../../providers/netbox/objects/objecttypes";
import { pageOf } from "../../../providers/page";
import { DeclaredNetboxObject } from "../../netbox/declared";
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

  constructor(readonly facts: DiscoveryFacts) {
    this.documented = new Documented(facts.netbox);
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
