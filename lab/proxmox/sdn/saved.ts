import { z } from "zod";
import type { Value, Values } from "../schema/parameters";
import { type AppliedKind, Sdn } from "./sdn";

const values = z.record(z.string(), z.union([z.string(), z.number()]));
const objects = z.array(values);
const applied = { zones: objects, vnets: objects, subnets: objects };

/** The SDN as a saved lab has it: each object with its id. Older ones name only the vnets that are in force. */
export const savedSdn = z.object({
  ...applied,
  controllers: objects.default([]),
  ipams: objects.default([]),
  dns: objects.default([]),
  applied: z.array(z.string()).optional(),
  running: z.object({ ...applied, controllers: objects }).optional(),
  lockToken: z.string().optional(),
});
type SavedSdn = z.output<typeof savedSdn>;

const ids = {
  zones: "zone",
  vnets: "vnet",
  subnets: "subnet",
  controllers: "controller",
  ipams: "ipam",
  dns: "dns",
} as const;

const save = (kind: keyof typeof ids, found: Map<string, Values>): Values[] =>
  [...found].map(([id, object]) => ({ ...object, [ids[kind]]: id }));

const kinds = ["zones", "vnets", "subnets", "controllers"] as const;
const saveAll = (from: Record<AppliedKind, Map<string, Values>>) => ({
  zones: save("zones", from.zones),
  vnets: save("vnets", from.vnets),
  subnets: save("subnets", from.subnets),
  controllers: save("controllers", from.controllers),
});

export const saveSdn = (sdn: Sdn): SavedSdn => ({
  ...saveAll(sdn),
  ipams: save("ipams", sdn.ipams),
  dns: save("dns", sdn.dns),
  ...(sdn.running === undefined ? {} : { running: saveAll(sdn.running) }),
  ...(sdn.lockToken === undefined ? {} : { lockToken: sdn.lockToken }),
});

function restore(kind: keyof typeof ids, into: Map<string, Values>, saved: Values[]): void {
  for (const { [ids[kind]]: id, ...object } of saved) into.set(String(id), typed(kind, object));
}

/** An object with its type, and without what its id says. */
function typed(kind: keyof typeof ids, { cidr: _cidr, ...object }: Record<string, Value>): Values {
  return kind === "vnets" ? { type: "vnet", ...object } : object;
}

export function restoreSdn(sdn: Sdn, saved: SavedSdn): void {
  for (const kind of Object.keys(ids) as (keyof typeof ids)[]) restore(kind, sdn[kind], saved[kind]);
  const { running, applied: names = [] } = saved;
  if (running !== undefined) {
    const inForce = new Sdn();
    for (const kind of kinds) restore(kind, inForce[kind], running[kind]);
    inForce.commit();
    sdn.running = inForce.running;
  } else if (names.length > 0) sdn.commit();
  sdn.lockToken = saved.lockToken;
}
