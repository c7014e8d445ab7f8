import { UserError } from "../providers/errors";
import { choiceText, chosenVariable, type GuestChoice } from "../stacks/plan/choice";
import type { PlanReport } from "../stacks/plan/report";

// Which guests `preview` and `up` are about, and how Pulumi is told.

const lists = ["only", "tag", "cluster", "node"] as const;

const kinds = ["vm", "ct"] as const;

const isOption = (arg: string): boolean => /^--(only|tag|cluster|node|type)(=|$)/.test(arg);

/** Takes the choice of guests out of arguments, of which all others are Pulumi's. @throws UserError where a value is missing */
export function choiceIn(args: readonly string[]): { choice: GuestChoice | undefined; rest: string[] } {
  const found: Record<string, string[]> = { only: [], tag: [], cluster: [], node: [], type: [] };
  const rest: string[] = [];
  let open: string[] | undefined;
  for (const arg of args) {
    const [, name = "", value] = isOption(arg) ? (/^--([a-z]+)(?:=(.*))?$/s.exec(arg) ?? []) : [];
    const own = found[name];
    if (own !== undefined) {
      open = value === undefined ? own : undefined;
      if (value !== undefined) own.push(value);
    } else if (open !== undefined && !arg.startsWith("-")) open.push(arg);
    else {
      open = undefined;
      rest.push(arg);
    }
  }
  const empty = Object.keys(found).find((name) => args.includes(`--${name}`) && found[name]?.length === 0);
  if (empty !== undefined) throw new UserError(`--${empty} needs a value: write \`--${empty} NAME\`.`);
  const { type = [], only = [], tag = [], cluster = [], node = [] } = found;
  const kind = kinds.find((each) => each === type[0]);
  if (type.length > (kind === undefined ? 0 : 1)) throw new UserError(`--type is vm or ct, and not ${type.join(" ")}.`);
  const choice = { only, tag, cluster, node, type: kind };
  return { choice: kind !== undefined || lists.some((name) => choice[name].length > 0) ? choice : undefined, rest };
}

/** Bytes of arguments: Linux takes two million, the environment among them. */
const most = 1_000_000;

/** What Pulumi is told of a plan that is about some guests. @throws UserError where it can't be told */
export function targetsOf({ chosen }: PlanReport): { args: string[]; env: Record<string, string> } {
  if (chosen === undefined) return { args: [], env: {} };
  const { by, urns } = chosen;
  const wide = urns.find((urn) => urn.includes("*"));
  if (wide !== undefined)
    throw new UserError(
      `${by} can't be carried out: ${wide.split("::").pop()} is one of its names, and Pulumi takes the * in it for any text. Leave ${by} out.`,
    );
  const args = urns.flatMap((urn) => ["--target", urn]);
  if (args.reduce((sum, arg) => sum + Buffer.byteLength(arg) + 1, 0) > most)
    throw new UserError(
      `${by} is ${urns.length} resources, more than a command line takes: choose fewer guests, or leave it out.`,
    );
  return { args, env: { [chosenVariable]: "true" } };
}

/** What is said of a choice for a command that is about the whole stack. */
export const wholeText = (command: string, choice: GuestChoice): string =>
  `${choiceText(choice)} is for plan, preview and up: ${command} is about the whole stack.`;
