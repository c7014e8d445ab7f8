import { defineConfig } from "vitest/config";

const real = process.env.REAL_SERVICES !== undefined;

export default defineConfig({
  test: {
    // On the real services the same suites run that need systems at all; there is one NetBox, so one after another.
    include: real
      ? ["test/{lifecycle,contract,real}/**/*.test.ts", "test/providers/**/*.handler.test.ts"]
      : ["test/**/*.test.ts"],
    exclude: real ? [] : ["test/real/**"],
    fileParallelism: !real,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", ["json", { outputFile: process.env.TEST_REPORT ?? ".lab/test-report.json" }]],
  },
});
