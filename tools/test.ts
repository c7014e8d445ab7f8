import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { pulumiFolder } from "../cli/pulumi";
import { projectRoot } from "./root";

// `npm test`, `npm run test:slow`, `test:faults` and `test:real`: gets what the tests need, runs vitest, closes with the count.

const root = projectRoot();
const report = z.object({ numPassedTests: z.number(), numFailedTests: z.number(), numFailedTestSuites: z.number() });

async function main(): Promise<number> {
  const real = process.argv.includes("--real");
  const faults = process.argv.includes("--faults");
  const slow = process.argv.includes("--slow") || faults;
  const rest = process.argv.slice(2).filter((arg) => !["--real", "--slow", "--faults"].includes(arg));
  if (faults) rest.push("test/slow/faults.test.ts");
  await pulumiFolder();
  const services = join(root, "test", "real", "services.sh");
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TEST_REPORT: join(root, ".lab", real ? "test-real.json" : slow ? "test-slow.json" : "test.json"),
    ...(slow ? { SLOW_TESTS: "1" } : {}),
    ...(faults ? { ALL_FAULTS: "1" } : {}),
  };
  mkdirSync(join(root, ".lab"), { recursive: true });
  if (real) {
    const up = spawnSync(services, ["up"], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    if (up.status !== 0) throw new Error("the real services did not start");
    env.REAL_SERVICES = up.stdout.trim().split("\n").pop();
  }
  try {
    const run = spawnSync(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...rest], {
      cwd: root,
      env,
      stdio: "inherit",
    });
    const { numPassedTests, numFailedTests, numFailedTestSuites } = report.parse(
      JSON.parse(readFileSync(env.TEST_REPORT ?? "", "utf8")),
    );
    // A suite that could not even load has no failed test to count.
    const failed = Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0);
    process.stdout.write(`\n${numPassedTests} passed, ${failed} failed\n`);
    return run.status ?? 1;
  } finally {
    if (real) spawnSync(services, ["down"], { stdio: "inherit" });
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
