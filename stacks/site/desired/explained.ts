import type { NetboxDisk, NetboxInterface, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { groupBy } from "../../../providers/values";
import { guestTypeOf, nodeCandidates, typeCandidates, vmidCandidates } from "../../netbox/identity";
import { powerOf } from "../../netbox/statuses";
import { toMebibytes } from "../../netbox/units";
import { type Candidate, firstGiven, type SourcedValue, type ValueSource } from "../../netbox/valuesource";
import type { Settings } from "../../settings";
import { guestSchema, type NamedGuestSettings } from "../settings";
import { allocateCandidates, gatewayCandidates } from "./addresses";
import {
  type GuestSettings,
  guestFallbacks,
  type SettingLayer,
  type SettingPlace,
  settingLayers,
  settingsOf,
} from "./guestsettings";
import { bridgeCandidates, nicModelCandidates } from "./networks";
import { type SourcedOptions, sourcedDiskOptions, sourcedNetworkOptions, sourcedOptionsOfGuest } from "./options";
import { templateCandidates } from "./sources";
import type { NetboxFacts } from "./types";

/** A value of a guest, with the place that it is from and those that it overrules. */
export interface ExplainedValue extends SourcedValue<unknown> {
  /** `memory`, `bridge of net0`. */
  name: string;
  /** The property of the guest's resource that it becomes: `networks`. */
  property: string;
}

interface Explaining {
  netbox: NetboxFacts;
  settings: Settings;
}

/** What of a guest's own is looked up. */
interface OfGuest {
  interfaces: NetboxInterface[];
  disks: NetboxDisk[];
}

/**
 * All that NetBox and the settings say of a guest: by the very rules that it is made by. What nobody says is as its template has
 * it. Each guest is worked out once.
 */
export function explainer(of: Explaining): (guest: NetboxVirtualMachine) => readonly ExplainedValue[] {
  const interfaces = groupBy(of.netbox.interfaces, ({ guestId }) => guestId);
  const disks = groupBy(of.netbox.disks, ({ guestId }) => guestId);
  const made = new Map<number, readonly ExplainedValue[]>();
  return (guest) => {
    const { id } = guest;
    const values =
      made.get(id) ?? valuesOf(of, guest, { interfaces: interfaces.get(id) ?? [], disks: disks.get(id) ?? [] });
    made.set(id, values);
    return values;
  };
}

function valuesOf(
  { netbox, settings }: Explaining,
  guest: NetboxVirtualMachine,
  { interfaces, disks }: OfGuest,
): ExplainedValue[] {
  const type = guestTypeOf(guest, settings) ?? "qemu";
  const own = settingsOf(guest, settings, ignored);
  const layers = settingLayers(guest, settings);
  return [
    ...ofGuest(guest, type, settings),
    ...ofTemplate(guest, type, own, layers, settings),
    ...named(layers, type, guest, settings),
    ...optionRows("options", "", sourcedOptionsOfGuest(guest, type, settings, ignored)),
    ...disks.flatMap((disk) => ofDisk(disk, guest, type, settings)),
    ...interfaces.flatMap((each) => ofInterface({ netbox, settings }, each, guest, type, { own, layers })),
  ];
}

/** What is wrong with a value stops a plan: here only what holds is shown. */
const ignored = (): void => {};

const row = (property: string, name: string, found: SourcedValue<unknown> | undefined): ExplainedValue[] =>
  found === undefined ? [] : [{ property, name, ...found }];

const field = (property: string, name: string, value: unknown, of = name): ExplainedValue[] =>
  value === undefined || value === ""
    ? []
    : [{ property, name, value, source: { kind: "field", name: of }, overrules: [] }];

const asTemplate = (property: string, name: string): ExplainedValue => ({
  ...{ property, name, value: undefined, overrules: [] },
  source: { kind: "template", name: "as what it is made from has it" },
});

function ofGuest(guest: NetboxVirtualMachine, type: GuestType, settings: Settings): ExplainedValue[] {
  const { site } = settings;
  const { memory, vcpus } = guest;
  const notes = [guest.description, guest.comments].filter((part) => part.trim() !== "");
  return [
    ...field("name", "name", guest.name),
    ...field("cluster", "cluster", guest.clusterName),
    ...row("type", "type", firstGiven(typeCandidates(guest, settings))),
    ...row("vmid", "vmid", firstGiven(vmidCandidates(guest, settings))),
    ...row("node", "node", firstGiven(nodeCandidates(guest, site.customFields.node))),
    ...field("power", "power", powerOf(guest, settings), "status"),
    ...(memory === undefined
      ? [asTemplate("memory", "memory")]
      : field("memory", "memory", `${toMebibytes(memory, site.ramBaseUnit)} MiB`)),
    ...(vcpus === undefined
      ? [asTemplate("cores", type === "lxc" ? "cores" : "vcpus")]
      : field("cores", type === "lxc" ? "cores" : "vcpus", Math.ceil(vcpus), "vcpus")),
    ...(notes.length === 0 ? [] : field("description", "notes", notes.join("\n\n"), "description and comments")),
    ...(guest.tags.length === 0 ? [] : field("tags", "tags", guest.tags)),
  ];
}

function ofTemplate(
  guest: NetboxVirtualMachine,
  type: GuestType,
  own: GuestSettings,
  layers: SettingLayer[],
  { site }: Settings,
): ExplainedValue[] {
  const name = site.customFields[type === "lxc" ? "lxcTemplate" : "template"];
  return row("template", "template", firstGiven(placed(templateCandidates(guest, own, name, type), layers)));
}

/** Settings that others are looked up in, or that a kind of guest doesn't have. */
const notListed: Record<GuestType, readonly string[]> = {
  qemu: ["template", "templates", "lxcTemplate", "lxcTemplates", "bridge", "vnets", "netModel", "unprivileged"],
  lxc: [
    "template",
    "templates",
    "lxcTemplate",
    "lxcTemplates",
    "bridge",
    "vnets",
    "netModel",
    "sockets",
    "fullClone",
    "user",
  ],
};

const cloudInitKeys = ["user", "password", "sshKeys", "nameservers", "searchDomain"];

/** The guest's settings one by one. Public keys of a custom field are added to those of a setting. */
function named(
  layers: SettingLayer[],
  type: GuestType,
  guest: NetboxVirtualMachine,
  { site }: Settings,
): ExplainedValue[] {
  const keys = guestSchema.keyof().options.filter((key) => !notListed[type].includes(key));
  const keyField = site.customFields.sshKeys;
  return keys.flatMap((key) => {
    const property = type === "qemu" && cloudInitKeys.includes(key) ? "cloudInit" : propertyOf(key);
    const found = row(property, key, firstGiven([...inLayers(layers, key), ...fallback(key)]));
    const added = key === "sshKeys" ? guest.customFields.get(keyField) : undefined;
    return added === undefined
      ? found
      : [
          ...found,
          { property, name: key, value: added, source: { kind: "custom field", name: keyField }, overrules: [] },
        ];
  });
}

const propertyOf = (key: string): string => (key === "rebootPolicy" ? "restart" : key);

const fallback = (key: string): Candidate<unknown>[] => [
  { source: { kind: "default", name: key }, value: Object.entries(guestFallbacks).find(([name]) => name === key)?.[1] },
];

const inLayers = (layers: SettingLayer[], key: keyof NamedGuestSettings): Candidate<unknown>[] =>
  layers.map(({ source, values }) => ({ source: source(key), value: values[key] }));

/** Candidates with the places of settings in their place. Of settings with keys of their own, the first place that has any counts. */
const placed = (candidates: Candidate<unknown, SettingPlace>[], layers: SettingLayer[]): Candidate<unknown>[] =>
  candidates.flatMap(({ source, value }): Candidate<unknown>[] => {
    if (!("setting" in source)) return [{ source, value }];
    const { setting, key } = source;
    if (key === undefined) return inLayers(layers, setting);
    const layer = layers.find(({ values }) => values[setting] !== undefined);
    return layer === undefined ? [] : [{ source: layer.source(`${setting}.${key}`), value }];
  });

const optionRows = (property: string, of: string, options: SourcedOptions): ExplainedValue[] =>
  [...options]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([option, found]) => row(property, `option ${option}${of}`, found));

