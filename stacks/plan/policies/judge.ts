import { groupBy } from "../../../providers/values";
import type { Change } from "../change";
import { endOf } from "../enddate";
import { listedNames } from "../listed";
import type { PolicyResult } from "../report";
import { ExpressionError } from "./language";
import { messageText } from "./message";
import { groupOf, type PolicyChange, type PolicyGuest } from "./objects";
import type { Policies, Policy } from "./rules";

/** What the policies are judged by. */
export interface PolicyFacts {
  /** Every guest that stays or comes, left out and held ones too. */
  guests: PolicyGuest[];
  /** Ids of those that this run leaves as they are: they count, and nothing is said of them. */
  untouched: ReadonlySet<number>;
  changes: { change: Change; guest: PolicyGuest | undefined }[];
  now: Date;
}

/** What the policies say of a plan. */
export interface PolicyJudgement {
  results: PolicyResult[];
  /** What stops the run. */
  problems: string[];
  warnings: string[];
}

/** Something that a policy is judged for. */
interface Judged {
  object: string;
  name: string;
  url?: string;
  values: Record<string, unknown>;
  /** The guests that can be excepted: of a group, all of them. */
  guests: PolicyGuest[];
  /** The same without some guests, where it is of several. */
  without?: (guests: ReadonlySet<PolicyGuest>) => Record<string, unknown>;
}

const nobody: PolicyGuest = {
  ...{ id: 0, name: "", url: "", type: "", status: "", cluster: "", node: "", vmid: 0, site: "", tenant: "" },
  ...{ role: "", platform: "", tags: [], customFields: {}, memory: 0, cores: 0, disks: [], nics: [] },
  ...{ addresses: [], services: [], contacts: [], backupJobs: [], pool: "", ha: "", options: {}, power: "" },
  ...{ isNew: false, isChanged: false },
};

/** Judges every policy. Throws nothing: what can't be evaluated is told as that. */
export function judgePolicies({ policies, language }: Policies, facts: PolicyFacts): PolicyJudgement {
  const judgement: PolicyJudgement = { results: [], problems: [], warnings: [] };
  const shared = { guests: facts.guests.map((guest) => language.typed("Guest", guest)), now: facts.now };
  for (const policy of policies) {
    const failed = new Map<string, string[]>();
    const attempt = <T>(title: string, evaluate: () => T): T | undefined => {
      try {
        return evaluate();
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        failed.set(error.message, [...(failed.get(error.message) ?? []), title]);
        return undefined;
      }
    };
    const all = judgedBy(policy, facts, language, shared, attempt);
    const found = all.flatMap((each) => attempt(titleOf(each), () => resultOf(policy, each, facts.now)) ?? []);
    judgement.results.push(...found);
    const broken = found.filter(({ exception }) => exception === undefined);
    const said = [
      ...(broken.length === 0 ? [] : [brokenText(policy, broken)]),
      ...[...failed].map(
        ([why, titles]) =>
          `${policy.place}: the policy ${policy.name} can't be judged for ${listedNames(titles)}: ${why}`,
      ),
    ];
    (policy.severity === "refuse" ? judgement.problems : judgement.warnings).push(...said);
  }
  return judgement;
}

type Attempt = <T>(title: string, evaluate: () => T) => T | undefined;

const titleOf = ({ name, url }: { name: string; url?: string }): string =>
  url === undefined ? name : `${name} (${url})`;

function judgedBy(
  policy: Policy,
  { guests, untouched, changes }: PolicyFacts,
  language: Policies["language"],
  shared: Record<string, unknown>,
  attempt: Attempt,
): Judged[] {
  switch (policy.for) {
    case "guest":
      return guests
        .filter(({ id }) => !untouched.has(id))
        .map((guest) => ({
          ...{ object: "guest", name: guest.name, url: guest.url, guests: [guest] },
          values: { guest: language.typed("Guest", guest), ...shared },
        }));
    case "change":
      return changes.map(({ change, guest = nobody }) => {
        const { object, name, url = "", system, action, effects, fields } = change;
        const known = fields.map(({ name: field, before, after }) => ({ name: field, before, after }));
        const shown: PolicyChange = { object, name, url, system, action, effects, fields: known, guest };
        const values = { change: language.typed("Change", shown), guest: language.typed("Guest", guest), ...shared };
        return { object, name, ...(url === "" ? {} : { url }), values, guests: [guest] };
      });
    case "group":
      return groupsOf(policy, guests, language, shared, attempt);
  }
}

