import type { Choice, ChoicesInputs } from "../../../providers/netbox/extras/choices.model";
import { supersededTag } from "../../../providers/proxmox/nodes/template.model";
import type { PlannedResource, TemplatesFacts, TemplatesPlan } from "./types";

// What NetBox offers of the templates.

/** What people choose by. */
export const choiceLabel = (title: string, node: string, recipe: string | undefined, isOld: boolean): string =>
  `${title} (${[node, recipe, isOld ? supersededTag : undefined].filter((part) => part !== undefined).join(", ")})`;

interface Made extends Pick<TemplatesPlan, "files" | "templates"> {
  osVolumes: { key: string; volume: string }[];
}

/** The choices of either custom field; notes where NetBox has no place for them. */
export function planChoices(
  facts: TemplatesFacts,
  { files, templates, osVolumes }: Made,
): { choices: PlannedResource<ChoicesInputs>[]; notes: string[] } {
  const { netbox, file, known } = facts;
  if (netbox === undefined || !file.choices) return { choices: [], notes: [] };
  const notes: string[] = [];
  const planned = (set: string | undefined, offered: Choice[], after: string[], isWanted: boolean) => {
    const name = `choices/${set}`;
    if (set === undefined && isWanted)
      notes.push(
        "NetBox offers none of them: it lacks the custom field, or its choice set (`npm run ops -- netbox-schema` makes both).",
      );
    if (set === undefined || (!isWanted && !known.has(name))) return [];
    const choices = [...offered, ...stillNamed(facts, name, offered)];
    return [{ name, inputs: { netboxUrl: netbox.url, set, choices }, after }];
  };
  const isOld = ({ inputs }: (typeof templates)[number]) => inputs.tags.includes(supersededTag);
  const machines = [...templates].sort((a, b) => Number(isOld(a)) - Number(isOld(b)));
  const choices = [
    ...planned(
      netbox.templateSet,
      machines.map((each): Choice => {
        const { vmid, title, node, recipe } = each.inputs;
        return [String(vmid), choiceLabel(title, node, recipe, isOld(each))];
      }),
      templates.map(({ name }) => name),
      Object.keys(file.templates).length > 0,
    ),
    ...planned(
      netbox.lxcTemplateSet,
      osVolumes.map(({ key, volume }): Choice => [volume, key]),
      files.map(({ name }) => name),
      Object.keys(file.osTemplates).length > 0,
    ),
  ];
  return { choices, notes };
}

/** Of what was offered before, what guests still name: NetBox would not save such a guest any more. */
function stillNamed({ known, netbox }: TemplatesFacts, name: string, offered: Choice[]): Choice[] {
  const before = known.get(name)?.properties.choices;
  return (Array.isArray(before) ? before : []).flatMap((each): Choice[] => {
    const [value, label = ""] = Array.isArray(each) ? each.map(String) : [];
    if (value === undefined || !netbox?.used.has(value) || offered.some(([own]) => own === value)) return [];
    return [[value, `${label.replace(/ \(gone\)$/, "")} (gone)`]];
  });
}
