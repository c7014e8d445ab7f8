/**
 * Steps that the engine takes at once: what waits, waits in the pools of the systems that it waits for, where more is gathered
 * into one request the more there is.
 */
const parallel = { PULUMI_PARALLEL: "256" };
/** Every create and delete can be repeated, and finds what an interrupted run made. Not so a secret, which is made or shown once. */
const noCheckpoints = { PULUMI_SKIP_CHECKPOINTS: "true" };

/** Arguments and environment of each command, beside the user's own. */
export const defaults: Record<string, { args: string[]; env: Record<string, string> }> = {
  preview: { args: [], env: parallel },
  up: { args: ["--continue-on-error"], env: { ...parallel, ...noCheckpoints } },
  // The program is run so that the providers get today's configuration, not the copy of the last `up`.
  // The engine tells a program of neither: that it only looks, and that it is about to take everything away.
  refresh: { args: ["--run-program"], env: { ...parallel, ...noCheckpoints, NETBOX_PROXMOX_COMMAND: "refresh" } },
  destroy: {
    args: ["--run-program", "--continue-on-error"],
    env: { ...parallel, ...noCheckpoints, NETBOX_PROXMOX_COMMAND: "destroy" },
  },
};

const asked = /^(-r|--refresh)(=|$)/;

/**
 * The arguments with a refresh before the plan, as people expect of one: what was changed by hand is in it. `--no-refresh`
 * leaves it out. The program is run for it, so that the providers get today's configuration.
 */
export function withRefresh(
  command: string,
  args: string[],
): { args: string[]; leftOut: boolean; env: Record<string, string> } {
  const rest = args.filter((arg) => arg !== "--no-refresh");
  const leftOut = rest.length < args.length;
  const plans = command === "preview" || command === "up";
  const given = rest.find((arg) => asked.test(arg));
  const refreshes = plans && !leftOut && !/=(f|false|0)$/i.test(given ?? "");
  // The program counts what it finds as the engine will find it: it is told, as the engine doesn't.
  const env: Record<string, string> = refreshes ? { NETBOX_PROXMOX_REFRESH: "true" } : {};
  if (!plans || leftOut || given !== undefined) return { args: rest, leftOut, env };
  return { args: ["--refresh", "--run-program", ...rest], leftOut, env };
}

/** Does a program make secrets? Its state is then written after every step, and its logs are guarded. */
export const makesSecrets = (program: unknown): boolean => program === "access" || program === "platform";

/** The environment of a command for a program. */
export const environmentFor = (command: string, program: unknown): Record<string, string> => {
  const env = { ...defaults[command]?.env };
  if (makesSecrets(program)) delete env.PULUMI_SKIP_CHECKPOINTS;
  return env;
};

/**
 * What mends a state after a run that went on past an error: deletes are done though a dependent's own step was skipped, which
 * then still names what is gone, and the engine refuses such a state (docs/decisions/011). Changes nothing where all is well.
 */
export const repair = (stack: string): string[] => ["state", "repair", "--yes", "--non-interactive", "--stack", stack];

/** Does a command go on past an error? */
export const goesOn = (command: string): boolean => defaults[command]?.args.includes("--continue-on-error") ?? false;
