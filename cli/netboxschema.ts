import { z } from "zod";
import type { Context } from "../providers/context";
import { UserError } from "../providers/errors";
import type { NetboxClient } from "../providers/netbox/client";
import { SingleReads } from "../providers/proxmox/reads";
import { type ChoiceSetName, knownOptions, netboxSchema, type SchemaField } from "../stacks/netbox/schema";
import type { Settings } from "../stacks/settings";

/** One object that NetBox lacks. */
export interface Missing {
  kind: "choice set" | "choice" | "custom field" | "tag" | "cluster type" | "role";
  name: string;
  create: () => Promise<void>;
}

/** Something that is there under the name of one of ours and can't hold what we read. */
export interface Unfit {
  name: string;
  reason: string;
}

const named = z.object({ id: z.number(), name: z.string() });
const choiceSet = named.extend({
  extra_choices: z.array(z.tuple([z.string(), z.string()]).rest(z.unknown())).nullish(),
});
const choiceSets = "extras/custom-field-choice-sets";
const choiceFields = "id,name,extra_choices";
const field = z.object({
  id: z.number(),
  name: z.string(),
  type: z.object({ value: z.string() }),
  object_types: z.array(z.string()),
});
const slugOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/**
 * What a NetBox lacks of what this program reads, choices of the sets that are there among it. Choices that no cluster has any more stay, as
 * guests may have them. Nothing else that is there is looked at further, but for fields of the wrong type.
 */
export async function missingSchema(
  { netbox, proxmox }: Context,
  settings: Settings,
  options: string[],
): Promise<{ missing: Missing[]; unfit: Unfit[] }> {
  const unknown = options.filter((option) => !knownOptions().includes(option));
  if (unknown.length > 0)
    throw new UserError(`There is no option ${unknown.join(", ")}; docs/attributes.md lists those that there are.`);
  const schema = netboxSchema(settings.site.customFields, settings.site, options);
  const [fields, sets, tags, types, roles] = await Promise.all([
    netbox.list("extras/custom-fields", field, "id,name,type,object_types"),
    netbox.list(choiceSets, choiceSet, choiceFields),
    netbox.list("extras/tags", z.object({ id: z.number(), slug: z.string() }), "id,slug"),
    netbox.list("virtualization/cluster-types", named, "id,name"),
    netbox.list("dcim/device-roles", named, "id,name"),
  ]);
  const setIds = new Map(sets.map(({ id, name }) => [name, id]));
  const lacking = schema.fields.filter(({ name }) => !fields.some((each) => each.name === name));
  const wantedSets = [...new Set(lacking.flatMap(({ choices }) => choices ?? []))];
  const choices = await choicesOf(proxmox);
  const missing: Missing[] = [
    ...wantedSets
      .filter((name) => !setIds.has(name))
      .map((name): Missing => ({ kind: "choice set", name, create: () => createSet(netbox, name, choices, setIds) })),
    ...sets.flatMap(({ id, name, extra_choices }) => {
      const known = new Set((extra_choices ?? []).map(([value]) => value));
      const wanted = Object.entries(choices).find(([each]) => each === name)?.[1] ?? [];
      return wanted
        .filter((choice) => !known.has(choice) && !stubs.includes(choice))
        .map(
          (choice): Missing => ({
            kind: "choice",
            name: `${name} ${choice}`,
            create: () => addChoice(netbox, id, choice),
          }),
        );
    }),
    ...lacking.map(
      (each): Missing => ({ kind: "custom field", name: each.name, create: () => createField(netbox, each, setIds) }),
    ),
    ...schema.tags
      .filter((slug) => !tags.some((each) => each.slug === slug))
      .map(
        (slug): Missing => ({
          kind: "tag",
          name: slug,
          create: () => made(netbox, "extras/tags", { name: slug, slug }),
        }),
      ),
    ...schema.clusterTypes
      .filter((name) => !types.some((each) => each.name === name))
      .map(
        (name): Missing => ({
          kind: "cluster type",
          name,
          create: () => made(netbox, "virtualization/cluster-types", { name, slug: slugOf(name) }),
        }),
      ),
    ...schema.roles
      .filter(({ name }) => !roles.some((each) => each.name === name))
      .map(
        ({ name, ofMachines }): Missing => ({
          kind: "role",
          name,
          create: () =>
            made(netbox, "dcim/device-roles", { name, slug: slugOf(name), color: "9e9e9e", vm_role: ofMachines }),
        }),
      ),
  ];
  const unfit = schema.fields.flatMap(({ name, objectTypes }): Unfit[] => {
    const there = fields.find((each) => each.name === name);
    const lacks = objectTypes.filter((type) => there !== undefined && !there.object_types.includes(type));
    return lacks.length === 0
      ? []
      : [{ name, reason: `is not for ${lacks.join(", ")}; add that in NetBox, or name another` }];
  });
  return { missing, unfit };
}

