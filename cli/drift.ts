import { type Context, useContext } from "../providers/context";
import { MissingLimit } from "../providers/missing";
import { handlerOf, readResource } from "../providers/registry";
import { kindOfText } from "../providers/resource";
import { sameValue } from "../providers/values";
import type { StateResource } from "../stacks/known";
import { hasSecret } from "./stackstate";

const kindOf = ({ properties }: StateResource): string | undefined => kindOfText(properties.__provider);

/**
 * The resources of a state as a refresh finds them, by the reads that Pulumi's engine asks the provider for; what is gone is left out.
 * @param open the same resources with their secrets in the clear, where there are any
 * @throws UserError where more are gone than may be
 */
export async function refreshedState(
  context: Context,
  resources: readonly StateResource[],
  limit: ConstructorParameters<typeof MissingLimit>[0],
  open: () => Promise<readonly StateResource[]>,
): Promise<StateResource[]> {
  useContext(context);
  const isClosed = resources.some(({ properties }) => hasSecret(properties));
  const inTheClear = new Map((isClosed ? await open() : []).map((each) => [keyOf(each), each.properties]));
  const counts = new Map<string, number>();
  for (const each of resources) {
    const kind = kindOf(each);
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const gone = new MissingLimit(limit, (kind) => counts.get(kind));
  const found = await Promise.all(
    resources.map(async (resource): Promise<StateResource[]> => {
      const kind = kindOf(resource);
      if (kind === undefined) return [resource];
      const before = inTheClear.get(keyOf(resource)) ?? resource.properties;
      const { id, props } = await readResource(handlerOf(kind), resource.id, before, gone);
      return id === "" ? [] : [{ ...resource, properties: closed(props, before, resource.properties) }];
    }),
  );
  return found.flat();
}

const keyOf = ({ token, name }: StateResource): string => `${token}::${name}`;

/** With what is as it was in the clear as the state has it: a secret that stays is the same text. */
const closed = (
  props: Record<string, unknown>,
  before: Record<string, unknown>,
  kept: Record<string, unknown>,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(props).map(([name, value]) => [
      name,
      hasSecret(kept[name]) && sameValue(value, before[name]) ? kept[name] : value,
    ]),
  );