function groupsOf(
  { by }: Policy,
  guests: PolicyGuest[],
  language: Policies["language"],
  shared: Record<string, unknown>,
  attempt: Attempt,
): Judged[] {
  const named = guests.flatMap((guest) => {
    const value = attempt(titleOf(guest), () => by?.evaluate({ guest: language.typed("Guest", guest), ...shared }));
    const names = (Array.isArray(value) ? value : [value]).filter((name) => typeof name === "string" && name !== "");
    return [...new Set(names)].map((name) => ({ name: String(name), guest }));
  });
  return [...groupBy(named, ({ name }) => name)].map(([name, members]): Judged => {
    const own = members.map(({ guest }) => guest);
    const valuesOf = (some: PolicyGuest[]) => ({ group: language.typed("Group", groupOf(name, some)), ...shared });
    return {
      ...{ object: "group", name, values: valuesOf(own), guests: own },
      without: (out) => valuesOf(own.filter((guest) => !out.has(guest))),
    };
  });
}

/** What a policy says of something: nothing where it holds. @throws ExpressionError */
function resultOf(policy: Policy, each: Judged, now: Date): PolicyResult[] {
  const { name: policyName, severity, where, what, message, except } = policy;
  const { object, name, url, values } = each;
  const holds = (of: Record<string, unknown>) => truth(where?.evaluate(of) ?? true) && !truth(what.evaluate(of));
  if (!holds(values)) return [];
  const result = { policy: policyName, severity, object, name, ...(url === undefined ? {} : { url }) };
  const said = messageText(message, values);
  const tagged = except === undefined ? [] : each.guests.filter(({ tags }) => tags.includes(except.tag));
  if (except === undefined || tagged.length === 0) return [{ ...result, message: said }];
  const ends = tagged.map((guest) => ({ guest, end: endOf(guest.customFields[except.until], now) }));
  const excepted = ends.filter(({ end }) => end.state === "ahead");
  const until = excepted
    .flatMap(({ end }) => (end.state === "ahead" ? [end.until] : []))
    .sort()
    .at(-1);
  const isExcepted =
    until !== undefined &&
    (each.without === undefined || !holds(each.without(new Set(excepted.map(({ guest }) => guest)))));
  if (isExcepted) return [{ ...result, message: said, exception: { tag: except.tag, until } }];
  const why = ends.flatMap(({ guest: { name: of }, end }) => {
    const its = each.without === undefined ? "its exception" : `the exception of ${of}`;
    if (end.state === "over") return [`${its} by the tag ${except.tag} ended on ${end.until}`];
    if (end.state === "unreadable") return [`${its} by the tag ${except.tag} ends on "${end.text}", which is no date`];
    return end.state === "none" ? [`${its} by the tag ${except.tag} has no end date in ${except.until}`] : [];
  });
  return [{ ...result, message: [said, ...why].join("; ") }];
}

/** @throws ExpressionError */
function truth(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ExpressionError("it is neither true nor false");
}

/** One sentence for all that break a policy. */
function brokenText({ name, place, except }: Policy, broken: PolicyResult[]): string {
  const titles = broken.map((each) => `${titleOf(each)}: ${each.message}`);
  const mend =
    except === undefined
      ? ""
      : `; mend it in NetBox, or give it the tag ${except.tag} and an end date in ${except.until}`;
  const [first = ""] = titles;
  if (broken.length === 1) return `the policy ${name} (${place}) does not hold for ${first}${mend}`;
  const shown = titles.slice(0, most).join("; ");
  const more = titles.length > most ? `; and ${titles.length - most} more` : "";
  return `the policy ${name} (${place}) does not hold for ${broken.length}: ${shown}${more}${mend}`;
}

const most = 12;
