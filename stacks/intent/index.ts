import { declareObjects } from "../netbox/declare";
import { defineProgram, readFileOf } from "../program";
import { readObjects } from "../state";
import { checkSystems } from "../systems";
import { parseVms } from "./desired/file";
import { planIntent } from "./desired/plan";
import { readIntentView } from "./facts";

/** vms.yml → NetBox: the guests that a file wants, staged, and what they need. */
export const intent = defineProgram({
  needs: { netbox: true, proxmox: false, neo4j: false },
  async plan({ context, settings, stack }) {
    const { file, value: wanted, placeOf } = readFileOf("intent", settings, parseVms);
    const { machines: known } = await readObjects();
    await checkSystems(context, { onlyNetbox: true });
    const view = await readIntentView(context.netbox);
    const fields = settings.site.customFields;
    return { ...planIntent({ stack, file: wanted, placeOf, fields, view, known }), file, guests: wanted.guests };
  },
  declare({ declared, guests }) {
    declareObjects(declared);
    return { guests: Object.keys(guests) };
  },
});
