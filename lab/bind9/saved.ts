import { z } from "zod";
import type { ServedZones } from "./zones";

/** The zones of a name server: each name's RRsets by type. */
export const savedZones = z.array(
  z.object({
    name: z.string(),
    updatable: z.array(z.string()),
    serial: z.int(),
    names: z.record(z.string(), z.record(z.string(), z.object({ ttl: z.number(), values: z.array(z.string()) }))),
  }),
);
export type SavedZones = z.infer<typeof savedZones>;

export const saveZones = (zones: ServedZones): SavedZones =>
  zones.all().map(({ config, serial, names }) => ({
    ...config,
    serial,
    names: Object.fromEntries([...names].map(([name, types]) => [name, Object.fromEntries(types)])),
  }));

export function restoreZones(zones: ServedZones, saved: SavedZones): void {
  zones.clear();
  for (const { serial, names, ...config } of saved) {
    const zone = zones.add(config);
    zone.serial = serial;
    zone.names.clear();
    for (const [name, types] of Object.entries(names)) zone.names.set(name, new Map(Object.entries(types)));
  }
}
