import { existsSync, readFileSync } from "node:fs";
import { refuseApplying } from "../providers/branch";
import type { Context } from "../providers/context";
import { branchWarnings } from "../providers/netbox/branching/warnings";
import type { Self } from "../providers/ownership/owner";
import { type DeclaredResource, Later } from "./declared";
import { isDestroy, isRefresh } from "./destroying";
import type { StackState, StateResource } from "./known";
import { checkOwnership, selfOf } from "./ownership";
import type { ReasonFacts } from "./plan/because/because";
import type { CapacityRow, PolicyResult } from "./plan/report";
import type { PlannedSteps } from "./plan/reported";
import { FileRefusal, refusal } from "./refusal";
import type { Settings } from "./settings";
import type { ParsedFile } from "./yamlfile";

// What every program does: it plans, refuses, warns, and declares.

/** What a program works with. */
export interface ProgramRun {
  /** `project/stack`, as marks name it. */
  stack: string;
  /** The same, with the names that the stack and its NetBox had before. */
  self: Self;
  context: Context;
  settings: Settings;
  state: StackState;
  /** Is it only looked what a run would do? */
  isDryRun: boolean;
  /** Is the run about some guests alone? What interrupted runs left is then left there. */
  isChosen?: boolean;
  /** The time that it goes by, which names and ends with a date in them are worked out of: of an approved plan, when that was made. */
  now: Date;
  /** When the stack's last `up` that succeeded began; nothing where there was none, or nobody knows. */
  lastUpdate(): Promise<Date | undefined>;
  /** The resources of the state as a refresh finds them; left out where the engine refreshes them, or nobody does. */
  refreshed?(): Promise<readonly StateResource[]>;
}

/** What a program is about to declare, and what it has to say of that. */
export interface ProgramPlan {
  /** What stands in the way: one sentence each. With any, nothing is declared. */
  problems?: string[];
  /** The file that the problems are in. */
  file?: string;
  warnings?: string[];
  notes?: string[];
  /** What policies refuse: the plan is shown, and not carried out. */
  refused?: string[];
  policies?: PolicyResult[];
  capacity?: CapacityRow[];
  /** What the engine would do, where the program has worked it out: for its limits. */
  planned?: PlannedSteps;
  /** What reasons are found by. */
  reasons?: Pick<ReasonFacts, "own" | "sourcesOf" | "placeOf">;
}

export interface Declaration {
  /** Each stands behind those that it names. */
  resources: DeclaredResource[];
  /** The stack's outputs: values, some of which may come later. */
  outputs: object;
}

export interface Program<P extends ProgramPlan> {
  /** Connections without which it does not begin; it asks for others by name. */
  needs: { netbox: boolean; proxmox: boolean; neo4j: boolean };
  /** Are secrets among its outputs? */
  hasSecrets?: boolean;
  /** Reads the systems and works out what should exist. */
  plan(run: ProgramRun): Promise<P>;
  /** What that is as resources; does no I/O. */
  declare(plan: P, run: ProgramRun): Declaration;
}

/** What runs a program: Pulumi's engine, or a command that only plans. */
export interface ProgramHost extends Pick<ProgramRun, "isDryRun" | "now" | "isChosen" | "lastUpdate" | "refreshed"> {
  project: string;
  /** Its short name. */
  stack: string;
  state(): Promise<StackState>;
}

/** What a run is about to declare. */
export interface ProgramResult extends Declaration {
  plan: ProgramPlan;
  run: ProgramRun;
}

/** A program that a stack may run. */
export interface DefinedProgram {
  needs: Program<ProgramPlan>["needs"];
  /** @throws UserError with everything that stands in the way, before anything is declared */
  run(host: ProgramHost, context: Context, settings: Settings): Promise<ProgramResult>;
}

export const defineProgram = <P extends ProgramPlan>(program: Program<P>): DefinedProgram => ({
  needs: program.needs,
  run: async (host, context, settings) => {
    refuseApplying(context.branch, host.isDryRun);
    const ofBranch = context.hasNetbox ? await branchWarnings(context.netbox) : [];
    const state = await host.state();
    const self = selfOf(host, context, settings);
    const run = { ...host, stack: self.stack, self, context, settings, state };
    checkOwnership(self, state);
    const plan = await program.plan(run).then((read) => withoutProblems(read, ofBranch), unneeded);
    if (!("unneeded" in plan)) return { plan, run, ...program.declare(plan, run) };
    const outputs = isRefresh() ? lastOutputs(state, program) : {};
    return { plan: { warnings: [plan.unneeded] }, run, resources: [], outputs };
  },
});

/** @param ofBranch what else there is to know of a plan of a branch of NetBox */
function withoutProblems<P extends ProgramPlan>(plan: P, ofBranch: readonly string[]): P {
  if (plan.problems !== undefined && plan.problems.length > 0)
    throw refusal([...plan.problems, ...ofBranch], plan.file);
  return ofBranch.length === 0 ? plan : { ...plan, warnings: [...(plan.warnings ?? []), ...ofBranch] };
}

/** A destroy and a refresh go by the state: what is wrong with a file is said, and stops nothing. */
function unneeded(error: unknown): { unneeded: string } {
  if (!(error instanceof FileRefusal) || !(isDestroy() || isRefresh())) throw error;
  const what = isDestroy() ? "taken away" : "read";
  return {
    unneeded: `${error.message.replace(/^Nothing was changed, since /, "")}\nWhat stands in the state is ${what} all the same, by the connections of the last \`up\`.`,
  };
}

/** A refresh replaces the stack's outputs by what the program gives. Which of the last ones are secret nobody tells it. */
function lastOutputs({ outputs }: StackState, { hasSecrets = false }: Pick<Program<ProgramPlan>, "hasSecrets">) {
  const secret = (value: unknown) =>
    Later.all({ value })
      .map((all) => all.value)
      .secret();
  const last = Object.entries(Object(outputs));
  return Object.fromEntries(last.map(([name, value]) => [name, hasSecrets ? secret(value) : value]));
}

/** What a file says, with the place of each word of it. */
export type FileRead<T> = Extract<ParsedFile<T>, { value: T }>;

/**
 * A plan by the file that a program follows. Where the file has mistakes, what is left of it is planned too, so that what else
 * is wrong is told in the same round.
 * @throws UserError where the file is not there, or with everything that is wrong with it
 */
export async function planByFile<T, P extends ProgramPlan>(
  program: "intent" | "access" | "templates" | "platform",
  { [program]: { file } }: Pick<Settings, "intent" | "access" | "templates" | "platform">,
  parse: (text: string, file: string) => ParsedFile<T>,
  plan: (read: FileRead<T>) => Promise<P>,
): Promise<P & { file: string }> {
  if (!existsSync(file))
    throw new FileRefusal(
      `There is no file ${file}: write it (docs/${program}.md), or set netbox-proxmox:${program}.file.`,
    );
  const parsed = parse(readFileSync(file, "utf8"), file);
  if ("value" in parsed) return { ...(await plan(parsed)), file };
  const { problems, rest } = parsed;
  // The mistakes of the file come before whatever keeps the rest from being planned.
  const further = rest === undefined ? [] : await plan(rest).then(problemsOf, () => []);
  throw refusal([...problems, ...further.filter((each) => !rest?.follows(each))], file);
}

const problemsOf = ({ problems = [] }: ProgramPlan): string[] => problems;
