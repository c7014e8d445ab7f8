import { choiceField, integerField, type Model, type ModelName, named, refField, textField } from "./fields";

type Extras =
  | "configContext"
  | "tag"
  | "choiceSet"
  | "customField"
  | "webhook"
  | "eventRule"
  | "journalEntry"
  | "customLink";

/** What NetBox has beside its inventory. */
export const extrasModels: Pick<Record<ModelName, Model>, Extras> = {
  configContext: {
    path: "extras/config-contexts",
    label: "ConfigContext",
    contentType: "extras.configcontext",
    fields: {
      name: textField({ required: true }),
      weight: integerField(0, 32767, { default: 1000 }),
      is_active: { kind: "boolean", default: true },
      description: textField(),
      sites: { kind: "refs", to: "site", default: [] },
      roles: { kind: "refs", to: "deviceRole", default: [] },
      platforms: { kind: "refs", to: "platform", default: [] },
      cluster_types: { kind: "refs", to: "clusterType", default: [] },
      clusters: { kind: "refs", to: "cluster", default: [] },
      data: { kind: "json", required: true },
    },
    brief: ["name", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["config context with this name already exists."] } }],
  },
  tag: {
    path: "extras/tags",
    label: "Tag",
    contentType: "extras.tag",
    fields: { ...named, color: textField({ default: "9e9e9e" }) },
    brief: ["name", "slug", "color"],
    display: "name",
    unique: [
      { fields: ["name"], error: { name: ["tag with this name already exists."] } },
      { fields: ["slug"], error: { slug: ["tag with this slug already exists."] } },
    ],
  },
  choiceSet: {
    path: "extras/custom-field-choice-sets",
    label: "CustomFieldChoiceSet",
    contentType: "extras.customfieldchoiceset",
    fields: {
      name: textField({ required: true }),
      description: textField(),
      extra_choices: { kind: "json", default: [] },
    },
    brief: ["name", "description"],
    display: "name",
  },
  customField: {
    path: "extras/custom-fields",
    label: "CustomField",
    contentType: "extras.customfield",
    fields: {
      name: textField({ required: true }),
      label: textField(),
      type: choiceField(
        [
          "text",
          "longtext",
          "integer",
          "decimal",
          "boolean",
          "date",
          "datetime",
          "url",
          "json",
          "select",
          "multiselect",
          "object",
          "multiobject",
        ],
        "text",
      ),
      object_types: { kind: "texts", required: true },
      related_object_type: textField({ default: null }),
      choice_set: refField("choiceSet"),
      required: { kind: "boolean", default: false },
      unique: { kind: "boolean", default: false },
      default: { kind: "json", default: null },
      description: textField(),
    },
    brief: ["name", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["Custom field with this name already exists."] } }],
  },
  webhook: {
    path: "extras/webhooks",
    label: "Webhook",
    contentType: "extras.webhook",
    fields: {
      name: textField({ required: true }),
      payload_url: textField({ required: true }),
      http_method: { ...choiceField(["GET", "POST", "PUT", "PATCH", "DELETE"], "POST"), plain: true },
      http_content_type: textField({ default: "application/json" }),
      additional_headers: textField(),
      body_template: textField(),
      secret: textField(),
      ssl_verification: { kind: "boolean", default: true },
      description: textField(),
    },
    brief: ["name", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["webhook with this name already exists."] } }],
  },
  eventRule: {
    path: "extras/event-rules",
    label: "EventRule",
    contentType: "extras.eventrule",
    fields: {
      name: textField({ required: true }),
      object_types: { kind: "texts", required: true },
      event_types: { kind: "texts", required: true },
      enabled: { kind: "boolean", default: true },
      conditions: { kind: "json", default: null },
      action_type: choiceField(["webhook", "script", "notification"], "webhook"),
      action_object_type: textField({ required: true }),
      action_object_id: integerField(),
      description: textField(),
    },
    brief: ["name", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["event rule with this name already exists."] } }],
  },
  journalEntry: {
    path: "extras/journal-entries",
    label: "JournalEntry",
    contentType: "extras.journalentry",
    fields: {
      assigned_object_type: textField({ required: true }),
      assigned_object_id: integerField(1, undefined, { required: true }),
      kind: choiceField(["info", "success", "warning", "danger"], "info"),
      comments: textField({ required: true }),
    },
    brief: ["created"],
    display: "created",
  },
  customLink: {
    path: "extras/custom-links",
    label: "CustomLink",
    contentType: "extras.customlink",
    fields: {
      object_types: { kind: "texts", required: true },
      name: textField({ required: true }),
      enabled: { kind: "boolean", default: true },
      link_text: textField({ required: true }),
      link_url: textField({ required: true }),
      weight: integerField(0, 32767, { default: 100 }),
      group_name: textField(),
      button_class: textField({ default: "default" }),
      new_window: { kind: "boolean", default: false },
    },
    brief: ["name"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["custom link with this name already exists."] } }],
  },
};