function ofDisk(disk: NetboxDisk, guest: NetboxVirtualMachine, type: GuestType, settings: Settings): ExplainedValue[] {
  const { diskBaseUnit, customFields } = settings.site;
  const storage = customFields.diskStorage;
  const of = ` of ${disk.name}`;
  return [
    ...field("disks", `size${of}`, `${toMebibytes(disk.size, diskBaseUnit)} MiB`, `size${of}`),
    ...row(
      "disks",
      `storage${of}`,
      firstGiven([
        { source: { kind: "custom field", name: `${storage}${of}` }, value: disk.customFields.get(storage) },
      ]),
    ),
    ...optionRows("disks", of, sourcedDiskOptions(disk, guest, type, settings, ignored)),
  ];
}

function ofInterface(
  { netbox, settings }: Explaining,
  each: NetboxInterface,
  guest: NetboxVirtualMachine,
  type: GuestType,
  { own, layers }: { own: GuestSettings; layers: SettingLayer[] },
): ExplainedValue[] {
  const of = ` of ${each.name}`;
  const addressed = type === "qemu" ? "cloudInit" : "networks";
  const text = (part: string, value: unknown, from: string) => field("networks", `${part}${of}`, value, `${from}${of}`);
  const asked = firstGiven(allocateCandidates(guest, each, settings));
  const prefixes = netbox.ipam.onInterface(each.id).map(({ address, vrfId }) => ({
    address,
    prefix: netbox.ipam.prefixes.narrowest(address, vrfId),
  }));
  return [
    ...row("networks", `bridge${of}`, firstGiven(placed(bridgeCandidates(each, own, settings), layers))),
    ...(type === "lxc"
      ? []
      : row("networks", `model${of}`, firstGiven(placed(nicModelCandidates(each, own, settings), layers)))),
    ...(each.mode === undefined ? [] : text("VLAN", each.untaggedVlan?.vid, "untagged VLAN")),
    ...(each.taggedVids.length === 0 ? [] : text("tagged VLANs", each.taggedVids, "tagged VLANs")),
    ...text("MTU", each.mtu, "MTU"),
    ...text("MAC", each.mac, "MAC address"),
    ...(each.enabled ? [] : text("link", "down", "enabled")),
    ...optionRows("networks", of, sourcedNetworkOptions(each, guest, type, settings, ignored)),
    ...row(addressed, `allocate from${of}`, asked),
    ...prefixes.flatMap(({ address, prefix }) => [
      ...field(addressed, `address${of}`, address, `IP address${of}`),
      ...(prefix === undefined
        ? []
        : row(addressed, `gateway${of}`, firstGiven(gatewayCandidates({ netbox, settings }, prefix)))),
    ]),
  ];
}

/** Where a property of a guest's resource has its values from. */
export const sourcesOfProperty = (values: readonly ExplainedValue[], property: string): ValueSource[] =>
  values.flatMap((each) => (each.property === property ? [each.source] : []));
