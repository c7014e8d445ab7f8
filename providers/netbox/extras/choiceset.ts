import { sameValue } from "../../values";
import type { NetboxClient } from "../client";
import { type Choice, choiceSet, choiceSetFields, choicesBody, choicesTo } from "./choices.model";

const path = "extras/custom-field-choice-sets";

/** A choice set by its id, or by its name; undefined where there is none. */
export const choiceSetById = (netbox: NetboxClient, id: number) => netbox.find(path, id, choiceSet, choiceSetFields);
export const choiceSetNamed = async (netbox: NetboxClient, name: string) =>
  (await netbox.list(path, choiceSet, choiceSetFields, { name })).find((each) => each.name === name);

/** Has a set offer ours, and everybody else's. @param before what was ours, and isn't any more */
export async function offerChoices(netbox: NetboxClient, id: number, ours: Choice[], before: Choice[]): Promise<void> {
  await netbox.change(path, id, choiceSet, choiceSetFields, ({ choices }) => {
    const goal = choicesTo(choices, ours, before);
    return sameValue(goal, choices) ? undefined : choicesBody(goal);
  });
}
