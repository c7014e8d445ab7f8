import { Context } from "../providers/context";
import { messageOf } from "../providers/errors";
import { writeJournal } from "../providers/netbox/extras/journal";
import { project } from "../providers/settings";
import { isRecord } from "../providers/values";
import { journalEntries } from "../stacks/plan/journal";
import { planPage } from "../stacks/plan/planpage";
import type { PlanReport } from "../stacks/plan/report";
import type { StackRun } from "../tools/stack";
import { configurationSource, readConfiguration } from "./configuration";
import { jobUrlOf, type NamedStack } from "./notify";
import { planStack } from "./plan";
import { configurationByFile } from "./stackfile";
import { remark } from "./terminal";

// `site.journal`: what an `up` did is written into NetBox's journal. None of it fails a run.

/** Does a stack's `up` write into the journal? It is asked of the stack's file, which takes no start of Pulumi, where that tells. */
export async function writesJournal(choice: NamedStack): Promise<boolean> {
  const written = configurationByFile(choice);
  const site =
    written === undefined
      ? JSON.parse((await configurationSource(choice)).get("site") ?? "{}")
      : written[`${project}:site`];
  return isRecord(site) && site.journal === true;
}

/** The plan whose changes the journal is told, of an `up` that shows none; nothing where nobody asked for that. */
export async function planForJournal(choice: NamedStack, drift: boolean): Promise<PlanReport | undefined> {
  try {
    return (await writesJournal(choice)) ? await planStack({ ...choice, drift }) : undefined;
  } catch (error) {
    // What stands in the way of the plan stands in the way of the run, which says so.
    remark(`This run is not written into NetBox's journal: ${messageOf(error)}`);
    return undefined;
  }
}

/** Writes what an `up` of a stack with `site.journal` did. @returns how many entries were written */
export async function journalUp(choice: NamedStack, report: PlanReport, run: Pick<StackRun, "done">): Promise<number> {
  if (run.done.length === 0 || report.changes.length === 0) return 0;
  try {
    const { connections, settings } = await readConfiguration({ ...choice, needsProxmox: false });
    const url = planPage(settings.site.planUrl, choice.stack) ?? jobUrlOf(process.env);
    const done = new Set(run.done);
    const entries = journalEntries(report.changes, {
      stack: report.stack,
      time: new Date().toISOString(),
      ...(url === undefined ? {} : { url }),
      isUndone: ({ urn }) => urn === undefined || !done.has(urn),
    });
    const context = new Context(connections);
    try {
      const { written, warnings } = await writeJournal(context.netbox, entries);
      for (const warning of warnings) remark(warning);
      return written;
    } finally {
      await context.close();
    }
  } catch (error) {
    remark(`This run is not written into NetBox's journal: ${messageOf(error)}`);
    return 0;
  }
}
