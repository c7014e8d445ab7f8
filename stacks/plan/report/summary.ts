import { groupBy, sameValue } from "../../../providers/values";
import type { Action, Change, Effect } from "../change";
import { effectCounts, toldEffects } from "./effectwords";
import { propertyOf } from "./properties";
import { inOrder, shownText } from "./shown";
import { type ChangeWords, type Sign, signs } from "./words";

// A plan in a few lines, however many changes it has.

const order: readonly Action[] = ["create", "adopt", "update", "replace", "delete"];
const actionWords: Record<Action, string> = {
  create: "to create",
  adopt: "to adopt",
  update: "to change",
  replace: "to make anew",
  delete: "to delete",
};

export interface CountedWords {
  count: number;
  text: string;
}

/** `3 to create`, … */
export const countedActions = (changes: readonly Change[]): (CountedWords & { action: Action })[] =>
  order.flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    return count === 0 ? [] : [{ action, count, text: `${count} ${actionWords[action]}` }];
  });

const effectOrder = Object.keys(effectCounts).filter((name): name is Effect => name in effectCounts);

/** `1 restarts`, … */
export const countedEffects = (changes: readonly Change[]): (CountedWords & { effect: Effect })[] =>
  effectOrder.flatMap((effect) => {
    const count = changes.filter((change) => toldEffects(change).includes(effect)).length;
    const [one, many] = effectCounts[effect];
    return count === 0 ? [] : [{ effect, count, text: `${count} ${count === 1 ? one : many}` }];
  });

/** `3 to create, 2 to change, 1 to delete · 1 restarts, 1 migrates`. */
export function summaryLine(changes: readonly Change[]): string {
  const [actions, found] = [countedActions(changes), countedEffects(changes)].map((all) =>
    all.map(({ text }) => text).join(", "),
  );
  if (actions === "" || actions === undefined) return "No changes";
  const waiting = changes.filter(({ waits = [] }) => waits.length > 0).length;
  const needed = waiting === 0 ? [] : [`${waiting} ${waiting === 1 ? "needs" : "need"} a restart`];
  const rest = [...(found === "" || found === undefined ? [] : [found]), ...needed].join(", ");
  return rest === "" ? actions : `${actions} · ${rest}`;
}

/** Changes of one sort together: `~ 28 VMs: memory 26, tags 3`, and who they are. */
export interface SummaryRow {
  sign: Sign;
  title: string;
  names: string[];
  isDestructive: boolean;
  /** Does a row above name the same? */
  isRepeated?: boolean;
}

const plurals: Record<string, string> = { entry: "entries", address: "addresses", alias: "aliases" };
const plural = (object: string): string => {
  const [last = object] = object.split(" ").slice(-1);
  const many = plurals[last] ?? (/(s|x|ch)$/.test(last) ? `${last}es` : `${last}s`);
  return `${object.slice(0, object.length - last.length)}${many}`;
};

/** What the changes of several objects are about: `memory 26, tags 3`. */
function topics(changes: readonly Change[]): string {
  const topicOf = (change: Change, name: string) =>
    propertyOf(change, name)[0] || name.replace("cloudInit", "cloud-init");
  const names = changes.flatMap((change) => [...new Set(change.fields.map(({ name }) => topicOf(change, name)))]);
  const found = [...groupBy(names, (name) => name)].map(([name, all]) => ({ name, count: all.length }));
  const sorted = found.sort((a, b) => b.count - a.count || inOrder(a.name, b.name));
  const said = sorted.slice(0, 6).map(({ name, count }) => `${shownText(name)} ${count}`);
  return [...said, ...(sorted.length > 6 ? [`${sorted.length - 6} other properties`] : [])].join(", ");
}

/** What a plan does, by effect and then by action and kind: a row each. */
export function summaryRows(words: readonly ChangeWords[]): SummaryRow[] {
  const changes = words.map(({ change }) => change);
  const nameOf = ({ name }: Change): string => shownText(name);
  const effects = countedEffects(changes).map(({ effect, text }): SummaryRow => {
    const having = changes.filter((change) => toldEffects(change).includes(effect));
    const destroys = words.some(({ effects: all }) => all.some((each) => each.effect === effect && each.isDestructive));
    return { sign: signOf(having), title: text, names: having.map(nameOf).sort(inOrder), isDestructive: destroys };
  });
  const sorts = [...groupBy(changes, ({ action, object }) => `${order.length - order.indexOf(action)} ${object}`)];
  const rows = sorts
    .sort(([a], [b]) => inOrder(a, b))
    .map(([, all]): SummaryRow => {
      const [{ action, object } = { action: "update" as const, object: "" }] = all;
      const about = action === "update" ? topics(all) : "";
      const what = `${all.length} ${shownText(all.length === 1 ? object : plural(object))} ${actionWords[action]}`;
      const title = about === "" ? what : `${what} (${about})`;
      return { sign: signs[action], title, names: all.map(nameOf).sort(inOrder), isDestructive: false };
    });
  const all = [...effects, ...rows];
  // Names that stand above are not said again.
  const isRepeated = (row: SummaryRow, n: number) => all.slice(0, n).some(({ names }) => sameValue(names, row.names));
  return all.map((row, n) => (isRepeated(row, n) ? { ...row, isRepeated: true } : row));
}

const signOf = (changes: readonly Change[]): Sign => {
  const [action = "update" as const, ...others] = new Set(changes.map((change) => change.action));
  return signs[others.length === 0 ? action : "update"];
};

/** Whose doing the changes are, most first: `anna, 28 Nov 14:02: "ticket 4711"`, by how many changes it explains. */
export function reasonCounts(words: readonly ChangeWords[]): CountedWords[] {
  const all = words.flatMap(({ reasons }) => reasons.map(({ text }) => text));
  return [...groupBy(all, (text) => text)]
    .map(([text, each]) => ({ text, count: each.length }))
    .sort((a, b) => b.count - a.count || inOrder(a.text, b.text));
}
