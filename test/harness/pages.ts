import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "../../tools/root";
import { ownInstance } from "./services";
import type { TestSystems } from "./systems";

/** A NetBox whose pages are smaller than asked for: the lab's, or the worker's real one until its next reset. */
export function limitPages(systems: TestSystems, size: number, where: "lab" | "real"): void {
  if (where === "lab") {
    systems.lab.set({ setup: "netbox-page-size", size });
    return;
  }
  const services = join(projectRoot(), "test", "real", "services.sh");
  const { status, stderr } = spawnSync(services, ["page-size", String(ownInstance()), String(size)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
}
