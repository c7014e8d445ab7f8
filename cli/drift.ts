import { z } from "zod";
import { type Context, useContext } from "../providers/context";
import { MissingLimit } from "../providers/missing";
import { handlerOf, readResource } from "../providers/registry";
import type { StateResource } from "../stacks/known";

const known = z.object({ __provider: z.string() });

/** The kind that the provider's text of a resource names. */
function kindOf({ properties }: StateResource): string | undefined {
  const { data } = known.safeParse(properties);
  return /get\('([\w-]+)'\)/.exec(data?.__provider ?? "")?.[1];
}

/**
 * The resources of a state as a refresh finds them, by the reads that Pulumi's engine asks the provider for; what is gone is left out.
 * @throws UserError where more are gone than may be
 */
export async function refreshedState(
  context: Context,
  resources: readonly StateResource[],
  limit: ConstructorParameters<typeof MissingLimit>[0],
): Promise<StateResource[]> {
  useContext(context);
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
      const { id, props } = await readResource(handlerOf(kind), resource.id, resource.properties, gone);
      return id === "" ? [] : [{ ...resource, properties: props }];
    }),
  );
  return found.flat();
}
