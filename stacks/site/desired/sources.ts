import type { NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { supersededTag } from "../../../providers/proxmox/nodes/template.model";
import { printUnread } from "../../../providers/proxmox/reads";
import type { GuestResource, GuestType } from "../../../providers/proxmox/schemas";
import type { CustomFieldNames } from "../../netbox/customfields";
import { type Candidate, firstGiven } from "../../netbox/valuesource";
import type { GuestSettings, SettingPlace } from "./guestsettings";
import { awayOf } from "./placement";
import type { ProxmoxFacts, Site, TemplateFacts } from "./types";
import type { GuestTarget } from "./vmid";

/** What a guest is made from: a template by its VMID, or an OS template by its volume and the nodes that have it. */
export interface Source {
  vmid?: number;
  volume?: string;
  facts: TemplateFacts | { nodes: string[] };
}

interface Asking {
  site: Site;
  guest: NetboxVirtualMachine;
  own: GuestSettings;
  facts: ProxmoxFacts;
  target: GuestTarget;
  problem: (text: string) => void;
}

/** What NPA's choice sets hold where no template was found. */
const stubs = ["-1", "placeholder-lxc-template"];

const fieldOf = (guest: NetboxVirtualMachine, field: string): string | undefined => {
  const text = guest.customFields.get(field);
  return text === undefined || stubs.includes(text) ? undefined : text;
};

const idOrName = (named: string | undefined): number | string | undefined =>
  named !== undefined && /^\d+$/.test(named) ? Number(named) : named;

/** Who may name the template of a virtual machine, or what a container is made from: a VMID, a name, a volume. */
export function templateCandidates(
  guest: NetboxVirtualMachine,
  own: GuestSettings,
  field: string,
  type: GuestType,
): Candidate<number | string, SettingPlace>[] {
  const [all, one] =
    type === "qemu" ? (["templates", "template"] as const) : (["lxcTemplates", "lxcTemplate"] as const);
  const { platform } = guest;
  return [
    { source: { kind: "custom field", name: field }, value: idOrName(fieldOf(guest, field)) },
    { source: { setting: all, key: platform ?? "" }, value: platform === undefined ? undefined : own[all]?.[platform] },
    { source: { setting: one }, value: own[one] },
  ];
}

/** The VMID or the name of the template that a virtual machine's NetBox object or the settings name. */
const templateNameOf = (guest: NetboxVirtualMachine, own: GuestSettings, field: string): number | string | undefined =>
  firstGiven(templateCandidates(guest, own, field, "qemu"))?.value;

/** Its VMID: of those with a name the current one, on the guest's own node where there is one; NaN where there is none. */
export function templateIdOf(
  guest: NetboxVirtualMachine,
  own: GuestSettings,
  { template, node }: Pick<CustomFieldNames, "template" | "node">,
  guests: Iterable<GuestResource>,
): number | undefined {
  const named = templateNameOf(guest, own, template);
  if (typeof named !== "string") return named;
  const current = [...guests].filter(
    (each) => each.template && each.type === "qemu" && each.name === named && !each.tags.includes(supersededTag),
  );
  const [first] = current.sort((a, b) => a.vmid - b.vmid);
  return (current.find((each) => each.node === fieldOf(guest, node)) ?? first)?.vmid ?? Number.NaN;
}

/** The container or OS template that a container's NetBox object or the settings name. */
export const lxcTemplateIdOf = (
  guest: NetboxVirtualMachine,
  own: GuestSettings,
  field: string,
): number | string | undefined => firstGiven(templateCandidates(guest, own, field, "lxc"))?.value;

/** A virtual machine's template. One that is built needs none, whatever became of it since. */
export function templateOf({ site, guest, own, facts, target, problem }: Asking): Source | undefined {
  const { customFields } = site.settings.site;
  const field = customFields.template;
  const vmid = templateIdOf(guest, own, customFields, facts.guests.values());
  const found = vmid === undefined ? undefined : facts.templates.get(vmid);
  if (found?.type === "qemu" && (found.hasCloudInitDrive || target.built)) return { vmid, facts: found };
  if (target.built) return undefined;
  const away = awayOf(facts, vmid);
  const unread = vmid === undefined ? undefined : facts.unread?.get(vmid);
  if (unread !== undefined) problem(`template ${vmid} could not be read (${unread}); run again once it can`);
  else if (away !== undefined)
    problem(`template ${vmid} is on ${away}, which is offline; run again when that node is back`);
  else if (vmid === undefined)
    problem(
      `no template is named for it; set the custom field ${field} in NetBox, or netbox-proxmox:defaults.template`,
    );
  else if (found?.type !== "qemu")
    problem(
      `${Number.isNaN(vmid) ? `"${templateNameOf(guest, own, field)}"` : vmid} is no template on ${guest.clusterName}; make it one (\`qm template\`), or name another in the custom field ${field}`,
    );
  else
    problem(
      `template ${vmid} ${found.name} has no cloud-init drive; add one (\`qm set ${vmid} --ide2 STORAGE:cloudinit\`), or name another template`,
    );
  return undefined;
}

/** What a container is made from. */
export function lxcTemplateOf({ site, guest, own, facts, target, problem }: Asking): Source | undefined {
  const field = site.settings.site.customFields.lxcTemplate;
  const named = lxcTemplateIdOf(guest, own, field);
  if (typeof named === "number") {
    const found = facts.templates.get(named);
    if (found?.type === "lxc") return { vmid: named, facts: found };
    const away = awayOf(facts, named);
    const unread = facts.unread?.get(named);
    if (!target.built && unread !== undefined)
      problem(`container template ${named} could not be read (${unread}); run again once it can`);
    else if (!target.built && away !== undefined)
      problem(`container template ${named} is on ${away}, which is offline; run again when that node is back`);
    else if (!target.built)
      problem(
        `${named} is no container template on ${guest.clusterName}; make it one (\`pct template\`), or name another in the custom field ${field}`,
      );
    return undefined;
  }
  if (named === undefined) {
    if (!target.built)
      problem(
        `no container template is named for it; set the custom field ${field} in NetBox, or netbox-proxmox:defaults.lxcTemplate`,
      );
    return undefined;
  }
  const nodes = facts.osTemplates.get(named) ?? [];
  const unread = (facts.unreadStorages ?? []).filter(({ what }) => what.startsWith(`${named.split(":")[0]} on `));
  if (nodes.length === 0 && !target.built && unread.length > 0)
    problem(
      `nobody can say whether OS template ${named} is there, as ${printUnread(unread)} could not be read; run again`,
    );
  else if (nodes.length === 0 && !target.built)
    problem(
      `OS template ${named} is on no node of ${guest.clusterName}; fetch it (\`pveam download\`), or name another in the custom field ${field}`,
    );
  return { volume: named, facts: { nodes } };
}