async function made(netbox: NetboxClient, path: string, body: object): Promise<void> {
  await netbox.create(path, named.partial({ name: true }), body);
}

/** Of sets that no cluster has anything for. */
const stubs = ["placeholder-node", "placeholder-storage", "-1", "placeholder-lxc-template"];

/** What the clusters have now; NPA's stubs where they have none, as a choice set can't be empty. */
async function choicesOf(clusters: Context["proxmox"]): Promise<Record<ChoiceSetName, string[]>> {
  const all = await Promise.all(
    clusters.map(async (cluster) => {
      const { guests, nodes, storages } = await cluster.inventory();
      const stores = storages.filter(({ content, available }) => content.includes("vztmpl") && available);
      const reads = new SingleReads();
      // What can't be read now is offered by the next `templates --write`.
      const lists = await Promise.all(
        stores.map(({ node, storage }) => reads.read(node, () => cluster.osTemplates(node, storage))),
      );
      const osTemplates = lists.flatMap((list) => (list.unread === undefined ? list.found : []));
      const templates = (type: string) =>
        guests.filter((guest) => guest.template && guest.type === type).map(({ vmid }) => String(vmid));
      return { nodes, storages, vms: templates("qemu"), containers: [...templates("lxc"), ...osTemplates] };
    }),
  );
  const sorted = (values: string[], stub: string) => (values.length === 0 ? [stub] : [...new Set(values)].sort());
  const disks = (content: string[]) => content.includes("images") || content.includes("rootdir");
  return {
    "proxmox-nodes": sorted(
      all.flatMap(({ nodes }) => nodes.map(({ node }) => node)),
      "placeholder-node",
    ),
    "proxmox-storages": sorted(
      all.flatMap(({ storages }) => storages.filter(({ content }) => disks(content)).map(({ storage }) => storage)),
      "placeholder-storage",
    ),
    "proxmox-vm-templates": sorted(
      all.flatMap(({ vms }) => vms),
      "-1",
    ),
    "proxmox-lxc-templates": sorted(
      all.flatMap(({ containers }) => containers),
      "placeholder-lxc-template",
    ),
    "proxmox-vm-types": ["vm", "lxc"],
    "proxmox-reboot-policies": ["never", "ask", "when-needed"],
  };
}

async function addChoice(netbox: NetboxClient, id: number, choice: string): Promise<void> {
  await netbox.change(choiceSets, id, choiceSet, choiceFields, ({ extra_choices }) => {
    const there = extra_choices ?? [];
    return there.some(([value]) => value === choice) ? undefined : { extra_choices: [...there, [choice, choice]] };
  });
}

async function createSet(
  netbox: NetboxClient,
  name: ChoiceSetName,
  choices: Record<ChoiceSetName, string[]>,
  ids: Map<string, number>,
): Promise<void> {
  const body = { name, extra_choices: choices[name].map((choice) => [choice, choice]) };
  ids.set(name, (await netbox.create(choiceSets, named, body)).id);
}

async function createField(
  netbox: NetboxClient,
  { name, type, objectTypes, description, choices }: SchemaField,
  sets: Map<string, number>,
): Promise<void> {
  const set = choices === undefined ? {} : { choice_set: sets.get(choices) };
  await made(netbox, "extras/custom-fields", { name, type, object_types: objectTypes, description, ...set });
}
