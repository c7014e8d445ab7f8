import { z } from "zod";

const instance = z.object({
  netbox: z.object({ url: z.string(), token: z.string() }),
  dns: z.object({ host: z.string(), port: z.number(), keyFile: z.string() }),
});
/** The NetBox with branches, as `services.sh branching` prints it. */
export const branchingService = instance.shape.netbox;
const services = z.object({
  instances: z.tuple([instance], instance),
  ssh: z.object({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    keyFile: z.string(),
    hostKey: z.string(),
    hostKeyFile: z.string(),
  }),
  postgres: z.string(),
  neo4j: z.object({ url: z.string(), password: z.string() }),
  chromium: z.string(),
  python: z.string(),
  debian: z.string(),
  dump: z.string(),
});

const given = process.env.REAL_SERVICES;

/** Do the tests run on the real services? */
export const isReal = given !== undefined;

const read = given === undefined ? undefined : services.parse(JSON.parse(given));

/** Where the real services are, as test/real/services.sh printed it. Only asked for where `isReal`. */
export function realServices(): z.infer<typeof services> {
  if (read === undefined) throw new Error("REAL_SERVICES is not set: run `npm run test:real`");
  return read;
}

/** NetBox and BIND are there as often as suites run at once; each of vitest's workers has its own. @returns its number, from 1 */
export function ownInstance(): number {
  const worker = Number(process.env.VITEST_POOL_ID ?? 1);
  return ((worker - 1) % realServices().instances.length) + 1;
}

/** The worker's NetBox, BIND and sshd. */
export function ownServices() {
  const { instances, ssh } = realServices();
  const { netbox, dns } = instances[ownInstance() - 1] ?? instances[0];
  return { netbox, dns, ssh };
}
