import { z } from "zod";
import { weekDays } from "./window";

// Ready-made policies, taken by `use: NAME`; what they can be given stands in `with`.

/** What a ready-made policy is, in the words of one that is written out. */
export interface ReadyPolicy {
  for: "guest" | "change" | "group";
  by?: string;
  where?: string;
  what: string;
  message: string;
}

interface Ready {
  about: string;
  /** Names of what `with` can hold. */
  given: string[];
  make(given: unknown): { value: ReadyPolicy } | { error: z.ZodError };
}

function ready<T extends z.ZodObject>(about: string, given: T, make: (given: z.infer<T>) => ReadyPolicy): Ready {
  return {
    about,
    given: Object.keys(given.shape),
    make: (value) => {
      const parsed = given.safeParse(value);
      return parsed.success ? { value: make(parsed.data) } : { error: parsed.error };
    },
  };
}

/** A value as CEL writes it, which is as JSON does. */
const cel = (value: unknown): string => JSON.stringify(value);

const clock = z.string().regex(/^([01]\d|2[0-4]):[0-5]\d$/, "write a time like 22:00");

export const readyPolicies: Record<string, Ready> = {
  owner: ready(
    "each guest has a tenant, a contact or, where a custom field is named, a value in that",
    z.object({ field: z.string().min(1).optional() }),
    ({ field }) => ({
      for: "guest",
      what: `guest.tenant != "" || guest.contacts.size() > 0${field === undefined ? "" : ` || guest.customFields[${cel(field)}] != ""`}`,
      message: `it has no tenant and no contact${field === undefined ? "" : `, and nothing in ${field}`}`,
    }),
  ),
  backup: ready(
    "an enabled backup job of Proxmox VE takes each guest, and not all of its disks are left out of backups",
    z.object({}),
    () => ({
      for: "guest",
      what: "guest.backupJobs.size() > 0 && (guest.disks.size() == 0 || guest.disks.exists(d, d.isBackedUp))",
      message:
        '{guest.backupJobs.size() > 0 ? "all of its disks are left out of backups (option backup)" : "no enabled backup job takes it"}',
    }),
  ),
  "anti-affinity": ready(
    "guests that share a tag whose slug begins so are on different nodes",
    z.object({ prefix: z.string().min(1).default("anti-affinity"), most: z.number().int().min(1).default(1) }),
    ({ prefix, most }) => {
      const crowded = `group.guests.filter(g, g.node != "" && group.guests.filter(o, o.node == g.node && o.cluster == g.cluster).size() > ${most})`;
      return {
        for: "group",
        by: `guest.tags.filter(t, t.startsWith(${cel(prefix)}))`,
        what: `${crowded}.size() == 0`,
        message: `{${crowded}.map(g, g.name + " on " + g.node)} are to be kept apart`,
      };
    },
  ),
  "public-address": ready(
    "a guest with an address that the internet reaches has a Service in NetBox for it",
    z.object({}),
    () => {
      const bare = `guest.addresses.filter(a, a.isPublic && !guest.services.exists(s, s.addresses.size() == 0 || a.host in s.addresses))`;
      return {
        for: "guest",
        where: "guest.addresses.exists(a, a.isPublic)",
        what: `${bare}.size() == 0`,
        message: `{${bare}.map(a, a.address == "" ? "the public address of " + a.interface : a.address)} is public, and no Service in NetBox says what for`,
      };
    },
  ),
  "tenant-limit": ready(
    "the guests of each tenant, or of one, have no more memory (MiB) and disk (GiB) together",
    z
      .object({
        tenant: z.string().min(1).optional(),
        memory: z.number().int().positive().optional(),
        disk: z.number().int().positive().optional(),
      })
      .refine(
        ({ memory, disk }) => memory !== undefined || disk !== undefined,
        "needs memory (MiB), disk (GiB) or both",
      ),
    ({ tenant, memory, disk }) => ({
      for: "group",
      by: "guest.tenant",
      ...(tenant === undefined ? {} : { where: `group.name == ${cel(tenant)}` }),
      what: [
        ...(memory === undefined ? [] : [`group.memory <= ${memory}`]),
        ...(disk === undefined ? [] : [`group.disk <= ${disk}`]),
      ].join(" && "),
      message: `it has {group.memory} MiB of memory and {group.disk} GiB of disks, and may have ${[
        ...(memory === undefined ? [] : [`${memory} MiB`]),
        ...(disk === undefined ? [] : [`${disk} GiB`]),
      ].join(" and ")}`,
    }),
  ),
  window: ready(
    "changes are made at these times only",
    z.object({
      days: z
        .array(z.enum(weekDays, `write days as ${weekDays.join(", ")}`))
        .min(1)
        .default([...weekDays]),
      from: clock,
      to: clock,
      zone: z.string().refine(isTimeZone, "write a time zone, like Europe/Berlin").default("UTC"),
    }),
    ({ days, from, to, zone }) => ({
      for: "change",
      what: `within(now, ${cel(days)}, ${cel(from)}, ${cel(to)}, ${cel(zone)})`,
      message: `changes are made ${days.length === weekDays.length ? "daily" : days.join(", ")} from ${from} to ${to} (${zone})`,
    }),
  ),
};

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
