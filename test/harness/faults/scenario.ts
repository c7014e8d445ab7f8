import { expect } from "vitest";
import type { Stack } from "../../../tools/stack";
import { demoSeed, TestSystems } from "../systems";
import type { Fate } from "./ways";

/** The demo's guests, before a run that is broken. */
export interface Scenario {
  name: string;
  /** Is everything built before that run? */
  built: boolean;
  before: (systems: TestSystems) => Promise<void>;
}

/** This tag makes the scope of the stack. */
const scope = "ours";

async function patch(systems: TestSystems, name: string, body: object): Promise<void> {
  const { id } = await systems.clients.vm(name);
  await systems.clients.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
}

async function remove(systems: TestSystems, name: string): Promise<void> {
  const { id } = await systems.clients.vm(name);
  await systems.clients.netbox("DELETE", `virtualization/virtual-machines/${id}/`);
}

async function changes(systems: TestSystems): Promise<void> {
  await patch(systems, "web01", { memory: 4096, comments: "changed" });
  await patch(systems, "app01", { status: "decommissioning" });
  await patch(systems, "batch01", { status: "active" });
  await patch(systems, "next01", { status: "active" });
  await patch(systems, "ns01", { status: "offline" });
  await remove(systems, "app02");
}

export const scenarios: Scenario[] = [
  { name: "create", built: false, before: async () => {} },
  { name: "update and delete", built: true, before: changes },
];

export interface Prepared {
  systems: TestSystems;
  stack: Stack;
}

export async function prepare({ built, before }: Scenario): Promise<Prepared> {
  const seed = demoSeed();
  seed.netbox.tags.push(scope);
  for (const guest of seed.netbox.guests) guest.tags.push(scope);
  const systems = await TestSystems.open(seed, { clone: 20, start: 10 }, "lab");
  const { bind9, ...config } = systems.config() as { bind9: Record<string, object>; netbox: object; proxmox: object };
  const patient = (all: object) =>
    Object.fromEntries(Object.entries(all).map(([name, settings]) => [name, { ...settings, requestTimeout: 8 }]));
  const stack = await systems.stack({
    site: { protect: false, maxRemovals: 10, scope: { tags: [scope] } },
    netbox: { ...config.netbox, requestTimeout: 8 },
    proxmox: patient(config.proxmox),
    bind9: patient(bind9),
  });
  if (built) expect((await stack.up()).errors).toEqual([]);
  await before(systems);
  return { systems, stack };
}

/** Lets NetBox say so of a guest. @returns the way back, where there is one */
export async function befall(
  systems: TestSystems,
  guest: string,
  fate: Fate,
): Promise<(() => Promise<void>) | undefined> {
  if (fate === "as it was") return undefined;
  if (fate === "deleted") await remove(systems, guest);
  else if (fate === "decommissioned") await patch(systems, guest, { status: "decommissioning" });
  else {
    const { tags } = await systems.clients.vm(guest);
    const slugs = tags.map(({ slug }) => ({ slug }));
    await patch(systems, guest, { tags: slugs.filter(({ slug }) => slug !== scope) });
    return () => patch(systems, guest, { tags: slugs });
  }
  return undefined;
}
