/** Does CI run the tests? Of what takes many minutes it runs a sample; `npm run test:slow` runs all of it (docs/decisions/018). */
export const isCi = process.env.IN_CI !== undefined;

/** So many of all, evenly spread and the same ones every time; an odd step lets kinds that take turns in the list take turns here. */
export function sample<T>(all: T[], howMany: number): T[] {
  const step = Math.floor(all.length / howMany) | 1;
  return Array.from({ length: howMany }, (_, n) => all[(n * step + 3) % all.length]).flatMap((each) => each ?? []);
}
