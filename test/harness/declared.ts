import { tokenOf } from "../../providers/resource";
import { isRecord } from "../../providers/values";
import { type DeclaredResource, withoutLater } from "../../stacks/declared";
import type { StateResource } from "../../stacks/known";

/** The state after a run that declared these, whose inputs hold nothing that comes later. @param more what was found out of each besides */
export const stateAfterDeclaring = (
  resources: readonly DeclaredResource[],
  more: (resource: DeclaredResource) => object = () => ({}),
): StateResource[] =>
  resources.map((resource) => {
    const { definition, name, inputs } = resource;
    const token = tokenOf(definition, inputs);
    const known = withoutLater(inputs, () => {
      throw new Error(`${name} waits for another resource`);
    });
    const properties = { ...(isRecord(known) ? known : {}), ...more(resource) };
    return { type: token.split(":").pop() ?? "", token, name, id: "", properties };
  });

/** The same of properties alone: named by their place in the list. */
export const stateResources = (all: { type: string; properties: Record<string, unknown> }[]): StateResource[] =>
  all.map((each, n) => ({ ...each, token: `pulumi-nodejs:dynamic/test:${each.type}`, name: String(n), id: "" }));
