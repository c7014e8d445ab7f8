import { expect } from "vitest";
import type { Stack } from "../../../tools/stack";
import { demoSeed, World } from "../world";
import type { Fate } from "./ways";

/** The demo's guests, before a run that is broken. */
export interface Scenario {
  name: string;
  /** Is everything built before that run? */
  built: boolean;
  before: (world: World) => Promise<void>;
}

/** This tag makes the scope of the stack. */
const scope = "ours";

async function patch(world: World, name: string, body: object): Promise<void> {
  const { id } = await world.consoles.vm(name);
  await world.consoles.netbox("PATCH", `virtualization/virtual-machines/${id}/`, body);
}

async function remove(world: World, name: string): Promise<void> {
  const { id } = await world.consoles.vm(name);
  await world.consoles.netbox("DELETE", `virtualization/virtual-machines/${id}/`);
}

async function changes(world: World): Promise<void> {
  await patch(world, "web01", { memory: 4096, comments: "changed" });
  await patch(world, "app01", { status: "decommissioning" });
  await patch(world, "batch01", { status: "active" });
  await patch(world, "next01", { status: "active" });
  await patch(world, "ns01", { status: "offline" });
  await remove(world, "app02");
}

export const scenarios: Scenario[] = [
  { name: "create", built: false, before: async () => {} },
  { name: "update and delete", built: true, before: changes },
];

export interface Prepared {
  world: World;
  stack: Stack;
}

export async function prepare({ built, before }: Scenario): Promise<Prepared> {
  const seed = demoSeed();
  seed.netbox.tags.push(scope);
  for (const guest of seed.netbox.guests) guest.tags.push(scope);
  const world = await World.open(seed, { clone: 20, start: 10 }, "lab");
  const { bind9, ...config } = world.config() as { bind9: Record<string, object>; netbox: object; proxmox: object };
  const patient = (all: object) =>
    Object.fromEntries(Object.entries(all).map(([name, settings]) => [name, { ...settings, requestTimeout: 8 }]));
  const stack = await world.stack({
    site: { protect: false, maxRemovals: 10, scope: { tags: [scope] } },
    netbox: { ...config.netbox, requestTimeout: 8 },
    proxmox: patient(config.proxmox),
    bind9: patient(bind9),
  });
  if (built) expect((await stack.up()).errors).toEqual([]);
  await before(world);
  return { world, stack };
}

/** Lets NetBox say so of a guest. @returns the way back, where there is one */
export async function befall(world: World, guest: string, fate: Fate): Promise<(() => Promise<void>) | undefined> {
  if (fate === "as it was") return undefined;
  if (fate === "deleted") await remove(world, guest);
  else if (fate === "decommissioned") await patch(world, guest, { status: "decommissioning" });
  else {
    const { tags } = await world.consoles.vm(guest);
    const slugs = tags.map(({ slug }) => ({ slug }));
    await patch(world, guest, { tags: slugs.filter(({ slug }) => slug !== scope) });
    return () => patch(world, guest, { tags: slugs });
  }
  return undefined;
}
