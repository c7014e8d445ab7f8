import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { isRecord, withoutUndefined } from "../../../providers/values";
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

/** A guest's settings, each from the first place that has it; everything that won't do is told with its place. */
export function settingsOf(
  guest: NetboxVirtualMachine,
  settings: Settings,
  problem: (text: string) => void,
): GuestSettings {
  const names = settings.site.customFields;
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
    for (const { key, problem: why } of fromFields.problems) {
      const name = Object.entries(names).find(([each]) => key === each || key.startsWith(`${each}.`))?.[1] ?? key;
      problem(`custom field ${name} ${why}`);
    }
  if ("problems" in fromContext)
    for (const { key, problem: why } of fromContext.problems) problem(`proxmox.${key} of its config context ${why}`);
  return {
    ...settings.defaults(guest.clusterName ?? ""),
    ...("value" in fromContext ? fromContext.value : {}),
    ...("value" in fromFields ? fromFields.value : {}),
  };
}
