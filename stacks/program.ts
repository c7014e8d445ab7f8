import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Context } from "../providers/context";
import { presentable } from "../providers/errors";
import type { Self } from "../providers/ownership/owner";
import { isDestroy } from "./destroying";
import { knownOutputs } from "./outputs";
import { checkOwnership, selfOf } from "./ownership";
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
}

/** What a program is about to declare, and what it has to say of that. */
export interface ProgramPlan {
  /** What stands in the way: one sentence each. With any, nothing is declared. */
  problems?: string[];
  /** The file that the problems are in. */
  file?: string;
  warnings?: string[];
  notes?: string[];
}

export type ProgramOutputs = Record<string, unknown>;

export interface Program<P extends ProgramPlan> {
  /** Connections without which it does not begin; it asks for others by name. */
  needs: { netbox: boolean; proxmox: boolean; neo4j: boolean };
  /** Reads the systems and works out what should exist. Connections are closed once it ends. */
  plan(run: ProgramRun): Promise<P>;
  /** Declares resources. @returns the stack's outputs */
  declare(plan: P, run: ProgramRun): object | Promise<object>;
}

/** A program that a stack may run. */
export interface DefinedProgram {
  needs: Program<ProgramPlan>["needs"];
  /** @throws UserError with everything that stands in the way, before anything is declared */
  run(context: Context, settings: Settings): Promise<ProgramOutputs>;
}

export const defineProgram = <P extends ProgramPlan>(program: Program<P>): DefinedProgram => ({
  needs: program.needs,
  run: async (context, settings) => {
    const self = selfOf(context, settings);
    const run = { stack: self.stack, self, context, settings };
    // An open connection would keep the process from ending.
    const plan = await checkOwnership(self)
      .then(() => program.plan(run))
      .then(withoutProblems)
      .catch(unneeded)
      .finally(() => context.close());
    if (plan === undefined) return {};
    for (const warning of plan.warnings ?? []) await pulumi.log.warn(presentable(warning));
    for (const note of plan.notes ?? []) await pulumi.log.info(presentable(note));
    return knownOutputs({ ...(await program.declare(plan, run)) });
  },
});

function withoutProblems<P extends ProgramPlan>(plan: P): P {
  if (plan.problems !== undefined && plan.problems.length > 0) throw refusal(plan.problems, plan.file);
  return plan;
}

/** A destroy goes by the state: what is wrong with a file is said, and stops nothing. */
async function unneeded(error: unknown): Promise<undefined> {
  if (!(error instanceof FileRefusal) || !isDestroy()) throw error;
  await pulumi.log.warn(
    presentable(
      `${error.message.replace(/^Nothing was changed, since /, "")}\nWhat stands in the state is taken away all the same, by the connections of the last \`up\`.`,
    ),
  );
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
