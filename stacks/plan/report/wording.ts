import { hasUnknown, unknown } from "../../../providers/unknown";
import { canonicalText, isRecord, sameValue } from "../../../providers/values";
import { inOrder, shownText } from "./shown";

// What of a value changed, in words: maps and lists down to the smallest part.

/** One thing that a change says. */
export interface ChangePart {
  /** Where: `disks.scsi0.size`. */
  path: string;
  text: string;
}

export interface Place {
  /** In words: `scsi0`; empty where the value speaks for itself. */
  label: string;
  path: string;
}

/** How the values of a property read. */
export interface Wording {
  changed(at: Place, before: unknown, after: unknown): ChangePart[];
  /** A value as it is. */
  says(value: unknown): string;
}

const secretKey = "4dabf18193072939515e22adb298388d";
const notKnown = "not known yet";
const output = "[Output<T>]";
/** Nothing, in the forms that it has. */
const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

/** A text is quoted where one would not see where it ends. */
const quoted = (text: string): string => (/[\s",]|^$/.test(text) ? `"${shownText(text)}"` : shownText(text));

/** A value that has no parts. */
export function printScalar(value: unknown): string {
  if (value === undefined || value === null || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "string") return String(value);
  if (value === unknown || value === output) return notKnown;
  return hasUnknown(value) ? quoted(value.replaceAll(unknown, notKnown).replaceAll(output, notKnown)) : quoted(value);
}

const isScalar = (value: unknown): boolean => typeof value !== "object" || value === null;
const isText = (value: unknown): value is string => typeof value === "string";
const labelled = ({ label }: Place, text: string): string => (label === "" ? text : `${label} ${text}`);
export const below = ({ label, path }: Place, name: string, shown = name): Place => ({
  label: [label, shown].filter((each) => each !== "").join(" "),
  path: `${path}.${name}`,
});

/** `2048 → 4096 MiB`: a unit that both have is said once. */
function fromTo(before: string, after: string): string {
  const unit = / (\S+)$/.exec(after)?.[1] ?? "";
  const isShared = /^[\d.]+ \S+$/.test(before) && /^[\d.]+ \S+$/.test(after) && before.endsWith(` ${unit}`);
  return `${isShared ? before.slice(0, -unit.length - 1) : before} → ${after}`;
}

interface ValueForm {
  unit?: string;
  /** The word for no value, where it is known that there was or will be none. */
  none?: string;
  print?: (value: unknown) => string;
}

/** A value without parts. */
export function aValue({ unit, none, print = printScalar }: ValueForm = {}): Wording {
  const says = (value: unknown): string => {
    if (!isScalar(value)) return anything.says(value);
    if (value === undefined) return none ?? "none";
    return value === unknown ? notKnown : `${print(value)}${unit === undefined ? "" : ` ${unit}`}`;
  };
  return {
    says,
    changed(at, before, after) {
      if (!isScalar(before) || !isScalar(after)) return anything.changed(at, before, after);
      if (sameValue(before, after)) return [];
      const text = () => {
        if (before === undefined && none === undefined) return labelled(at, `set to ${says(after)}`);
        if (after === undefined && none === undefined) return labelled(at, `no longer set (was ${says(before)})`);
        return labelled(at, fromTo(says(before), says(after)));
      };
      return [{ path: at.path, text: text() }];
    },
  };
}

/** A value whose change is one sentence. @param tell undefined where nothing is to be said */
export const aSentence = (
  tell: (before: unknown, after: unknown) => string | undefined,
  says: (value: unknown) => string = printScalar,
): Wording => ({
  says,
  changed({ path }, before, after) {
    const text = sameValue(before, after) ? undefined : tell(before, after);
    return text === undefined ? [] : [{ path, text }];
  },
});

/** Items by what they say, with how often they are there. */
function counts(items: readonly unknown[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const item of items) found.set(canonicalText(item), (found.get(canonicalText(item)) ?? 0) + 1);
  return found;
}

/** The items that the others lack. */
function lackedBy(others: readonly unknown[], items: readonly unknown[]): unknown[] {
  const left = counts(others);
  return items.filter((item) => {
    const text = canonicalText(item);
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count <= 0;
  });
}

/** Is each item that goes followed at its place by one that comes? */
const stayInPlace = (
  before: readonly unknown[],
  after: readonly unknown[],
  gone: unknown[],
  added: unknown[],
): boolean =>
  before.length === after.length &&
  before.every((value, n) => sameValue(value, after[n]) || (gone.includes(value) && added.includes(after[n])));

interface ListForm {
  each?: Wording;
  /** Of one item: `rule`. */
  item?: string;
  /** Does the order mean nothing? */
  isSet?: boolean;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isList = (value: unknown): boolean => value === undefined || value === null || Array.isArray(value);

/** A list: `+new -old`, or what changed in the items that stay at their places. */
export function aList({ each, item, isSet = false }: ListForm = {}): Wording {
  const of = (): Wording => each ?? anything;
  const one = (value: unknown): string => (isScalar(value) ? of().says(value) : inBrackets(of().says(value)));
  return {
    says: (value) =>
      isList(value) && listOf(value).length > 0 ? listOf(value).map(one).join(", ") : anything.says(value),
    changed(at, before, after) {
      if (after === unknown)
        return [
          { path: at.path, text: labelled(at, fromTo(isNothing(before) ? "none" : this.says(before), notKnown)) },
        ];
      if (!isList(before) || !isList(after)) return anything.changed(at, before, after);
      const [there, wanted] = [listOf(before), listOf(after)];
      const [gone, added] = [lackedBy(wanted, there), lackedBy(there, wanted)];
      const part = (text: string): ChangePart[] => [{ path: at.path, text: labelled(at, text) }];
      if (gone.length === 0 && added.length === 0)
        return isSet || sameValue(there, wanted) ? [] : part(`in another order: ${wanted.map(one).join(", ")}`);
      const isInPlace = ![...gone, ...added].some(isScalar) && stayInPlace(there, wanted, gone, added);
      if (isInPlace)
        return there.flatMap((value, n) =>
          of().changed(below(at, String(n), item === undefined ? `#${n + 1}` : `${item} ${n + 1}`), value, wanted[n]),
        );
      if (there.length === 1 && wanted.length === 1 && isScalar(there[0]) && isScalar(wanted[0]))
        return part(fromTo(of().says(there[0]), of().says(wanted[0])));
      return part([...added.map((value) => `+${one(value)}`), ...gone.map((value) => `-${one(value)}`)].join(" "));
    },
  };
}

/** Several things in a list of things. */
export const inBrackets = (text: string): string => (text.includes(", ") ? `(${text})` : text);

const keysOf = (...maps: unknown[]): string[] =>
  [...new Set(maps.flatMap((each) => (isRecord(each) ? Object.keys(each) : [])))].sort(inOrder);
const partOf = (value: unknown, key: string): unknown =>
  isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
const isMap = (value: unknown): boolean => value === undefined || value === null || isRecord(value);

interface MapForm {
  /** A key in words. */
  key?: (key: string) => string;
}

/** A map: what is added, what is removed, and what changed in what stays. */
export function aMap(of: (key: string) => Wording, { key: shown = quoted }: MapForm = {}): Wording {
  return {
    says: (value) =>
      isMap(value) && !isNothing(value) && !isSecret(value)
        ? keysOf(value)
            .map((key) => {
              const part = partOf(value, key);
              const said = of(key).says(part);
              return shown(key) === "" ? said : `${shown(key)} ${isScalar(part) ? said : inBrackets(said)}`;
            })
            .join(", ")
        : anything.says(value),
    changed(at, before, after) {
      if (!isMap(before) || !isMap(after) || isSecret(before) || isSecret(after))
        return anything.changed(at, before, after);
      return keysOf(before, after).flatMap((key) => {
        const [there, wanted] = [partOf(before, key), partOf(after, key)];
        const place = below(at, key, shown(key));
        // What a property holds is set; an item of it that comes or goes as a whole is said as a whole.
        if (isRecord(wanted) && there === undefined && !isNothing(wanted) && !isSecret(wanted))
          return [{ path: place.path, text: labelled(place, `added: ${of(key).says(wanted)}`) }];
        if (isRecord(there) && wanted === undefined && !isNothing(there) && !isSecret(there))
          return [{ path: place.path, text: labelled(place, `removed (${of(key).says(there)})`) }];
        return of(key).changed(place, there, wanted);
      });
    },
  };
}

/** A property of an object, in words. */
export type Property = readonly [label: string, wording: Wording];

/** An object whose properties have words of their own; what has none reads by its name. */
export function anObject(properties: Readonly<Record<string, Property>>, says?: (value: unknown) => string): Wording {
  const of = (key: string): Property => properties[key] ?? [quoted(key), anything];
  const map = aMap((key) => of(key)[1], { key: (key) => of(key)[0] });
  return {
    says: (value) => (says === undefined || !isRecord(value) ? map.says(value) : says(value)),
    changed(at, before, after) {
      if (!isMap(before) || !isMap(after)) return anything.changed(at, before, after);
      return keysOf(before, after).flatMap((key) => {
        const [label, wording] = of(key);
        return wording.changed(below(at, key, label), partOf(before, key), partOf(after, key));
      });
    },
  };
}

const isSecret = (value: unknown): boolean => isRecord(value) && Object.hasOwn(value, secretKey);

/** A text of several lines: those that come and those that go. */
const lines: Wording = aList({ each: aValue({ print: (value) => `"${shownText(String(value))}"` }) });
const isLong = (value: unknown): boolean => isText(value) && value.includes("\n");
const linesOf = (value: unknown): unknown[] => (isText(value) ? value.split("\n") : []);

/** Whatever a value is. */
export const anything: Wording = {
  says(value) {
    if (isSecret(value)) return "a secret";
    if (isNothing(value)) return "none";
    if (Array.isArray(value)) return aList().says(value);
    return isRecord(value) ? aMap(() => anything).says(value) : printScalar(value);
  },
  changed(at, before, after) {
    if (sameValue(before, after)) return [];
    if (isNothing(before) && isNothing(after)) return [];
    if (isSecret(before) || isSecret(after)) return [{ path: at.path, text: labelled(at, "changes") }];
    if (isLong(before) || isLong(after)) {
      const isBoth = [before, after].every((each) => each === undefined || isText(each));
      if (isBoth) return lines.changed(at, linesOf(before), linesOf(after));
    }
    if (isScalar(before) && isScalar(after)) return aValue().changed(at, before, after);
    const either = before ?? after;
    const [isMaps, isLists] = [isMap(before) && isMap(after), isList(before) && isList(after)];
    if (isRecord(either) && isMaps) return aMap(() => anything).changed(at, before, after);
    if (Array.isArray(either) && isLists) return aList().changed(at, before, after);
    return [{ path: at.path, text: labelled(at, `${anything.says(before)} → ${anything.says(after)}`) }];
  },
};
