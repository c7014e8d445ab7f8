import { groupBy } from "../../../providers/values";
import type { Change, Effect, ReportedGuest } from "../change";
import type { PlanReport } from "../report";
import { type Clock, isSameReason } from "./because";
import { isGuestChange } from "./effectwords";
import { resourceTypeOf } from "./properties";
import { inOrder, shownText } from "./shown";
import { type ChangeWords, wordsOf } from "./words";

// The order of a report: by guest, what destroys first, and what is of no guest behind.

export interface PlanGroup {
  /** Whose it is; left out for what is of no guest. */
  guest?: ReportedGuest;
  /** The guest's own change, or the only one. */
  lead?: ChangeWords;
  /** What belongs to the guest: addresses, names, its object in NetBox. */
  lines: ChangeWords[];
}

export interface PlanGroups {
  groups: PlanGroup[];
  /** Changes that only serve others and say nothing to a person. */
  leftOut: number;
}

const ranks: readonly Effect[] = [
  ...(["removes", "rebuilds", "releases", "removesNames", "detaches", "renumbers"] as const),
  ...(["stops", "restarts", "migrates", "moves"] as const),
];
const actions: readonly Change["action"][] = ["delete", "replace", "update", "adopt", "create"];

/** What destroys most has the lowest. */
export function rankOf({ effects, action }: Change): number {
  const found = effects.map((effect) => ranks.indexOf(effect)).filter((rank) => rank >= 0);
  const replaces = action === "replace" ? [ranks.indexOf("rebuilds")] : [];
  return Math.min(...found, ...replaces, ranks.length + actions.indexOf(action));
}

/** A guest's page in NetBox tells whose something is, where nobody says so. */
const guestPage = /\/virtualization\/virtual-machines\/\d+\/$/;
const keyOf = (change: Change): string | undefined => {
  const { guest, url, name } = change;
  if (guest !== undefined) return guest.url ?? guest.name;
  if (url !== undefined && guestPage.test(url)) return url;
  return isGuestChange(change) ? name : undefined;
};

/** Does a change only serve others, and say nothing to a person? @param lead the change of its guest */
function isBookkeeping(change: Change, lead: Change | undefined, all: readonly Change[]): boolean {
  const { action, fields } = change;
  const isMade = action === "create" || action === "adopt";
  switch (resourceTypeOf(change)) {
    // What interrupted runs left stands in the plan itself, without a resource of its own.
    case "SiteAnchor":
      return (
        all.some(({ urn }) => urn === undefined) ||
        !fields.some(({ after }) => Array.isArray(after) && after.length > 0)
      );
    // A record of the other changes.
    case "AccessAudit":
      return true;
    // The guest's own line says its VMID; one that NetBox deleted has no object any more.
    case "NetboxGuest":
      if (isMade) return lead !== undefined && (lead.action === "create" || lead.action === "adopt");
      return (
        action === "delete" &&
        (change.because ?? []).some(
          ({ reason, ...of }) => reason === "netbox" && "action" in of && of.action === "delete",
        )
      );
    case "NetboxPromotion":
      return action === "delete";
    case "ProxmoxSnapshot":
      return isMade && !fields.some(({ name, after }) => name === "due" && after !== undefined);
    default:
      return false;
  }
}

const byRank = (a: Change, b: Change): number =>
  rankOf(a) - rankOf(b) || inOrder(a.object, b.object) || inOrder(a.name, b.name);

/** The changes of a plan in the order in which they are shown. */
export function planGroupsOf({ changes }: Pick<PlanReport, "changes">, clock: Clock): PlanGroups {
  const keys = groupBy(changes, keyOf);
  let leftOut = 0;
  const groups = [...keys].flatMap(([key, members]): { rank: number; name: string; group: PlanGroup }[] => {
    const own = key === undefined ? undefined : members.filter(isGuestChange).sort(byRank)[0];
    const shown = members.filter((each) => !isBookkeeping(each, own, changes)).sort(byRank);
    leftOut += members.length - shown.length;
    if (key === undefined)
      return shown.map((each) => ({ rank: rankOf(each), name: "", group: { lead: wordsOf(each, clock), lines: [] } }));
    const [first] = shown;
    if (first === undefined) return [];
    const found = own?.guest ?? members.find((each) => each.guest !== undefined)?.guest ?? guestFrom(own ?? first);
    const guest = { ...found, name: shownText(found.name) };
    const rank = Math.min(...shown.map(rankOf));
    if (own === undefined && shown.length === 1)
      return [{ rank, name: guest.name, group: { guest, lead: wordsOf(first, clock), lines: [] } }];
    const lead = own === undefined ? {} : { lead: wordsOf(own, clock) };
    const lines = shown
      .filter((each) => each !== own)
      .map((each) => withoutRepeated(wordsOf(each, clock, true), lead.lead));
    return [{ rank, name: guest.name, group: { guest, ...lead, lines } }];
  });
  const ofGuests = groups.filter(({ group }) => group.guest !== undefined);
  const others = groups.filter(({ group }) => group.guest === undefined);
  const sorted = [
    ...ofGuests.sort((a, b) => a.rank - b.rank || inOrder(a.name, b.name)),
    ...others.sort((a, b) => (a.group.lead && b.group.lead ? byRank(a.group.lead.change, b.group.lead.change) : 0)),
  ];
  return { groups: sorted.map(({ group }) => group), leftOut };
}

const guestFrom = ({ name, url }: Change): ReportedGuest => ({ name, ...(url === undefined ? {} : { url }) });

/** What is under a guest says only what its guest's line doesn't. */
function withoutRepeated(words: ChangeWords, lead: ChangeWords | undefined): ChangeWords {
  const said = lead?.reasons ?? [];
  return { ...words, reasons: words.reasons.filter((reason) => !said.some((each) => isSameReason(each, reason))) };
}

/** Every change of the groups, in their order. */
export const shownWords = ({ groups }: PlanGroups): ChangeWords[] =>
  groups.flatMap(({ lead, lines }) => [...(lead === undefined ? [] : [lead]), ...lines]);
