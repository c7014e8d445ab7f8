import type { Deletion, NetboxVirtualMachine } from "../../../providers/netbox/schemas";
import { guestUrl } from "../../../providers/ownership/mark";
import { pageOf } from "../../../providers/page";
import type { GuestType } from "../../../providers/proxmox/schemas";
import { isBuilt } from "../../netbox/statuses";
import type { SiteSettings } from "../settings";
import { isInScope, printScope } from "./scope";
import type { GuestProblem, NetboxFacts } from "./types";

/** A guest that is built, by its mark or by what state says, and that this run does not declare. */
export interface Undeclared {
  netboxId: number;
  name: string;
  cluster: string;
  vmid: number;
  type: GuestType;
  netboxUrl: string;
}

/** What NetBox says of a guest: its object, or who deleted it. Neither: it is not there, and nothing says why. */
export interface GuestEvidence {
  guest?: NetboxVirtualMachine;
  deletion?: Deletion;
}
export type Evidence = Map<number, GuestEvidence>;

/** A built guest that is to be taken away, and why. */
export interface Removal extends Undeclared {
  reason: string;
}

export interface RemovalDecision {
  /** To be taken away: decommissioning, or deleted in NetBox. */
  removals: Removal[];
  /** Guests that are neither taken away nor declared: NetBox says of them what can't be. */
  left: GuestProblem[];
  /** Why the run must not go on. */
  refusals: string[];
}

/** Of a status that no built guest has: there are planned and decommissioning. */
const isPlannedText =
  "is planned in NetBox, but was built already: set it to staged or offline to keep it, or to decommissioning to take it away";

/** Removal needs positive evidence: every built guest that is not declared is asked for in NetBox by itself. */
export function judge(
  undeclared: Undeclared[],
  evidence: Evidence,
  scope: { inScope: number; site: SiteSettings },
): RemovalDecision {
  const removals: Removal[] = [];
  const left: GuestProblem[] = [];
  const refusals: string[] = [];
  const unexplained: Undeclared[] = [];
  for (const guest of undeclared) {
    const { guest: found, deletion } = evidence.get(guest.netboxId) ?? {};
    if (found === undefined) {
      if (deletion !== undefined)
        removals.push({ ...guest, reason: `deleted in NetBox by ${deletion.user} on ${deletion.time}` });
      else if (scope.site.missing === "remove") removals.push({ ...guest, reason: "not in NetBox any more" });
      else unexplained.push(guest);
      continue;
    }
    if (found.status === "decommissioning") {
      removals.push({ ...guest, reason: "decommissioning" });
      continue;
    }
    const title = `${found.name} (${guestUrl(guest)}, VM ${guest.vmid} on ${guest.cluster})`;
    const reason = isBuilt(found.status) ? movedText(guest, found, scope.site) : isPlannedText;
    // A list that lacks what is there was not read rightly.
    if (reason === undefined) refusals.push(`${title} is still in NetBox, but was missing from its list: run again.`);
    else left.push({ guests: [guest.netboxId], text: `${title} ${reason}.` });
  }
  if (unexplained.length > 0) refusals.push(unexplainedText(unexplained));
  if (scope.inScope === 0 && undeclared.length > 0)
    refusals.push(
      `NetBox shows no guest at all, yet ${undeclared.length} of ours ${undeclared.length === 1 ? "is" : "are"} built: check netbox-proxmox:netbox.url, the token's rights and netbox-proxmox:site.scope. To tear everything down, use \`pulumi destroy\`.`,
    );
  return { removals, left, refusals };
}

/** A NetBox that was restored, or a token that lost its rights, shows no object either. */
function unexplainedText(guests: Undeclared[]): string {
  const names = guests.map((guest) => `${guest.name} (${guestUrl(guest)}, VMID ${guest.vmid} on ${guest.cluster})`);
  const [are, them] = guests.length === 1 ? ["is", "it"] : ["are", "them"];
  return `${names.join(", ")} ${are} not in NetBox any more, and its change log does not show that anybody deleted ${them}: was NetBox restored from a back-up, or may the token not see ${them} or the change log (core.view_objectchange)? If ${them === "it" ? "it is" : "they are"} meant to be removed, set netbox-proxmox:site.missing to remove for this run.`;
}

function movedText(guest: Undeclared, found: NetboxVirtualMachine, { scope }: SiteSettings): string | undefined {
  if (found.clusterName !== guest.cluster)
    return `was moved to cluster ${found.clusterName ?? "none"} in NetBox, which can't be followed: set the cluster back, or decommission it and document a new guest there`;
  if (!isInScope(found, scope))
    return `has left the scope of this stack (${printScope(scope)}): set back what changed in NetBox, or set it to decommissioning`;
  return undefined;
}

/** netbox-proxmox-automation's event rules, by the names that it gives them. */
const otherRules = /^proxmox-.*-(flask-application|ansible-automation)$/;

/** Two tools that act on the same guests undo each other's work, and may both build one. */
export function judgeEventRules(
  { url, eventRules }: Pick<NetboxFacts, "url" | "eventRules">,
  site: SiteSettings,
): string[] {
  const rules = (eventRules ?? []).filter(({ name, enabled }) => enabled && otherRules.test(name));
  if (rules.length === 0 || site.otherAutomation === "allow") return [];
  const list = rules.map(({ id, name }) => `${name} (${pageOf(url, "extras/event-rules", id)})`).join(", ");
  return [
    `NetBox has ${rules.length === 1 ? "an event rule" : "event rules"} of netbox-proxmox-automation enabled, which acts on the same guests: ${list}; disable ${rules.length === 1 ? "it" : "them"} there, or, if that is meant, set netbox-proxmox:site.otherAutomation to allow.`,
  ];
}
