import { writeFileSync } from "node:fs";
import { runFromSitePlan } from "./siteplan";

// The site program's plan from nothing, without the engine. Run as a process of its own, so that the CPU seconds that it prints
// are the plan's: `node dist/bench/planonly.js CONFIGURATION.json`.

runFromSitePlan(({ guests }) => {
  const { user, system } = process.cpuUsage();
  writeFileSync(1, `${JSON.stringify({ guests: guests.length, cpu: (user + system) / 1e6 })}\n`);
});
