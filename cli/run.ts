import { operate } from "./operation";

// `npm run up|preview|refresh|destroy`: the real CLI with this project's good defaults. Everything after `--` is pulumi's.

const [command = "", ...args] = process.argv.slice(2);

operate(command, args, "inherit").then(
  ({ code }) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
