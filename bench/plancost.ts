import { join } from "node:path";
import { z } from "zod";
import { projectRoot } from "../tools/root";
import { metered } from "./meter";
import { excerpt, started, type TestSystems } from "./phases";
import { markdownTable } from "./report";

/** What a plan of guests that are still to be made costs. */
export interface PlanCost {
  what: "plan without the engine" | "preview";
  netbox: "tidy" | "untidy";
  guests: number;
  /** Seconds. */
  cpu: number;
  /** Of NetBox. */
  requests: number;
}

/** How often the plan without the engine is measured: the least of them counts, as others disturb it the least. */
const repeats = 3;
const most = 1.1;

const printed = z.object({ guests: z.number(), cpu: z.number() });

/** @throws with what it printed, where one fails */
export async function* planCosts(
  { lab, stack, config, env }: TestSystems,
  guests: number,
  netbox: PlanCost["netbox"],
): AsyncGenerator<PlanCost> {
  const requests = async () => (await lab.calls()).calls.filter(({ system }) => system === "netbox").length;
  const root = projectRoot();
  const script = [join(root, "dist", "bench", "planonly.js"), JSON.stringify(config)];
  const costs: number[] = [];
  for (let n = 0; n < repeats; n++) {
    await lab.forgetCalls();
    const { code, output } = await started(process.execPath, script, { cwd: root, env: { ...process.env, ...env } })
      .done;
    if (code !== 0) throw new Error(`the plan failed:\n${excerpt(output)}`);
    const plan = printed.parse(JSON.parse(output));
    if (plan.guests !== guests) throw new Error(`the plan has ${plan.guests} guests, not ${guests}`);
    costs.push(plan.cpu);
  }
  yield { what: "plan without the engine", netbox, guests, cpu: Math.min(...costs), requests: await requests() };
  await lab.forgetCalls();
  const { pid, done } = stack.start("preview", ["--suppress-outputs"]);
  const { result, cost } = await metered(pid, done);
  if (result.code !== 0) throw new Error(`preview failed:\n${excerpt(result.output)}`);
  yield { what: "preview", netbox, guests, cpu: cost.cpu, requests: await requests() };
}

/** Both sorts of NetBox side by side, and whether the goal of the preview is reached. */
export function reportOfPlans(costs: PlanCost[]): string {
  const rows = (["preview", "plan without the engine"] as const).flatMap((what) => {
    const [tidy, untidy] = (["tidy", "untidy"] as const).map((netbox) =>
      costs.find((each) => each.what === what && each.netbox === netbox),
    );
    if (tidy === undefined || untidy === undefined) return [];
    const ratio = untidy.cpu / tidy.cpu;
    const goal = what === "preview" ? [`≤ ${most.toFixed(2)}`, ratio <= most ? "holds" : "missed"] : ["", ""];
    return [
      [
        what,
        String(tidy.guests),
        tidy.cpu.toFixed(2),
        untidy.cpu.toFixed(2),
        ratio.toFixed(2),
        ...goal,
        `${tidy.requests} / ${untidy.requests}`,
      ],
    ];
  });
  const head = ["CPU s of", "guests", "tidy", "untidy", "ratio", "goal", "", "requests of NetBox"];
  return `${markdownTable(head, rows)}\n`;
}
