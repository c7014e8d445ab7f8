import { choiceField, type Model, type ModelName, refField, textField } from "./fields";

const internal = { internal: true };
const time = textField({ default: null, ...internal });

/** Of netbox-branching: what NetBox has where the plugin is installed. */
export const branchingModels: Pick<Record<ModelName, Model>, "branch"> = {
  branch: {
    path: "plugins/branching/branches",
    label: "Branch",
    contentType: "netbox_branching.branch",
    fields: {
      name: textField({ required: true }),
      status: {
        ...choiceField(
          [
            ...["new", "provisioning", "ready", "syncing", "migrating", "merging", "reverting", "merged", "archived"],
            ...["pending-migrations", "failed"],
          ],
          "new",
        ),
        ...internal,
      },
      owner: refField("user", internal),
      description: textField(),
      schema_id: textField(internal),
      last_sync: time,
      merged_time: time,
      merged_by: refField("user", internal),
      comments: textField(),
    },
    brief: ["name", "status", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["branch with this name already exists."] } }],
  },
};

/** What the plugin leaves as it is: the same in every branch. */
const shared = new Set<ModelName>([
  ...(["user", "group", "objectPermission", "token"] as const),
  ...(["customField", "choiceSet", "customLink", "webhook", "eventRule", "branch"] as const),
]);

export const isBranched = (model: ModelName): boolean => !shared.has(model);
