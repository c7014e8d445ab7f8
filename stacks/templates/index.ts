import { netboxChoices } from "../../providers/netbox/extras/choices";
import { proxmoxFile } from "../../providers/proxmox/nodes/storage/file";
import { volumeOf } from "../../providers/proxmox/nodes/storage/file.model";
import { proxmoxTemplate } from "../../providers/proxmox/nodes/template";
import { supersededTag } from "../../providers/proxmox/nodes/template.model";
import { type DeclaredResource, declared } from "../declared";
import { isDestroy } from "../destroying";
import { defineProgram, planByFile } from "../program";
import { resourcesIn } from "../state";
import { parseTemplates } from "./desired/file";
import { planTemplates } from "./desired/plan";
import type { TemplatesPlan } from "./desired/types";
import { readChecksums, readTemplateCluster, readTemplateNetbox, sha256 } from "./facts";

/** The stack's outputs. */
export interface TemplatesOutputs {
  /** VMIDs of the current templates, by cluster, name and node. */
  templates: Record<string, Record<string, Record<string, number>>>;
  /** Volumes of OS templates. */
  osTemplates: string[];
}

/** templates.yml → templates made of cloud images, OS templates of containers, and what NetBox offers of them. */
export const templates = defineProgram({
  needs: { netbox: false, proxmox: true, neo4j: false },
  plan: ({ context, settings, stack, self, state }) =>
    planByFile("templates", settings, parseTemplates, async ({ value: wanted, placeOf }) => {
      const known = resourcesIn(state);
      const asksNetbox = wanted.choices && context.hasNetbox;
      const [clusters, checksums, netbox] = await Promise.all([
        Promise.all(context.proxmox.map((cluster) => readTemplateCluster(context, cluster, wanted, known))),
        readChecksums(wanted),
        asksNetbox ? readTemplateNetbox(context, settings.site.customFields, known) : undefined,
      ]);
      const names = { stack, formerStacks: self.former.stacks };
      const plan = planTemplates({
        ...names,
        file: wanted,
        placeOf,
        clusters,
        checksums,
        known,
        netbox,
        digest: sha256,
      });
      // What stays as it is, or waits, is about to go.
      return isDestroy() ? { ...plan, notes: [], warnings: [] } : plan;
    }),
  declare: (plan) => ({ resources: declareTemplates(plan), outputs: outputsOf(plan) }),
});

function declareTemplates({ files, templates, choices }: TemplatesPlan): DeclaredResource[] {
  const made = new Map<string, DeclaredResource>();
  const options = (after: string[]) => ({ after: after.flatMap((name) => made.get(name) ?? []) });
  for (const { name, inputs } of files) made.set(name, declared(proxmoxFile, name, inputs));
  for (const { name, inputs, after } of templates)
    made.set(name, declared(proxmoxTemplate, name, inputs, options(after)));
  return [
    ...made.values(),
    ...choices.map(({ name, inputs, after }) => declared(netboxChoices, name, inputs, options(after))),
  ];
}

function outputsOf({ files, templates }: TemplatesPlan): TemplatesOutputs {
  const current: TemplatesOutputs["templates"] = {};
  for (const { inputs } of templates) {
    if (inputs.tags.includes(supersededTag)) continue;
    current[inputs.cluster] = {
      ...current[inputs.cluster],
      [inputs.title]: { ...current[inputs.cluster]?.[inputs.title], [inputs.node]: inputs.vmid },
    };
  }
  const volumes = files.filter(({ inputs }) => inputs.content === "vztmpl").map(({ inputs }) => volumeOf(inputs));
  return { templates: current, osTemplates: [...new Set(volumes)] };
}
