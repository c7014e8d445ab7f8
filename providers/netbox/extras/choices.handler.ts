import { messageOf, UserError } from "../../errors";
import { pageOf } from "../../page";
import { handle } from "../../resource";
import { netboxOf } from "../objects/object.handler";
import { netboxChoices } from "./choices";
import { type Choice, type ChoicesInputs, choicesFrom } from "./choices.model";
import { choiceSetById, choiceSetNamed, offerChoices } from "./choiceset";

/** Some choices of a choice set that is there: they come and go, and the set stays. */
export const choicesHandler = handle(netboxChoices, {
  async create(wanted) {
    const set = await find(wanted);
    await write(wanted, set.id, wanted.choices, []);
    return { id: String(set.id), state: { ...wanted, netboxId: set.id } };
  },

  async read(known) {
    const found = await choiceSetById(netboxOf(known), known.netboxId);
    if (found === undefined) return undefined;
    return { ...known, choices: choicesFrom(found.choices, known.choices) };
  },

  async update(known, wanted) {
    await write(wanted, known.netboxId, wanted.choices, known.choices);
    return { ...wanted, netboxId: known.netboxId };
  },

  async delete(known) {
    await write(known, known.netboxId, [], known.choices);
  },
});

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
      `Unable to change what the choice set ${set} offers (${pageOf(netboxUrl, "extras/custom-field-choices", id)}): ${messageOf(error)}`,
    );
  }
}
