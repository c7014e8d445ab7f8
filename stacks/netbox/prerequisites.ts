import type { ObjectArgs } from "../../providers/netbox/objects/object";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { type ObjectTypeName, printVlan } from "../../providers/netbox/objects/objecttypes";
import { isRecord } from "../../providers/values";
import type { Settings } from "../settings";
import type { DeclaredNetboxObject } from "./declared";
import { type ChoiceSetName, missingField, netboxSchema, type SchemaField, snapshotsField } from "./schema";
import type { NetboxView } from "./view";
import { Vlans } from "./vlans";

// What machines refer to in NetBox: declared where it is missing, and for ever where we made it.

export const slugOf = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");

/** Collects what is referred to, once each. */
export class Prerequisites {
  private readonly made = new Map<string, DeclaredNetboxObject>();
  private readonly vlans: Vlans;

  constructor(
    private readonly view: NetboxView,
    private readonly stack: string,
    /** Objects in the stack's state, by their logical names. */
    private readonly known: { has: (name: string) => boolean },
    private readonly site: Settings["site"],
  ) {
    this.vlans = new Vlans(view.vlans);
  }

  get all(): DeclaredNetboxObject[] {
    return [...this.made.values()];
  }

  /** Those that NetBox lacks so far: machines wait for them. What is there already nobody needs to wait for. */
  readonly lacking = new Set<string>();

  declare<T extends ObjectTypeName>(name: string, type: T, args: Partial<ObjectArgs<T>>, after: string[] = []): string {
    if (!this.made.has(name))
      this.made.set(name, {
        kind: "object",
        name,
        after,
        args: { netboxUrl: this.view.url, stack: this.stack, removal: "keep", ...args, type },
      });
    return name;
  }

  /** Declares it as the state has it, where nobody did yet. */
  keep(name: string, args: ObjectArgs): void {
    if (!this.made.has(name)) this.made.set(name, { kind: "object", name, args });
  }

  /** Declares what NetBox lacks, or what it has from us. */
  private needed<T extends ObjectTypeName>(
    name: string,
    type: T,
    there: ObjectRow | undefined,
    fields: Record<string, unknown>,
    after: string[] = [],
  ): void {
    if (there !== undefined && !this.known.has(name)) return;
    if (there === undefined) this.lacking.add(name);
    this.declare(name, type, { fields }, after);
  }

  tag(slug: string): void {
    const there = this.view.tags.find((each) => each.slug === slug);
    this.needed(`tag-${slug}`, "tag", there, { name: there?.name ?? slug, slug });
  }

  role(name: string, ofMachines: boolean): void {
    const there = this.view.roles.find((each) => each.name === name);
    const slug = there?.slug ?? slugOf(name);
    this.needed(`role-${slugOf(name)}`, "role", there, { name, slug, color: "9e9e9e", ofMachines });
  }

  platform(name: string): void {
    const there = this.view.platforms.find((each) => each.name === name);
    this.needed(`platform-${slugOf(name)}`, "platform", there, { name, slug: there?.slug ?? slugOf(name) });
  }

  /** The VLAN of a VID: NetBox's, or one that is made. */
  vlan(vid: number): string {
    const [there] = this.vlans.withVid(vid);
    const name = there === undefined ? `vlan-${vid}` : String(there.name);
    this.needed(`vlan-${vid}`, "vlan", there, { vid, name });
    return printVlan(name, vid);
  }

  clusterType(name: string): void {
    const there = this.view.clusterTypes.find((each) => each.name === name);
    this.needed(`cluster-type-${slugOf(name)}`, "clusterType", there, { name, slug: there?.slug ?? slugOf(name) });
  }

  deviceType(maker: string, model: string): void {
    const [makerThere, there] = [
      this.view.manufacturers.find((each) => each.name === maker),
      this.view.deviceTypes.find((each) => each.model === model),
    ];
    const makerName = `manufacturer-${slugOf(maker)}`;
    this.needed(makerName, "manufacturer", makerThere, { name: maker, slug: makerThere?.slug ?? slugOf(maker) });
    const fields = { model, slug: there?.slug ?? slugOf(model), manufacturer: maker };
    this.needed(`device-type-${slugOf(model)}`, "deviceType", there, fields, [makerName]);
  }

  /**
   * The custom fields of these names with the values that are about to be written; a choice that NetBox lacks is added.
   * @param choices by choice set
   */
  customFields(names: string[], choices: Partial<Record<ChoiceSetName, string[]>>): void {
    for (const field of this.schema().filter(({ name }) => names.includes(name))) {
      const there = this.view.customFields.find((each) => each.name === field.name);
      const set = this.choiceSet(field, there, choices);
      const types = there !== undefined && Array.isArray(there.object_types) ? there.object_types : [];
      const isWhole = field.objectTypes.every((type) => types.includes(type));
      const name = `custom-field-${field.name}`;
      if (there !== undefined && isWhole && !this.known.has(name)) continue;
      const made = { type: field.type, description: field.description, ...(set ? { choiceSet: set } : {}) };
      const fields = {
        name: field.name,
        objectTypes: field.objectTypes,
        ...(there === undefined || this.known.has(name) ? made : {}),
      };
      if (!isWhole) this.lacking.add(name);
      this.declare(name, "customField", { fields }, set ? [`choices-${set}`] : []);
    }
  }

  private choiceSet(
    { choices: usual }: SchemaField,
    there: ObjectRow | undefined,
    choices: Partial<Record<ChoiceSetName, string[]>>,
  ): string | undefined {
    if (usual === undefined) return undefined;
    const wanted = choices[usual] ?? [];
    // A field that is there keeps its own set.
    if (there !== undefined && !isRecord(there.choice_set)) return undefined;
    const name = there !== undefined && isRecord(there.choice_set) ? String(there.choice_set.name) : usual;
    const set = this.view.choiceSets.find((each) => each.name === name);
    const has = set !== undefined && Array.isArray(set.extra_choices) ? set.extra_choices : [];
    const held = has.map((pair: unknown) => String(Array.isArray(pair) ? pair[0] : pair));
    const key = `choices-${name}`;
    const isWhole = wanted.every((choice) => held.includes(choice));
    if (set === undefined || !isWhole) this.lacking.add(key);
    if (set === undefined || !isWhole || this.known.has(key))
      this.declare(key, "choiceSet", { fields: { name, choices: [...wanted].sort() } });
    return name;
  }

  private schema(): SchemaField[] {
    const machine = ["virtualization.virtualmachine"];
    return [
      ...netboxSchema(this.site.customFields, this.site, ["mp", "trunks", "name"]).fields,
      { name: snapshotsField, type: "integer", objectTypes: machine, description: "How many snapshots it has" },
      {
        name: missingField,
        type: "text",
        objectTypes: [...machine, "dcim.device"],
        description: "Since when Proxmox VE has it no more",
      },
    ];
  }
}
