import { UserError } from "../providers/errors";
import type { DefinedProgram } from "./program";
import { unknownProgram } from "./settings";

/** Only the stack's own program is loaded. */
const programs: Record<string, () => Promise<DefinedProgram>> = {
  site: async () => (await import("./site/index.js")).site,
  discovery: async () => (await import("./discovery/index.js")).discovery,
  intent: async () => (await import("./intent/index.js")).intent,
  access: async () => (await import("./access/index.js")).access,
  templates: async () => (await import("./templates/index.js")).templates,
  platform: async () => (await import("./platform/index.js")).platform,
  inventory: async () => (await import("./inventory/index.js")).inventory,
};

/** What a stack does, by its setting `program`. @throws UserError where there is none of that name */
export async function loadProgram(name: string): Promise<DefinedProgram> {
  const load = Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (load === undefined) throw new UserError(unknownProgram(name, Object.keys(programs)));
  return load();
}
