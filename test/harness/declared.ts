import { tokenOf } from "../../providers/resource";
import { type DeclaredResource, withoutLater } from "../../stacks/declared";
import { type StateResource, typeInToken } from "../../stacks/known";

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
    const properties = { ...known, ...more(resource) };
    return { type: typeInToken(token), token, name, id: "", properties };
  });

/** The same of properties alone: named by their place in the list. */
export const stateResources = (all: { type: string; properties: Record<string, unknown> }[]): StateResource[] =>
  all.map((each, n) => ({ ...each, token: `pulumi-nodejs:dynamic/test:${each.type}`, name: String(n), id: "" }));
