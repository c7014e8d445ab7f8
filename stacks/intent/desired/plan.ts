import type { DeclaredNetboxObject } from "../../netbox/declared";
import { Guests } from "./guests";
import { MeantNetworks } from "./networks";
import { declarePrerequisites } from "./prerequisites";
import { References } from "./references";
import { tellRequired } from "./required";
import type { IntentFacts } from "./types";

/** The objects that the file wants in NetBox, or what stands in the way, each with its place in the file. */
export function planIntent(facts: IntentFacts): { declared: DeclaredNetboxObject[]; problems: string[] } {
  const references = new References(facts);
  const networks = new MeantNetworks(references);
  declarePrerequisites(references, networks);
  const guests = new Guests(references, networks);
  for (const [key, guest] of Object.entries(facts.file.guests)) guests.declare(key, { ...guest });
  tellRequired(references);
  return { declared: references.declared, problems: [...new Set(references.problems)] };
}
