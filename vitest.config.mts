import { defineConfig } from "vitest/config";

const real = process.env.REAL_SERVICES !== undefined;
const slow = process.env.SLOW_TESTS !== undefined;

// CI has an hour (docs/decisions/018): it leaves out what runs on the real services just as it does on the lab, and what goes
// through every case there is; `npm run test:slow` runs all of it.
const inCi = process.env.IN_CI !== undefined;
const onReal =
  "test/slow/{access,discovery,guards,injection,intent,netboxdns,platform,random,rotated,scopes,secrets,templates,together,tokensetup,wholelife}.test.ts";
const everyCase = "test/slow/{bench,faults,fuzz,otherprivileges,privileges}.test.ts";

// `npm test` is the fast loop; what takes long has a name of its own (`npm run test:slow`). On the real services the suites
// run that need systems at all, slow ones too: two at once, as there are two of NetBox and of BIND (test/harness/services.ts).
const suites = real
  ? ["test/{lifecycle,slow,contract,cli,real}/**/*.test.ts", "test/providers/**/*.handler.test.ts"]
  : [slow ? "test/slow/**/*.test.ts" : "test/**/*.test.ts"];

export default defineConfig({
  test: {
    include: suites,
    // Generated guests ask no NetBox anything; attributes of guests, broken and killed runs, odd answers, bad input, missing
    // rights, nodes, hands on guests, marks, limits and what opens a lab of its own are the lab's: once is enough.
    exclude: real
      ? [
          "test/slow/{guests,faults,fuzz,privileges,otherprivileges,templatesteps}.test.ts",
          "test/slow/{attributes,bench,doctor,guestcommands,killed,limits,ownership,pairs,pipelines,repeated,snapshots,states,terminal}.test.ts",
          "test/lifecycle/{badinput,readme,states}.test.ts",
          "test/cli/{environment,gatherer,serve}.test.ts",
          "test/providers/proxmox/{access/access,nodes/snapshot}.handler.test.ts",
          "test/cli/{operation,locks,home}.test.ts",
        ]
      : slow
        ? inCi
          ? [onReal, everyCase]
          : []
        : ["test/real/**", "test/slow/**"],
    maxWorkers: 2,
    testTimeout: real ? 300_000 : 120_000,
    hookTimeout: real ? 300_000 : 120_000,
    reporters: ["default", ["json", { outputFile: process.env.TEST_REPORT ?? ".lab/test-report.json" }]],
  },
});
