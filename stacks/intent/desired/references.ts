import type { ObjectArgs } from "../../../providers/netbox/objects/object";
import type { ObjectRow } from "../../../providers/netbox/objects/object.model";
import { type ObjectTypeName, withId } from "../../../providers/netbox/objects/objecttypes";
import { pageOf } from "../../../providers/page";
import { isRecord, withoutUndefined } from "../../../providers/values";
import type { DeclaredNetboxObject } from "../../netbox/declared";
import { slugOf } from "../../netbox/prerequisites";
import type { IntentFacts } from "./types";
import { type DocumentedGuests, documentedGuests } from "./unlessthere";

/** What is referred to by its name: where the file adds it, what NetBox calls it, and its page. */
const referable = {
  tag: { room: "tags", noun: "tag", path: "extras/tags" },
  role: { room: "roles", noun: "role", path: "dcim/device-roles" },
  platform: { room: "platforms", noun: "platform", path: "dcim/platforms" },
  clusterType: { room: "clusterTypes", noun: "cluster type", path: "virtualization/cluster-types" },
  cluster: { room: "clusters", noun: "cluster", path: "virtualization/clusters" },
  ipamRole: { room: "ipamRoles", noun: "IPAM role", path: "ipam/roles" },
  tenant: { room: undefined, noun: "tenant", path: "tenancy/tenants" },
} as const;
type Referred = keyof typeof referable;

/** Something that is referred to, as NetBox's inputs name it, and the logical names to wait for. */
export interface Reference {
  name: string;
  after: string[];
}

/** Does a text mean this row: by its name, its slug or its id? */
export const isCalled = ({ id, name, slug }: ObjectRow, text: string): boolean =>
  name === text || slug === text || String(id) === text;

/** What the file declares so far, and where what it refers to is found: in the file, or in NetBox. */
export class References {
  readonly declared: DeclaredNetboxObject[] = [];
  readonly problems: string[] = [];
  /** What the file itself declares: its logical name by kind and name. */
  private readonly own = new Map<string, string>();

  /** What NetBox has of guests. */
  readonly documented: DocumentedGuests;

  constructor(readonly facts: IntentFacts) {
    this.documented = documentedGuests(facts.view);
  }

  problem(path: readonly PropertyKey[], text: string): void {
    this.problems.push(`${this.facts.placeOf(path)}: ${text}`);
  }

  get common(): Pick<ObjectArgs, "netboxUrl" | "stack" | "overwrite"> {
    return { netboxUrl: this.facts.view.url, stack: this.facts.stack, overwrite: true };
  }

  /** @param scope what tells it from others of its name: a VRF, a VLAN's group or site */
  object<T extends ObjectTypeName>(
    type: T,
    name: string,
    fields: Record<string, unknown>,
    more: { after?: string[]; customFields?: Record<string, unknown>; scope?: string | undefined } = {},
  ): void {
    const { after = [], customFields, scope } = more;
    const plain = slugOf(name).replace(/-+/g, "-") || name;
    const key = scope === undefined ? `${type}-${plain}` : `${type}-${slugOf(scope)}-${plain}`;
    this.own.set(ownKey(type, name, scope), key);
    this.declared.push({
      kind: "object",
      name: key,
      after,
      args: { ...this.common, type, fields: withoutUndefined(fields), ...(customFields ? { customFields } : {}) },
    });
  }

  /** The logical name of what the file itself declares. */
  ownName(type: ObjectTypeName, name: string, scope?: string): string[] {
    const own = this.own.get(ownKey(type, name, scope));
    return own === undefined ? [] : [own];
  }

  /** Whoever waits for one of the file's own objects waits for another one of it. */
  waitInstead(type: ObjectTypeName, name: string, scope: string | undefined, [later]: string[]): void {
    if (later !== undefined) this.own.set(ownKey(type, name, scope), later);
  }

  /** Where something is referred to: in the file, or in NetBox by its name, slug or id. */
  refer(type: Referred, name: string, path: readonly PropertyKey[]): Reference;
  refer(type: Referred, name: string | undefined, path: readonly PropertyKey[]): Partial<Reference>;
  refer(type: Referred, name: string | undefined, path: readonly PropertyKey[]): Partial<Reference> {
    if (name === undefined) return {};
    const own = type === "tenant" ? [] : this.ownName(type, name);
    if (own.length > 0) return { name, after: own };
    const rows = type === "tenant" ? this.facts.view.tenants : this.facts.view.rows[type];
    // Those that nobody may see are NetBox's to find.
    if (rows === undefined) return { name, after: [] };
    const named = rows.filter((each) => each.name === name);
    const [there, ...others] = named.length > 0 ? named : rows.filter((each) => isCalled(each, name));
    const { noun, room, path: page } = referable[type];
    if (there === undefined)
      this.problem(
        path,
        `NetBox has no ${noun} "${name}"; add it there${room === undefined ? "" : `, or below netbox.${room} here`}`,
      );
    else if (others.length > 0)
      this.problem(
        path,
        `NetBox has ${others.length + 1} objects of the kind ${noun} with the name "${name}" (${this.pages(page, [there, ...others])}); write the ${type === "cluster" ? "id" : "slug"} of the one that is meant`,
      );
    if (there === undefined) return { name, after: [] };
    const isAlone = rows.filter((each) => each.name === there.name).length === 1;
    return { name: isAlone ? String(there.name) : withId(String(there.name), there.id), after: [] };
  }

  /** The pages of rows, for messages. */
  pages(path: string, rows: readonly ObjectRow[]): string {
    return rows.map(({ id }) => pageOf(this.facts.view.url, path, id)).join(" and ");
  }

  slug(tag: string): string {
    const own = this.facts.file.netbox?.tags?.find((each) => (typeof each === "string" ? each : each.name) === tag);
    if (own !== undefined) return typeof own === "string" ? slugOf(own) : (own.slug ?? slugOf(own.name));
    const there = this.facts.view.rows.tag.find((each) => each.name === tag || each.slug === tag);
    return there === undefined ? slugOf(tag) : String(there.slug);
  }

  /** Values as the custom fields hold them; one that NetBox lacks is said. */
  custom(values: Record<string, unknown>, objectType: string, path: readonly PropertyKey[]): Record<string, unknown> {
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
        return [name, Array.isArray(value) ? value.map((each) => held(kind, each)) : held(kind, value)];
      }),
    );
  }
}

/** A value as a custom field of this kind holds it. */
function held(kind: unknown, value: unknown): unknown {
  if (kind === "integer" || kind === "decimal" || kind === "object" || kind === "multiobject") return Number(value);
  if (kind === "boolean") return typeof value === "string" ? value === "true" : value;
  return kind === "json" ? parsedJson(String(value)) : String(value);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const ownKey = (type: ObjectTypeName, name: string, scope: string | undefined): string =>
  `${type}/${name}${scope === undefined ? "" : ` ${scope}`}`;
