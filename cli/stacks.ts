import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml"; // Pulumi's own files are YAML
import { z } from "zod";
import { UserError } from "../providers/errors";
import type { NetboxClient } from "../providers/netbox/client";
import * as wire from "../providers/netbox/schemas";
import { project } from "../providers/settings";
import { isRecord } from "../providers/values";
import { isOnlyDiscovered } from "../stacks/netbox/discovered";
import type { Settings } from "../stacks/settings";
import { isInScope, type Scoped } from "../stacks/site/desired/scope";
import { type Dimension, dimensions, type SplitPart, splitGuests, stackNames } from "../stacks/site/desired/split";
import type { Scope } from "../stacks/site/settings";

// `ops stacks plan`: how a NetBox's guests can be divided among stacks, and the stacks' files.

export interface PlannedStack extends SplitPart {
  name: string;
  file: string;
}

const scoped = z
  .object({
    id: z.number(),
    name: z.string(),
    cluster: z.object({ name: z.string() }).nullable(),
    site: z.object({ slug: z.string() }).nullish(),
    tenant: z.object({ slug: z.string() }).nullish(),
    tags: z.array(z.object({ slug: z.string() })),
  })
  .transform(
    ({ id, name, cluster, site, tenant, tags }): Scoped => ({
      id,
      name,
      clusterName: cluster?.name,
      site: site?.slug,
      tenant: tenant?.slug,
      tags: tags.map(({ slug }) => slug),
    }),
  );

export const isDimension = (text: string): text is Dimension => dimensions.some((each) => each === text);

/** The guests of the stack's clusters and scope, divided. @throws UserError where there are none */
export async function planStacks(
  netbox: NetboxClient,
  clusterNames: string[],
  { site }: Settings,
  base: string,
  options: { most: number; by?: Dimension; tagPrefix?: string },
): Promise<{ stacks: PlannedStack[]; notes: string[] }> {
  const clusters = await netbox.list("virtualization/clusters", wire.cluster, "id,name");
  const ids = clusters.filter(({ name }) => clusterNames.includes(name)).map(({ id }) => id);
  const all =
    ids.length === 0
      ? []
      : await netbox.list("virtualization/virtual-machines", scoped, "id,name,cluster,site,tenant,tags", {
          cluster_id: ids,
        });
  const guests = all.filter(
    (guest) =>
      clusterNames.includes(guest.clusterName ?? "") && isInScope(guest, site.scope) && !isOnlyDiscovered(guest, site),
  );
  if (guests.length === 0)
    throw new UserError(
      `NetBox at ${netbox.url} shows no guest of ${clusterNames.join(", ")}: check netbox-proxmox:proxmox and the token's rights.`,
    );
  const { parts, notes } = splitGuests(guests, options.most, options);
  const names = stackNames(base, parts);
  const stacks = parts.map((part, n) => {
    const name = names[n] ?? base;
    return { ...part, scope: { ...site.scope, ...part.scope }, name, file: `Pulumi.${name}.yaml` };
  });
  return { stacks, notes };
}

/** A stack's file: the base's configuration with another scope, and without its secrets, which are encrypted for the base. */
export function stackFileOf(base: string, scope: Scope): string {
  const content: unknown = parse(base);
  const config = isRecord(content) && isRecord(content.config) ? content.config : {};
  const kept = withoutSecrets(config);
  const siteKey = `${project}:site`;
  const site = isRecord(kept) && isRecord(kept[siteKey]) ? kept[siteKey] : {};
  return stringify({ config: { ...(isRecord(kept) ? kept : {}), [siteKey]: { ...site, scope } } });
}

function withoutSecrets(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => !(isRecord(each) && "secure" in each))
      .map(([key, each]) => [key, withoutSecrets(each)]),
  );
}

/** Writes the files, or none where one is there already. */
export function writeStackFiles(folder: string, baseFile: string, stacks: PlannedStack[]): void {
  const there = stacks.filter(({ file }) => existsSync(join(folder, file)));
  if (there.length > 0)
    throw new UserError(
      `${there.map(({ file }) => file).join(", ")} ${there.length === 1 ? "is" : "are"} there already: remove ${there.length === 1 ? "it" : "them"}, or name another --prefix. Nothing was written.`,
    );
  const base = readFileSync(baseFile, "utf8");
  for (const { file, scope } of stacks) writeFileSync(join(folder, file), stackFileOf(base, scope));
}
