import type { ObjectArgs } from "../../../providers/netbox/objects/object";
import { type ObjectTypeName, printVlan } from "../../../providers/netbox/objects/objecttypes";
import { isRecord, withoutUndefined } from "../../../providers/values";
import type { DeclaredNetboxObject } from "../../netbox/declared";
import { slugOf } from "../../netbox/prerequisites";
import { Vlans } from "../../netbox/vlans";
import type { IntentFacts } from "./types";
import { type DocumentedGuests, documentedGuests } from "./unlessthere";

type Referred = "tag" | "role" | "platform" | "clusterType" | "cluster" | "ipamRole";

/** What the file declares so far, and where what it refers to is found: in the file, or in NetBox. */
export class References {
  readonly declared: DeclaredNetboxObject[] = [];
  readonly problems: string[] = [];
  /** What the file itself declares: its logical name by kind and name. */
  readonly own = new Map<string, string>();

  /** What NetBox has of guests. */
  readonly documented: DocumentedGuests;
  private readonly vlans: Vlans;
  private readonly prefixes: ReadonlySet<unknown>;

  constructor(readonly facts: IntentFacts) {
    this.documented = documentedGuests(facts.view);
    this.vlans = new Vlans(facts.view.rows.vlan);
    this.prefixes = new Set(facts.view.rows.prefix.map(({ prefix }) => prefix));
  }

  problem(path: readonly PropertyKey[], text: string): void {
    this.problems.push(`${this.facts.placeOf(path)}: ${text}`);
  }

  get common(): Pick<ObjectArgs, "netboxUrl" | "stack" | "overwrite"> {
    return { netboxUrl: this.facts.view.url, stack: this.facts.stack, overwrite: true };
  }

  object<T extends ObjectTypeName>(
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
  refer(type: Referred, name: string | undefined, path: readonly PropertyKey[]): string[] {
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

  vlan(vid: number, path: readonly PropertyKey[]): { name: string; after: string[] } | undefined {
    const own = this.facts.file.netbox?.vlans?.find((each) => each.vid === vid);
    if (own) return { name: printVlan(own.name, vid), after: [this.own.get(`vlan/${own.name}`) ?? ""].filter(Boolean) };
    const there = this.vlans.withVid(vid);
    if (there.length === 1 && there[0]) return { name: printVlan(String(there[0].name), vid), after: [] };
    this.problem(
      path,
      there.length === 0
        ? `NetBox has no VLAN ${vid}; add it there, or below netbox.vlans here`
        : `NetBox has ${there.length} VLANs ${vid}; name the one that is meant below netbox.vlans here`,
    );
    return undefined;
  }

  slug(tag: string): string {
    const own = this.facts.file.netbox?.tags?.find((each) => (typeof each === "string" ? each : each.name) === tag);
    if (own !== undefined) return typeof own === "string" ? slugOf(own) : (own.slug ?? slugOf(own.name));
    const there = this.facts.view.rows.tag.find((each) => each.name === tag || each.slug === tag);
    return there === undefined ? slugOf(tag) : String(there.slug);
  }

  prefix(prefix: string, path: readonly PropertyKey[], after: string[]): void {
    const own = this.own.get(`prefix/${prefix}`);
    if (own !== undefined) after.push(own);
    else if (!this.prefixes.has(prefix))
      this.problem(path, `NetBox has no prefix ${prefix}; add it there, or below netbox.prefixes here`);
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
        return [
          name,
          kind === "integer" || kind === "decimal" ? Number(value) : kind === "boolean" ? value : String(value),
        ];
      }),
    );
  }
}
