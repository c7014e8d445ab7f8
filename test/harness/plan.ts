import { z } from "zod";
import { Self } from "../../providers/ownership/owner";
import type { InState } from "../../stacks/site/desired/types";
import { type Plan, planSite } from "../../stacks/site/plan";
import { settingsWith } from "../stacks/site/desired/example";
import type { TestSystems } from "./systems";

/** A state without resources, and what to put into it. */
export const stateWith = (state: Partial<InState> = {}): InState => ({
  ...{ names: [], guests: new Map(), netboxGuests: new Set(), promoted: new Set(), snapshots: new Map() },
  ...{ addresses: new Map(), pluginRecords: new Set(), records: new Map(), resources: [], ...state },
});

export const planStack = "netbox-proxmox/test";

/** What the site program would declare with these sections of the settings; an error's message where it refuses. */
export async function planOf(
  systems: TestSystems,
  sections: Record<string, object> = {},
  state: InState = stateWith(),
): Promise<Plan> {
  const context = systems.context();
  const given = Object.entries({ ...systems.config(), dns: {}, ...sections }).filter(
    ([name]) => name in sections || ["defaults", "clusters"].includes(name),
  );
  const read = z.record(z.string(), z.record(z.string(), z.unknown())).parse(Object.fromEntries(given));
  return await planSite(context, settingsWith(read), new Self(planStack, context.netbox.url), state);
}

/** The names that a plan gives, with their values as `web.example. A 192.0.2.1`; an address to come is `?`. */
export const recordsOf = ({ named }: Pick<Plan, "named">): string[] =>
  named.records
    .flatMap(({ name, addresses, texts }) => [
      ...addresses.map((ref) => `${name} ${"address" in ref ? ref.address.replace(/\/.*/, "") : "?"}`),
      ...Object.entries(texts).flatMap(([type, values]) => values.map((value) => `${name} ${type} ${value}`)),
    ])
    .sort();
