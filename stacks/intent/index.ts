import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../../providers/context";
import { UserError } from "../../providers/errors";
import { declareObjects } from "../netbox/declare";
import type { Settings } from "../settings";
import { readObjects } from "../state";
import { checkSystems } from "../systems";
import { fileRefused } from "../yamlfile";
import { parseVms } from "./desired/file";
import { planIntent } from "./desired/plan";
import { readIntentView } from "./facts";

/** vms.yml → NetBox: the guests that a file wants, staged, and what they need. */
export async function intent(context: Context, settings: Settings): Promise<{ guests: string[] }> {
  const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const { file } = settings.intent;
  if (!existsSync(file))
    throw new UserError(`There is no file ${file}: write it (docs/intent.md), or set netbox-proxmox:intent.file.`);
  const parsed = parseVms(readFileSync(file, "utf8"), file);
  if ("problems" in parsed) throw fileRefused(file, parsed.problems);
  const { machines: known } = await readObjects();
  // An open connection would keep the program from ending.
  const view = await checkSystems(context, { onlyNetbox: true })
    .then(() => readIntentView(context.netbox))
    .finally(() => context.close());
  const { declared, problems } = planIntent({
    ...{ stack, file: parsed.value, placeOf: parsed.placeOf },
    ...{ fields: settings.site.customFields, view, known },
  });
  if (problems.length > 0) throw fileRefused(file, problems);
  declareObjects(declared);
  return { guests: Object.keys(parsed.value.guests) };
}
