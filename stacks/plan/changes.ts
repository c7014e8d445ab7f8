import { unknown } from "../../providers/unknown";
import { type AboutFacts, aboutOf } from "./about";
import type { Change, Effect, FieldChange } from "./change";
import type { PlanStep } from "./steps";

// Steps of the engine as the changes that people read and limits count.

/** What tells a change from its step. */
export interface ChangeFacts extends AboutFacts {
  effectsOf?: (step: PlanStep) => Effect[];
}

/** One row a resource that doesn't stay as it is. */
export const changesFrom = (steps: readonly PlanStep[], facts: ChangeFacts): Change[] =>
  steps.flatMap((step): Change[] => {
    const { action, token, name, existing, inputs } = step;
    if (action === "same") return [];
    const properties = { ...existing?.properties, ...known(inputs) };
    const { guest, serves: _serves, ...about } = aboutOf(token.split(":").pop() ?? "", name, properties, facts);
    const guestName = guest === undefined ? undefined : facts.guests.get(guest);
    return [
      {
        ...about,
        resource: { token, name },
        ...(guestName === undefined ? {} : { guest: { name: guestName, ...(about.url ? { url: about.url } : {}) } }),
        action,
        fields: fieldsOf(step),
        effects: facts.effectsOf?.(step) ?? [],
      },
    ];
  });

const known = (inputs: Record<string, unknown> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== unknown && value !== undefined));

function fieldsOf({ changed, existing, inputs = {}, resource, action }: PlanStep): FieldChange[] {
  const names = action === "create" || action === "adopt" ? Object.keys(known(inputs)) : changed;
  const secrets = resource?.definition.secrets ?? [];
  return names.map((name): FieldChange => {
    if (secrets.includes(name)) return { name, isSecret: true };
    const before = existing?.properties[name];
    return {
      name,
      ...(before === undefined ? {} : { before }),
      ...(inputs[name] === unknown ? {} : { after: inputs[name] }),
    };
  });
}
