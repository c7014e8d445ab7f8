import { choiceField, integerField, type Model, type ModelName, refField, slugged, textField } from "./fields";

/** Whom to ask of an object. */
export const tenancyModels: Pick<Record<ModelName, Model>, "contact" | "contactRole" | "contactAssignment"> = {
  contact: {
    path: "tenancy/contacts",
    label: "Contact",
    contentType: "tenancy.contact",
    fields: {
      name: textField({ required: true }),
      title: textField(),
      phone: textField(),
      email: textField(),
      description: textField(),
      comments: textField(),
    },
    brief: ["name", "description"],
    display: "name",
  },
  contactRole: slugged("tenancy/contact-roles", "ContactRole", "tenancy.contactrole"),
  contactAssignment: {
    path: "tenancy/contact-assignments",
    label: "ContactAssignment",
    contentType: "tenancy.contactassignment",
    fields: {
      object_type: textField({ required: true }),
      object_id: integerField(1, undefined, { required: true }),
      contact: refField("contact", { required: true }),
      role: refField("contactRole", { required: true }),
      priority: choiceField(["primary", "secondary", "tertiary", "inactive"], null),
    },
    brief: ["contact", "role", "priority"],
    display: "id",
  },
};
