import type { Handler } from "../dynamic";
import { messageOf, UserError } from "../errors";
import { sameValue } from "../values";
import {
  type Choice,
  type ChoicesInputs,
  choiceSet,
  choiceSetFields,
  choicesBody,
  choicesFrom,
  choicesInputs,
  choicesState,
  choicesTo,
} from "./choices.model";
import { netboxOf } from "./object.handler";

const path = "extras/custom-field-choice-sets";

/** Some choices of a choice set that is there: they come and go, and the set stays. */
export const choicesHandler: Handler = {
  diff(state, inputs) {
    const isElse = state.set !== undefined && inputs.set !== undefined && state.set !== inputs.set;
    const changes = isElse || !sameValue(state.choices, inputs.choices);
    return { changes, ...(isElse ? { replaces: ["set"] } : {}) };
  },

  async create(raw) {
    const wanted = choicesInputs.parse(raw);
    const set = await find(wanted);
    await write(wanted, set.id, wanted.choices, []);
    return { id: String(set.id), state: { ...wanted, netboxId: set.id } };
  },

  async read(id, raw) {
    const known = choicesState.parse(raw);
    const found = await netboxOf(known).find(path, known.netboxId, choiceSet, choiceSetFields);
    if (found === undefined) return undefined;
    const { netboxId, ...inputs } = { ...known, choices: choicesFrom(found.choices, known.choices) };
    return { id, inputs, state: { ...inputs, netboxId } };
  },

  async update(_id, rawState, rawInputs) {
    const wanted = choicesInputs.parse(rawInputs);
    const known = choicesState.parse(rawState);
    await write(wanted, known.netboxId, wanted.choices, known.choices);
    return { ...wanted, netboxId: known.netboxId };
  },

  async delete(_id, raw) {
    const known = choicesState.parse(raw);
    await write(known, known.netboxId, [], known.choices);
  },
};

async function find(wanted: ChoicesInputs): Promise<{ id: number }> {
  const { netboxUrl, set } = wanted;
  const all = await netboxOf(wanted).list(path, choiceSet, choiceSetFields, { name: set });
  const found = all.find(({ name }) => name === set);
  if (found === undefined)
    throw new UserError(
      `NetBox at ${netboxUrl} has no choice set ${set}: make it with \`npm run ops -- netbox-schema\`, or leave the template's \`choiceSet\` out.`,
    );
  return found;
}

async function write(wanted: ChoicesInputs, id: number, ours: Choice[], before: Choice[]): Promise<void> {
  const { netboxUrl, set } = wanted;
  try {
    await netboxOf(wanted).change(path, id, choiceSet, choiceSetFields, ({ choices }) => {
      const goal = choicesTo(choices, ours, before);
      return sameValue(goal, choices) ? undefined : choicesBody(goal);
    });
  } catch (error) {
    throw new UserError(
      `Unable to change what the choice set ${set} offers (${netboxUrl}/extras/custom-field-choices/${id}/): ${messageOf(error)}`,
    );
  }
}
