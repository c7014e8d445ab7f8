import { planChoices } from "./choices";
import { DeclaredTemplates } from "./declared";
import { declareOsTemplate } from "./ostemplates";
import { retain } from "./retain";
import { declareTemplate } from "./templates";
import type { TemplatesFacts, TemplatesPlan } from "./types";

/** templates.yml and what is there → the files, templates and choices that should be. */
export function planTemplates(facts: TemplatesFacts): TemplatesPlan {
  const { file } = facts;
  const declared = new DeclaredTemplates(facts);
  for (const [key, entry] of Object.entries(file.templates))
    declareTemplate(declared, key, { ...file.defaults, ...entry });
  for (const [key, entry] of Object.entries(file.osTemplates)) declareOsTemplate(declared, key, entry);
  retain(declared);
  const made = { files: [...declared.files.values()], templates: [...declared.templates.values()] };
  const { choices, notes } = planChoices(facts, { ...made, osVolumes: declared.osVolumes });
  const { warnings, problems } = declared;
  return { ...made, choices, notes: [...declared.notes, ...notes], warnings, problems };
}
