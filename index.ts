import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { staleBuild } from "./providers/build";
import { readConnections } from "./providers/connections";
import { Context } from "./providers/context";
import { messageOf, UserError } from "./providers/errors";
import { printProblems, type SettingProblem } from "./providers/settings";
import { access } from "./stacks/access";
import { discovery } from "./stacks/discovery";
import { intent } from "./stacks/intent";
import { inventory } from "./stacks/inventory";
import { platform } from "./stacks/platform";
import { knownKeys, readSettings } from "./stacks/settings";
import { site } from "./stacks/site";
import { templates } from "./stacks/templates";

// The SDK takes a stack trace for every promise, and one that it sends on to the state for every resource, for which it lifts
// the limit itself: together more than half of a large program's time. V8 takes none where the limit is no plain number.
Object.defineProperty(Error, "stackTraceLimit", { get: () => 0, set: () => {} });

// The SDK writes every answer of the engine into its debug log as it is, with the secrets of tokens in the clear, where somebody
// asks for it (`--debug`, an event log); and each of these lines is a call to the engine, asked for or not.
Reflect.set(pulumi.log, "debug", async () => {});

const programs = { site, discovery, intent, access, templates, platform, inventory };
type ProgramName = keyof typeof programs;
const isProgram = (name: string): name is ProgramName => name in programs;

function checkedKeys(): void {
  const prefix = `${pulumi.getProject()}:`;
  const unknown = Object.keys(pulumi.runtime.allConfig()).filter(
    (key) => key.startsWith(prefix) && !knownKeys.includes(key.slice(prefix.length)),
  );
  if (unknown.length > 0)
    throw new UserError(
      printProblems(
        unknown.map((key) => ({
          key,
          problem: `is not a setting (there are ${knownKeys.join(", ")})`,
          remedy: `pulumi config rm ${key}`,
        })),
      ),
    );
}

/** A token that was set without --secret would stand in state, and in the stack's file, for everyone to read. */
function plainSecrets(): SettingProblem[] {
  const prefix = `${pulumi.getProject()}:`;
  // The engine's own word on which keys hold secrets; the SDK keeps its look-up to itself.
  const secret = z.array(z.string()).parse(JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]"));
  const held: Record<string, { pattern: RegExp; path: string }> = {
    netbox: { pattern: /"token":/, path: "netbox.token" },
    proxmox: { pattern: /"(token|password|keys)":/, path: 'proxmox["CLUSTER"].token' },
    neo4j: { pattern: /"password":/, path: "neo4j.password" },
    passwords: { pattern: /":/, path: 'passwords["NAME"]' },
  };
  return Object.entries(held).flatMap(([key, { pattern, path }]): SettingProblem[] => {
    const text = pulumi.runtime.getConfig(prefix + key) ?? "";
    if (!pattern.test(text) || secret.includes(prefix + key)) return [];
    const what = key === "passwords" || key === "neo4j" ? "password" : "token";
    return [
      {
        key: prefix + path,
        problem: "is in the clear",
        remedy: `pulumi config set --path '${prefix}${path}' --secret   (and make a new ${what}: this one may have been read)`,
      },
    ];
  });
}

async function run(): Promise<Record<string, unknown>> {
  const stale = staleBuild();
  if (stale !== undefined) throw new UserError(stale);
  checkedKeys();
  const config = new pulumi.Config();
  const name = config.get("program") ?? "site";
  if (!isProgram(name))
    throw new UserError(
      `netbox-proxmox:program is "${name}"; there is ${Object.keys(programs).join(", ")}. Run \`pulumi config set program site\`.`,
    );
  const source = { get: (key: string) => config.get(key) };
  const needed = {
    needsProxmox: name !== "intent" && name !== "access",
    readsNeo4j: name === "inventory",
    needsNetbox: name === "site" || name === "discovery" || name === "intent",
  };
  const connections = readConnections(source, process.env, needed);
  const { proxmox = {}, passwords = {} } = "value" in connections ? connections.value : {};
  const settings = readSettings(source, Object.keys(proxmox), passwords);
  const problems = [
    ...plainSecrets(),
    ...("problems" in connections ? connections.problems : []),
    ...("problems" in settings ? settings.problems : []),
  ];
  if (problems.length > 0 || "problems" in connections || "problems" in settings)
    throw new UserError(printProblems(problems));
  return { ...(await programs[name](new Context(connections.value), settings.value)) };
}

export = async (): Promise<Record<string, unknown>> => {
  try {
    return await run();
  } catch (error) {
    // RunError's text is shown without a stack.
    throw new pulumi.RunError(messageOf(error));
  }
};
