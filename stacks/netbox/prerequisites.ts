import type { ObjectArgs } from "../../providers/netbox/objects/object";
import type { ObjectRow } from "../../providers/netbox/objects/object.model";
import { type ObjectTypeName, printVlan, withId } from "../../providers/netbox/objects/objecttypes";
import { isRecord } from "../../providers/values";
import type { Settings } from "../settings";
import type { DeclaredNetboxObject } from "./declared";
import { type ChoiceSetName, missingField, netboxSchema, type SchemaField, snapshotsField } from "./schema";
import type { NetboxView } from "./view";
import { type ClusterPlace, Vlans } from "./vlans";

// What machines refer to in NetBox: declared where it is missing, and for ever where we made it.

export const slugOf = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");

/** Those of a name, which may repeat below another parent or manufacturer: the one that NetBox would have made from it first. */
const namedIn = (rows: readonly ObjectRow[], name: string): ObjectRow[] => {
  const named = rows.filter((each) => each.name === name);
  const isPlain = ({ slug }: ObjectRow) => slug === slugOf(name);
  return [...named.filter(isPlain), ...named.filter((each) => !isPlain(each))];
};

/** Collects what is referred to, once each. */
export class Prerequisites {
  private readonly made = new Map<string, DeclaredNetboxObject>();
  private readonly vlans: Vlans;

  constructor(
    private readonly view: NetboxView,
    private readonly stack: string,
    /** Objects in the stack's state, by their logical names. */
    private readonly known: { has(name: string): boolean; get?(name: string): { netboxId: number } | undefined },
    private readonly site: Settings["site"],
  ) {
    this.vlans = new Vlans(view.vlans, view.vlanGroups, view.places);
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

  /** @returns what refers to it */
  role(name: string, ofMachines: boolean): string {
    const [there, ...others] = namedIn(this.view.roles, name);
    const slug = there?.slug ?? slugOf(name);
    this.needed(`role-${slugOf(name)}`, "role", there, { name, slug, color: "9e9e9e", ofMachines });
    return there === undefined || others.length === 0 ? name : withId(name, there.id);
  }

  /** @returns what refers to it */
  platform(name: string): string {
    const [there, ...others] = namedIn(this.view.platforms, name);
    this.needed(`platform-${slugOf(name)}`, "platform", there, { name, slug: there?.slug ?? slugOf(name) });
    return there === undefined || others.length === 0 ? name : withId(name, there.id);
  }

  /**
   * The VLAN of a VID, as an interface names it: one that the interface has already, NetBox's at that place, or one that is made.
   * @param own VLANs of the interfaces that are there
   */
  vlan(
    vid: number,
    place: ClusterPlace,
    own: readonly ObjectRow[] = [],
  ): { name: string } | { several: readonly ObjectRow[] } {
    const has = own.find((each) => each.vid === vid);
    const known = this.known.get?.(`vlan-${vid}`)?.netboxId;
    const found =
      has === undefined ? this.vlans.at(vid, place) : this.vlans.withVid(vid).filter(({ id }) => id === has.id);
    // What we made for guests without a place of their own is meant by those of before.
    const [there, ...others] =
      found.length > 1 && found.some(({ id }) => id === known) ? found.filter(({ id }) => id === known) : found;
    if (others.length > 0) return { several: found };
    const isTaken = this.vlans.hasNamed(`vlan-${vid}`, vid) && known === undefined;
    const name = there !== undefined ? String(there.name) : isTaken ? `vlan-${vid}-2` : `vlan-${vid}`;
    if (there === undefined || there.id === known) this.needed(`vlan-${vid}`, "vlan", there, { vid, name });
    const shown = printVlan(name, vid);
    return { name: there === undefined || this.vlans.isNamedAlone(there) ? shown : withId(shown, there.id) };
  }

  clusterType(name: string): void {
    const there = this.view.clusterTypes.find((each) => each.name === name);
    this.needed(`cluster-type-${slugOf(name)}`, "clusterType", there, { name, slug: there?.slug ?? slugOf(name) });
  }

  deviceType(maker: string, model: string): void {
    const [makerThere, there] = [
      this.view.manufacturers.find((each) => each.name === maker),
      this.view.deviceTypes.find(
        (each) => each.model === model && isRecord(each.manufacturer) && each.manufacturer.name === maker,
      ),
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
