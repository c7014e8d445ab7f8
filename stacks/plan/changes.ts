import { unknown } from "../../providers/unknown";
import { withoutUndefined } from "../../providers/values";
import { typeInToken } from "../known";
import { type AboutFacts, aboutOf } from "./about";
import type { Change, Effect, FieldChange, NetboxRef } from "./change";
import type { PlanStep } from "./steps";

// Steps of the engine as the changes that people read and limits count.

/** What tells a change from its step. */
export interface ChangeFacts extends AboutFacts {
  effectsOf?: (step: PlanStep) => Effect[];
  /** What waits for a guest's next start. */
  waitsOf?: (step: PlanStep) => string[];
  /** Objects of NetBox that say what a resource is to be. */
  fromOf?: (step: PlanStep) => NetboxRef[];
}

/** One row a resource that doesn't stay as it is. */
export const changesFrom = (steps: readonly PlanStep[], facts: ChangeFacts): Change[] =>
  steps.flatMap((step): Change[] => {
    const { action, token, name, existing, inputs } = step;
    if (action === "same") return [];
    const properties = { ...existing?.properties, ...known(inputs) };
    const { guest, ...about } = aboutOf(typeInToken(token), name, properties, facts);
    const [from, waits] = [facts.fromOf?.(step) ?? [], facts.waitsOf?.(step) ?? []];
    const guestName = guest === undefined ? undefined : facts.guests.get(guest);
    return [
      {
        ...about,
        ...(token.includes("/") ? { urn: urnOf(facts.stack, token, name) } : {}),
        ...(from.length === 0 ? {} : { from }),
        ...(guestName === undefined ? {} : { guest: { name: guestName, ...(about.url ? { url: about.url } : {}) } }),
        action,
        fields: fieldsOf(step),
        effects: facts.effectsOf?.(step) ?? [],
        ...(waits.length === 0 ? {} : { waits }),
      },
    ];
  });

/** @param stack `project/stack` */
export function urnOf(stack: string, token: string, name: string): string {
  const [project = "", own = ""] = stack.split("/");
  return `urn:pulumi:${own}::${project}::${token}::${name}`;
}

const known = (inputs: Record<string, unknown> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== unknown && value !== undefined));

/** Of what is declared no more. */
const secretProperties = ["value", "password", "outcome", "credential", "secrets", "token"];

function fieldsOf({ changed, existing, inputs = {}, resource, action }: PlanStep): FieldChange[] {
  const names =
    action === "create" || action === "adopt"
      ? Object.keys(known(inputs))
      : action === "delete"
        ? Object.keys(existing?.properties ?? {}).filter((name) => name !== "__provider")
        : [
            ...new Set([
              ...changed,
              ...(action === "replace" && existing?.properties.disks !== undefined ? ["disks"] : []),
            ]),
          ];
  const secrets = resource?.definition.secrets ?? secretProperties;
  return names.map((name): FieldChange => {
    if (secrets.includes(name)) return { name, isSecret: true };
    const before = existing?.properties[name];
    const after = inputs[name];
    const isRemoved = before !== undefined && after === undefined && action !== "delete" ? true : undefined;
    return withoutUndefined({ name, before, after: after === unknown ? undefined : after, isRemoved });
  });
}
