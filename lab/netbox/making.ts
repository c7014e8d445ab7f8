/** Sends one request to a NetBox and gives the parsed body; throws on anything but success. */
export type CallNetbox = (method: string, path: string, body?: unknown) => Promise<unknown>;

export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

export type Ids = Map<string, number>;

interface Made {
  id: number;
}

export async function make(call: CallNetbox, path: string, bodies: Record<string, unknown>[]): Promise<Made[]> {
  if (bodies.length === 0) return [];
  return (await call("POST", path, bodies)) as Made[];
}

export async function makeNamed(
  call: CallNetbox,
  path: string,
  names: string[],
  extra: Record<string, unknown> = {},
): Promise<Ids> {
  const made = await make(
    call,
    path,
    names.map((name) => ({ name, slug: slug(name), ...extra })),
  );
  return new Map(names.map((name, n) => [name, made[n]?.id ?? 0]));
}

export const withTags = (tags: string[] | undefined) =>
  tags === undefined ? {} : { tags: tags.map((name) => ({ name })) };
