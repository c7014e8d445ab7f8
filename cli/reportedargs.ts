/** Options that the report knows: ours, and those of Pulumi's that change nothing of it. */
const flags = ["--no-refresh", "--refresh", "-r", "--yes", "-y", "--non-interactive", "--skip-preview", "-f"];
export const reportFlags = ["--full", "--json"];
const valued = ["-s", "--stack", "--config-file", "--color"];

/** May a command be shown by the report? Other options are for the engine, which shows its own plan then; so does `--raw`. */
export function isReported(command: string, args: readonly string[]): boolean {
  if (command !== "preview" && command !== "up") return false;
  if (args.includes("--skip-preview") || args.includes("-f")) return false;
  return args.every(
    (arg, n) =>
      flags.includes(arg) ||
      reportFlags.includes(arg) ||
      valued.includes(arg) ||
      valued.includes(args[n - 1] ?? "") ||
      valued.some((name) => arg.startsWith(`${name}=`)),
  );
}
