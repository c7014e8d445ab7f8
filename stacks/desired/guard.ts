import { allowedOf } from "../../providers/gone";
import { guestUrl } from "../../providers/mark";
import type { NetboxVirtualMachine } from "../../providers/netbox/schemas";
import { replacing } from "../../providers/proxmox/guest.model";
import type { GuestType } from "../../providers/proxmox/schemas";
import type { SiteSettings } from "../settings";
import { isBuilt } from "./statuses";
import type { DesiredGuest, DesiredRecord, KnownGuest, NetboxFacts } from "./types";

/** A guest that is built, by its mark or by what state says, and that this run does not declare. */
export interface Undeclared {
  netboxId: number;
  name: string;
  cluster: string;
  vmid: number;
  type: GuestType;
  netboxUrl: string;
}

/** NetBox's own word on a guest: its object, or that there is none (404). */
export type Evidence = Map<number, NetboxVirtualMachine | undefined>;

export interface Verdict {
  /** To be taken away: decommissioning, or deleted in NetBox. */
  removals: Undeclared[];
  /** Why the run must not go on. */
  refusals: string[];
}

const statusWords: Record<string, string> = {
  planned:
    "is planned in NetBox, but was built already: set it to staged or offline to keep it, or to decommissioning to take it away",
};

/** Removal needs positive evidence: every built guest that is not declared is asked for in NetBox by itself. */
export function judge(
  undeclared: Undeclared[],
  evidence: Evidence,
  scope: { inScope: number; declared: number; site: SiteSettings },
): Verdict {
  const removals: Undeclared[] = [];
  const refusals: string[] = [];
  for (const guest of undeclared) {
    const found = evidence.get(guest.netboxId);
    if (found === undefined || found.status === "decommissioning") {
      removals.push(guest);
      continue;
    }
    const reason =
      statusWords[found.status] ??
      (isBuilt(found.status) ? movedWords(guest, found, scope.site) : `has the status ${found.status} in NetBox`);
    refusals.push(`${found.name} (${guestUrl(guest)}, VM ${guest.vmid} on ${guest.cluster}) ${reason}.`);
  }
  if (scope.inScope === 0 && undeclared.length > 0)
    refusals.push(
      `NetBox shows no guest at all, yet ${undeclared.length} of ours ${undeclared.length === 1 ? "is" : "are"} built: check netbox-proxmox:netbox.url, the token's rights and netbox-proxmox:site.tag. To tear everything down, use \`pulumi destroy\`.`,
    );
  const allowed = allowedOf(scope.site.maxRemovals, scope.declared + undeclared.length);
  if (removals.length > allowed)
    refusals.push(
      `${removals.length} guests would be removed, and ${allowed} are allowed at once (${removals.map(({ name, vmid }) => `${name} ${vmid}`).join(", ")}): if that is meant, set netbox-proxmox:site.maxRemovals for this run.`,
    );
  return { removals, refusals };
}

function movedWords(guest: Undeclared, found: NetboxVirtualMachine, { tag }: SiteSettings): string {
  if (found.clusterName !== guest.cluster)
    return `was moved to cluster ${found.clusterName ?? "none"} in NetBox, which can't be followed: set the cluster back, or decommission it and document a new guest there`;
  if (tag !== undefined && !found.tags.includes(tag))
    return `has lost the tag ${tag} that this stack goes by: give it back, or set it to decommissioning`;
  return "is still in NetBox, but was missing from its list: run again";
}

/** Guests that are to be made anew lose their disks as those do that are removed, and count with them. */
export function judgeRebuilds(
  guests: DesiredGuest[],
  known: Map<number, KnownGuest>,
  removals: Undeclared[],
  site: SiteSettings,
): string[] {
  const anew = guests.filter(({ id, machine: { inputs } }) => {
    const before = known.get(id);
    return before !== undefined && replacing(before.last, inputs).length > 0;
  });
  const allowed = allowedOf(site.maxRemovals, known.size);
  if (anew.length === 0 || anew.length + removals.length <= allowed) return [];
  const names = anew.map(({ name, machine: { inputs } }) => `${name} ${inputs.vmid}`).join(", ");
  return [
    `${anew.length} guests would be deleted and made anew (${names})${removals.length > 0 ? ` and ${removals.length} removed` : ""}, and ${allowed} are allowed at once: if that is meant, set netbox-proxmox:site.maxRemovals for this run.`,
  ];
}

/** Names that no guest has go when netbox-dns shows them no more: an answer that is suddenly small takes none away. */
export function judgeRecords(records: DesiredRecord[], known: Map<string, number[]>, site: SiteSettings): string[] {
  const declared = new Set(records.map(({ server, name }) => `${server}/${name}`));
  const ownerless = [...known].filter(([, guests]) => guests.length === 0).map(([key]) => key);
  const gone = ownerless.filter((key) => !declared.has(key));
  const allowed = allowedOf(site.maxRemovals, ownerless.length);
  return gone.length <= allowed
    ? []
    : [
        `${gone.length} names would be removed that netbox-dns doesn't show any more, and ${allowed} are allowed at once (${gone.slice(0, 12).join(", ")}): if that is meant, set netbox-proxmox:site.maxRemovals for this run.`,
      ];
}

/** netbox-proxmox-automation's event rules, by the names that it gives them. */
const otherRules = /^proxmox-.*-(flask-application|ansible-automation)$/;

/** Two tools that act on the same guests undo each other's work, and may both build one. */
export function judgeEventRules(
  { url, eventRules }: Pick<NetboxFacts, "url" | "eventRules">,
  site: SiteSettings,
): string[] {
  const rules = eventRules.filter(({ name, enabled }) => enabled && otherRules.test(name));
  if (rules.length === 0 || site.otherAutomation === "allow") return [];
  const list = rules.map(({ id, name }) => `${name} (${url}/extras/event-rules/${id}/)`).join(", ");
  return [
    `NetBox has ${rules.length === 1 ? "an event rule" : "event rules"} of netbox-proxmox-automation enabled, which acts on the same guests: ${list}; disable ${rules.length === 1 ? "it" : "them"} there, or, if that is meant, set netbox-proxmox:site.otherAutomation to allow.`,
  ];
}
