/** Arguments and environment of each command, beside the user's own. */
export const defaults: Record<string, { args: string[]; env: Record<string, string> }> = {
  preview: { args: [], env: {} },
  // Creates find what an interrupted run made, so nothing is lost without checkpoints, which cost quadratic time.
  up: { args: ["--continue-on-error"], env: { PULUMI_SKIP_CHECKPOINTS: "true" } },
  // The program is run so that the providers get today's configuration, not the copy of the last `up`.
  refresh: { args: ["--run-program"], env: { PULUMI_SKIP_CHECKPOINTS: "true" } },
  destroy: { args: ["--run-program", "--continue-on-error"], env: { PULUMI_SKIP_CHECKPOINTS: "true" } },
};

/**
 * What mends a state after a run that went on past an error: deletes are done though a dependent's own step was skipped, which
 * then still names what is gone, and the engine refuses such a state (docs/decisions/011). Changes nothing where all is well.
 */
export const repair = (stack: string): string[] => ["state", "repair", "--yes", "--non-interactive", "--stack", stack];

/** Does a command go on past an error? */
export const goesOn = (command: string): boolean => defaults[command]?.args.includes("--continue-on-error") ?? false;
