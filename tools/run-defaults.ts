/** Arguments and environment of each command, beside the user's own. */
export const defaults: Record<string, { args: string[]; env: Record<string, string> }> = {
  preview: { args: [], env: {} },
  // Creates find what an interrupted run made, so nothing is lost without checkpoints, which cost quadratic time.
  up: { args: ["--continue-on-error"], env: { PULUMI_SKIP_CHECKPOINTS: "true" } },
  // The program is run so that the providers get today's configuration, not the copy of the last `up`.
  refresh: { args: ["--run-program"], env: {} },
  destroy: { args: ["--run-program", "--continue-on-error"], env: { PULUMI_SKIP_CHECKPOINTS: "true" } },
};
