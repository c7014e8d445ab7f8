import { writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../../providers/context";
import { presentable, UserError } from "../../providers/errors";
import { milliseconds } from "../duration";
import { declareObjects } from "../netbox/declare";
import type { Settings } from "../settings";
import { readObjects } from "../state";
import { checkSystems } from "../systems";
import { planDiscovery, vmidIn } from "./desired/plan";
import { lastRunOf, printReport, type Report, reportOf } from "./desired/report";
import { readCluster, readNetboxView } from "./facts";
import { chosenClusters } from "./settings";

/** Proxmox VE → NetBox: reads both, merges, then declares what NetBox is to say. */
export async function discovery(context: Context, settings: Settings): Promise<{ report: Omit<Report, "rows"> }> {
  const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const { machines: known, objects, outputs } = await readObjects();
  const clusters = context.proxmox.map(({ name }) => name);
  const chosen = chosenClusters(settings.discovery, clusters);
  const strange = [...chosen.keys()].filter((name) => !clusters.includes(name));
  if (strange.length > 0)
    throw new UserError(
      `netbox-proxmox:discovery.clusters names ${strange.join(" and ")}, and netbox-proxmox:proxmox has no such cluster (it has ${clusters.join(", ")}): correct the name, or add its connection.`,
    );
  const read = async () => {
    await checkSystems(context, { onlyNetbox: true });
    const ids = new Set([...known.values()].map(({ type, netboxId }) => `${type}/${netboxId}`));
    const vmids = (cluster: string) =>
      [...known].flatMap(([name, { fields, customFields }]) => {
        const vmid = vmidIn(cluster, name);
        return fields.cluster === cluster && vmid !== undefined
          ? [{ vmid, pool: String(customFields[settings.site.customFields.pool] ?? "") || undefined }]
          : [];
      });
    const [netbox, ...views] = await Promise.all([
      readNetboxView(context.netbox, [...chosen.keys()], stack, ids),
      ...[...chosen].map(([name, choices]) =>
        readCluster(context.cluster(name), choices, settings.discovery.agentTimeout, vmids(name)),
      ),
    ]);
    return { netbox, views };
  };
  // An open connection would keep the program from ending.
  const { netbox, views } = await read().finally(() => context.close());
  const now = new Date();
  const plan = planDiscovery({
    ...{ stack, settings: settings.discovery, site: settings.site, chosen },
    ...{ views, netbox, known, knownObjects: objects, now },
  });
  if (plan.problems.length > 0) throw new UserError(`Nothing was changed: ${plan.problems.join("\n")}`);
  const last = lastRunOf(outputs);
  const { interval } = settings.discovery;
  const report = reportOf(
    plan.report,
    now,
    last,
    interval,
    [...chosen].filter(([, { readOnly }]) => readOnly).map(([name]) => name),
  );
  for (const warning of plan.warnings) await pulumi.log.warn(presentable(warning));
  if (last !== undefined && interval !== undefined && now.getTime() - last.getTime() > 2 * milliseconds(interval))
    await pulumi.log.warn(
      `Discovery ran last ${report.sinceLastRun ?? ""} ago, and is to run every ${interval}: does its schedule still?`,
    );
  await pulumi.log.info(presentable(printReport(report)));
  declareObjects(plan.declared);
  const { reportFile } = settings.discovery;
  if (reportFile !== undefined) writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
  const { rows: _rows, ...summary } = report;
  return { report: summary };
}
