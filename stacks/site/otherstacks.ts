import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml"; // Pulumi's own files are YAML
import { z } from "zod";
import { UserError } from "../../providers/errors";
import { project } from "../../providers/settings";
import type { OtherStack } from "./desired/scope";
import { scopeSchema } from "./settings";

const stackFile = z.object({
  config: z
    .object({
      [`${project}:program`]: z.string().default("site"),
      [`${project}:netbox`]: z.looseObject({ url: z.string().optional() }).default({}),
      [`${project}:proxmox`]: z.record(z.string(), z.unknown()).default({}),
      [`${project}:site`]: z.looseObject({ scope: scopeSchema.default({}) }).prefault({}),
    })
    .prefault({}),
});

/** The other stacks of the site program whose files stand in a folder. @throws UserError for a file that can't be read */
export function readOtherStacks(folder: string, own: string): OtherStack[] {
  return readdirSync(folder).flatMap((file) => {
    const stack = /^Pulumi\.(.+)\.ya?ml$/.exec(file)?.[1];
    if (stack === undefined || stack === own) return [];
    const read = stackFile.safeParse(contentOf(join(folder, file)) ?? {});
    if (!read.success)
      throw new UserError(
        `${file} is not a stack's configuration (${read.error.issues[0]?.path.join(".")}: ${read.error.issues[0]?.message}), so that nobody can say whether its stack has guests of this one, too: correct it, or remove it.`,
      );
    const { config } = read.data;
    if (config[`${project}:program`] !== "site") return [];
    const url = config[`${project}:netbox`].url?.replace(/\/+$/, "");
    return [
      {
        stack,
        file,
        ...(url === undefined ? {} : { netboxUrl: url }),
        clusters: Object.keys(config[`${project}:proxmox`]),
        scope: config[`${project}:site`].scope,
      },
    ];
  });
}

function contentOf(path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UserError(
      `${path} is no YAML (${error instanceof Error ? error.message.split("\n")[0] : ""}): correct it.`,
    );
  }
}
