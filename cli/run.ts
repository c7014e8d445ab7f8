import { choiceIn } from "./chosen";
import { operatePlainly } from "./chosenrun";
import { isReported } from "./reportedargs";

// `npm run up|preview|refresh|destroy`: the real CLI with this project's good defaults. Everything after `--` is pulumi's, but for
// what the report of a plan takes (`--full`, `--raw`), and a choice of guests (`--only`, `--tag`, …).

const [command = "", ...args] = process.argv.slice(2);

async function run(): Promise<number> {
  // What plans is loaded where it is used alone.
  if (isReported(command, choiceIn(args).rest)) return (await import("./reported.js")).reported(command, args);
  return operatePlainly(command, args);
}

run().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
