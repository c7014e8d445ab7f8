import type { Release } from "./releases";

/** How a field is written and shown. `ref` and `refs` point at other models by id. */
export interface Field {
  kind: "text" | "integer" | "decimal" | "boolean" | "choice" | "ref" | "refs" | "json" | "mac" | "texts";
  required?: boolean;
  choices?: readonly string[];
  to?: ModelName;
  default?: unknown;
  min?: number;
  max?: number;
  /** References that are taken by id alone, not by attributes. */
  byId?: boolean;
  /** Taken and never shown. */
  hidden?: boolean;
  /** A choice that is shown as its bare value. */
  plain?: boolean;
  /** Set by NetBox itself: what a caller sends is not looked at. */
  internal?: boolean;
  /** The release that it came with: earlier ones neither show it nor look at it. */
  since?: Release;
}

export interface Model {
  /** Path below /api/ and, for people, below the root. */
  path: string;
  /** Django's name, as it stands in a 404. */
  label: string;
  fields: Record<string, Field>;
  /** What a nested object shows beside id, url and display. */
  brief: readonly string[];
  display: string;
  /** Lower-cased unique keys with the error of a duplicate. */
  unique?: {
    fields: readonly string[];
    error: Record<string, string[]>;
    /** To which objects the rule applies; all, where it is left out. */
    applies?: (values: Record<string, unknown>) => boolean;
  }[];
  /** django content type, for custom fields. */
  contentType: string;
}

export const textField = (extra: Partial<Field> = {}): Field => ({ kind: "text", default: "", ...extra });
export const refField = (to: ModelName, extra: Partial<Field> = {}): Field => ({
  kind: "ref",
  to,
  default: null,
  ...extra,
});
export const choiceField = (choices: readonly string[], fallback: string | null): Field => ({
  kind: "choice",
  choices,
  default: fallback,
});
export const integerField = (min?: number, max?: number, extra: Partial<Field> = {}): Field => ({
  kind: "integer",
  min,
  max,
  default: null,
  ...extra,
});
/** Where an object belongs: any place of the content types that NetBox takes for it. */
export const scope = { scope_type: textField({ default: null }), scope_id: integerField() };
export const named = {
  name: textField({ required: true }),
  slug: textField({ required: true }),
  description: textField(),
};
const slugUnique = [
  { fields: ["name"], error: { name: ["NAME with this name already exists."] } },
  { fields: ["slug"], error: { slug: ["NAME with this slug already exists."] } },
];

export function slugged(path: string, label: string, contentType: string, extra: Record<string, Field> = {}): Model {
  const human = label.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const title = human.charAt(0).toUpperCase() + human.slice(1);
  const unique = slugUnique.map(({ fields, error }) => ({
    fields,
    error: JSON.parse(JSON.stringify(error).replace("NAME", title)) as Record<string, string[]>,
  }));
  return {
    path,
    label,
    contentType,
    fields: { ...named, ...extra },
    brief: ["name", "slug", "description"],
    display: "name",
    unique,
  };
}

export type ModelName =
  | "region"
  | "siteGroup"
  | "site"
  | "location"
  | "tenant"
  | "deviceRole"
  | "manufacturer"
  | "deviceType"
  | "device"
  | "interface"
  | "configContext"
  | "platform"
  | "clusterType"
  | "cluster"
  | "virtualMachine"
  | "vmInterface"
  | "virtualDisk"
  | "macAddress"
  | "vrf"
  | "rir"
  | "aggregate"
  | "ipamRole"
  | "vlanGroup"
  | "vlan"
  | "prefix"
  | "ipRange"
  | "ipAddress"
  | "fhrpGroup"
  | "fhrpGroupAssignment"
  | "service"
  | "contact"
  | "contactRole"
  | "contactAssignment"
  | "tag"
  | "choiceSet"
  | "customField"
  | "webhook"
  | "eventRule"
  | "journalEntry"
  | "branch"
  | "customLink"
  | "dnsView"
  | "dnsNameserver"
  | "dnsZone"
  | "dnsRecord"
  | "user"
  | "group"
  | "objectPermission"
  | "token";
