import { sameValue } from "../../providers/values";
import type { Action, Change, Effect, FieldChange, System } from "./change";

type Properties = Record<string, unknown>;

/** An object of a plan, by a key that it has before and after. */
interface Item {
  key: string;
  object: string;
  name: string;
  url?: string;
  system: System;
}

/** An object as state has it. */
export interface Existing extends Item {
  state: Properties;
}

/** An object as the program is about to declare it. */
export interface DeclaredItem extends Item {
  inputs: Properties;
  /** What its resource tells the engine of a difference. */
  diff: (state: Properties, inputs: Properties) => { changes: boolean; replaces?: string[] };
  /** Properties that a difference can be in. */
  compared: readonly string[];
}

/** One object before and after. */
export interface Pair {
  action: Action;
  existing?: Existing;
  declared?: DeclaredItem;
}

/**
 * The changes that lead from what is there to what is declared, by the diff that the resources themselves use.
 * @param unknown stands for a value that only the run will tell
 */
export function changesBetween(
  existing: Existing[],
  declared: DeclaredItem[],
  effectsOf: (pair: Pair) => Effect[],
  unknown: string,
): Change[] {
  const before = new Map(existing.map((each) => [each.key, each]));
  const after = new Set(declared.map(({ key }) => key));
  const pairs = [
    ...declared.flatMap((each): Pair[] => pairOf(before.get(each.key), each)),
    ...existing.flatMap((each): Pair[] => (after.has(each.key) ? [] : [{ action: "delete", existing: each }])),
  ];
  return pairs.flatMap((pair): Change[] => {
    const item = pair.declared ?? pair.existing;
    if (item === undefined) return [];
    const { object, name, url, system } = item;
    const page = url === undefined ? {} : { url };
    return [
      { object, name, ...page, system, action: pair.action, fields: fieldsOf(pair, unknown), effects: effectsOf(pair) },
    ];
  });
}

function pairOf(existing: Existing | undefined, declared: DeclaredItem): Pair[] {
  if (existing === undefined) return [{ action: "create", declared }];
  const { changes, replaces = [] } = declared.diff(existing.state, declared.inputs);
  if (!changes) return [];
  return [{ action: replaces.length > 0 ? "replace" : "update", existing, declared }];
}

function fieldsOf({ existing, declared }: Pair, unknown: string): FieldChange[] {
  if (existing === undefined || declared === undefined) return [];
  const { state } = existing;
  const { inputs, compared } = declared;
  return compared
    .filter((name) => inputs[name] !== undefined && !sameValue(state[name], inputs[name]))
    .map((name) => ({
      name,
      ...(state[name] === undefined ? {} : { before: state[name] }),
      ...(inputs[name] === unknown ? {} : { after: inputs[name] }),
    }));
}
