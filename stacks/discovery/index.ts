import { writeFileSync } from "node:fs";
import { type Context, givenMaxRemovals } from "../../providers/context";
import { UserError } from "../../providers/errors";
import type { Self } from "../../providers/ownership/owner";
import { milliseconds } from "../duration";
import { declareObjects } from "../netbox/declare";
import { defineProgram } from "../program";
import type { Settings } from "../settings";
import { objectsIn } from "../state";
import { checkSystems } from "../systems";
import { vmidIn } from "./desired/names";
import { planDiscovery } from "./desired/plan";
import { lastRunOf, printReport, reportOf } from "./desired/report";
import { KnownMachines } from "./desired/types";
import { readCluster, readNetboxView } from "./facts";
import { chosenClusters } from "./settings";

/** Proxmox VE → NetBox: reads both, merges, then declares what NetBox is to say. */
export const discovery = defineProgram({
  needs: { netbox: true, proxmox: true, neo4j: false },
  async plan({ context, settings, stack, self, state, now, lastUpdate }) {
    const { machines: known, objects } = objectsIn(state);
    const chosen = chosenIn(context, settings);
    const { netbox, views, lacks } = await read(context, settings, self, chosen, known);
    const maxRemovals = givenMaxRemovals() ?? settings.discovery.maxRemovals;
    const plan = planDiscovery({
      stack,
      settings: { ...settings.discovery, maxRemovals },
      site: settings.site,
      chosen,
      views,
      netbox,
      known,
      knownObjects: objects,
      now,
      givenFields: context.netbox.required.given,
      lacks,
    });
    // The version before kept it in the stack's outputs.
    const last = (await lastUpdate()) ?? lastRunOf(state.outputs);
    const { interval } = settings.discovery;
    const readOnly = [...chosen].filter(([, choices]) => choices.readOnly).map(([name]) => name);
    const report = reportOf(plan.report, now, last, interval, readOnly);
    const late =
      last !== undefined && interval !== undefined && now.getTime() - last.getTime() > 2 * milliseconds(interval);
    const warnings = late
      ? [
          `Discovery ran last ${report.sinceLastRun ?? ""} ago, and is to run every ${interval}: does its schedule still?`,
        ]
      : [];
    const { reportFile } = settings.discovery;
    if (reportFile !== undefined) writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
    return {
      ...plan,
      clusters: [...chosen.keys()],
      warnings: [...plan.warnings, ...warnings],
      notes: [printReport(report)],
    };
  },
  declare: ({ declared, clusters }) => ({
    resources: [...declareObjects(declared).values()],
    outputs: { clusters },
  }),
});

type Chosen = ReturnType<typeof chosenClusters>;

/** @throws UserError for a cluster that is not configured */
function chosenIn(context: Context, settings: Settings): Chosen {
  const clusters = context.proxmox.map(({ name }) => name);
  const chosen = chosenClusters(settings.discovery, clusters);
  const strange = [...chosen.keys()].filter((name) => !clusters.includes(name));
  if (strange.length === 0) return chosen;
  throw new UserError(
    `netbox-proxmox:discovery.clusters names ${strange.join(" and ")}, and netbox-proxmox:proxmox has no such cluster (it has ${clusters.join(", ")}): correct the name, or add its connection.`,
  );
}

async function read(context: Context, settings: Settings, self: Self, chosen: Chosen, known: KnownMachines) {
  await checkSystems(context, { onlyNetbox: true });
  const lacks = {
    startOnBoot: !(await context.netbox.isSince(4, 5)),
    paused: !(await context.netbox.isSince(4, 3)),
  };
  const ids = new Set([...known.values()].map(({ type, netboxId }) => `${type}/${netboxId}`));
  const vmids = (cluster: string) =>
    [...known].flatMap(([name, { fields, customFields }]) => {
      const vmid = vmidIn(cluster, name);
      return fields.cluster === cluster && vmid !== undefined
        ? [{ vmid, pool: String(customFields[settings.site.customFields.pool] ?? "") || undefined }]
        : [];
    });
  const namesVrfs = [...chosen.values()].some(({ vrf, vrfs }) => vrf !== undefined || vrfs !== undefined);
  const [netbox, ...views] = await Promise.all([
    readNetboxView(context.netbox, [...chosen.keys()], self, ids, namesVrfs),
    ...[...chosen].map(([name, choices]) =>
      readCluster(context.cluster(name), choices, settings.discovery.agentTimeout, vmids(name)),
    ),
  ]);
  return { netbox, views, lacks };
}
