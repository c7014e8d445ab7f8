import { z } from "zod";

/** A choice as NetBox keeps it: what is stored, and what people see. */
const choice = z.tuple([z.string(), z.string()]);
export type Choice = z.infer<typeof choice>;

/** What a custom field's choice set offers because of this stack. Other people's choices stay as they are. */
export const choicesInputs = z.object({
  netboxUrl: z.string(),
  /** The choice set's name. */
  set: z.string(),
  /** In this order, before those of others. */
  choices: z.array(choice),
});

/** A choice set of NetBox's as far as it is looked at. */
export const choiceSet = z
  .object({ id: z.number(), name: z.string(), extra_choices: z.array(choice).nullish() })
  .transform(({ extra_choices, ...set }) => ({ ...set, choices: extra_choices ?? [] }));
export const choiceSetFields = "id,name,extra_choices";

export const choicesState = choicesInputs.extend({ netboxId: z.number() });

export type ChoicesInputs = z.infer<typeof choicesInputs>;
export type ChoicesState = z.infer<typeof choicesState>;

/** NPA's stubs stand in a set that offers nothing. */
const stubs = ["-1", "placeholder-lxc-template"];

/** Ours, then everybody else's. @param before what was ours the last time, and isn't any more */
export function choicesTo(there: Choice[], ours: Choice[], before: Choice[]): Choice[] {
  const values = new Set([...ours, ...before].map(([value]) => value));
  const others = there.filter(([value]) => !values.has(value));
  const all = [...ours, ...others];
  // A set can't be empty; a stub beside real choices is only in the way.
  if (all.some(([value]) => !stubs.includes(value))) return all.filter(([value]) => !stubs.includes(value));
  return all.length === 0 ? [[stubs[0] ?? "", "none yet"]] : all;
}

/** What a set offers of ours. */
export const choicesFrom = (there: Choice[], ours: Choice[]): Choice[] =>
  there.filter(([value]) => ours.some(([own]) => own === value));

/** The body of a PATCH. */
export const choicesBody = (choices: Choice[]): object => ({ extra_choices: choices });
