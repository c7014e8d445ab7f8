import { choiceField, type Model, type ModelName, refField, textField } from "./fields";

type Users = "user" | "group" | "objectPermission" | "token";

/** NetBox's users and what they may. None of these is in its change log. */
export const usersModels: Pick<Record<ModelName, Model>, Users> = {
  user: {
    path: "users/users",
    label: "User",
    contentType: "users.user",
    fields: {
      username: textField({ required: true }),
      password: textField({ required: true, hidden: true }),
      first_name: textField(),
      last_name: textField(),
      email: textField(),
      is_active: { kind: "boolean", default: true },
      groups: { kind: "refs", to: "group", default: [], byId: true },
    },
    brief: ["username"],
    display: "username",
    unique: [{ fields: ["username"], error: { __all__: ["A user with this username already exists."] } }],
  },
  group: {
    path: "users/groups",
    label: "Group",
    contentType: "users.group",
    fields: { name: textField({ required: true }), description: textField() },
    brief: ["name", "description"],
    display: "name",
    unique: [{ fields: ["name"], error: { name: ["group with this name already exists."] } }],
  },
  objectPermission: {
    path: "users/permissions",
    label: "ObjectPermission",
    contentType: "users.objectpermission",
    fields: {
      name: textField({ required: true }),
      description: textField(),
      enabled: { kind: "boolean", default: true },
      object_types: { kind: "texts", required: true },
      actions: { kind: "texts", required: true },
      constraints: { kind: "json", default: null },
      groups: { kind: "refs", to: "group", default: [], byId: true },
      users: { kind: "refs", to: "user", default: [], byId: true },
    },
    brief: ["name", "description", "enabled", "object_types", "actions"],
    display: "name",
  },
  token: {
    path: "users/tokens",
    label: "Token",
    contentType: "users.token",
    fields: {
      version: { ...choiceField(["1", "2"], "2"), plain: true, since: "4.5" },
      user: refField("user", { required: true }),
      description: textField(),
      expires: textField({ default: null }),
      enabled: { kind: "boolean", default: true, since: "4.5" },
      write_enabled: { kind: "boolean", default: true },
      allowed_ips: { kind: "texts", default: [] },
    },
    brief: ["user", "description"],
    display: "id",
  },
};
