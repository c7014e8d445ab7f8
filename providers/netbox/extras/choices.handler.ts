import { messageOf, UserError } from "../../errors";
import { type Handler, replacedBy } from "../../resource";
import { sameValue } from "../../values";
import { netboxOf } from "../objects/object.handler";
import { type Choice, type ChoicesInputs, choicesFrom, choicesInputs, choicesState } from "./choices.model";
import { choiceSetById, choiceSetNamed, offerChoices } from "./choiceset";

/** Some choices of a choice set that is there: they come and go, and the set stays. */
export const choicesHandler: Handler = {
  diff(state, inputs) {
    const replaced = replacedBy(["set"], state, inputs);
    const isMoved = state.netboxUrl !== inputs.netboxUrl;
    return {
      changes: isMoved || replaced.replaces !== undefined || !sameValue(state.choices, inputs.choices),
      ...replaced,
    };
  },

  async create(raw) {
    const wanted = choicesInputs.parse(raw);
    const set = await find(wanted);
    await write(wanted, set.id, wanted.choices, []);
    return { id: String(set.id), state: { ...wanted, netboxId: set.id } };
  },

  async read(id, raw) {
    const known = choicesState.parse(raw);
    const found = await choiceSetById(netboxOf(known), known.netboxId);
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
  const found = await choiceSetNamed(netboxOf(wanted), set);
  if (found === undefined)
    throw new UserError(
      `NetBox at ${netboxUrl} has no choice set ${set}: make it with \`npm run ops -- netbox-schema\`, or write \`choices: false\` in the file.`,
    );
  return found;
}

async function write(wanted: ChoicesInputs, id: number, ours: Choice[], before: Choice[]): Promise<void> {
  const { netboxUrl, set } = wanted;
  try {
    await offerChoices(netboxOf(wanted), id, ours, before);
  } catch (error) {
    throw new UserError(
      `Unable to change what the choice set ${set} offers (${netboxUrl}/extras/custom-field-choices/${id}/): ${messageOf(error)}`,
    );
  }
}
