import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { isRecord, withoutUndefined } from "../../../providers/values";
import type { ValueSource } from "../../netbox/valuesource";
import type { Settings } from "../../settings";
import { type GuestDefaults, type NamedGuestSettings, readGuestSettings } from "../settings";

/** What a guest's config context says below `proxmox`. */
export const contextOf = ({ context }: NetboxVirtualMachine): Record<string, unknown> =>
  isRecord(context.proxmox) ? context.proxmox : {};

const list = (text: string | undefined) => text?.split(/[\s,;]+/).filter((word) => word !== "");

/** Settings whose custom field holds their value as a text. */
const texts = ["storage", "pool", "ha", "user", "searchDomain", "rebootPolicy"] as const;

/** What a guest takes: its custom fields before its config context before the stack's defaults. */
export type GuestSettings = GuestDefaults & NamedGuestSettings;

/** Settings that have a value of this program's where nobody names one. */
export const guestFallbacks = {
  fullClone: true,
  sockets: 1,
  bridge: "vmbr0",
  netModel: "virtio",
  rebootPolicy: "never",
  snapshotDays: 7,
} as const;

/** A place of a value, or one of the guest's settings, which has a place of its own. @see settingLayers */
export type SettingPlace = ValueSource | { setting: keyof NamedGuestSettings; key?: string };

/** One place that may name settings of a guest. */
export interface SettingLayer {
  /** @param key a setting's: `storage` */
  source: (key: string) => ValueSource;
  values: NamedGuestSettings;
}

/** What NetBox names for one guest: its custom fields before its config context. */
function netboxLayers(
  guest: NetboxVirtualMachine,
  settings: Settings,
  problem: (text: string) => void,
): [fields: SettingLayer, context: SettingLayer] {
  const names = settings.site.customFields;
  const fieldName = (key: string) =>
    Object.entries(names).find(([each]) => key === each || key.startsWith(`${each}.`))?.[1] ?? key;
  const field = (key: keyof typeof names) => guest.customFields.get(names[key]);
  const rebuild = field("rebuild");
  const given = Object.fromEntries(texts.map((key) => [key, field(key)]));
  const fromFields = readGuestSettings(
    withoutUndefined({
      ...given,
      nameservers: list(field("nameservers")),
      rebuild: rebuild === undefined ? undefined : Number(rebuild),
    }),
  );
  const fromContext = readGuestSettings(contextOf(guest));
  if ("problems" in fromFields)
    for (const { key, problem: why } of fromFields.problems) problem(`custom field ${fieldName(key)} ${why}`);
  if ("problems" in fromContext)
    for (const { key, problem: why } of fromContext.problems) problem(`proxmox.${key} of its config context ${why}`);
  return [
    {
      source: (key) => ({ kind: "custom field", name: fieldName(key) }),
      values: "value" in fromFields ? fromFields.value : {},
    },
    {
      source: (key) => ({ kind: "config context", name: `proxmox.${key}` }),
      values: "value" in fromContext ? fromContext.value : {},
    },
  ];
}

/** All places that may name a guest's settings, the first one wins. */
export const settingLayers = (guest: NetboxVirtualMachine, settings: Settings): SettingLayer[] => [
  ...netboxLayers(guest, settings, () => {}),
  ...settings.defaultLayers(guest.clusterName ?? "").map(({ key: section, values }) => ({
    source: (key: string): ValueSource => ({ kind: "setting", name: `${section}.${key}` }),
    values,
  })),
];

/** A guest's settings, each from the first place that has it; everything that won't do is told with its place. */
export function settingsOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
  problem: (text: string) => void,
): GuestSettings {
  const [fields, context] = netboxLayers(guest, settings, problem);
  return { ...settings.defaults(guest.clusterName ?? ""), ...context.values, ...fields.values };
}
