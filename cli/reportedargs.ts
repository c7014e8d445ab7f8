/** Options that the report knows: ours, and those of Pulumi's that change nothing of it. */
const flags = ["--no-refresh", "--refresh", "-r", "--yes", "-y", "--non-interactive", "--skip-preview", "-f"];
export const reportFlags = ["--full", "--json"];
const valued = ["-s", "--stack", "--config-file", "--color"];
const planOptions: Record<string, string> = { preview: "--save-plan", up: "--plan" };

/** The option by which a command writes or takes a plan file, where it is given. */
export function planOptionOf(command: string, args: readonly string[]): string | undefined {
  const option = planOptions[command];
  return option !== undefined && args.some((arg) => arg === option || arg.startsWith(`${option}=`))
    ? option
    : undefined;
}

/** Is an argument one of these options, or the value of one? */
const isOf = (names: readonly string[], args: readonly string[], arg: string, n: number): boolean =>
  names.includes(arg) || names.includes(args[n - 1] ?? "") || names.some((name) => arg.startsWith(`${name}=`));

/** The arguments that choose the stack, and the colours. */
export const stackArguments = (args: readonly string[]): string[] =>
  args.filter((arg, n) => isOf(valued, args, arg, n));

/** Options that the report doesn't know. */
export function unknownOptions(command: string, args: readonly string[]): string[] {
  const option = planOptions[command];
  const all = option === undefined ? valued : [...valued, option];
  return args.filter((arg, n) => ![...flags, ...reportFlags].includes(arg) && !isOf(all, args, arg, n));
}

/**
 * May a command be shown by the report? Other options are for the engine, which shows its own plan then; so does `--raw`. A plan
 * file needs the report.
 */
export function isReported(command: string, args: readonly string[]): boolean {
  if ((command !== "preview" && command !== "up") || args.includes("--raw")) return false;
  if (planOptionOf(command, args) !== undefined) return true;
  if (args.includes("--skip-preview") || args.includes("-f")) return false;
  return unknownOptions(command, args).length === 0;
}
