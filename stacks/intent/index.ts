import { declareObjects } from "../netbox/declare";
import { defineProgram, planByFile } from "../program";
import { objectsIn } from "../state";
import { checkSystems } from "../systems";
import { parseVms } from "./desired/file";
import { planIntent } from "./desired/plan";
import { readIntentView } from "./facts";

/** vms.yml → NetBox: the guests that a file wants, staged, and what they need. */
export const intent = defineProgram({
  needs: { netbox: true, proxmox: false, neo4j: false },
  plan: ({ context, settings, stack, state }) =>
    planByFile("intent", settings, parseVms, async ({ value: wanted, placeOf }) => {
      const { machines: known, objects } = objectsIn(state);
      await checkSystems(context, { onlyNetbox: true });
      const view = await readIntentView(context.netbox, wanted);
      const fields = settings.site.customFields;
      const { given: givenFields } = context.netbox.required;
      const facts = { stack, file: wanted, placeOf, fields, view, known, knownObjects: new Set(objects.keys()) };
      return { ...planIntent({ ...facts, givenFields }), guests: wanted.guests };
    }),
  declare: ({ declared, guests }) => ({
    resources: [...declareObjects(declared).values()],
    outputs: { guests: Object.keys(guests) },
  }),
});
