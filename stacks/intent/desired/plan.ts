import type { DeclaredNetboxObject } from "../../netbox/declared";
import { Guests } from "./guests";
import { declarePrerequisites } from "./prerequisites";
import { References } from "./references";
import type { IntentFacts } from "./types";

/** The objects that the file wants in NetBox, or what stands in the way, each with its place in the file. */
export function planIntent(facts: IntentFacts): { declared: DeclaredNetboxObject[]; problems: string[] } {
  const references = new References(facts);
  declarePrerequisites(references);
  const guests = new Guests(references);
  for (const [key, guest] of Object.entries(facts.file.guests)) guests.declare(key, { ...guest });
  return { declared: references.declared, problems: references.problems };
}
