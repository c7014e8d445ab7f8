import { branchOf, branchVariable } from "../providers/branch";
import { UserError } from "../providers/errors";

// `--branch NAME` of the commands that plan, and what refuses it.

/** Commands that only look. */
const planning = new Set(["plan", "preview"]);

/** A command's words without `--branch`, and what its processes get for it. */
export interface BranchedCommand {
  args: string[];
  env: Record<string, string>;
  /** The branch of NetBox that is planned; main, where it is left out. */
  branch?: string;
}

/**
 * Takes `--branch NAME` out of a command's words: the environment carries it to the program and to its providers.
 * @param env NETBOX_PROXMOX_BRANCH there says the same
 * @throws UserError for a command that would apply the branch, and for an option without a name
 */
export function withBranch(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): BranchedCommand {
  const rest: string[] = [];
  let given: string | undefined;
  for (let n = 0; n < args.length; n++) {
    const arg = args[n] ?? "";
    if (arg !== "--branch" && !arg.startsWith("--branch=")) {
      rest.push(arg);
      continue;
    }
    const name = (arg === "--branch" ? args[++n] : arg.slice("--branch=".length))?.trim();
    if (name === undefined || name === "" || name.startsWith("-"))
      throw new UserError("--branch needs the name of a branch in NetBox: write --branch NAME.");
    given = name;
  }
  const branch = given ?? branchOf(env);
  if (branch === undefined) return { args: rest, env: {} };
  if (!planning.has(command))
    throw new UserError(
      `${command} refuses the branch ${branch} of NetBox, which is planned and never applied: merge it in NetBox, then run ${command} without ${given === undefined ? branchVariable : "--branch"}.`,
    );
  return { args: rest, env: { [branchVariable]: branch }, branch };
}
