import type { PlanReport } from "../report";
import type { Clock } from "./because";
import { isGuestChange } from "./effectwords";
import { planGroupsOf, shownWords } from "./groups";
import type { PlanPageChoice, PlanPageData, PlanPageRow } from "./pagetypes";
import { capacityShare, capacityText, headOf, restOf, sectionsOf } from "./sections";
import { countedActions, countedEffects, summaryLine } from "./summary";
import type { ChangeWords } from "./words";

function rowOf({ change, sign, title, parts, more, effects, reasons }: ChangeWords): PlanPageRow {
  const { action, system, url } = change;
  const page = url === undefined ? {} : { url };
  return { sign, action, system, title, ...page, parts, more, effects, reasons, isGuest: isGuestChange(change) };
}

/** @param timeZone `Europe/Berlin`; the machine's own where it is left out */
export function planPageData(report: PlanReport, timeZone?: string): PlanPageData {
  const clock: Clock = { madeAt: report.madeAt, ...(timeZone === undefined ? {} : { timeZone }) };
  const found = planGroupsOf(report, clock);
  const changes = shownWords(found).map(({ change }) => change);
  const choice = (value: string, text: string): PlanPageChoice => ({ value, text });
  const waits = changes.filter(({ waits: names = [] }) => names.length > 0).length;
  return {
    ...headOf(report, timeZone),
    summary: summaryLine(changes),
    rest: restOf(report, found.leftOut),
    actions: countedActions(changes).map(({ action, text }) => choice(action, text)),
    effects: [
      ...countedEffects(changes).map(({ effect, text }) => choice(effect, text)),
      ...(waits === 0 ? [] : [choice("waits", `${waits} ${waits === 1 ? "needs" : "need"} a restart`)]),
    ],
    systems: [...new Set(changes.map(({ system }) => system))].sort(),
    sections: sectionsOf(report).filter(({ id }) => id !== "capacity"),
    bars: report.capacity.map((row) => ({
      text: capacityText(row),
      before: capacityShare({ ...row, after: row.before }),
      after: capacityShare(row),
      isWarned: row.warning !== undefined,
    })),
    groups: found.groups.map(({ guest, lead, lines }) => ({
      ...(guest === undefined ? {} : { name: guest.name, ...(guest.url === undefined ? {} : { url: guest.url }) }),
      ...(lead === undefined ? {} : { lead: rowOf(lead) }),
      rows: lines.map(rowOf),
    })),
  };
}
