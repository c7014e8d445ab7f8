import { defineConfig } from "vitest/config";

const real = process.env.REAL_SERVICES !== undefined;
const slow = process.env.SLOW_TESTS !== undefined;

// What runs on the real services just as it does on the lab: where both follow each other, once is enough.
const repeated = process.env.REAL_FOLLOWS !== undefined;
const onReal =
  "test/slow/{access,guards,injection,intent,killed,netboxdns,random,rotated,scopes,secrets,templates,together,wholelife}.test.ts";

// `npm test` is the fast loop; what takes long has a name of its own (`npm run test:slow`). On the real services the suites
// run that need systems at all, slow ones too; there is one NetBox, so one after another.
const suites = real
  ? ["test/{lifecycle,slow,contract,ops,real}/**/*.test.ts", "test/providers/**/*.handler.test.ts"]
  : [slow ? "test/slow/**/*.test.ts" : "test/**/*.test.ts"];

export default defineConfig({
  test: {
    include: suites,
    // Generated guests ask no NetBox anything; broken runs, odd answers, missing rights, nodes, hands on guests and what
    // opens a lab of its own are the lab's: once is enough.
    exclude: real
      ? [
          "test/slow/{guests,faults,fuzz,privileges,otherprivileges,templatesteps}.test.ts",
          "test/slow/{bench,doctor,guestcommands,snapshots,terminal}.test.ts",
          "test/ops/{environment,gatherer,serve}.test.ts",
          "test/providers/{access,snapshot}.handler.test.ts",
        ]
      : slow
        ? repeated
          ? [onReal]
          : []
        : ["test/real/**", "test/slow/**"],
    fileParallelism: !real,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", ["json", { outputFile: process.env.TEST_REPORT ?? ".lab/test-report.json" }]],
  },
});
